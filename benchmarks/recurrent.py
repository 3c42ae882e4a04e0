"""Recurrent layers and an epoch of reviews, against PyTorch and against Keras' own layers, interleaved in one run."""

import contextlib
import itertools
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import keras
import numpy as np
import tensorflow as tf

from benchmarks import measure
from benchmarks.networks import torch_optimizer
from tf_data.dataset import Data, Split
from tf_data.order import Buckets
from tf_data.pipeline import Batches
from tf_models.configs import get
from tf_models.layers import FastGRU, FastLSTM, FastSimpleRNN
from tf_models.training import building
from tf_models.training.fit import training_loop
from tf_models.training.options import Options

BATCH, STEPS, INPUTS, UNITS = 64, 200, 128, 256
THEIRS = "pytorch"
# By the name of PyTorch's layer: Keras' own, ours, and where each of Keras' gates stands in PyTorch.
KINDS = {
    "LSTM": (keras.layers.LSTM, FastLSTM, (0, 1, 2, 3)),
    "GRU": (keras.layers.GRU, FastGRU, (1, 0, 2)),
    "RNN": (keras.layers.SimpleRNN, FastSimpleRNN, (0,)),
}
RECIPES = ("rnn-lstm-packed-imdb", "rnn-gru-packed-imdb")
WORDS = (270, 0.6)  # mean of a review, and standard deviation of its logarithm; IMDB's are 272 and 0.64
REVIEWS, POOL = 2, 2  # batches of reviews in an epoch, and of those that are sorted together


def run(quick: bool = False) -> list[dict]:
    """Rows of `benchmarks.measure.compare`, with `measured` and `loss`, the first loss or that of the first epoch.

    A layer's work is one forward pass and all gradients, of the squared last output, from the same weights; that of an
    epoch is all that a training does beside it, of reviews of random words, from random weights.
    """
    found = [(f"{kind} {BATCH} x {STEPS}, {INPUTS} -> {UNITS}", partial(layers, kind, quick)) for kind in KINDS]
    found += [(f"epoch of {id}", partial(epochs, id, quick)) for id in RECIPES]
    rows = []
    for measured, make in found:
        candidates, losses = make()
        compared = measure.compare(candidates, THEIRS, repeats=1 if quick else 3, warmup=1)
        rows += [{"measured": measured, **row, "loss": losses[row["candidate"]]} for row in compared]
        print(measure.table(rows[-len(compared) :]), file=sys.stderr, flush=True)  # all of it takes long
    return rows


def layers(kind: str, quick: bool) -> tuple[dict[str, Callable], dict[str, float]]:
    """A layer's candidates, and the loss of each."""
    import torch

    theirs = getattr(torch.nn, kind)(INPUTS, UNITS, batch_first=True)
    plain, fast, gates = KINDS[kind]
    x = np.random.default_rng(0).normal(size=(4 if quick else BATCH, STEPS, INPUTS)).astype(np.float32)
    weights = [_from_torch(theirs, name, gates) for name in ("weight_ih_l0", "weight_hh_l0")]
    biases = [_from_torch(theirs, name, gates) for name in ("bias_ih_l0", "bias_hh_l0")]
    weights.append(np.stack(biases) if kind == "GRU" else sum(biases))
    candidates = {THEIRS: _torch_step(theirs, x, None), f"{THEIRS} autocast": _torch_step(theirs, x, torch.bfloat16)}
    for name, layer, precision, jit in (
        ("keras", plain, "float32", False),
        ("keras, XLA", plain, "float32", True),
        ("ours", fast, "float32", False),
        ("ours, XLA", fast, "float32", True),
        ("ours, bfloat16", fast, "mixed_bfloat16", False),
    ):
        candidates[name] = _keras_step(layer(UNITS, dtype=precision, name="layer"), weights, x, jit)
    losses = {name: step() for name, step in candidates.items()}
    return {name: partial(_counted, step, len(x)) for name, step in candidates.items()}, losses


def _counted(step: Callable, samples: int) -> int:
    step()
    return samples


def _from_torch(module, name: str, gates: tuple[int, ...]) -> np.ndarray:
    """A weight of a layer of PyTorch as Keras has it, with its gates in Keras' order."""
    parts = np.split(getattr(module, name).detach().numpy(), len(gates))
    return np.concatenate([parts[gate] for gate in gates]).T


def _torch_step(module, x, narrow) -> Callable[[], float]:
    import torch

    given = torch.tensor(x, requires_grad=True)

    def step() -> float:
        module.zero_grad()
        with torch.autocast("cpu", narrow) if narrow else contextlib.nullcontext():
            last = module(given)[0][:, -1]
        loss = last.float().square().sum()
        loss.backward()
        return loss.item()

    return step


