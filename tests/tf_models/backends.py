"""Trains recipes on each backend of Keras, and compares in small the losses from the same weights on the same batches.

`python backends.py FOLDER` fills FOLDER with the cells of docs/backends.md, for all recipes or those that are named
after it, goes on where an earlier call was ended, and writes the page's table. Cells that are kept in `KEPT` are not made
again; to have one made anew, take it out there. Each backend is a process of its own,
which this file is, too.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import cells

STEPS, BATCH, SAMPLES = 20, 8, 40
CLOSE = 1e-3  # of the loss's size
NAMES = ("tensorflow", "jax", "torch")
# Kinds of cells: losses compared in small, how far TensorFlow's go from weights that rounding moved, the recipe as it is.
SMALL, MOVED, WHOLE = "small", "moved", "whole"
PAGE = Path(__file__).parents[2] / "docs" / "backends.md"
KEPT = Path(__file__).parents[2] / "benchmarks" / "measured" / "backends.json"


def prepared(recipe, samples: int):
    """A recipe's data, and the recipe for them, with batches of `BATCH`."""
    import divided

    from tf_models.training.options import Options

    options = Options(backend=divided.BACKEND, quiet=True)
    recipe, options, data = divided.prepared(replace(recipe, validation=0), options, samples)
    return replace(recipe, batch_size=BATCH, epochs=1, validation=0), options, data


@contextlib.contextmanager
def same_draws():
    """Within the context what models draw for the rows of a batch comes from one array."""
    import keras
    import numpy as np

    rng = np.random.default_rng(0)
    normal, uniform = (draw((BATCH, 512)).astype(np.float32) for draw in (rng.standard_normal, rng.random))

    def rows(array, shape, dtype):
        size = int(np.prod(shape[1:]))
        return keras.ops.convert_to_tensor(array[:, :size].reshape(BATCH, *shape[1:]), dtype)

    def drawn(shape, minval=0.0, maxval=1.0, dtype=None, **_):
        return rows(uniform, shape, dtype) * (maxval - minval) + minval

    with (
        mock.patch.object(keras.random, "normal", lambda shape, *_, dtype=None, **__: rows(normal, shape, dtype)),
        mock.patch.object(keras.random, "uniform", drawn),
    ):
        yield


def without_dropout(model) -> None:
    """Have a model drop nothing, as equal seeds draw differently on each backend and in each precision."""
    import keras

    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
        elif isinstance(layer, keras.layers.RNN):
            layer.cell.dropout = layer.cell.recurrent_dropout = 0.0


def as_the_trainer(model):
    """A context in which TensorFlow's steps use what the trainer uses.

    Keras' own batch norms add up in float32 there. RMSprop makes steps of what that loses where a critic's gradients nearly
    vanish: after the first batch of the convolutional WGAN the generator's squared gradients were up to 1 % from float64's,
    with the trainer's norms and on PyTorch 1e-5.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        return contextlib.nullcontext()
    from tf_models.training.fit import operations

    return operations(model)


def losses(id: str, folder: Path, moved: bool = False) -> dict:
    """The losses of each of some steps, and the processor's seconds of one, the middle of the last ten.

    Dropout is off and noise comes from one array, because equal seeds draw differently on each backend. TensorFlow
    writes the weights that all begin with. Images get a little noise: of the equal numbers in a flat area rounding
    chooses the largest, and so which weights learn from it.

    Args:
        id: The recipe's.
        folder: Where the weights are.
        moved: Begin with weights of which each is off by `divided.ROUNDED` of its size.
    """
    import keras
    import numpy as np
    import tensorflow as tf
    from divided import ROUNDED, small

    from tf_models.training import building

    recipe, options, data = prepared(small(id), SAMPLES)
    task = building.build(recipe, options, data)
    model, backend, weights = task.model, keras.backend.backend(), folder / f"{id}.npz"
    without_dropout(model)
    if backend == "tensorflow" and not moved:
        np.savez(weights, *model.get_weights())
    with np.load(weights) as saved:
        signs = np.random.default_rng(1)
        by = ROUNDED if moved else 0.0
        model.set_weights([saved[name] * (1 + by * signs.choice([-1, 1], saved[name].shape)) for name in saved.files])
    found, seconds, blur = [], [], np.random.default_rng(2)

    def array(part):
        values = part.numpy()
        return values + blur.uniform(-0.05, 0.05, values.shape).astype(values.dtype) if values.ndim == 4 else values

    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    with same_draws(), as_the_trainer(model):
        for batch in building.training_batches(recipe, task).host_dataset(0, 0, 1000).take(STEPS):
            batch = tf.nest.map_structure(array, batch)
            model.reset_metrics()
            begin = time.process_time()
            logs = model.train_on_batch(*batch, return_dict=True)
            seconds.append(time.process_time() - begin)
            found.append([float(value) for name, value in sorted(logs.items()) if "loss" in name])
    return {"losses": found, "seconds": sorted(seconds[-10:])[5]}


def as_it_is(id: str, folder: Path) -> dict:
    """Two steps of the whole recipe, in full size, with its dropout and noise, by the trainer's own loop."""
    from tf_models.configs import get
    from tf_models.training import building
    from tf_models.training.fit import training_loop

    recipe = get(id)
    if recipe.transform.get("vectors"):  # stand in no stand-in
        recipe = replace(recipe, transform={**recipe.transform, "vectors": ""})
    recipe, options, data = prepared(recipe, 2 * BATCH)
    task = building.build(recipe, options, data)
    with tempfile.TemporaryDirectory() as made:
        task = task.on(building.stored(data, recipe.storage, SimpleNamespace(path=Path(made)), True))
        with training_loop(task.model, building.training_batches(recipe, task)) as loop:
            loop.fit(1)  # which raises where a loss is not finite
    return {"trains": True}


