"""Trains recipes in small on one device and on several, and prints how far their states are apart.

Run in a process of its own, because TensorFlow takes the processor for several devices at its start or never:
`python divided.py DEVICES ID...` prints a line of JSON for each recipe.
"""

import json
import sys
from dataclasses import replace

import numpy as np
from small_models import SMALL

from tf_models.configs import get
from tf_models.configs.overrides import for_source
from tf_models.configs.own_data import for_data
from tf_models.configs.recipe import Recipe
from tf_models.training import building, state
from tf_models.training.fit import training_loop
from tf_models.training.group import Group, open_group
from tf_models.training.options import Options

# Three batches, of which the last is short: of its 4 rows each of 4 devices has one, of the others' 5 one has two.
BATCH, SAMPLES = 5, 14


def small(id: str) -> Recipe:
    """The recipe with its small model, on samples of that model's size."""
    recipe = replace(get(id), batch_size=BATCH, validation=0)
    if id in SMALL:
        classes = {name: value for name, value in recipe.model.items() if name == "classes"}
        recipe = replace(recipe, model={**recipe.model, **SMALL[id], **classes})
        shape = recipe.model.get("input_shape", ())
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


if __name__ == "__main__":
    devices, *ids = sys.argv[1:]
    settings = Options(
        strategy="mirrored", logical_devices=int(devices), sync_batch_norm=True, precision="float64", quiet=True
    )
    everyone = open_group(settings)
    for one in ids:
        print(json.dumps({"id": one, **difference(one, everyone, settings)}), flush=True)
