"""Trains recipes in small on each backend of Keras, from the same weights on the same batches, and compares the losses.

`python backends.py ID...` prints rows of docs/backends.md. Each backend is a process of its own, which this file is, too:
`KERAS_BACKEND=jax python backends.py --worker FOLDER ID...` writes FOLDER/jax.json.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

STEPS, BATCH, SAMPLES = 20, 8, 40
CLOSE = 1e-3  # of the loss's size
NAMES = ("tensorflow", "jax", "torch")


def losses(id: str, weights: Path) -> dict:
    """The losses of some steps, and the seconds of one, the middle of the last ten.

    Dropout is off and noise comes from one array, because equal seeds draw differently on each backend. TensorFlow
    writes the weights that all begin with.
    """
    import keras
    import numpy as np
    import tensorflow as tf
    from divided import small

    from tf_models.configs.overrides import for_source
    from tf_models.configs.own_data import for_data
    from tf_models.training import building
    from tf_models.training.options import Options
    from tf_models.training.slices import added_up

    recipe = replace(small(id), batch_size=BATCH)
    kept = recipe.dataset in ("iris", "toy-2d")
    backend = keras.backend.backend()
    options = Options("auto" if kept else "synthetic", limit=None if kept else SAMPLES, backend=backend)
    data = building.load_data(recipe, options)
    recipe = for_data(for_source(recipe, data.source), data)
    task = building.build(recipe, options, data)
    model = task.model
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    if backend == "tensorflow":
        np.savez(weights, *model.get_weights())
    with np.load(weights) as saved:
        model.set_weights([saved[name] for name in saved.files])
    noise = np.random.default_rng(0).standard_normal((BATCH, 512)).astype(np.float32)
    keras.random.normal = lambda shape, *_, **__: keras.ops.convert_to_tensor(noise[:, : shape[-1]])
    found, seconds = [], []
    model.optimizer.build(model.trainable_variables)
    with added_up(model) if backend == "tensorflow" else contextlib.nullcontext():
        for batch in building.training_batches(recipe, task).host_dataset(0, 0, 1000).take(STEPS):
            batch = tf.nest.map_structure(lambda part: part.numpy(), batch)
            begin = time.perf_counter()
            found.append(float(model.train_on_batch(*batch, return_dict=True)["loss"]))
            seconds.append(time.perf_counter() - begin)
    return {"losses": found, "seconds": sorted(seconds[-10:])[5]}


def work(folder: Path, ids) -> None:
    import keras

    from tf_models.configs import get
    from tf_models.configs.limits import BACKENDS

    backend, rows = keras.backend.backend(), {}
    for id in ids:
        reason = BACKENDS.get(backend, {}).get(get(id).builder)
        if get(id).builder in BACKENDS["jax"]:  # compared with nobody, or refused
            rows[id] = {"refused": reason or "alone"}
            continue
        try:
            rows[id] = losses(id, folder / f"{id}.npz")
        except Exception as error:  # a cell of the table, which must not be silent
            rows[id] = {"failed": f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"}
        (folder / f"{backend}.json").write_text(json.dumps(rows))
    (folder / f"{backend}.json").write_text(json.dumps(rows))


def compared(ids, backends=NAMES) -> dict[str, dict[str, dict]]:
    """Rows by recipe and backend, with `apart`, the largest relative difference of a loss to TensorFlow's."""
    with tempfile.TemporaryDirectory() as folder:
        for backend in backends:
            command = [sys.executable, __file__, "--worker", folder, *ids]
            subprocess.run(command, env={**os.environ, "KERAS_BACKEND": backend}, check=True, timeout=3000)
        found = {name: json.loads((Path(folder) / f"{name}.json").read_text()) for name in backends}
    for id in ids:
        first = found["tensorflow"][id].get("losses")
        for name in backends:
            if mine := found[name][id].get("losses"):
                apart = max(abs(a - b) / max(abs(a), 1e-6) for a, b in zip(first, mine, strict=True))
                ratio = found[name][id]["seconds"] / found["tensorflow"][id]["seconds"]
                found[name][id].update(apart=apart, ratio=ratio)
    return {id: {name: found[name][id] for name in backends} for id in ids}


def cell(row: dict) -> str:
    if "apart" in row:
        return f"{row['apart']:.0e}, {row['ratio']:.1f}x" + ("" if row["apart"] <= CLOSE else " (apart)")
    return "refused" if row.get("refused", "alone") != "alone" else row.get("failed", "trains, not compared")


if __name__ == "__main__":
    if sys.argv[1] == "--worker":
        work(Path(sys.argv[2]), sys.argv[3:])
    else:
        for id, row in compared(sys.argv[1:]).items():
            print(f"| `{id}` | {cell(row['jax'])} | {cell(row['torch'])} |")
