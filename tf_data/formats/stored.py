"""A converted folder as splits that read themselves, block by block. NumPy only."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from tf_data.dataset import Data
from tf_data.errors import InputError
from tf_data.formats.manifest import Manifest, Schema
from tf_data.formats.order import Order
from tf_data.formats.pictures import decode

ALIGNMENT = 64


class Blocks(ABC):
    """The samples of one split as a row of blocks, each read in one go. What a format's reader provides.

    Attributes:
        schema: what one sample is.
        counts: samples in each block, int64 `(blocks,)`.
        sample_bytes: memory that a sample as read takes, about.
    """

    schema: Schema
    counts: np.ndarray
    sample_bytes: int

    @abstractmethod
    def read(self, block: int, start: int, stop: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Samples and targets `start` to `stop` of a block; may be called from several threads.

        Returns:
            Samples `(stop - start, *shape)`, or for encoded pictures their bytes, `(stop - start,)` object; targets
            `(stop - start, *label_shape)` or None.

        Raises:
            InputError: the file is missing or damaged; the message names it and the record.
        """

    @abstractmethod
    def name(self, block: int, row: int) -> str:
        """File and record of a sample, for messages."""

    def labels(self, block: int, start: int, stop: int) -> np.ndarray | None:
        """The targets alone; formats that keep them apart read less."""
        return self.read(block, start, stop)[1]