def _keras_step(layer, weights, x, jit: bool) -> Callable[[], float]:
    layer.build(x.shape)
    layer.set_weights(weights)
    given = tf.constant(x)

    @tf.function(jit_compile=jit, autograph=False)
    def compute():
        with tf.GradientTape() as tape:
            tape.watch(given)
            loss = tf.reduce_sum(tf.square(tf.cast(layer(given, training=True), tf.float32)))
        return loss, tape.gradient(loss, [given, *layer.trainable_variables])

    return lambda: float(compute()[0])


def epochs(id: str, quick: bool) -> tuple[dict[str, Callable], dict[str, float]]:
    """An epoch's candidates; the losses stand there once each has run."""
    losses: dict[str, float] = {}
    recipe = get(id)
    recipe = replace(recipe, batch_size=4 if quick else 32)  # of 128, PyTorch's packed gradients take minutes
    texts, ids, y = _reviews((1 if quick else REVIEWS) * recipe.batch_size)
    candidates = {
        "ours": _ours(recipe, texts, y, "float32", partial(losses.setdefault, "ours")),
        "ours, bfloat16": _ours(recipe, texts, y, "mixed_bfloat16", partial(losses.setdefault, "ours, bfloat16")),
        THEIRS: _torch_epochs(recipe, ids, y, True, False, partial(losses.setdefault, THEIRS)),
    }
    for name, narrow in {f"{THEIRS}, padded": False, f"{THEIRS}, padded, autocast": True}.items():
        candidates[name] = _torch_epochs(recipe, ids, y, False, narrow, partial(losses.setdefault, name))
    return candidates, losses


def _reviews(count: int) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """Texts of random words, the same as numbers of words, and labels."""
    random = np.random.default_rng(0)
    mean, spread = WORDS
    lengths = random.lognormal(np.log(mean) - spread**2 / 2, spread, count).astype(int) + 1
    ids = [random.zipf(1.2, length) % 20_000 + 2 for length in lengths]
    texts = np.array([" ".join(f"word{number}" for number in one) for one in ids], object)
    return texts, ids, random.integers(0, 2, count).astype(np.int32)


def _ours(recipe, texts, y, precision: str, tell: Callable) -> Callable[[], int]:
    split = Split("train", texts, y)
    data = Data(recipe.dataset, "synthetic", "random words", split, split, classes=("negative", "positive"))
    task = building.build(recipe, Options(precision=precision, quiet=True), data)
    order = partial(Buckets, split.samples.lengths, pool=POOL)
    batches = Batches(split, recipe.batch_size, seed=0, prepare=task.prepare_training, order=order)
    told = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: tell(logs["loss"]))

    def train() -> Iterator[int]:
        with training_loop(task.model, batches) as loop:
            for epoch in itertools.count(1):
                loop.fit(epoch, [told])
                yield len(texts)

    return train().__next__


def _torch_epochs(recipe, ids, y, packed: bool, autocast: bool, tell: Callable) -> Callable[[], int]:
    """Batches of about equal length, sorted: packed as in the original, or padded, with the state of each last word taken.

    The second is right in one direction only, and fast: PyTorch computes it in one operation.
    """
    import torch
    from torch.nn.utils import rnn

    cell = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[recipe.model["cell"]]
    embedding = torch.nn.Embedding(recipe.model["vocabulary"] + 2, recipe.model["embedding_dim"])
    layer = cell(recipe.model["embedding_dim"], recipe.model["units"])
    head = torch.nn.Linear(recipe.model["units"], 1)
    parameters = [weight for module in (embedding, layer, head) for weight in module.parameters()]
    optimizer = torch_optimizer(recipe, parameters)
    order = Buckets(np.array([len(one) for one in ids]), recipe.batch_size, pool=POOL)
    texts, labels = [torch.from_numpy(one) for one in ids], torch.from_numpy(y.astype(np.float32))
    numbers = itertools.count()

    def epoch() -> int:
        number, total = next(numbers), 0.0
        for step in range(order.steps):
            rows = sorted(order.indices(number, step), key=lambda row: -len(texts[row]))
            lengths = torch.tensor([len(texts[row]) for row in rows])
            padded = rnn.pad_sequence([texts[row] for row in rows])
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                if packed:
                    states = layer(rnn.pack_padded_sequence(embedding(padded), lengths))[1]
                    last = (states[0] if isinstance(states, tuple) else states)[-1]
                else:
                    last = layer(embedding(padded))[0][lengths - 1, torch.arange(len(rows))]
                logits = head(last)[:, 0]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits.float(), labels[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        tell(total / len(texts))
        return len(texts)

    return epoch
