"""Files that weights are written to: npz archives, TensorFlow 1 checkpoints, Keras models and Keras weights."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from legacy_tf1.bridging.sources import FOREIGN, GRAPH_FILES, Values
from tf_data.errors import InputError
from tf_data.files import unwritable, whole_file

if TYPE_CHECKING:
    import keras

KERAS, NPZ, WEIGHTS, CHECKPOINT = ".keras", ".npz", ".weights.h5", "checkpoint"


def kind_of(path: Path) -> str:
    """What a path is to hold, by its end. Raises `InputError` for an end that nothing here writes."""
    for end in (WEIGHTS, KERAS, NPZ):
        if path.name.endswith(end):
            return end
    known = re.fullmatch(r"(\.ckpt.*|\.?\d*|)", path.suffix) or ".ckpt" in path.name
    if not known or path.suffix in (*FOREIGN, *GRAPH_FILES):
        raise InputError(
            f"{path}: a {path.suffix} file is not written here; end it in .keras, .npz or .weights.h5, or give a "
            "checkpoint's prefix such as model.ckpt"
        )
    return CHECKPOINT


def write_npz(values: Values, path: Path) -> None:
    """Write variables as arrays `NAME:0`, as `session.run` names them. Raises `InputError` where that fails."""
    with whole_file(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **{f"{name}:0": value for name, value in values.items()})


def write_model(model: "keras.Model", path: Path) -> None:
    """Write a model as a `.keras` file, or its weights as a `.weights.h5` file, whole or not at all."""
    from tf_models import saving

    (saving.save if kind_of(path) == KERAS else saving.save_weights)(model, path)


@contextlib.contextmanager
def checkpoint_errors(prefix: Path) -> Iterator[None]:
    """Within the context, what keeps a checkpoint from being written is an `InputError` that names it."""
    import tensorflow as tf

    try:
        prefix.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise unwritable(prefix, error) from error
    except (tf.errors.OpError, ValueError) as error:
        raise InputError(f"cannot write {prefix}: {str(error).splitlines()[0]}") from error


def write_checkpoint(values: Values, prefix: Path) -> None:
    """Write variables as a checkpoint, with a meta graph that holds them and nothing else.

    Raises:
        InputError: TensorFlow 1 does not take a name, or files cannot be written.
    """
    import tensorflow as tf

    tf1 = tf.compat.v1
    with checkpoint_errors(prefix), tf.Graph().as_default(), tf1.Session() as session:
        made = {name: _variable(tf1, name, value) for name, value in values.items()}
        feed = {variable.initializer.inputs[1]: values[name] for name, variable in made.items()}
        session.run([variable.initializer for variable in made.values()], feed)
        tf1.train.Saver(made).save(session, str(prefix), write_state=False)


def _variable(tf1, name: str, value: np.ndarray):
    value = np.asarray(value)
    initializer = tf1.zeros_initializer()
    with tf1.variable_scope("", use_resource=False):
        return tf1.get_variable(
            name, value.shape, tf1.as_dtype(value.dtype), initializer, trainable=value.dtype.kind == "f"
        )
