"""Every form in which a model is kept, both ways. Importing this loads neither Keras nor TensorFlow.

`save` and `load` write and read the `.keras` file of a run directory. `FORMS` give back a model that can be trained on;
all but `.keras` need the code that builds it. `EXPORTS` are for use elsewhere: two of them hold weights, the others, of
`tf_models.runtimes`, run without Keras.
"""

import contextlib
import json
import os
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tf_data.archives import FREE_BYTES, RATIO, Zip
from tf_data.errors import InputError
from tf_data.files import whole_file, whole_folder
from tf_data.npz_files import NpzFile
from tf_models import runtimes

if TYPE_CHECKING:
    import keras

    Build = Callable[[], keras.Model]  # the model anew, compiled, as its code makes it


def save(model: "keras.Model", path: Path) -> None:
    """Write a `.keras` file, whole or not at all: architecture, weights, optimizer and losses.

    Raises:
        InputError: `path` cannot be written.
    """
    import keras

    if isinstance(getattr(model, "optimizer", None), keras.optimizers.LossScaleOptimizer):
        # With mixed_float16 `compile` puts this around the optimizer but notes down the bare one for the file, which on
        # loading has fewer variables than were saved, and is given none of them.
        model._compile_config.config["optimizer"] = model.optimizer
    with whole_file(path) as temporary:
        model.save(temporary)


def load(path: Path) -> "keras.Model":
    """The model of a `.keras` file, compiled as it was saved. Keras' safe mode stays on: the file runs no code.

    Raises:
        InputError: The file is missing or damaged, or not a Keras file.
    """
    import keras

    from tf_models.training.devices import precision

    if not Path(path).is_file():
        raise InputError(f"{path} does not exist")
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path} is damaged or not a Keras file: no end of a zip file; train or save it again")
    with one_line(f"{path} is damaged or not a Keras file"):
        config = _config(Path(path))
        with precision(_precision(config)):
            return keras.models.load_model(path)


def _config(path: Path) -> dict:
    """The configuration of a `.keras` file, in which nothing is named but what Keras has and what is registered.

    Keras' safe mode runs no code of the file's own, but imports some packages by names that stand in it.

    Raises:
        InputError: The file names something else, or unpacks to far more than it is.
    """
    import keras

    archive = Zip(path)
    size = sum(info.file_size for info in archive.members)
    if size > max(FREE_BYTES, RATIO * path.stat().st_size):
        raise InputError(f"{path} unpacks to {size:,} bytes, which no model does; do not trust it")
    config = json.loads(archive.read("config.json"))
    for node in _nodes(config):
        module, known = node.get("module"), node.get("registered_name")
        if module is None or module == "builtins" or str(module).partition(".")[0] == "keras":
            continue
        name = known or node.get("class_name")
        if keras.saving.get_registered_object(str(known)) is None:
            raise InputError(
                f"{path} names {module}.{name}, which is not registered; if the model is yours, import its code before"
            )
    return config


def _precision(config: dict) -> str:
    """The precision in which a `.keras` file's model was built.

    The file has it for each layer but not for the model, by whose own `compile` decides about loss scaling.
    """
    from tf_models.training.devices import PRECISIONS

    found = {node["config"]["name"] for node in _nodes(config) if node.get("class_name") == "DTypePolicy"}
    # Single layers of a mixed model may have been built in float32.
    return next((name for name in reversed(PRECISIONS) if name in found), "float32")


def _nodes(node) -> Iterator[dict]:
    """All dictionaries of a configuration."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _nodes(item)


@dataclass(frozen=True)
class Form:
    """A way to keep a model so that it can be trained on.

    Attributes:
        name: Name of the form, as messages show it.
        file: Name of the file or folder.
        save: `save(model, path)` writes it, whole or not at all.
        read: `read(path, model)` returns the model; `model` is None where there is only the file.
        has_architecture: Whether the form can be read without the code that built the model.
    """

    name: str
    file: str
    save: Callable[["keras.Model", Path], None]
    read: Callable[[Path, "keras.Model | None"], "keras.Model"]
    has_architecture: bool = False

    def path(self, folder: Path) -> Path:
        """The path of the form below a folder."""
        return Path(folder) / self.file

    def load(self, path: Path, build: "Build") -> "keras.Model":
        """The model again.

        Args:
            build: Builds the model anew, for forms without an architecture.

        Raises:
            InputError: The file is missing, damaged, or of another model.
        """
        if not Path(path).exists():
            raise InputError(f"{path} does not exist; save the model again")
        model = None if self.has_architecture else build()
        if (optimizer := getattr(model, "optimizer", None)) is not None and not optimizer.built:
            # Keras fills an optimizer only where its variables exist already, and else leaves it empty with a warning.
            optimizer.build(model.trainable_variables)
        with one_line(f"{path} is damaged or of another model"):
            return self.read(path, model)

    def architecture(self, path: Path) -> bool:
        """Whether a model can be made from the file alone."""
        try:
            self.read(path, None)
        except (AttributeError, TypeError):  # there is no model to fill
            return False
        return True


@contextlib.contextmanager
def one_line(what: str) -> Iterator[None]:
    """Turn any error into an `InputError` of one line, `what` and the first line of the reason."""
    try:
        with warnings.catch_warnings():
            # A part that is skipped is a part that is lost.
            warnings.filterwarnings("error", message="Skipping variable loading")
            yield
    except InputError:
        raise
    except Exception as error:  # damaged files surface as errors of h5py, zipfile, TensorFlow and Keras alike
        lines = [line for line in str(error).splitlines() if line.strip()]
        reason = lines[0].strip() if lines else type(error).__name__
        raise InputError(f"{what}: {reason}") from error


def save_weights(model: "keras.Model", path: Path) -> None:
    """Keras' `.weights.h5`: the weights by place, and the optimizer's state."""
    with whole_file(path) as temporary:
        # Keras asks for its own ending, of which the temporary name keeps only what follows the last dot.
        target = temporary.with_name(temporary.stem + ".weights.h5")
        try:
            model.save_weights(target)
            os.replace(target, temporary)
        finally:
            target.unlink(missing_ok=True)


def _read_weights(path: Path, model: "keras.Model") -> "keras.Model":
    model.load_weights(path)
    return model


def save_checkpoint(model: "keras.Model", path: Path) -> None:
    """A folder with `tf.train.Checkpoint`'s files `model.index` and `model.data-...`."""
    import tensorflow as tf

    with whole_folder(path) as temporary:
        tf.train.Checkpoint(model=model, optimizer=model.optimizer).write(str(temporary / "model"))


