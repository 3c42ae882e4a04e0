"""Trains recipes in small on one device and on several, and finds how far their states are apart.

`python divided.py FOLDER` fills FOLDER with the cells of the table in docs/scale.md, for all recipes or those that are
named after it, goes on where an earlier call was ended, and writes the page's table. What trains on several devices is a
process of its own, because TensorFlow takes the processor for several devices at its start or never.
"""

import argparse
import collections
import datetime
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
from tf_models.configs.limits import check_divisible
from tf_models.configs.overrides import for_source
from tf_models.configs.own_data import for_data
from tf_models.configs.recipe import Recipe
from tf_models.replicas import rows
from tf_models.training import building, state
from tf_models.training.fit import training_loop
from tf_models.training.group import Group, open_group
from tf_models.training.options import Options

# Three batches, of which the last is short: of its 4 rows each of 4 devices has one, of the others' 5 one has two.
BATCH, SAMPLES = 5, 14
DEVICES = (2, 4)
SEEN = "seen"
# Whose samples are followed: rows are taken first, or, as the length of a text depends on the others, last.
WATCHED = ("mlp-dropout", "rnn-simple-imdb")
CLOSE = 1e-9  # in float64; 1e-5 is what float32 could show
PAGE = Path(__file__).parents[2] / "docs" / "scale.md"


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


def trained(recipe: Recipe, options: Options, group: Group, data) -> tuple[dict, list[dict]]:
    """The state after two epochs in float64, where rounding does not grow into differences, and the epochs' metrics."""
    task = building.build(recipe, options, data)
    batches = building.training_batches(recipe, task)

    def twin():
        return building.compiled_task(recipe, options, data, task.transform).model

    history = []
    with training_loop(task.model, batches, False, group, twin) as loop:
        for epoch in range(2):
            loop.start(epoch, 0)
            task.model.reset_metrics()
            logs = loop.run(epoch, 0, batches.steps)
            history.append({name: float(value) for name, value in logs.items()})
    return state.capture(task.model), history


def difference(id: str, group: Group, options: Options) -> dict[str, float]:
    """The largest relative differences of variables and of the epochs' metrics between the group and one device."""
    recipe = small(id)
    iris = recipe.dataset == "iris"
    options = replace(options, source="embedded" if iris else "synthetic", limit=None if iris else SAMPLES)
    data = building.load_data(recipe, options)
    recipe = for_data(for_source(recipe, data.source), data)
    (one, losses), (many, others) = (
        trained(recipe, replace(options, **alone), members, data)
        for alone, members in (({"strategy": "none", "sync_batch_norm": False}, Group()), ({}, group))
    )
    weights = {name: value for name, value in one.items() if not name.startswith("metrics/")}
    moved = max(
        float(np.max(np.abs(value - many[name]) / (1 + np.abs(value)), initial=0)) for name, value in weights.items()
    )
    metrics = max(abs(a[name] - b[name]) / (1 + abs(a[name])) for a, b in zip(losses, others) for name in a)
    return {"weights": moved, "metrics": metrics}


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


def settings(devices: int, precision: str = "float64") -> Options:
    return Options(strategy="mirrored", logical_devices=devices, sync_batch_norm=True, precision=precision, quiet=True)


def work(folder: Path, devices: int, ids, watched: int, precision: str) -> None:
    options = settings(devices, precision)
    everyone = open_group(options)

    def cell(id: str) -> dict:
        try:
            check_divisible(get(id))
        except InputError as error:
            return {"refused": str(error)}
        return difference(id, everyone, options)

    for id in ids:
        cells.keep(folder, id, str(devices), partial(cell, id))
        if watched and id in WATCHED:
            cells.keep(folder, id, SEEN, lambda id=id: {"counts": seen(id, everyone, options, watched)})
        keras.backend.clear_session()


def fill(folder: Path, ids, devices: int, watched: int = 0, precision: str = "float64") -> None:
    options = ["--worker", str(devices), "--watched", str(watched), "--precision", precision]
    cells.fill(folder, ids, str(devices), [sys.executable, __file__, *options, folder])


def compared(
    devices: int, ids, watched: int = 0, precision: str = "float64"
) -> tuple[dict[str, dict], dict[str, dict]]:
    """Cells by recipe: of the differences, and of `seen` with so many samples."""
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), ids, devices, watched, precision)
        return tuple({id: cells.read(Path(folder), id, column) for id in ids} for column in (str(devices), SEEN))


def words(cell: dict | None) -> str:
    """What a cell of the page says."""
    if cell is None:
        return "not run"
    if "weights" in cell:
        return f"{cell['weights']:.0e}" + ("" if cell["weights"] <= CLOSE else " **apart**")
    return "refused" if "refused" in cell else cell["failed"]


def table(folder: Path, ids) -> str:
    lines = [f"{datetime.date.today()}, keras {keras.__version__}, tensorflow {tf.__version__}:", ""]
    lines += [f"| recipe | {' | '.join(f'{devices} devices' for devices in DEVICES)} |", "| --- " * 3 + "|"]
    lines += [
        f"| `{id}` | {' | '.join(words(cells.read(folder, id, str(devices))) for devices in DEVICES)} |" for id in ids
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the cells are kept")
    parser.add_argument("ids", nargs="*", metavar="RECIPE", help="default: all, and the page is written")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--watched", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--precision", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        return work(arguments.folder, arguments.worker, arguments.ids, arguments.watched, arguments.precision)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    ids = arguments.ids or [recipe.id for recipe in tf_models.recipes()]
    for devices in DEVICES:
        fill(arguments.folder, ids, devices)
    if arguments.ids:
        return print(table(arguments.folder, ids))
    from benchmarks import pages

    pages.put(PAGE, "divided", table(arguments.folder, ids))


if __name__ == "__main__":
    main()