def work(folder: Path, kinds, ids) -> None:
    import keras

    from tf_data.errors import InputError
    from tf_models.configs import get
    from tf_models.configs.limits import check_backend

    backend = keras.backend.backend()

    def cell(id: str, kind: str) -> dict:
        try:
            check_backend(get(id), backend)
        except InputError as error:
            return {"refused": str(error)}
        return {SMALL: losses, MOVED: partial(losses, moved=True), WHOLE: as_it_is}[kind](id, folder)

    for id in ids:
        for kind in kinds:
            cells.keep(folder, id, f"{backend}-{kind}", partial(cell, id, kind))
            keras.backend.clear_session()


def fill(folder: Path, ids, backends=NAMES, kinds=(SMALL,)) -> None:
    for backend in backends:
        command = [sys.executable, __file__, *(f"--worker={kind}" for kind in kinds), folder]
        cells.fill(folder, ids, f"{backend}-{kinds[-1]}", command, {"KERAS_BACKEND": backend})


def rows(folder: Path, ids, backends=NAMES, kind: str = SMALL) -> dict[str, dict[str, dict | None]]:
    """Cells by recipe and backend, with `apart`, the largest relative difference of a loss to TensorFlow's."""
    found = {id: {name: cells.read(folder, id, f"{name}-{kind}") for name in backends} for id in ids}
    for id, row in found.items():
        first, moved = row["tensorflow"] or {}, cells.read(folder, id, f"tensorflow-{MOVED}") or {}
        for mine in row.values():
            if mine and "losses" in mine and "losses" in first:
                mine["apart"] = apart(first["losses"], mine["losses"])
                mine["ratio"] = mine["seconds"] / first["seconds"]
                if mine["apart"] > CLOSE and "losses" in moved:
                    mine["rounding"] = apart(first["losses"], moved["losses"])
    return found


def apart(first, others) -> float:
    """The largest difference of a step's losses, each as a fraction of the first one's size, its largest over the steps.

    A critic's loss goes through zero, where nothing is near it by its own size.
    """
    sizes = [max(abs(value) for value in column) for column in zip(*first, strict=True)]
    steps = zip(first, others, strict=True)
    return max(abs(a - b) / max(size, 1e-6) for step in steps for a, b, size in zip(*step, sizes, strict=True))


def far(cell: dict | None) -> bool:
    return (cell or {}).get("apart", 0) > CLOSE


def compared(ids, backends=NAMES) -> dict[str, dict[str, dict]]:
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), ids, backends)
        return rows(Path(folder), ids, backends)


def words(row: dict | None) -> str:
    """What a cell of the page says."""
    if row is None or "apart" not in row:
        return cells.status(row)
    times = f", {row['ratio']:.1f}x" if "ratio" in row else ""
    return cells.difference(row["apart"], CLOSE, row.get("rounding", 0)) + times


def all_cells(folder: Path, ids) -> dict[str, dict[str, dict | None]]:
    """What the page says and what is kept: without the losses, whose differences have been taken."""
    small, whole = rows(folder, ids, NAMES), rows(folder, ids, kind=WHOLE)
    found = {id: {f"{name}-{SMALL}": small[id][name] for name in NAMES[1:]} for id in ids}
    for id, row in found.items():
        row.update({f"{name}-{WHOLE}": whole[id][name] for name in NAMES})
        for column, cell in row.items():
            row[column] = cell and {name: value for name, value in cell.items() if name not in ("losses", "seconds")}
    return found


def table(folder: Path, ids) -> str:
    import jax
    import keras
    import tensorflow
    import torch

    found = all_cells(folder, ids)
    versions = ", ".join(f"{module.__name__} {module.__version__}" for module in (keras, tensorflow, jax, torch))
    lines = [f"{cells.days(found)}, {versions}:", ""]
    lines += ["| recipe | JAX | PyTorch | as it is: TensorFlow | JAX | PyTorch |", "| --- " * 6 + "|"]
    for id in ids:
        lines.append(f"| `{id}` | {' | '.join(map(words, found[id].values()))} |")
    return "\n".join(lines)


def complete(folder: Path, ids) -> None:
    """Make the cells that a folder lacks."""
    fill(folder, [id for id in ids if not all(cells.read(folder, id, f"{name}-{SMALL}") for name in NAMES[1:])])
    found = rows(folder, ids)
    parted = [id for id in ids if any(far(cell) and "losses" in cell for cell in found[id].values())]
    fill(folder, parted, NAMES[:1], (MOVED,))
    fill(folder, ids, kinds=(WHOLE,))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the cells are kept")
    parser.add_argument("ids", nargs="*", metavar="RECIPE", help="default: all, and the page is written")
    parser.add_argument(
        "--collect", action="store_true", help="make no more cells, but keep and show those that are there"
    )
    parser.add_argument("--worker", action="append", choices=(SMALL, MOVED, WHOLE), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        return work(arguments.folder, arguments.worker, arguments.ids)
    import tf_models

    arguments.folder.mkdir(parents=True, exist_ok=True)
    every = sorted(tf_models.recipes(), key=lambda recipe: recipe.parameters)  # the large ones' time is that of all
    ids = arguments.ids or [recipe.id for recipe in every]
    if not arguments.ids:
        cells.unpack(KEPT, arguments.folder)
    if not arguments.collect:
        complete(arguments.folder, ids)
    if arguments.ids:
        return print(table(arguments.folder, ids))
    ids = [recipe.id for recipe in tf_models.recipes()]
    cells.pack(KEPT, all_cells(arguments.folder, ids))
    cells.put(PAGE, "backends", table(arguments.folder, ids))


if __name__ == "__main__":
    main()