@dataclass(frozen=True)
class StoredSplit:
    """A split of a converted folder, with the attributes of `tf_data.dataset.Split`.

    Attributes:
        name: `train`, `validation` or `test`.
        blocks: read the samples.
        start, stop: the part of them that belongs to the split.
    """

    name: str
    blocks: Blocks
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    @cached_property
    def x(self) -> "Samples":
        """The samples, read when they are asked for."""
        return Samples(self)

    @cached_property
    def y(self) -> np.ndarray | None:
        """All targets, read from the files once; None where there are none. Batches do not need this."""
        schema = self.blocks.schema
        if schema.label_dtype is None:
            return None
        labels = np.empty((len(self), *schema.label_shape), schema.label_dtype)
        if not len(self):
            return labels
        order = self.order(1, shuffle=False)
        for number in range(order.windows):
            pieces, numbers = order.window(0, number)
            part = labels[numbers[0] : numbers[-1] + 1]
            for piece in pieces:
                part[piece.places] = self.blocks.labels(piece.block, piece.start, piece.stop)
        return labels

    @property
    def element_spec(self):
        """Sample and target as `tf.TensorSpec`s, `(x, y)` or `(x,)`; pictures are decoded."""
        import tensorflow as tf

        schema = self.blocks.schema
        x = tf.TensorSpec(schema.shape, schema.dtype)
        return (x,) if schema.label_dtype is None else (x, tf.TensorSpec(schema.label_shape, schema.label_dtype))

    def order(self, batch_size: int, **arguments) -> Order:
        """The order of this split's samples; arguments as `Order` takes."""
        return Order(
            self.blocks.counts, self.blocks.sample_bytes, batch_size, start=self.start, stop=self.stop, **arguments
        )

    def read_window(self, order: Order, epoch: int, number: int) -> tuple[np.ndarray, ...]:
        """Samples, targets where there are any, and the samples' numbers, of a window of `order`.

        Pictures that are kept encoded come as bytes, `(samples,)` object.
        """
        pieces, numbers = order.window(epoch, number)
        x, y = self._room(len(numbers))
        for piece in pieces:
            samples, labels = self.blocks.read(piece.block, piece.start, piece.stop)
            x[piece.places] = samples
            if y is not None:
                y[piece.places] = labels
        return (x, numbers) if y is None else (x, y, numbers)

    def slice(self, start: int, stop: int, name: str | None = None) -> "StoredSplit":
        """The samples from `start` to `stop` as a split of their own."""
        start, stop, _ = slice(start, stop).indices(len(self))
        return replace(self, name=name or self.name, start=self.start + start, stop=self.start + max(start, stop))

    def batches(
        self,
        batch_size: int,
        *,
        seed: int = 0,
        epoch: int = 0,
        start: int = 0,
        shuffle: bool = True,
        shard: tuple[int, int] = (0, 1),
    ):
        """One epoch as a `tf.data.Dataset`; as `Split.batches`."""
        from tf_data.pipeline import Batches

        return Batches(self, batch_size, seed=seed, shuffle=shuffle, shard=shard).dataset(epoch, start)

    def read_stored(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Samples and targets by their numbers, any order; each block is read once.

        Pictures that are kept encoded come as bytes, `(n,)` object.
        """
        x, y = self._room(len(indices))
        owner, rows = self.locate(np.asarray(indices, np.int64))
        for block in np.unique(owner):
            chosen = np.flatnonzero(owner == block)
            first, last = int(rows[chosen].min()), int(rows[chosen].max()) + 1
            samples, labels = self.blocks.read(int(block), first, last)
            x[chosen] = samples[rows[chosen] - first]
            if y is not None:
                y[chosen] = labels[rows[chosen] - first]
        return x, y

    def locate(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Blocks of samples, and their rows there."""
        ends = np.cumsum(self.blocks.counts)
        position = self.start + indices
        block = np.searchsorted(ends, position, side="right")
        return block, position - ends[block] + self.blocks.counts[block]

    def _room(self, count: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Empty arrays for samples as they are kept, and their targets."""
        schema = self.blocks.schema
        x = aligned((count, *schema.shape), schema.dtype) if schema.encoding == "raw" else np.empty(count, object)
        return x, None if schema.label_dtype is None else np.empty((count, *schema.label_shape), schema.label_dtype)


def aligned(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """An empty array that begins at a multiple of 64 bytes: TensorFlow takes it over, and copies any other."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].view(dtype).reshape(shape)


class Samples:
    """The samples of a stored split with `shape`, `dtype` and `read`, as `Split.x` wants; slices become arrays."""

    def __init__(self, split: StoredSplit):
        self._split = split
        schema = split.blocks.schema
        self.shape, self.dtype = (len(split), *schema.shape), np.dtype(schema.dtype)
        self.encoding = schema.encoding

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key) -> np.ndarray:
        indices = np.arange(len(self))[key]
        return self.read(np.atleast_1d(indices)).reshape(*indices.shape, *self.shape[1:])

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.asarray(self[:], dtype)

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Samples by their numbers, any order; each block is read once."""
        samples, _ = self._split.read_stored(indices)
        if self.encoding == "raw":
            return samples
        shape = self.shape[1:]
        pictures = [decode(data, shape, self.name(i)) for data, i in zip(samples, np.asarray(indices), strict=True)]
        return np.stack(pictures) if pictures else np.empty((0, *shape), self.dtype)

    def name(self, index: int) -> str:
        """File and record of a sample, for messages."""
        block, row = self._split.locate(np.int64(index))
        return self._split.blocks.name(int(block), int(row))


@dataclass(frozen=True)
class Stored:
    """An opened folder: what it holds, and its splits by name."""

    path: Path
    manifest: Manifest
    splits: dict[str, StoredSplit]

    def data(self) -> Data:
        """The folder as a dataset. Raises `InputError` when it lacks a training or a test split."""
        for needed in ("train", "test"):
            if needed not in self.splits:
                raise InputError(f"{self.path} has no {needed} split, only {', '.join(self.splits)}")
        about = self.manifest.dataset
        return Data(
            name=about["name"],
            source=about["source"],
            origin=str(self.path),
            classes=self.manifest.schema.classes,
            features=self.manifest.schema.features,
            skipped=tuple(bad["reason"] for bad in self.manifest.skipped["records"]),
            options=about.get("options", {}),
            licence=about.get("licence", ""),
            citation=about.get("citation", ""),
            **self.splits,
        )

    def faults(self) -> list[str]:
        """Everything that differs from what was written: missing files, checksums, records, counts of classes.

        Reads every byte. A damaged file is followed by its first damaged record, where the format can tell.
        """
        found = [fault for file in self.manifest.files if (fault := file.fault(self.path))]
        for name, split in self.splits.items():
            blocks = split.blocks
            for block, count in enumerate(blocks.counts):
                try:
                    blocks.read(block, 0, int(count))
                except InputError as error:
                    if str(error) not in found:
                        found.append(str(error))
            expected = self.manifest.classes.get(name)
            if not found and expected is not None:
                balance = np.bincount(split.y, minlength=len(expected)).tolist()
                if balance != expected:
                    found.append(f"{self.path}: {name} has {balance} samples by class, not {expected}")
        return found
