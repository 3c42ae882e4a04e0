"""From samples to batches: a batch is a function of (seed, epoch, step) and of nothing else.

There is no shuffle buffer and no iterator state: a block cipher over the samples' numbers gives the place of each in an
epoch's order directly, so that an interrupted run goes on at exactly the next batch. Samples of a converted folder come
in an order of their own that reads whole blocks, with the same promises; see `tf_data.formats.order`.
"""

import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tf_data.dataset import Split
from tf_data.errors import InputError
from tf_data.formats.order import share
from tf_data.formats.stored import StoredSplit


class Position(NamedTuple):
    """Where a batch stands; random transforms draw from (seed, epoch, indices)."""

    seed: int
    epoch: tf.Tensor  # int64 scalar
    indices: tf.Tensor  # int64 (batch,): the samples' numbers in their split


def input_error(error: tf.errors.OpError) -> Exception:
    """The `InputError` that a reader raised inside of TensorFlow, or `error` itself where there was none."""
    _, found, said = (error.message or "").partition("InputError: ")
    return InputError(said.splitlines()[0]) if found else error


Prepare = Callable[[tf.Tensor, tf.Tensor | None, Position], tuple]


# The public `index_shuffle` makes 4 rounds and takes the seed as it is. On 60,000 samples that leaves the orders of
# neighbouring epochs with a correlation of 0.9, and batches that are far too even; from 8 rounds on none can be seen.
ROUNDS = 24
AHEAD = 2  # batches that wait for the consumer, what page-locked memory and loader processes are for in PyTorch


def untuned(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """`dataset` with the parallelism that it states, and without the thread by which TensorFlow looks for a better one.

    That thread sleeps twice as long each time, up to a minute, and an iterator cannot go before it wakes: every
    evaluation could last up to twice what it takes.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def shuffled(positions: tf.Tensor, samples: int, seed: int, epoch: tf.Tensor) -> tf.Tensor:
    """The numbers of the samples that stand at `positions` of an epoch's order.

    Args:
        positions: int64, any shape, each in 0..samples-1.
        samples: size of the permutation.
        seed, epoch: choose the permutation; equal values give the equal order on every machine.
    """
    key = tf.stack([tf.constant(seed, tf.int64), tf.cast(epoch, tf.int64)])
    mixed = tf.random.stateless_uniform([3], key, minval=None, maxval=None, dtype=tf.int32, alg="philox")
    last = tf.constant(samples - 1, tf.int64)
    return tf.raw_ops.RandomIndexShuffle(index=positions, seed=tf.cast(mixed, tf.int64), max_index=last, rounds=ROUNDS)


class Batches:
    """The batches of a split, each computable on its own.

    Args:
        split: the samples, a `Split` or a `StoredSplit`.
        batch_size: samples a batch; the last one of an epoch may be smaller.
        seed: of the order, and of what `prepare` draws.
        shuffle: False keeps the samples' order.
        prepare: `prepare(x, y, position)` turns stored samples into what the model takes; TensorFlow operations.
            Default: `(x, y)` as stored.
        shard: (index, count) of this worker. Together the workers see each sample once an epoch; their shares
            differ by one sample at most.

    Raises:
        InputError: the split or the shard is empty, or the batch size is not positive.
    """

    def __init__(
        self,
        split: Split | StoredSplit,
        batch_size: int,
        *,
        seed: int = 0,
        shuffle: bool = True,
        prepare: Prepare | None = None,
        shard: tuple[int, int] = (0, 1),
    ):
        if batch_size < 1:
            raise InputError(f"batch size must be at least 1, not {batch_size}")
        if not len(split):
            raise InputError(f"the {split.name} split holds no samples")
        self.split, self.batch_size, self.seed, self.shuffle = split, batch_size, seed, shuffle
        self._prepare = prepare or (lambda x, y, position: (x,) if y is None else (x, y))
        self._constants: dict[str, tf.Tensor] = {}
        self._order = None
        if isinstance(split, StoredSplit):
            self._order = split.order(batch_size, seed=seed, shuffle=shuffle, shard=shard)
        self._low, self._high = share(len(split), shard)

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return -(-(self._high - self._low) // self.batch_size)

    @property
    def in_memory(self) -> bool:
        """Whether the samples are arrays, so that a compiled function can gather them itself."""
        return isinstance(self.split.x, np.ndarray) and not isinstance(self.split.x, np.memmap)

    @property
    def element_spec(self):
        """What a batch is, as `tf.TensorSpec`s; reads nothing."""
        return self.dataset().element_spec

    def at(self, epoch: tf.Tensor, step: tf.Tensor) -> tuple:
        """The batch at (epoch, step), int64 scalars; may be called inside a `tf.function`. Not for a `StoredSplit`."""
        first = self._low + step * self.batch_size
        indices = tf.range(first, tf.minimum(first + self.batch_size, self._high))
        if self.shuffle:
            indices = shuffled(indices, len(self.split), self.seed, epoch)
        y = None if self.split.y is None else tf.gather(self._constant("y"), indices)
        return self._prepare(self._gather(indices), y, Position(self.seed, epoch, indices))

    def dataset(self, epoch: int = 0, start: int = 0, epochs: int = 1) -> tf.data.Dataset:
        """The batches of `epochs` epochs from (epoch, start) on, in order; read ahead, with a GPU into its memory."""
        gpus = tf.config.list_logical_devices("GPU")
        ahead = self.host_dataset(epoch, start, epochs)
        return ahead.apply(tf.data.experimental.prefetch_to_device(gpus[0].name)) if gpus else ahead.prefetch(AHEAD)

    def host_dataset(self, epoch: int = 0, start: int = 0, epochs: int = 1) -> tf.data.Dataset:
        """As `dataset`, but in the host's memory and without reading ahead further than one parallel step."""
        if self._order is not None:
            from tf_data.formats.stream import stream

            def finish(x, y, epoch, indices):
                return self._prepare(x, y, Position(self.seed, epoch, indices))

            # Keras takes a dataset of unknown length for one that ran out too early.
            length = tf.data.experimental.assert_cardinality(epochs * self.steps - start)
            return untuned(stream(self.split, self._order, epoch, start, epochs, finish).apply(length))
        first, last = epoch * self.steps + start, (epoch + epochs) * self.steps
        numbers = tf.data.Dataset.range(first, last)
        batch = tf.autograph.experimental.do_not_convert(lambda n: self.at(n // self.steps, n % self.steps))
        return untuned(numbers.map(batch, os.cpu_count() or 1, deterministic=True))

    def _constant(self, name: str) -> tf.Tensor:
        # Made once and eagerly: a constant made inside a tf.function would be copied into its graph.
        if name not in self._constants:
            with tf.init_scope(), tf.device("CPU"):
                self._constants[name] = tf.constant(getattr(self.split, name))
        return self._constants[name]

    def _gather(self, indices: tf.Tensor) -> tf.Tensor:
        if self.in_memory:
            return tf.gather(self._constant("x"), indices)
        x = self.split.x
        read = (lambda i: np.asarray(x[i])) if isinstance(x, np.memmap) else x.read
        batch = tf.numpy_function(read, [indices], tf.as_dtype(x.dtype))
        batch.set_shape([None, *x.shape[1:]])
        return batch
