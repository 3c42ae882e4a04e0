"""Trains recipes in small on one device and on several, and finds how far their states are apart.

`python divided.py FOLDER` fills FOLDER with the cells of the table in docs/scale.md, for all recipes or those that are
named after it, goes on where an earlier call was ended, and writes the page's table. Cells that are kept in `KEPT` are not
made again; to have one made anew, take it out there. What trains on several devices is a
process of its own, because TensorFlow takes the processor for several devices at its start or never.
"""

import argparse
import collections
import contextlib
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import cells
import keras
import numpy as np
import tensorflow as tf
from small_models import SMALL

import tf_models
from tf_data import datasets
from tf_data.dataset import Data, Split
from tf_data.errors import InputError
from tf_models.configs import get
from tf_models.configs.limits import check_backend, check_divisible
from tf_models.configs.overrides import for_source
from tf_models.configs.own_data import for_data
from tf_models.configs.recipe import Recipe
from tf_models.replicas import rows
from tf_models.training import building, state, trainer
from tf_models.training.fit import training_loop
from tf_models.training.group import Group
from tf_models.training.options import Options

BACKEND = keras.backend.backend()
# Three batches, of which the last is short: of its 4 rows each of 4 devices has one, of the others' 5 one has two. On JAX
# each device has as many rows as the others, but for the last batch, which all have whole.
BATCH, SAMPLES = (8, 19) if BACKEND == "jax" else (5, 14)
# Backend, devices, how near they must come in float64, and the column's heading. Some of Keras' layers take float64 for
# float32 on JAX, batch norm for one.
OWN = "2-own"  # where each device's norms look at its own rows
COLUMNS = {
    "2": ("tensorflow", 2, 1e-9, "2 devices"),
    "4": ("tensorflow", 4, 1e-9, "4 devices"),
    OWN: ("tensorflow", 2, 1e-9, "2 devices, norms of their own"),
    "jax-2": ("jax", 2, 1e-5, "2 devices, JAX"),
}
_LOADED: dict[tuple, Data] = {}  # drawing and reading the files of a stand-in takes longer than most small models do
# In float32 on JAX: without a mask Keras' loop over its steps begins with float64 and goes on with float32.
NARROW = ("rnn-simple-imdb",)
SEEN = "seen"
# How far one device's weights go from others that rounding alone has moved, by column.
MOVED = {"2": "moved", "4": "moved", OWN: "own-moved", "jax-2": "jax-moved"}
# Norms of their own see parts of four rows or five: of two rows they give 1 and -1, and no more than rounding, where these
# are nearly equal.
OWN_BATCH, OWN_SAMPLES = 9, 26
# What a batch norm in float32 may be off by, some ten roundings: on JAX Keras' subtracts the mean from numbers that have been
# multiplied already, and the mean of a channel may be ten times what it varies by.
ROUNDED = 1e-6
# Whose samples are followed: rows are taken first, or, as the length of a text depends on the others, last.
WATCHED = ("mlp-dropout", "rnn-simple-imdb")
PAGE = Path(__file__).parents[2] / "docs" / "scale.md"
KEPT = Path(__file__).parents[2] / "benchmarks" / "measured" / "divided.json"


def small(id: str) -> Recipe:
    """The recipe with its small model, on samples of that model's size."""
    recipe = replace(get(id), batch_size=BATCH, validation=0)
    if id in SMALL:
        classes = {name: value for name, value in recipe.model.items() if name == "classes"}
        # Those of the data, where a small model is shared with other recipes.
        channels = recipe.model.get("input_shape", ())[-1:]
        shape = SMALL[id].get("input_shape", recipe.model.get("input_shape", ()))
        shape = (*shape[:-1], *channels)
        sizes = {"input_shape": shape} if shape else {}
        recipe = replace(recipe, model={**recipe.model, **SMALL[id], **classes, **sizes})
        if recipe.transform["name"] == "text":
            recipe = replace(recipe, transform={"name": "text", "size": SMALL[id]["vocabulary"]})
        elif len(shape) == 3:
            kept = {key: value for key, value in recipe.transform.items() if key in ("name", "value_range")}
            crop = {"crop": 178} if recipe.dataset == "celeba" else {}
            recipe = replace(recipe, transform={**kept, **crop, "resize": shape[0]})
    return recipe


