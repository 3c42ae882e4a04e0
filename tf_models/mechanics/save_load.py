"""`python -m tf_models.mechanics.save_load RUN_DIR`: save a trained model in every form, load each again, and compare.

Two tables: the run's test accuracy by each form, which must be one figure; and what each form keeps, measured on a small
model in the middle of an epoch that has everything to lose: Adam, dropout, batch normalisation and running metrics.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tf_data import columns
from tf_data.command import Parser, import_tensorflow, run
from tf_data.errors import InputError
from tf_models.saving import FORMS

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Score:
    """A model by one form: test accuracy before and after, whether all outputs are equal bit for bit, and bytes on disk."""

    form: str
    accuracy: float
    loaded_accuracy: float
    equal_outputs: bool
    bytes: int


@dataclass(frozen=True)
class Kept:
    """What of a compiled model in mid-epoch comes back by one form.

    Attributes:
        architecture: It loads without the code that built the model.
        weights: Kernels, biases and moving averages.
        optimizer: Step count, learning rate and moments.
        seeds: The state of dropout's generator.
        metrics: The running loss and accuracy.
        resumes: The next steps give the same weights, bit for bit, as without saving.
    """

    form: str
    architecture: bool
    weights: bool
    optimizer: bool
    seeds: bool
    metrics: bool
    resumes: bool


def scores(task, split, build: Callable, folder: Path) -> list[Score]:
    """Save a compiled model in every form below `folder`, load each, and score both on a split.

    Args:
        task: A classifier's task, bound to a compiled model.
        split: Samples to score.
        build: Makes the model anew, compiled, for the forms that hold no architecture.
    """

    before, outputs = task.evaluate(split)["accuracy"], task.logits(split)
    rows = []
    for form in FORMS:
        path = form.path(folder)
        form.save(task.model, path)
        loaded = task.bind(form.load(path, build), task.transform, task.about)
        after = loaded.evaluate(split)["accuracy"]
        equal = np.array_equal(outputs, loaded.logits(split))
        rows.append(Score(form.name, before, after, equal, size(path)))
    return rows


def kept(folder: Path) -> list[Kept]:
    """What each form keeps of `probe()`, measured by saving and loading it below `folder`."""
    rows = []
    folder.mkdir(parents=True, exist_ok=True)
    for form in FORMS:
        model = probe()
        step(model, 0, 3)
        path = form.path(folder)
        form.save(model, path)
        loaded = form.load(path, probe)
        groups = equal_groups(model, loaded)
        prepare(loaded)  # a loaded model has no running metrics yet
        step(model, 3, 5)
        step(loaded, 3, 5)
        resumes = equal_groups(model, loaded)["weights"]
        rows.append(Kept(form.name, form.architecture(path), resumes=resumes, **groups))
    return rows


def size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())


def probe() -> "keras.Model":
    """A small compiled model with everything that a form can lose; the same at every call."""
    import keras
    from keras import layers

    from tf_models.seeding import seeded

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


def prepare(model: "keras.Model") -> None:
    """Make the variables that Keras makes at the first step: the optimizer's and the metrics'."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    x, y = _batch(0)
    model.compute_metrics(x, y, model(x), None)
    model.reset_metrics()


def step(model: "keras.Model", start: int, stop: int) -> None:
    """Training steps `start` to `stop`, on batches that follow from their numbers."""
    for number in range(start, stop):
        model.train_step(_batch(number))  # few enough to do without a tf.function


def _batch(number: int) -> tuple:
    import tensorflow as tf

    rng = np.random.default_rng(number)
    return tf.constant(rng.normal(size=(16, 6)).astype(np.float32)), tf.constant(rng.integers(0, 3, 16))


def equal_groups(model: "keras.Model", loaded: "keras.Model") -> dict[str, bool]:
    """Which groups of variables are equal bit for bit: `weights`, `optimizer`, `seeds`, `metrics`."""
    from tf_models.training import state

    expected, found = state.capture(model), state.capture(loaded)
    groups = {"weights": True, "optimizer": True, "seeds": True, "metrics": True}
    for name, value in expected.items():
        group = name.partition("/")[0]
        if group == "model":
            group = "seeds" if "seed_generator" in name or name[6:].isdigit() else "weights"
        groups[group] &= name in found and np.array_equal(value, found[name])
    return groups


def parser() -> Parser:
    parser = Parser(prog="python -m tf_models.mechanics.save_load", description=__doc__)
    parser.add_argument(
        "run_dir", nargs="?", help="what `python -m tf_models.train` wrote; default: the second table alone"
    )
    parser.add_argument("--data-dir", help="folder of official files, if it has moved since the training")
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep the model in every form there; must not exist")
    parser.add_argument("--json", action="store_true", help="print both tables as JSON")
    return parser


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    if arguments.out and (arguments.out.exists() or not arguments.run_dir):
        raise InputError(
            f"--out {arguments.out} {'exists already' if arguments.run_dir else 'goes with a run directory'}"
        )
    directory = None
    if arguments.run_dir:
        from tf_models.training.run_directory import RunDirectory

        directory = RunDirectory.open(arguments.run_dir)
    import_tensorflow()
    with tempfile.TemporaryDirectory(prefix="save-load-") as place:
        table = (
            [] if directory is None else _of_run(directory, arguments.data_dir, arguments.out or Path(place) / "run")
        )
        second = kept(Path(place) / "probe")
    if arguments.json:
        print(json.dumps({"scores": [asdict(row) for row in table], "kept": [asdict(row) for row in second]}, indent=2))
    else:
        print("\n\n".join(_table(rows) for rows in (table, second) if rows))
    return 0 if all(row.equal_outputs for row in table) else 1


def _of_run(directory, data_dir: str | None, folder: Path) -> list[Score]:
    from tf_data.files import whole_folder
    from tf_models.training.trainer import build, evaluate

    task, _ = evaluate(directory, data_dir)
    if not hasattr(task, "logits"):
        raise InputError(f"{directory.path} is a run of {directory.recipe.id}, no classifier; name one of a classifier")
    options = directory.options

    def anew():
        return build(directory.recipe, options, task.data, task.transform).model

    with whole_folder(folder) as temporary:
        return scores(task, task.data.test, anew, temporary)


def _table(rows: list) -> str:
    cells = [[name.replace("_", " ") for name in asdict(rows[0])]]
    cells += [[_cell(name, value) for name, value in asdict(row).items()] for row in rows]
    return columns.text(cells)


def _cell(name: str, value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2%}"
    return f"{value:,}" if isinstance(value, int) else value


if __name__ == "__main__":
    sys.exit(run(main))
