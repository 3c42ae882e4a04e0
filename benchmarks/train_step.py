"""Training: our trainer against PyTorch eager and against plain Keras `fit`, interleaved in one run.

Every candidate trains whole epochs with all that a real run does: shuffled batches, running loss and accuracy, and a
progress bar; ours writes checkpoints too. Only the first, compiling epoch is left out.
"""

import atexit
import contextlib
import io
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import measure
from benchmarks.networks import TORCH
from tf_data.dataset import Data, Split
from tf_models.recipe import Recipe
from tf_models.recipes import get

SAMPLES = 60_000
OURS, KERAS = "ours", "keras fit"
LOADER, INDEXED = "pytorch DataLoader", "pytorch, indexed by hand"


def run(quick: bool = False) -> list[dict]:
    """Time every network. `quick` takes few samples, to see that it works.

    Returns:
        Rows as `benchmarks.measure.compare` makes them, with `network`.
    """
    rows = []
    for id in TORCH:
        candidates = build(get(id), 600 if quick else SAMPLES)
        compared = measure.compare(candidates, repeats=1 if quick else 5, warmup=1, baseline=LOADER)
        rows += [{"network": id, "batch": get(id).batch_size, **row} for row in compared]
    return rows


def build(recipe: Recipe, samples: int) -> dict[str, Callable[[], int]]:
    """The candidates by name: each call trains one epoch and returns the samples seen."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (samples, 28, 28, 1), dtype=np.uint8)
    y = rng.integers(0, 10, samples).astype(np.int32)
    candidates = {OURS: _ours(recipe, x, y), KERAS: _keras(recipe, x, y)}
    with contextlib.suppress(ImportError):
        candidates |= _torch(recipe, x, y)
    return candidates


def _ours(recipe: Recipe, x, y) -> Callable[[], int]:
    from tf_data.pipeline import Batches
    from tf_models.training import trainer
    from tf_models.training.callbacks import Checkpoints, Signals
    from tf_models.training.loop import StepLoop
    from tf_models.training.run_directory import RunDirectory
    from tf_models.training.state import Progress

    split = Split("train", x, y)
    data = Data("mnist", "synthetic", "random numbers", split, split, classes=tuple("0123456789"))
    model, task = trainer.build(recipe, trainer.Options(), data)
    batches = Batches(split, recipe.batch_size, seed=recipe.seed, prepare=task.prepare_training)
    loop = StepLoop(model, batches, model.jit_compile)
    loop.calibrate()
    model.steps_per_execution, model.train_function = loop.block, loop.train_function
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    callback = Checkpoints(RunDirectory(Path(folder)), loop, Progress(), None, Signals())
    epochs = iter(range(10**6))

    def epoch() -> int:
        number = next(epochs)
        with contextlib.redirect_stdout(io.StringIO()):
            model.fit(
                loop.blocks(number, 0),
                initial_epoch=number,
                epochs=number + 1,
                steps_per_epoch=batches.steps,
                shuffle=False,
                callbacks=[callback],
                verbose=1,
            )
        return len(x)

    return epoch


def _keras(recipe: Recipe, x, y) -> Callable[[], int]:
    """What a user writes: float images in memory and `fit` as it comes."""
    import keras

    from tf_models.training.building import build_model, build_optimizer

    model = build_model(recipe)
    x = x.astype(np.float32) / 255
    if recipe.task == "classify":
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(build_optimizer(recipe), loss, metrics=["accuracy"])
    else:
        from tf_models.autoencoder.losses import OutputAsLoss, PixelLoss

        model.compile(build_optimizer(recipe), {"reconstruction": PixelLoss(pixels="sum"), "kl": OutputAsLoss()})
        x, y = {"image": x}, {"reconstruction": x, "kl": np.zeros(len(x), np.float32)}
    samples = len(keras.tree.flatten(x)[0])

    def epoch() -> int:
        with contextlib.redirect_stdout(io.StringIO()):
            model.fit(x, y, batch_size=recipe.batch_size, verbose=1)
        return samples

    return epoch


def _torch(recipe: Recipe, x, y) -> dict[str, Callable[[], int]]:
    """PyTorch eager with its own loader, and with batches cut from a permutation by hand, its fastest way."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset
    from tqdm import tqdm

    images = torch.from_numpy(x.transpose(0, 3, 1, 2).astype(np.float32) / 255)
    labels = torch.from_numpy(y.astype(np.int64))
    size = recipe.batch_size
    loader = DataLoader(TensorDataset(images, labels), batch_size=size, shuffle=True)

    def indexed():
        order = torch.randperm(len(images))
        for start in range(0, len(images), size):
            rows = order[start : start + size]
            yield images[rows], labels[rows]

    def trainer(batches: Callable) -> Callable[[], int]:
        side = TORCH[recipe.id]
        network = side.module(torch)
        optimizers = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
        optimizer = optimizers[recipe.optimizer](network.parameters(), recipe.learning_rate)

        def epoch() -> int:
            total, right, seen = 0.0, 0, 0
            bar = tqdm(batches(), total=-(-len(images) // size), file=io.StringIO())
            for inputs, targets in bar:
                optimizer.zero_grad()
                outputs = network(inputs)
                loss = side.loss(torch, outputs, inputs, targets)
                loss.backward()
                optimizer.step()
                total += loss.item() * len(targets)
                if side.accuracy:
                    right += (outputs.argmax(1) == targets).sum().item()
                seen += len(targets)
            bar.set_postfix(loss=total / seen, accuracy=right / seen)
            return seen

        return epoch

    return {LOADER: trainer(lambda: loader), INDEXED: trainer(indexed)}