@contextlib.contextmanager
def norms_by_parts(model: keras.Model, parts: int):
    """Within the context, batch norms in training look at every `parts`th row by itself, as so many devices do.

    Running means are those of the first part.
    """
    layers = norms(model)

    def call_of(layer):
        def call(inputs, training=None, mask=None):
            if not (training and layer.trainable):
                return type(layer).call(layer, inputs, training=training, mask=mask)
            axes = [axis for axis in range(len(inputs.shape)) if axis != layer.axis % len(inputs.shape)]
            rows, found = tf.range(tf.shape(inputs)[0]), []
            for part in range(parts):
                x = inputs[part::parts]
                mean, variance = tf.nn.moments(x, axes)
                found.append(
                    tf.nn.batch_normalization(
                        x,
                        mean,
                        variance,
                        layer.beta.value if layer.center else None,
                        layer.gamma.value if layer.scale else None,
                        layer.epsilon,
                    )
                )
                for moving, now in ((layer.moving_mean, mean), (layer.moving_variance, variance)) if part == 0 else ():
                    moving.assign(moving * layer.momentum + now * (1 - layer.momentum))
            return tf.dynamic_stitch([rows[part::parts] for part in range(parts)], found)

        return call

    for layer in layers:
        layer.call = call_of(layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.call


def norms(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    return [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]


def trained(
    recipe: Recipe, options: Options, group: Group, data, by: float = 0.0, parts: int = 1
) -> tuple[dict, list[dict]]:
    """The state after two epochs in float64, where rounding seldom grows into differences, and the metrics of epochs and
    of single batches.

    Weights begin off by the fraction `by`. Batch norms look at so many parts of a batch, each by itself.
    """
    task = building.build(recipe, options, data)
    signs = np.random.default_rng(0)
    for variable in task.model.trainable_variables if by else ():
        value = keras.ops.convert_to_numpy(variable)
        variable.assign(value * (1 + by * signs.choice([-1, 1], value.shape)))
    batches = building.training_batches(recipe, task)

    def twin():
        return building.compiled_task(recipe, options, data, task.transform).model

    history = []
    note = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: history.append(logs))
    by_parts = norms_by_parts(task.model, parts) if parts > 1 else contextlib.nullcontext()
    with by_parts, training_loop(task.model, batches, False, group, twin) as loop:
        loop.fit(2, [note])
        history += [dict(zip(loop.followed, row, strict=True)) for part in loop.taken() for row in part.values]
    return state.capture(task.model), history


def difference(id: str, group: Group, options: Options, distribution=None) -> dict[str, float]:
    """The largest relative differences of variables and of the epochs' metrics between the group and one device.

    On JAX `distribution` divides the group's batches. Where each device's norms look at its own rows, those of the one
    device look at the same rows by themselves.
    """
    recipe, options, data, parts = of_column(id, options)
    if parts > 1 and not norms(building.build(recipe, options, data).model):
        return {"without": "no norms"}
    one, losses = trained(recipe, alone(options), Group(), data, parts=parts)
    with distribution.scope() if distribution else contextlib.nullcontext():
        many, others = trained(recipe, options, group, data)
    metrics = max(
        abs(a[name] - b[name]) / (1 + abs(a[name])) for a, b in zip(losses, others, strict=True) for name in a
    )
    return {"weights": apart(one, many), "metrics": metrics}


def moved(id: str, options: Options) -> dict[str, float]:
    """The largest relative difference of one device's variables to those from weights that are off by rounding."""
    recipe, options, data, parts = of_column(id, options)
    step = ROUNDED if BACKEND == "jax" else np.finfo(float).eps  # see COLUMNS
    one, other = (trained(recipe, alone(options), Group(), data, by, parts)[0] for by in (0.0, step))
    return {"weights": apart(one, other)}


def of_column(id: str, options: Options) -> tuple[Recipe, Options, Data, int]:
    """The small recipe, its data, and how many parts of a batch one device's norms look at."""
    if BACKEND == "jax" or options.sync_batch_norm:
        return *prepared(small(id), options), 1
    recipe = replace(small(id), batch_size=OWN_BATCH)
    return *prepared(recipe, options, OWN_SAMPLES), options.logical_devices


def alone(options: Options) -> Options:
    # XLA, which several devices do without, draws other numbers.
    return replace(options, strategy="none", sync_batch_norm=False, jit="off" if BACKEND == "tensorflow" else "auto")


def apart(one: dict, other: dict) -> float:
    weights = {name: value for name, value in one.items() if not name.startswith("metrics/")}
    return max(
        float(np.max(np.abs(value - other[name]) / (1 + np.abs(value)), initial=0)) for name, value in weights.items()
    )


def prepared(recipe: Recipe, options: Options, samples: int = SAMPLES) -> tuple[Recipe, Options, Data]:
    """So many samples of a recipe's stand-in, or all of those that stand in this project, and the recipe for them."""
    kept = recipe.dataset in ("iris", "toy-2d")
    options = replace(options, source="auto" if kept else "synthetic", limit=None if kept else samples)
    key = (recipe.dataset, recipe.validation, repr(recipe.data), options.source, options.limit)
    if key not in _LOADED:
        _LOADED[key] = building.load_data(recipe, options)
    data = _LOADED[key]
    return for_data(for_source(recipe, data.source), data), options, data


def seen(id: str, group: Group, options: Options, samples: int) -> list[list[int]]:
    """How often two workers together, each with the group's devices, train on each of so many samples, by epoch.

    A sample is told by its first number: an image is full of its own number, and a text is a word of its own.
    """
    recipe, numbers = small(id), np.arange(samples)
    if recipe.transform["name"] == "text":
        x = np.array([f"word{n} again" for n in numbers])
    else:
        x = np.broadcast_to(numbers.astype(np.uint8)[:, None, None, None], (samples, 28, 28, 1))
    train = Split("train", x, (numbers % 2).astype(np.int32))
    data = Data(
        recipe.dataset, "generated", "", train, train.slice(0, 8, "test"), classes=datasets.get(recipe.dataset).classes
    )
    task = building.build(recipe, options, data)
    found = [collections.Counter() for _ in range(2)]

    def note(epoch, first):
        found[int(epoch)].update(first.tolist())
        return np.int32(0)

    for worker in range(2):
        epoch = tf.Variable(0, dtype=tf.int64)

        def twin(epoch=epoch):
            model = building.compiled_task(recipe, options, data, task.transform).model
            step = model.train_step

            def watched(batch):
                x = keras.tree.flatten(batch[0])[0]
                first = tf.reshape(x, (tf.shape(x)[0], -1))[: rows().held, 0]
                tf.numpy_function(note, [epoch, first], tf.int32)
                return step(batch)

            model.train_step = watched
            return model

        # The other worker is not there to add its gradients, which changes no row.
        member = Group(group.strategy, worker, 2, group.devices)
        batches = building.training_batches(recipe, task, (worker, 2))
        with training_loop(task.model, batches, False, member, twin) as loop:
            for number in range(2):
                epoch.assign(number)
                loop.run(number, 0, batches.steps)
    return [list(counts.values()) for counts in found]


def settings(column: str, precision: str = "float64") -> Options:
    devices = COLUMNS[column][1]
    options = {"sync_batch_norm": column != OWN, "precision": precision, "backend": BACKEND}
    return Options(strategy="mirrored", logical_devices=devices, quiet=True, **options)


def work(folder: Path, column: str, ids, watched: int, precision: str) -> None:
    options = settings(column, precision)
    everyone = trainer.group_of(options)
    distribution = keras.distribution.distribution()
    keras.distribution.set_distribution(None)

    def cell(id: str) -> dict:
        try:
            check_divisible(get(id))
            check_backend(get(id), BACKEND)
        except InputError as error:
            return {"refused": str(error)}
        return difference(id, everyone, of_recipe(id), distribution)

    def of_recipe(id: str) -> Options:
        return replace(options, precision="float32") if BACKEND == "jax" and id in NARROW else options

    for id in ids:
        cells.keep(folder, id, column, partial(cell, id))
        if cells.read(folder, id, column).get("weights", 0) > COLUMNS[column][2]:
            cells.keep(folder, id, MOVED[column], partial(moved, id, of_recipe(id)))
        if watched and id in WATCHED:
            cells.keep(folder, id, SEEN, lambda id=id: {"counts": seen(id, everyone, options, watched)})
        keras.backend.clear_session()


def fill(folder: Path, ids, column: str, watched: int = 0, precision: str = "float64") -> None:
    backend = COLUMNS[column][0]
    options = ["--worker", column, "--watched", str(watched), "--precision", precision]
    env = {"KERAS_BACKEND": backend, "JAX_ENABLE_X64": "1"}
    cells.fill(folder, ids, column, [sys.executable, __file__, *options, folder], env)


def compared(column: str, ids, watched: int = 0, precision: str = "float64") -> tuple[dict[str, dict], dict[str, dict]]:
    """Cells by recipe: of the differences, with `rounding` as `moved` found it, and of `seen` with so many samples."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        fill(folder, ids, column, watched, precision)
        found, counts = ({id: cells.read(folder, id, kind) for id in ids} for kind in (column, SEEN))
        for id, cell in found.items():
            cell["rounding"] = rounding(folder, id, column)
        return found, counts


def rounding(folder: Path, id: str, column: str) -> float:
    """What `moved` found for a column; 0 where it was not asked."""
    return (cells.read(folder, id, MOVED[column]) or {}).get("weights", 0)


def words(folder: Path, id: str, column: str) -> str:
    """What a cell of the page says."""
    cell = cells.read(folder, id, column)
    if cell is None or "weights" not in cell:
        return (cell or {}).get("without") or cells.status(cell)
    return cells.difference(cell["weights"], COLUMNS[column][2], rounding(folder, id, column))


def all_cells(folder: Path, ids) -> dict[str, dict[str, dict | None]]:
    columns = dict.fromkeys((*COLUMNS, *MOVED.values()))
    return {id: {column: cells.read(folder, id, column) for column in columns} for id in ids}


def table(folder: Path, ids) -> str:
    days = cells.days(all_cells(folder, ids))
    lines = [f"{days}, keras {keras.__version__}, tensorflow {tf.__version__}:", ""]
    lines += [f"| recipe | {' | '.join(heading for *_, heading in COLUMNS.values())} |"]
    lines += ["| --- " * (1 + len(COLUMNS)) + "|"]
    lines += [f"| `{id}` | {' | '.join(words(folder, id, column) for column in COLUMNS)} |" for id in ids]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the cells are kept")
    parser.add_argument("ids", nargs="*", metavar="RECIPE", help="default: all, and the page is written")
    parser.add_argument(
        "--collect", action="store_true", help="make no more cells, but keep and show those that are there"
    )
    parser.add_argument("--worker", choices=COLUMNS, help=argparse.SUPPRESS)
    parser.add_argument("--watched", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--precision", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        return work(arguments.folder, arguments.worker, arguments.ids, arguments.watched, arguments.precision)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    ids = arguments.ids or [recipe.id for recipe in tf_models.recipes()]
    if not arguments.ids:
        cells.unpack(KEPT, arguments.folder)
    for column in COLUMNS if not arguments.collect else ():
        fill(arguments.folder, ids, column)
    if arguments.ids:
        return print(table(arguments.folder, ids))
    cells.pack(KEPT, all_cells(arguments.folder, ids))
    cells.put(PAGE, "divided", table(arguments.folder, ids))


if __name__ == "__main__":
    main()
