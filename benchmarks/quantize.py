"""What int8 weights and exports change on real digits: recipes trained shortly, then scored and run on test samples."""

import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from benchmarks import exports
from tf_models.configs import get
from tf_models.configs.overrides import for_source
from tf_models.tasks.base import Task
from tf_models.training import building
from tf_models.training.fit import training_loop
from tf_models.training.options import Options

RECIPES = ("softmax-regression", "mlp-basic", "cnn-basic", "cnn-lenet5-mnist", "vit-mnist")
SAMPLES, EPOCHS = 10_000, 3


def run(quick: bool = False) -> list[dict]:
    """A row for each recipe: accuracy and size of its weights in float32 and with int8 weights, and exports' differences.

    The columns of exports and `int8` are the largest difference of an output to the model's own over 500 test samples, as
    a fraction of the largest output.
    """
    return [_row(id, quick) for id in RECIPES[: 1 if quick else None]]


def _row(id: str, quick: bool) -> dict:
    options = Options("embedded" if quick else "auto", limit=300 if quick else SAMPLES, quiet=True)
    recipe = replace(get(id), validation=0)
    data = building.load_data(recipe, options)
    recipe = replace(for_source(recipe, data.source), epochs=1 if quick else EPOCHS)
    task = building.build(recipe, options, data)
    with training_loop(task.model, building.training_batches(recipe, task)) as loop:
        loop.fit(recipe.epochs)
    x = np.asarray(task.transform(data.test.samples.read(np.arange(min(500, len(data.test))))))
    row = {
        "recipe": id,
        "data": data.source,
        "samples": len(data.test),
        **_scores(task, "float32"),
        **_exports(task, x),
    }
    before = keras.ops.convert_to_numpy(task.model(x))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Layer .* does not have a `quantize` method")  # which stay as they are
        task.model.quantize("int8")
    after = keras.ops.convert_to_numpy(task.model(x))
    names = [layer.name for layer in task.model._flatten_layers() if layer.dtype_policy.name.startswith("int8")]
    row |= {"int8": f"{np.abs(after - before).max() / np.abs(before).max():.1e}", **_scores(task, "int8")}
    return row | {"int8 layers": len(names)}


def _scores(task: Task, name: str) -> dict:
    """Accuracy on the test split, and what the weights take in memory."""
    weights = sum(keras.ops.convert_to_numpy(weight).nbytes for weight in task.model.weights)
    accuracy = task.evaluate(task.data.test)["accuracy"]
    return {f"accuracy {name}": f"{accuracy:.4f}", f"kB {name}": f"{weights / 1000:.0f}"}


def _exports(task: Task, x: np.ndarray) -> dict:
    found = {}
    for kind in exports.KINDS:
        with tempfile.TemporaryDirectory() as folder:
            found[kind] = f"{exports.difference(task.model, kind, Path(folder), x):.1e}"
    return found
