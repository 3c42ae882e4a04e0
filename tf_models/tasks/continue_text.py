"""Continuing a text: at each place of a window, what comes next."""

import math
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tf_data.errors import InputError
from tf_data.files import write_text
from tf_data.order import TextWindows
from tf_data.texts import Characters
from tf_models.losses import bits
from tf_models.rnn.characters import carrying
from tf_models.tasks import plots
from tf_models.tasks.base import Task

STREAMS = 16  # parts of a text that are scored side by side
CHUNK = 500  # characters of each at once
CODE_POINTS = 0x110000  # one of which a character outside the alphabet is
SHOWN = 200  # characters of a sample after each epoch


class ContinueText(Task):
    """Learn a text by windows: of each its characters but the last are given, and those but the first are wanted.

    An epoch cuts the text at equal distances from a random first place on, and takes the windows in a random order.
    Each window begins with the state zero.

    Args:
        length: Characters of a window that are given.
        prime: Characters that the samples after each epoch continue; empty takes the first ten of the text.
        temperature: Divides the logits of these samples: below 1 the likely becomes likelier.

    Raises:
        InputError: The length or the temperature is not positive.
    """

    def __init__(self, length: int = 200, prime: str = "", temperature: float = 0.8):
        if length < 1 or not temperature > 0:
            raise InputError(f"length and temperature must be positive, not {length} and {temperature}")
        self.length, self.prime, self.temperature = length, prime, temperature

    def order(self, split):
        lengths = split.samples.lengths
        if lengths is None or len(lengths) != 1:
            raise InputError(f"a text is continued, and {self.about.name} holds {len(split.samples)} samples")
        return partial(TextWindows, int(lengths[0]), self.length + 1, stride=self.length)

    def batch(self, x, y, position):
        x = tf.ensure_shape(x, (None, self.length + 1))
        return x[:, :-1], x[:, 1:]

    def compile(self, optimizer, jit):
        if not isinstance(self.transform, Characters):
            raise InputError("a text is continued by characters; the recipe's transform must be characters")
        known, outputs = len(self.transform.vocabulary), self.model.output_shape[-1]
        if outputs <= known:
            raise InputError(
                f"model {self.model.name} knows {outputs - 1} characters, but the text's alphabet has {known}; "
                f"set model.alphabet={known}"
            )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        metric = keras.metrics.MeanMetricWrapper(bits, name="bits")
        self.model.compile(optimizer=optimizer, loss=loss, metrics=[metric], jit_compile=jit)

    def callbacks(self, run):
        return [Samples(self, run.path / "samples")]

    def evaluate(self, split, batch_size=None):
        """`bits` a character; `characters` scored; and of these `unknown`, which are not in the alphabet.

        The text is read once, in up to 16 parts side by side, each with the state that it has come to; of each the
        first character is given. An unknown one costs, besides the bits of being unknown, those of any code point.
        """
        return self.score(str(split.samples.read(np.arange(1))[0]), parts=STREAMS)

    def score(self, text: str, parts: int = 1) -> dict[str, float]:
        """What `evaluate` says of a text of two characters or more, read in so many parts."""
        ids = np.asarray(self.transform(np.array([text], object)))[0]
        parts = max(1, min(parts, (len(ids) - 1) // CHUNK))
        steps = -(-(len(ids) - 1) // parts)  # a part's first character is the last one of the part before
        given, wanted = (
            np.pad(row, (0, parts * steps - len(row))).reshape(parts, steps) for row in (ids[:-1], ids[1:])
        )
        counts = (np.arange(parts * steps) < len(ids) - 1).reshape(parts, steps)
        model = carrying(self.model)
        step, states = compiled(model, parts), begin(model, parts)
        total = 0.0
        for start in range(0, steps, CHUNK):
            part = slice(start, start + CHUNK)
            logits, *states = step([tf.constant(given[:, part]), *states])
            cost = np.asarray(bits(wanted[:, part], logits), np.float64)
            total += float(cost[counts[:, part]].sum())
        unknown = int(np.sum(wanted[counts] == 0))
        total += unknown * math.log2(CODE_POINTS)
        return {"bits": total / (len(ids) - 1), "samples": len(ids) - 1, "unknown": unknown}

    def describe(self, results):
        unknown = f", {results['unknown']:,} of them outside the alphabet" if results["unknown"] else ""
        return f"{results['bits']:.4f} bits a character on {results['samples']:,} characters{unknown}"

    def predict(self, inputs, names):
        """How many bits a character each text costs, without its first character."""
        short = next((name for name, text in zip(names, inputs, strict=True) if len(text) < 2), None)
        if short is not None:
            raise InputError(f"{short!r} must have two characters or more; --prime begins a text to be continued")
        return [{"input": name, **self.score(text)} for name, text in zip(names, inputs, strict=True)]

    def continued(self, prime: str, length: int = 400, temperature: float = 0.8, seed: int = 0) -> Iterator[str]:
        """Characters that follow a text, one by one.

        Args:
            prime: The text; the state that the model comes to by it begins the continuation.
            length: Number of characters to give.
            temperature: Divides the logits; 0 takes the likeliest character each time.
            seed: Seed of the draws; the same gives the same text.

        Raises:
            InputError: The text is empty or has a character outside the alphabet, or a number is out of range.
        """
        strange = next((one for one in prime if one not in self.transform.vocabulary), None)
        if not prime or strange is not None:
            what = "empty" if strange is None else f"{strange!r} in it, which the learned text has nowhere"
            raise InputError(f"the beginning of a text to be continued is {what}; name another with --prime")
        if length < 1 or not 0 <= temperature < math.inf or seed < 0:
            raise InputError(
                f"length must be positive, temperature and seed not negative, not {length}, {temperature} and {seed}"
            )
        return self._drawn(prime, length, temperature, np.random.default_rng(seed))

    def _drawn(self, prime: str, length: int, temperature: float, rng) -> Iterator[str]:
        model, alphabet = carrying(self.model), self.transform.vocabulary
        step = compiled(model, 1)
        ids, states = np.asarray(self.transform(np.array([prime], object))), begin(model, 1)
        for _ in range(length):
            logits, *states = step([tf.constant(ids), *states])
            # Id 0 stands for no character, and those behind the alphabet for none either.
            row = np.asarray(logits, np.float64)[0, -1, 1 : len(alphabet) + 1]
            weights = np.exp((row - row.max()) / temperature) if temperature else (row == row.max()).astype(float)
            chosen = int(np.searchsorted(np.cumsum(weights / weights.sum()), rng.random(), side="right"))
            chosen = min(chosen, len(alphabet) - 1)  # the sum may end below 1
            yield alphabet[chosen]
            ids = np.array([[chosen + 1]], np.int32)

    def example(self, seed: int = 0) -> str:
        """A short text with its beginning, the same for the same weights."""
        prime = self.prime
        if not prime or any(one not in self.transform.vocabulary for one in prime):
            prime = str(self.data.train.samples.read(np.arange(1))[0])[:10]
        return prime + "".join(self.continued(prime, SHOWN, self.temperature, seed))

    def figures(self, history, folder: Path):
        return [plots.curves(history, folder / "curves.png")]


class Samples(keras.callbacks.Callback):
    """Writes a text after each epoch. An epoch that is repeated after an interruption gives the same one again.

    Args:
        task: The task, bound to the model that is trained.
        folder: Folder for the texts, `0001.txt` and on.
    """

    def __init__(self, task: ContinueText, folder: Path):
        super().__init__()
        self._task, self._folder = task, folder

    def on_epoch_end(self, epoch, logs=None):
        self._folder.mkdir(parents=True, exist_ok=True)
        write_text(self._folder / f"{epoch + 1:04d}.txt", self._task.example() + "\n")


def begin(model: keras.Model, rows: int) -> list[tf.Tensor]:
    """The states that a model of `carrying` begins with."""
    return [tf.zeros((rows, state.shape[-1]), state.dtype) for state in model.inputs[1:]]


def compiled(model: keras.Model, rows: int) -> Callable:
    """A model of `carrying` as a function of its inputs, whose texts have so many rows; traced once for each length."""

    def step(inputs):
        logits, *states = model(inputs, training=False)
        # Layers of mixed precision give states of 16 bits.
        return [logits, *(tf.cast(state, one.dtype) for state, one in zip(states, model.inputs[1:], strict=True))]

    @cache
    def traced(length: int):
        wanted = [tf.TensorSpec((rows, *one.shape[1:]), one.dtype) for one in model.inputs]
        wanted[0] = tf.TensorSpec((rows, length), wanted[0].dtype)
        return tf.function(step, autograph=False).get_concrete_function(wanted)

    return lambda inputs: traced(inputs[0].shape[1])(inputs)
