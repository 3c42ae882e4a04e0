"""The whole state of a run in one file: weights, seeds, optimizers, metrics so far, position and history.

Neither a `.keras` file nor `tf.train.Checkpoint` holds all of it (seeds of dropout and metrics in mid-epoch are
missing), and both are written in place.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np

from tf_data.errors import InputError, TrainingError
from tf_data.files import whole_file
from tf_models.training.checkpoint_file import META, Damaged, Progress, damage, load, opened

__all__ = ["Damaged", "Progress", "capture", "load", "restore", "restore_file", "save", "variables"]


def variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Everything that training changes, by a name that is the same in every process.

    Raises:
        TrainingError: Two variables have the same path, which happens when layers have no explicit names.
    """
    groups = {
        "model": model.variables,
        "optimizer": [variable for optimizer in optimizers(model) for variable in optimizer.variables],
        "metrics": model.metrics_variables,
    }
    named = {}
    for group, members in groups.items():
        for number, variable in enumerate(members):
            # Metrics and optimizers carry automatic names; their order is that of their creation, which is fixed.
            path = variable.path if group == "model" and not _automatic(variable) else f"{number:04d}"
            if named.setdefault(f"{group}/{path}", variable) is not variable:
                raise TrainingError(f"two variables are called {path}; give every layer of {model.name} a name")
    return named


def optimizers(model: keras.Model) -> list[keras.optimizers.Optimizer]:
    """The model's optimizer, and others that it keeps as attributes, as a GAN does."""
    return list(dict.fromkeys(value for value in vars(model).values() if isinstance(value, keras.optimizers.Optimizer)))


def _automatic(variable: keras.Variable) -> bool:
    return variable.path.startswith("seed_generator")


def evaluated(model: keras.Model) -> list[keras.Variable]:
    """What an evaluation changes: metrics, and the seeds, which are variables but no weights."""
    weights = {id(weight) for weight in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights] + model.metrics_variables


def copied(variable: keras.Variable) -> np.ndarray:
    """A copy of the variable's value, which its next change leaves alone."""
    return np.array(keras.ops.convert_to_numpy(variable))


def capture(model: keras.Model) -> dict[str, np.ndarray]:
    """A copy of the values of `variables(model)`."""
    return {name: copied(variable) for name, variable in variables(model).items()}


def restore(model: keras.Model, values: Mapping[str, np.ndarray], origin: str = "the saved state") -> None:
    """Set every variable of the model, or none.

    Raises:
        InputError: A variable is missing, unknown or of another shape; the message names it and `origin`.
    """
    targets = variables(model)
    for name in sorted(targets.keys() ^ values.keys()):
        where = "lacks" if name in targets else "has an unknown"
        raise InputError(f"{origin} {where} variable {name}; it belongs to another model")
    for name, target in targets.items():
        if tuple(target.shape) != values[name].shape:
            raise InputError(f"{origin}: {name} has shape {values[name].shape}, not {tuple(target.shape)}")
    for name, target in targets.items():
        assign(target, values[name])


def assign(variable: keras.Variable, value: np.ndarray) -> None:
    """Set a variable. Unlike Keras' own `assign` this waits for no other process, where several train together on JAX."""
    divided = keras.distribution.distribution()
    variable.assign(value if divided is None else divided.placed(variable, value))


def save(path: Path, model: keras.Model, progress: Progress) -> None:
    """Write the state to `path`, whole or not at all; in memory lies a copy of one variable at a time.

    Raises:
        TrainingError: A value is not finite, so that resuming would be of no use; nothing is written.
        InputError: `path` cannot be written.
    """
    values = variables(model)
    for name, variable in values.items():
        array = keras.ops.convert_to_numpy(variable)
        if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
            raise TrainingError(f"{name} is not finite")
    meta = np.frombuffer(json.dumps(asdict(progress)).encode(), np.uint8)
    with whole_file(path) as temporary, open(temporary, "wb") as file:
        arrays = values if keras.backend.backend() == "tensorflow" else {k: copied(v) for k, v in values.items()}
        np.savez(file, **{META: meta}, **arrays)  # makes arrays of them one after the other


def restore_file(model: keras.Model, path: Path, steps: int | None = None) -> Progress:
    """`restore` from what `save` wrote, of which one variable at a time is held in memory.

    Raises:
        Damaged: The file is damaged, or its position is none of an epoch of `steps` steps.
        InputError: As `restore` does.
    """
    with opened(path) as (stored, progress):
        with damage(path):
            progress.check(steps)
        restore(model, stored, str(path))
        return progress
