"""How many hours recipes without a result would train on this machine, from some of their own steps.

Steps are timed on official data (`TF_DATA_DIR`), with batches of at most 64 samples, since those of some originals are made for
the memory of several GPUs; all samples of the data set count, also where only a part of it is there, but for recipes that are
made for a part.
"""

import sys
import time
from dataclasses import replace

from benchmarks import measure
from tf_data.command import import_tensorflow
from tf_data.errors import InputError
from tf_models.configs import get, measured, recipes
from tf_models.training.options import Options

LARGEST = 64  # samples of a batch
STEPS = 3
OWN = ("text-file", "text-csv")  # recipes for what users bring
FOR_A_PART = "-small"


def missing() -> tuple[str, ...]:
    """Recipes that have no row in the table of results."""
    return tuple(recipe.id for recipe in recipes() if recipe.id not in measured() and recipe.dataset not in OWN)


def run(quick: bool = False, only: tuple[str, ...] = (), precision: str = "float32") -> list[dict]:
    """A row for each recipe without a result, or for those that `only` names; `quick` one small network on drawn data.

    Args:
        quick: See above.
        only: Ids of recipes.
        precision: `float32` or `mixed_bfloat16`.

    Returns:
        Rows with `recipe`, `samples` (trained on in an epoch), `epochs`, `samples_per_second` and `hours`.
    """
    rows = []
    for id in ("cnn-basic",) if quick else only or missing():
        try:
            speed, samples = measure.in_a_fresh_process(_timed, id, "synthetic" if quick else "official", precision)
        except InputError as error:  # data that are not among those at hand
            print(f"{id}: {error}", file=sys.stderr)
            continue
        epochs = get(id).epochs
        hours = samples * epochs / speed / 3600
        rows.append(
            {"recipe": id, "samples": samples, "epochs": epochs, "samples_per_second": speed, "hours": round(hours, 2)}
        )
        print(f"{id}: {rows[-1]['hours']} hours", file=sys.stderr, flush=True)  # all of it takes long
    return rows


def _timed(id: str, source: str, precision: str) -> tuple[float, int]:
    """Samples a second, compilation left out, and samples of a whole epoch."""
    import_tensorflow()
    from tf_data.datasets import get as dataset
    from tf_models.training import trainer
    from tf_models.training.fit import training_loop

    recipe = get(id)
    recipe = replace(recipe, batch_size=min(recipe.batch_size, LARGEST))
    options = Options(source=source, limit=STEPS * recipe.batch_size, precision=precision)
    task = trainer.build(recipe, options, trainer.load_data(recipe, options))
    counts = dataset(recipe.dataset).counts
    if id.endswith(FOR_A_PART):
        counts = trainer.load_data(recipe, Options(source=source)).counts
    held_out = 0 if "validation" in counts else recipe.validation
    with training_loop(task.model, trainer.training_batches(recipe, task)) as loop:
        loop.block = loop.batches.steps
        loop.fit(1)
        begin = time.perf_counter()
        loop.fit(2)
        seconds = time.perf_counter() - begin
    return len(task.data.train) / seconds, counts["train"] - held_out
