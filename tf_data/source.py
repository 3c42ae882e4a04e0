"""Samples and batches for loaders other than TensorFlow's: each has a length, and gives item `n`. NumPy only.

PyTorch calls this a map-style dataset, Grain a random-access data source. Nothing here imports TensorFlow.
"""

import operator
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tf_data.order import Order
from tf_data.samples import padded

if TYPE_CHECKING:
    from tf_data.dataset import BaseSplit


class _Source:
    """What both sources do: samples as models take them, numbers from the end, and pickles."""

    def __init__(self, split: "BaseSplit", raw: bool = False):
        self.split, self.raw = split, raw

    def _number(self, item: int) -> int:
        """An item's number from the beginning. Raises `IndexError` where there is no such item."""
        number = operator.index(item)
        number += len(self) if number < 0 else 0
        if not 0 <= number < len(self):
            raise IndexError(f"there is no item {item} of {len(self)}")
        return number

    def _scaled(self, x: np.ndarray) -> np.ndarray:
        if self.raw or not self.split.samples.is_image:
            return x
        return x.astype(np.float32) / np.float32(255)


class SampleSource(_Source):
    """The samples of a split in its own order, for a sampler of the loader's.

    Item `n` is `(x, y)`, or `(x,)` where there are no targets.

    Args:
        split: The samples.
        raw: Whether images come as they are stored, uint8 in 0..255, and not as float32 in 0..1.

    >>> import tf_data
    >>> x, y = tf_data.load("mnist", source="embedded").train.source()[7]
    >>> x.shape, x.dtype
    ((28, 28, 1), dtype('float32'))
    """

    def __len__(self) -> int:
        return len(self.split)

    def __getitem__(self, item: int) -> tuple:
        x, y = self.split.read(np.array([self._number(item)]))
        x = self._scaled(x)[0]
        return (x,) if y is None else (x, y[0])


class BatchSource(_Source):
    """The batches of some epochs, the same ones as `split.batches` gives, as NumPy arrays.

    Item `n` is batch `n % steps` of epoch `epoch + n // steps`, `(x, y)` or `(x,)`. Texts come as an array of str,
    sequences of integers as `(batch, longest of the batch)` with zeros after the shorter ones. A source may be pickled
    for other processes, or handed to forked ones. Samples of a converted folder are read one by one.

    Args:
        split: The samples.
        batch_size: Samples in a batch over all workers; the last batch of an epoch may be smaller.
        seed: Seed of the order.
        epoch: The first epoch.
        epochs: Number of epochs.
        shuffle: False keeps the samples' order.
        shard: (index, count) of this worker, as `tf_data.order` takes it.
        raw: Whether images come as they are stored, uint8 in 0..255, and not as float32 in 0..1.
        order: Makes an order other than the split's own, as `tf_data.pipeline.Batches` takes it.

    Raises:
        InputError: The split is empty, there is no such shard, the batch size is not positive, or the order is one of
            other samples.

    >>> import tf_data
    >>> len(tf_data.load("mnist", source="embedded").train.batch_source(64))
    63
    """

    def __init__(
        self,
        split: "BaseSplit",
        batch_size: int,
        *,
        seed: int = 0,
        epoch: int = 0,
        epochs: int = 1,
        shuffle: bool = True,
        shard: tuple[int, int] = (0, 1),
        raw: bool = False,
        order: Callable[..., Order] | None = None,
    ):
        super().__init__(split, raw)
        self.epoch, self.epochs = epoch, epochs
        self._order_of = order
        self._arguments = {"batch_size": batch_size, "seed": seed, "shuffle": shuffle, "shard": shard}
        self.order.check(split.samples)

    @cached_property
    def order(self) -> Order:
        """Which samples make which batch."""
        return (self._order_of or self.split.order)(**self._arguments)

    def __len__(self) -> int:
        return self.epochs * self.order.steps

    def __getitem__(self, item: int) -> tuple:
        epoch, step = divmod(self._number(item), self.order.steps)
        indices = self.order.indices(self.epoch + epoch, step)
        if self.order.index_shape == (2,):  # windows of a text, which have no targets
            x, y = self.split.samples.read_windows(indices), None
        else:
            x, y = self.split.read(indices)
        samples = self.split.samples
        if None in samples.shape and not samples.is_text:
            x = padded(x, samples.dtype)
        return (self._scaled(x),) if y is None else (self._scaled(x), y)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "order"}  # which keeps what it has computed