def _read_checkpoint(path: Path, model: "keras.Model") -> "keras.Model":
    import tensorflow as tf

    status = tf.train.Checkpoint(model=model, optimizer=model.optimizer).read(str(path / "model"))
    # Without this a checkpoint of another model restores what happens to fit, in silence. `assert_consumed` would
    # do for both directions, but a model without an optimizer may take the weights of one that had it.
    try:
        status.assert_existing_objects_matched()
    except AssertionError:
        status.expect_partial()  # one error is enough: TensorFlow would log each value when the model is deleted
        raise
    return model


def save_npz(model: "keras.Model", path: Path) -> None:
    """Arrays by the paths of the weights; of a GAN those of both parts."""
    from keras.ops import convert_to_numpy

    with whole_file(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **{weight.path: convert_to_numpy(weight) for weight in model.weights})


def _read_npz(path: Path, model: "keras.Model") -> "keras.Model":
    """Set every weight from the array of its path, or none."""
    paths = {weight.path: weight for weight in model.weights}
    with NpzFile(path, "save the model again") as file:
        for name in sorted(set(file.names) ^ paths.keys()):
            raise InputError(
                f"{path} {'lacks' if name in paths else 'has an unknown'} array {name}; it is of another model"
            )
        for name, weight in paths.items():
            if tuple(weight.shape) != (shape := file.header(name).shape):
                raise InputError(f"{path}: {name} has shape {shape}, not {tuple(weight.shape)}; it is of another model")
        arrays = {name: file.read(name) for name in file.names}
    model.set_weights([arrays[weight.path] for weight in model.weights])
    return model


def save_state(model: "keras.Model", path: Path) -> None:
    """The whole state, as the checkpoints of a run hold it."""
    from tf_models.training import state

    state.save(path, model, state.Progress())


def _read_state(path: Path, model: "keras.Model") -> "keras.Model":
    from tf_models.training import state

    values, _ = state.load(path)
    state.restore(model, values, str(path))
    return model


FORMS = (
    Form(".keras", "model.keras", save, lambda path, _: load(path), has_architecture=True),
    Form(".weights.h5", "model.weights.h5", save_weights, _read_weights),
    Form("tf.train.Checkpoint", "checkpoint", save_checkpoint, _read_checkpoint),
    Form("npz", "model.npz", save_npz, _read_npz),
    Form("checkpoints/ of a run", "state.npz", save_state, _read_state),
)


@dataclass(frozen=True)
class Export:
    """A form for use elsewhere.

    Attributes:
        suffix: Ending of the file's name; empty for a folder.
        save: `save(model, path)` writes it, whole or not at all.
        read: `read(path)` returns a function from named inputs to named outputs; None for weights, see `FORMS`.
    """

    suffix: str
    save: Callable[["keras.Model", Path], None]
    read: Callable[[Path], runtimes.Function] | None = None


EXPORTS = {
    "savedmodel": Export("", runtimes.save_savedmodel, runtimes.read_savedmodel),
    "npz": Export(".npz", save_npz),
    "weights": Export(".weights.h5", save_weights),
    "onnx": Export(".onnx", runtimes.save_onnx, runtimes.read_onnx),
    "tflite": Export(".tflite", runtimes.save_tflite, runtimes.read_tflite),
}


def check_export(kind: str, out: Path) -> None:
    """Raise `InputError` where `out` exists already or has not the ending of its kind."""
    if not out.name.endswith(EXPORTS[kind].suffix):
        raise InputError(f"{out}: a {kind} file's name ends in {EXPORTS[kind].suffix}")
    if out.exists():
        raise InputError(f"{out} exists already; remove it or choose another name")


def export(model: "keras.Model", kind: str, out: Path) -> None:
    """Write a model for use elsewhere, whole or not at all.

    Args:
        model: A model of any inputs; of a GAN, npz and weights get both parts, the other forms the generator.
        kind: A name in `EXPORTS`.
        out: The file or folder; it must not exist.

    Raises:
        InputError: A package that the form needs is missing, its runtime lacks what the model does, or `out` exists,
            has another ending, or cannot be written.
    """
    check_export(kind, Path(out))
    EXPORTS[kind].save(model, Path(out))


def read_export(kind: str, path: Path) -> runtimes.Function:
    """What `export` wrote for running, as a function from named inputs to named outputs, run by the form's own runtime.

    Raises:
        InputError: The file is missing or damaged, or a package that reads it is missing.
    """
    if not Path(path).exists():
        raise InputError(f"{path} does not exist")
    with one_line(f"{path} is damaged or no {kind} file"):
        return EXPORTS[kind].read(path)
