"""A converted folder as splits that read themselves, block by block. NumPy only."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tf_data.dataset import BaseSplit, Data
from tf_data.errors import InputError
from tf_data.formats.manifest import Manifest, Schema
from tf_data.images import decode
from tf_data.order import Windows
from tf_data.samples import Chosen, Indexed, Samples, objects

ALIGNMENT = 64
PART = 1000  # samples that are read at once


class Blocks(ABC):
    """The samples of one split as a row of blocks, each read in one go. What a format's reader provides.

    Attributes:
        schema: Shape, type and encoding of one sample and its target.
        counts: Samples in each block, int64 `(blocks,)`.
        sample_bytes: Approximate memory that a sample takes once it is read.
    """

    schema: Schema
    counts: np.ndarray
    sample_bytes: int

    @abstractmethod
    def read(self, block: int, start: int, stop: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Samples and targets `start` to `stop` of a block; may be called from several threads.

        Returns:
            Samples `(stop - start, *shape)`, or for encoded images, texts and sequences their bytes,
            `(stop - start,)` object; targets `(stop - start, *label_shape)` or None.

        Raises:
            InputError: The file is missing or damaged; the message names it and the record.
        """

    @abstractmethod
    def name(self, block: int, row: int) -> str:
        """File and record of a sample, for messages."""

    def labels(self, block: int, start: int, stop: int) -> np.ndarray | None:
        """The targets alone; formats that keep them apart read less."""
        return self.read(block, start, stop)[1]


@dataclass(frozen=True, repr=False)
class StoredSplit(BaseSplit):
    """A split of a converted folder.

    Attributes:
        name: `train`, `validation` or `test`.
        blocks: The blocks that the samples are read from.
        start, stop: The part of the samples that belongs to the split.
    """

    name: str
    blocks: Blocks
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    @cached_property
    def samples(self) -> "StoredSamples":
        """The samples, read when they are asked for."""
        return StoredSamples(self)

    @property
    def x(self) -> Indexed:
        """The samples as something to index like an array."""
        return Indexed(self.samples)

    @property
    def label_spec(self):
        schema = self.blocks.schema
        return None if schema.label_dtype is None else (schema.label_shape, np.dtype(schema.label_dtype))

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
        """Sample and target as `tf.TensorSpec`s, `(x, y)` or `(x,)`; images are decoded."""
        import tensorflow as tf

        schema = self.blocks.schema
        x = tf.TensorSpec(schema.shape, tf.string if schema.is_text else schema.dtype)
        return (x,) if schema.label_dtype is None else (x, tf.TensorSpec(schema.label_shape, schema.label_dtype))

    def order(self, batch_size, **arguments):
        counts, size = self.blocks.counts, self.blocks.sample_bytes
        return Windows(counts, size, batch_size, start=self.start, stop=self.stop, **arguments)

    def read_window(self, order: Windows, epoch: int, number: int) -> tuple[np.ndarray, ...]:
        """Samples, targets where there are any, and the samples' numbers, of a window of `order`.

        What is kept as bytes comes as bytes, `(samples,)` object.
        """
        pieces, numbers = order.window(epoch, number)
        x, y = self._room(len(numbers))
        for piece in pieces:
            samples, labels = self.blocks.read(piece.block, piece.start, piece.stop)
            x[piece.places] = samples
            if y is not None:
                y[piece.places] = labels
        return (x, numbers) if y is None else (x, y, numbers)

    def slice(self, start, stop, name=None):
        start, stop, _ = slice(start, stop).indices(len(self))
        return replace(self, name=name or self.name, start=self.start + start, stop=self.start + max(start, stop))

    def read(self, indices):
        x, y = self.read_stored(indices)
        schema = self.blocks.schema
        if not schema.as_bytes:
            return x, y
        name = self.samples.name
        samples = [decoded(data, schema, name, i) for data, i in zip(x, np.asarray(indices), strict=True)]
        if schema.varies:
            return objects(samples), y
        return np.stack(samples) if samples else np.empty((0, *schema.shape), schema.dtype), y

    def read_stored(self, indices):
        """Samples and targets by their numbers, any order; each block is read once."""
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
        x = np.empty(count, object) if schema.as_bytes else aligned((count, *schema.shape), schema.dtype)
        return x, None if schema.label_dtype is None else np.empty((count, *schema.label_shape), schema.label_dtype)


def decoded(data: bytes, schema: Schema, name: Callable[[int], str], number: int):
    """One sample from the bytes that it is kept as; `name(number)` is what messages call it. Raises `InputError`."""
    try:
        if schema.is_text:
            return str(data, "utf-8")
        if schema.varies:
            return np.frombuffer(data, schema.dtype)
    except ValueError as error:
        what = "text in UTF-8" if schema.is_text else f"sequence of {schema.dtype}"
        raise InputError(f"{name(number)} is no {what} ({error}); convert again") from None
    return decode(data, schema.shape, name(number))


def aligned(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """An empty array that begins at a multiple of 64 bytes: TensorFlow takes it over, and copies any other."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].view(dtype).reshape(shape)


class StoredSamples(Samples):
    """The samples of a stored split, read when they are asked for."""

    def __init__(self, split: StoredSplit):
        self._split = split
        schema = split.blocks.schema
        self.shape, self.encoding = (len(split), *schema.shape), schema.encoding
        self.dtype = np.dtype(object if schema.is_text else schema.dtype)

    def __getitem__(self, chosen):
        return Chosen(self, np.arange(len(self))[chosen])

    def read(self, indices):
        return self._split.read(indices)[0]

    def read_stored(self, indices):
        return self._split.read_stored(indices)[0]

    def name(self, number):
        block, row = self._split.locate(np.int64(number))
        return self._split.blocks.name(int(block), int(row))

    @cached_property
    def lengths(self):
        if not self._split.blocks.schema.varies:
            return None
        lengths = np.empty(len(self), np.int64)
        for start in range(0, len(self), PART):
            indices = np.arange(start, min(start + PART, len(self)))
            lengths[indices] = [len(sample) for sample in self.read(indices)]
        return lengths


@dataclass(frozen=True)
class Stored:
    """An opened folder: what it holds, and its splits by name."""

    path: Path
    manifest: Manifest
    splits: dict[str, StoredSplit]

    @property
    def about(self) -> dict[str, Any]:
        """What is known of the dataset that was converted; see `Data.about`."""
        return dict(self.manifest.dataset)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.manifest.schema.classes

    @property
    def features(self) -> tuple[str, ...]:
        return self.manifest.schema.features

    @property
    def skipped(self) -> tuple[str, ...]:
        """What reading the folder leaves out: nothing. The manifest says what the conversion left out."""
        return ()

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
            classes=self.classes,
            features=self.features,
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
