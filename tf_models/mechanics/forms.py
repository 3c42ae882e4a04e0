"""The forms in which a Keras model is kept, each with how it is saved and loaded, and a probe of what they lose."""

import contextlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tf_data.errors import InputError
from tf_data.files import whole_file, whole_folder
from tf_models.export import export
from tf_models.seeding import seeded
from tf_models.training import state

Build = Callable[[], keras.Model]  # the model anew, compiled, as its code makes it


@dataclass(frozen=True)
class Form:
    """A way to keep a model.

    Attributes:
        name: for people.
        file: the name of its file or folder.
        save: `save(model, path)` writes it, whole or not at all.
        read: `read(path, model)` gives the model; `model` is None where there is only the file.
        has_architecture: whether the code that built the model is not needed.
    """

    name: str
    file: str
    save: Callable[[keras.Model, Path], None]
    read: Callable[[Path, keras.Model | None], keras.Model]
    has_architecture: bool = False

    def path(self, folder: Path) -> Path:
        """Where it lies below a folder."""
        return Path(folder) / self.file

    def load(self, path: Path, build: Build) -> keras.Model:
        """The model again.

        Args:
            build: makes it anew, for forms without an architecture.

        Raises:
            InputError: the file is missing, damaged, or of another model.
        """
        if not Path(path).exists():
            raise InputError(f"{path} does not exist; save the model again")
        model = None if self.has_architecture else build()
        if model is not None and model.optimizer is not None and not model.optimizer.built:
            # Keras fills an optimizer only where its variables exist already, and else leaves it empty with a warning.
            model.optimizer.build(model.trainable_variables)
        with _one_line(path):
            return self.read(path, model)

    def architecture(self, path: Path) -> bool:
        """Whether the file alone makes a model."""
        try:
            return isinstance(self.read(path, None), keras.Model)
        except (AttributeError, TypeError):  # there is no model to fill
            return False


@contextlib.contextmanager
def _one_line(path: Path) -> Iterator[None]:
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
        raise InputError(f"{path} is damaged or of another model: {reason}") from error


def save_keras(model: keras.Model, path: Path) -> None:
    with whole_file(path) as temporary:
        model.save(temporary)


def save_weights(model: keras.Model, path: Path) -> None:
    export(model, "weights", path)


def read_weights(path: Path, model: keras.Model) -> keras.Model:
    model.load_weights(path)
    return model


def save_checkpoint(model: keras.Model, path: Path) -> None:
    """A folder with `tf.train.Checkpoint`'s files `model.index` and `model.data-...`."""
    with whole_folder(path) as temporary:
        tf.train.Checkpoint(model=model, optimizer=model.optimizer).write(str(temporary / "model"))


def read_checkpoint(path: Path, model: keras.Model) -> keras.Model:
    optimizer = model.optimizer
    status = tf.train.Checkpoint(model=model, optimizer=optimizer).read(str(path / "model"))
    # Without this a checkpoint of another model restores what happens to fit, in silence. `assert_consumed` would
    # do for both directions, but a model without an optimizer may take the weights of one that had it.
    try:
        status.assert_existing_objects_matched()
    except AssertionError:
        status.expect_partial()  # one error is enough: TensorFlow would log each value when the model is deleted
        raise
    return model


def save_npz(model: keras.Model, path: Path) -> None:
    export(model, "npz", path)


def read_npz(path: Path, model: keras.Model) -> keras.Model:
    """Set every weight from the array of its path, or none."""
    paths = {weight.path: weight for weight in model.weights}
    with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    for name in sorted(arrays.keys() ^ paths.keys()):
        raise InputError(
            f"{path} {'lacks' if name in paths else 'has an unknown'} array {name}; it is of another model"
        )
    for name, weight in paths.items():
        if tuple(weight.shape) != arrays[name].shape:
            raise InputError(
                f"{path}: {name} has shape {arrays[name].shape}, not {tuple(weight.shape)}; it is of another model"
            )
    model.set_weights([arrays[weight.path] for weight in model.weights])
    return model


def save_state(model: keras.Model, path: Path) -> None:
    state.save(path, model, state.Progress())


def read_state(path: Path, model: keras.Model) -> keras.Model:
    values, _ = state.load(path)
    state.restore(model, values, str(path))
    return model


FORMS = (
    Form(".keras", "model.keras", save_keras, lambda path, _: keras.models.load_model(path), has_architecture=True),
    Form(".weights.h5", "model.weights.h5", save_weights, read_weights),
    Form("tf.train.Checkpoint", "checkpoint", save_checkpoint, read_checkpoint),
    Form("npz", "model.npz", save_npz, read_npz),
    Form("checkpoints/ of a run", "state.npz", save_state, read_state),
)


def size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())


def probe() -> keras.Model:
    """A small compiled model with everything that a form can lose; the same at every call."""
    with seeded(0):
        inputs = keras.Input((6,), name="features")
        x = layers.Dense(8, name="hidden")(inputs)
        x = layers.BatchNormalization(name="hidden_norm")(x)
        x = layers.Dropout(0.5, name="hidden_dropout")(x)
        model = keras.Model(inputs, layers.Dense(3, name="logits")(x), name="probe")
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    prepare(model)
    return model


def prepare(model: keras.Model) -> None:
    """Make the variables that Keras makes at the first step: the optimizer's and the metrics'."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    x, y = _batch(0)
    model.compute_metrics(x, y, model(x), None)
    model.reset_metrics()


def step(model: keras.Model, start: int, stop: int) -> None:
    """Training steps `start` to `stop`, on batches that follow from their numbers."""
    for number in range(start, stop):
        model.train_step(_batch(number))  # few enough to do without a tf.function


def _batch(number: int) -> tuple[tf.Tensor, tf.Tensor]:
    rng = np.random.default_rng(number)
    return tf.constant(rng.normal(size=(16, 6)).astype(np.float32)), tf.constant(rng.integers(0, 3, 16))


def equal_groups(model: keras.Model, loaded: keras.Model) -> dict[str, bool]:
    """Which groups of variables are equal bit for bit: `weights`, `optimizer`, `seeds`, `metrics`."""
    expected, found = state.capture(model), state.capture(loaded)
    groups = {"weights": True, "optimizer": True, "seeds": True, "metrics": True}
    for name, value in expected.items():
        group = name.partition("/")[0]
        if group == "model":
            group = "seeds" if "seed_generator" in name or name[6:].isdigit() else "weights"
        groups[group] &= name in found and np.array_equal(value, found[name])
    return groups
