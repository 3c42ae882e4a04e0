"""From samples to batches: a batch is a function of (seed, epoch, step) and of nothing else.

There is no shuffle buffer and no iterator state: an order (see `tf_data.order`) says which samples make any batch, so
that an interrupted run goes on at exactly the next one.
"""

import os
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tf_data.dataset import BaseSplit
from tf_data.errors import InputError
from tf_data.formats.stream import stream
from tf_data.order import Order
from tf_data.samples import padded


class Position(NamedTuple):
    """Where a batch stands; random transforms draw from (seed, epoch, indices)."""

    seed: int
    epoch: tf.Tensor  # int64 scalar
    indices: tf.Tensor  # int64 (batch,): the samples' numbers in their split; of windows of a text (batch, 2)


def input_error(error: tf.errors.OpError) -> Exception:
    """The `InputError` that a reader raised inside of TensorFlow, or `error` itself where there was none."""
    _, found, message = (error.message or "").partition("InputError: ")
    return InputError(message.splitlines()[0]) if found else error


Prepare = Callable[[tf.Tensor, tf.Tensor | None, Position], tuple]

AHEAD = 2  # batches that wait for the consumer, what page-locked memory and loader processes are for in PyTorch


def untuned(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """`dataset` with the parallelism that it states, and without the thread by which TensorFlow looks for a better one.

    That thread sleeps twice as long each time, up to a minute, and an iterator cannot go before it wakes: every
    evaluation could last up to twice what it takes.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


class Batches:
    """The batches of a split, each computable on its own.

    Texts come as `tf.string`, sequences of integers as `(batch, longest of the batch)` with zeros after the shorter
    ones.

    Args:
        split: The samples, a `Split` or a `StoredSplit`.
        batch_size: Samples in a batch over all workers; the last batch of an epoch may be smaller.
        seed: Seed of the order and of what `prepare` draws.
        shuffle: False keeps the samples' order, or another order's own without randomness.
        prepare: `prepare(x, y, position)` turns stored samples into the model's inputs, by TensorFlow operations.
            Default: `(x, y)` as stored.
        shard: (index, count) of this worker, which gets the rows index, index + count, ... of each batch. All workers
            make equally many steps. A short last batch may leave one without a row: its batch is empty.
        order: Makes an order other than the split's own from (batch_size, seed=, shuffle=, shard=), for instance
            `partial(Buckets, split.samples.lengths)`. Samples of a converted folder are then read one by one.

    Raises:
        InputError: The split is empty, there is no such shard, the batch size is not positive, or the order is one of
            other samples.
    """

    def __init__(
        self,
        split: BaseSplit,
        batch_size: int,
        *,
        seed: int = 0,
        shuffle: bool = True,
        prepare: Prepare | None = None,
        shard: tuple[int, int] = (0, 1),
        order: Callable[..., Order] | None = None,
    ):
        if not len(split):
            raise InputError(f"the {split.name} split holds no samples")
        self.split, self.batch_size, self.seed = split, batch_size, seed
        self.order = (order or split.order)(batch_size, seed=seed, shuffle=shuffle, shard=shard)
        self.order.check(split.samples)
        self._prepare = prepare or (lambda x, y, position: (x,) if y is None else (x, y))
        self._constants: dict[str, tf.Tensor] = {}
        self._windowed = order is None and split.blocks is not None
        self._cuts = self.order.index_shape == (2,)  # windows of a text, which have no targets of their own
        if self._cuts and split.label_spec is not None:
            raise InputError(f"windows of the {split.name} text have no labels; leave them out of the split")

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return self.order.steps

    @property
    def in_memory(self) -> bool:
        """Whether the samples are arrays, so that a compiled function can gather them itself."""
        samples = self.split.samples
        return samples.flat is not None or (samples.array is not None and not self._cuts)

    @property
    def element_spec(self):
        """Shapes and types of a batch, as `tf.TensorSpec`s; reads nothing."""
        return self.dataset().element_spec

    def at(self, epoch: tf.Tensor, step: tf.Tensor, rows: tf.Tensor | None = None) -> tuple:
        """The batch at (epoch, step), int64 scalars; may be called inside a `tf.function`.

        Slow for a `StoredSplit`, whose samples are read one by one.

        Args:
            epoch, step: Its position.
            rows: Take no more than so many of its first rows, an integer scalar; default all.
        """
        indices = self.order.tensor(epoch, step)
        if rows is not None:
            indices = indices[:rows]
        y = None if self.split.y is None else tf.gather(self._constant("y", self.split.y), indices)
        return self._prepare(self._take(indices), y, Position(self.seed, epoch, indices))

    def dataset(self, epoch: int = 0, start: int = 0, epochs: int = 1) -> tf.data.Dataset:
        """The batches of `epochs` epochs from (epoch, start) on, in order; read ahead, with a GPU into its memory."""
        gpus = tf.config.list_logical_devices("GPU")
        ahead = self.host_dataset(epoch, start, epochs)
        return ahead.apply(tf.data.experimental.prefetch_to_device(gpus[0].name)) if gpus else ahead.prefetch(AHEAD)

    def host_dataset(self, epoch: int = 0, start: int = 0, epochs: int = 1) -> tf.data.Dataset:
        """Like `dataset`, but in the host's memory and without reading ahead further than one parallel step."""
        if self._windowed:

            def finish(x, y, epoch, indices):
                return self._prepare(x, y, Position(self.seed, epoch, indices))

            # Keras takes a dataset of unknown length for one that ran out too early.
            length = tf.data.experimental.assert_cardinality(epochs * self.steps - start)
            return untuned(stream(self.split, self.order, epoch, start, epochs, finish).apply(length))
        first, last = epoch * self.steps + start, (epoch + epochs) * self.steps
        numbers = tf.data.Dataset.range(first, last)
        batch = tf.autograph.experimental.do_not_convert(lambda n: self.at(n // self.steps, n % self.steps))
        return untuned(numbers.map(batch, os.cpu_count() or 1, deterministic=True))

    def _constant(self, name: str, array) -> tf.Tensor:
        # Made once and eagerly: a constant made inside a tf.function would be copied into its graph.
        if name not in self._constants:
            with tf.init_scope(), tf.device("CPU"):
                self._constants[name] = tf.constant(array)
        return self._constants[name]

    def _take(self, indices: tf.Tensor) -> tf.Tensor:
        """The samples, or windows of a text, that indices name."""
        samples = self.split.samples
        if samples.flat is not None:
            values, offsets = (self._constant(name, a) for name, a in zip(("values", "offsets"), samples.flat))
            if self._cuts:  # all of one length
                return tf.gather(values, indices[:, :1] + tf.range(self.order.length, dtype=tf.int64))
            rows = tf.gather(tf.RaggedTensor.from_row_splits(values, offsets, validate=False), indices)
            return rows.to_tensor()
        if self.in_memory:
            return tf.gather(self._constant("x", samples.array), indices)
        take = samples.read_windows if self._cuts else samples.read
        varies = None in samples.shape
        read = (lambda numbers: padded(take(numbers), samples.dtype)) if varies else take
        batch = tf.numpy_function(read, [indices], tf.string if samples.is_text else tf.as_dtype(samples.dtype))
        batch.set_shape([None, *samples.shape[1:]])
        return batch
