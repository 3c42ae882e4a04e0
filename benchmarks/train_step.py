"""Training: our trainer against PyTorch eager and against plain Keras `fit`, interleaved in one run.

Every candidate trains whole epochs with all that a real run does: shuffled batches, running loss and accuracy, and a
progress bar; ours writes checkpoints too, as often as a long run does. Only the first, compiling round is left out.
"""

import atexit
import contextlib
import io
import itertools
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import measure
from benchmarks.networks import NETWORKS, recipe
from tf_data.dataset import Data, Split
from tf_models.configs.recipe import Recipe

QUICK = 2  # batches
OURS, KERAS = "ours", "keras fit"
LOADER, INDEXED = "pytorch DataLoader", "pytorch, indexed by hand"


def run(quick: bool = False, only: tuple[str, ...] = (), precision: str = "float32") -> list[dict]:
    """Time every network, or those that `only` names.

    Args:
        quick: Few samples, to see that it works.
        only: Ids of the recipes.
        precision: `float32` or `mixed_bfloat16`, for PyTorch `torch.autocast`.

    Returns:
        Rows as `benchmarks.measure.compare` makes them, with `network` and `batch`.
    """
    rows = []
    for id in only or NETWORKS:
        batch = recipe(id).batch_size
        made = candidates(id, QUICK * batch if quick else NETWORKS[id].samples, precision)
        work = {name: make() for name, make in made.items()}
        compared = measure.compare(work, repeats=1 if quick else 5, warmup=1, baseline=LOADER)
        rows += [{"network": id, "batch": batch, **row} for row in compared]
        print(measure.table(rows[-len(compared) :]), file=sys.stderr, flush=True)  # all of it takes long
    return rows


def candidates(id: str, samples: int, precision: str = "float32") -> dict[str, Callable]:
    """By name what makes each candidate ready: it returns a function that trains some epochs and gives the samples seen."""
    chosen, shape = recipe(id), NETWORKS[id].shape
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (samples, *shape), dtype=np.uint8)
    y = rng.integers(0, 10, samples).astype(np.int32)
    found = {OURS: lambda: _ours(chosen, x, y, precision)}
    if chosen.task != "generate":  # a GAN has no `fit` without a training step of one's own
        found[KERAS] = lambda: _keras(chosen, x, y, precision)
    with contextlib.suppress(ImportError):
        import torch  # noqa: F401

        found[LOADER] = lambda: _torch(chosen, x, y, precision, loader=True)
        found[INDEXED] = lambda: _torch(chosen, x, y, precision, loader=False)
    return found


def _ours(recipe: Recipe, x, y, precision: str) -> Callable[[], int]:
    from tf_data.pipeline import Batches
    from tf_models.training import trainer
    from tf_models.training.callbacks import Checkpoints, Signals
    from tf_models.training.fit import training_loop
    from tf_models.training.run_directory import RunDirectory

    class Continuing(Checkpoints):
        """A real run ends once, and not with every epoch that is timed."""

        def on_train_end(self, logs=None):
            pass

    split = Split("train", x, y)
    data = Data(recipe.dataset, "synthetic", "random numbers", split, split, classes=tuple("0123456789"))
    task = trainer.build(recipe, trainer.Options(precision=precision), data)
    model = task.model
    batches = Batches(split, recipe.batch_size, seed=recipe.seed, prepare=task.prepare_training)
    until_exit = contextlib.ExitStack()
    atexit.register(until_exit.close)
    folder = until_exit.enter_context(tempfile.TemporaryDirectory())
    loop = until_exit.enter_context(training_loop(model, batches))
    callback = Continuing(RunDirectory(Path(folder)), loop, Signals())
    callback.begin()
    epochs = NETWORKS[recipe.id].epochs
    ends = itertools.count(epochs, epochs)

    def train() -> int:
        with contextlib.redirect_stdout(io.StringIO()):
            loop.fit(next(ends), [callback], verbose=1)
        return epochs * len(x)

    return train


def _keras(recipe: Recipe, x, y, precision: str) -> Callable[[], int]:
    """What a user writes: float images in memory and `fit` as it comes."""
    import keras

    from tf_models.training import devices
    from tf_models.training.building import build_model, build_optimizer

    with devices.precision(precision):
        model = build_model(recipe)
    x = x.astype(np.float32) / 255
    if recipe.task == "classify":
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(build_optimizer(recipe), loss, metrics=["accuracy"])
    else:
        from tf_models.losses import OutputAsLoss, PixelLoss

        model.compile(build_optimizer(recipe), {"reconstruction": PixelLoss(pixels="sum"), "kl": OutputAsLoss()})
        x, y = {"image": x}, {"reconstruction": x, "kl": np.zeros(len(x), np.float32)}
    samples, epochs = len(keras.tree.flatten(x)[0]), NETWORKS[recipe.id].epochs

    def train() -> int:
        with contextlib.redirect_stdout(io.StringIO()):
            model.fit(x, y, batch_size=recipe.batch_size, epochs=epochs, verbose=1)
        return epochs * samples

    return train


def _torch(recipe: Recipe, x, y, precision: str, loader: bool) -> Callable[[], int]:
    """PyTorch eager with its own loader, or with batches cut from a permutation by hand, its fastest way."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset
    from tqdm import tqdm

    images = torch.from_numpy(x.transpose(0, 3, 1, 2).astype(np.float32) / 255)
    labels = torch.from_numpy(y.astype(np.int64))
    size = recipe.batch_size

    def indexed():
        order = torch.randperm(len(images))
        for start in range(0, len(images), size):
            rows = order[start : start + size]
            yield images[rows], labels[rows]

    loaded = DataLoader(TensorDataset(images, labels), batch_size=size, shuffle=True)
    step = NETWORKS[recipe.id].step(recipe, precision != "float32")

    def epoch() -> int:
        totals: dict[str, float] = {}
        seen = 0
        bar = tqdm(loaded if loader else indexed(), total=-(-len(images) // size), file=io.StringIO())
        for inputs, targets in bar:
            for name, value in step(inputs, targets).items():
                totals[name] = totals.get(name, 0.0) + value * len(targets)
            seen += len(targets)
        bar.set_postfix({name: total / seen for name, total in totals.items()})
        return seen

    return lambda: sum(epoch() for _ in range(NETWORKS[recipe.id].epochs))
