"""What a split's samples are: arrays, files that are read when asked for, texts, or sequences of any length. NumPy only.

Every kind is a `Samples`. Nothing else asks what kind it has: `split.samples` gives one, whatever was handed in.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np

from tf_data.errors import InputError


class Samples(ABC):
    """Samples of one kind, in a fixed order.

    Attributes:
        shape: `(n, *sample)`; a size that differs between samples is None.
        dtype: Type of a sample's numbers; object for texts.
        encoding: `png` or `jpeg` where `read_stored` gives the bytes of such files, else `raw`.
    """

    shape: tuple[int | None, ...]
    dtype: np.dtype
    encoding: str = "raw"

    def __len__(self) -> int:
        return self.shape[0]

    @abstractmethod
    def __getitem__(self, chosen) -> "Samples":
        """The samples of a slice or an integer array; nothing is read."""

    @abstractmethod
    def read(self, indices: np.ndarray) -> np.ndarray:
        """Samples by their numbers, decoded: `(len(indices), *sample)`, of texts and sequences `(len(indices),)` object.

        May be called by several threads.

        Raises:
            InputError: A sample cannot be read; the message names it.
        """

    def read_stored(self, indices: np.ndarray) -> np.ndarray:
        """Like `read`, but encoded samples stay the bytes of their files, `(len(indices),)` object."""
        return self.read(indices)

    def read_windows(self, windows: np.ndarray) -> np.ndarray:
        """Windows of the only text or sequence by (start, length), int64 `(n, 2)`; as `read` gives samples."""
        return self._in_memory.read_windows(windows)

    def name(self, number: int) -> str | None:
        """The name of a sample in messages; None where it has no name of its own."""
        return None

    @property
    def is_image(self) -> bool:
        """Whether a sample is a grey or RGB image, `(height, width, 1 or 3)` uint8."""
        return self.dtype == np.uint8 and len(self.shape) == 4 and self.shape[-1] in (1, 3)

    @property
    def is_text(self) -> bool:
        """Whether a sample is a str."""
        return self.dtype == object

    @property
    def array(self) -> np.ndarray | None:
        """All samples as one array where they lie in memory so, else None."""
        return None

    @property
    def flat(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Sequences in memory as all their values in a row and where each begins and ends, `(n + 1,)`; else None."""
        return None

    @property
    def lengths(self) -> np.ndarray | None:
        """Characters of each text or values of each sequence, int64 `(n,)`; None where all samples have one shape."""
        return None

    @cached_property
    def _in_memory(self) -> "Texts | Sequences":
        """The only text or sequence, which windows are cut from."""
        if self.lengths is None:
            raise InputError("windows are cut from a text or a sequence, and these samples are neither")
        sample = only(self.read(np.arange(min(len(self), 2))))
        return Texts([sample]) if self.is_text else Sequences.of([sample])


class Arrays(Samples):
    """An array in memory, `(n, ...)`."""

    def __init__(self, x: np.ndarray):
        self._x = x
        self.shape, self.dtype = x.shape, x.dtype

    def __getitem__(self, chosen):
        return type(self)(self._x[chosen])

    def read(self, indices):
        return np.asarray(self._x[indices])

    @property
    def array(self):
        return self._x


class MemoryMaps(Arrays):
    """An array that lies in a file and is read where it is touched."""

    def __getitem__(self, chosen):
        return as_samples(self._x[chosen])  # an integer array reads, and what it gives lies in memory

    @property
    def array(self):
        return None


class Texts(Samples):
    """Texts of any length.

    Args:
        texts: Texts of type str, `(n,)`.

    Raises:
        InputError: A text is not a str.
    """

    dtype = np.dtype(object)

    def __init__(self, texts: Iterable[str]):
        self._texts = texts.astype(object, copy=False) if isinstance(texts, np.ndarray) else objects(list(texts))
        if self._texts.ndim != 1:
            raise InputError(f"texts are a row of str, not an array of shape {self._texts.shape}")
        for number, text in enumerate(self._texts):
            if not isinstance(text, str):
                raise InputError(f"texts are a row of str, not an array with a {type(text).__name__} at {number}")
        self.shape = self._texts.shape

    def __getitem__(self, chosen):
        return Texts(self._texts[chosen])

    def read(self, indices):
        return self._texts[indices]

    def read_windows(self, windows):
        text = only(self._texts)
        return objects([text[start : start + length] for start, length in windows.tolist()])

    @property
    def array(self):
        return self._texts

    @cached_property
    def lengths(self):
        return np.fromiter(map(len, self._texts), np.int64, len(self._texts))


class Sequences(Samples):
    """Sequences of integers, of any length, all in one array.

    `Sequences.of([[3, 1, 4], [1], [5, 9]])` makes them from lists or arrays.

    Args:
        values: Values of all sequences, one after another, `(total,)`.
        offsets: Where each sequence begins, and where the last one ends, int64 `(n + 1,)`.
    """

    def __init__(self, values: np.ndarray, offsets: np.ndarray):
        values, offsets = np.asarray(values), np.asarray(offsets, np.int64)
        if values.ndim != 1 or values.dtype.kind not in "iu":
            raise InputError(f"sequences are of integers, not {values.dtype} of shape {values.shape}")
        fits = offsets.ndim == 1 and len(offsets) and (offsets[0], offsets[-1]) == (0, len(values))
        if not fits or (np.diff(offsets) < 0).any():
            raise InputError(f"offsets must rise from 0 to {len(values)}, the number of values")
        self._values, self._offsets = values, offsets
        self.shape, self.dtype = (len(offsets) - 1, None), values.dtype

    @classmethod
    def of(cls, sequences: Iterable, dtype=None) -> "Sequences":
        """Sequences from a list of them.

        Args:
            sequences: Sequences, each a list or an array of integers.
            dtype: Type of the values; the default holds them all, and is int64 for lists.
        """
        parts = [np.asarray(part, dtype) for part in sequences]
        parts = [part if part.size or part.dtype.kind in "iu" else part.astype(np.int64) for part in parts]
        wrong = next((part for part in parts if part.ndim != 1 or part.dtype.kind not in "iu"), None)
        if wrong is not None:
            raise InputError(f"a sequence is a row of integers, not {wrong.dtype} of shape {wrong.shape}")
        values = np.concatenate(parts) if parts else np.empty(0, dtype or np.int64)
        return cls(values, np.cumsum([0, *map(len, parts)]))

    def __getitem__(self, chosen):
        numbers = np.arange(len(self))[chosen]
        starts, lengths = self._offsets[numbers], self.lengths[numbers]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        places = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        return Sequences(self._values[places], offsets)

    def read(self, indices):
        return objects([self._values[self._offsets[i] : self._offsets[i + 1]] for i in np.asarray(indices).tolist()])

    def read_windows(self, windows):
        only(self._offsets[1:])
        return objects([self._values[start : start + length] for start, length in windows.tolist()])

    @property
    def flat(self):
        return self._values, self._offsets

    @property
    def lengths(self):
        return np.diff(self._offsets)


class Chosen(Samples):
    """Some of other samples, by their numbers there."""

    def __init__(self, samples: Samples, numbers: np.ndarray):
        self._all, self._numbers = samples, numbers
        self.shape, self.dtype, self.encoding = (len(numbers), *samples.shape[1:]), samples.dtype, samples.encoding

    def __getitem__(self, chosen):
        return Chosen(self._all, self._numbers[chosen])

    def read(self, indices):
        return self._all.read(self._numbers[indices])

    def read_stored(self, indices):
        return self._all.read_stored(self._numbers[indices])

    def name(self, number):
        return self._all.name(int(self._numbers[number]))

    @property
    def lengths(self):
        lengths = self._all.lengths
        return None if lengths is None else lengths[self._numbers]


class Indexed:
    """Samples that are read, with the indexing of an array: `x[3]`, `x[:10]` and `np.asarray(x)` are arrays.

    Args:
        samples: The samples to read.
    """

    def __init__(self, samples: Samples):
        self.samples = samples
        self.shape, self.dtype = samples.shape, samples.dtype

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, key) -> Any:
        indices = np.arange(len(self))[key]
        read = self.samples.read(np.ravel(indices))
        return read.reshape(*indices.shape, *read.shape[1:]) if indices.ndim else read[0]

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.asarray(self[:], dtype)


def as_samples(x) -> Samples:
    """What a `Split` was handed, as `Samples`.

    Args:
        x: A `Samples`, an array of numbers in memory or memory-mapped, or a row of str.

    Raises:
        InputError: `x` is none of these.
    """
    if isinstance(x, Samples):
        return x
    if isinstance(x, Indexed):
        return x.samples
    if not isinstance(x, np.ndarray) or x.ndim == 0:
        raise InputError(f"samples must be an array or tf_data.samples.Samples, not {type(x).__name__}")
    if x.dtype.kind in "OU":
        return Texts(x)
    return MemoryMaps(x) if isinstance(x, np.memmap) else Arrays(x)


def objects(items: list) -> np.ndarray:
    """A list as an array of objects `(n,)`, of whatever they are."""
    array = np.empty(len(items), object)
    for place, item in enumerate(items):  # at once, NumPy would look into arrays of one length
        array[place] = item
    return array


def only(items):
    """The one item. Raises `InputError` where there are more or none: windows have one text."""
    if len(items) != 1:
        raise InputError(f"windows are cut from one long text, not from {len(items)}")
    return items[0]


def padded(sequences: np.ndarray, dtype) -> np.ndarray:
    """Sequences `(n,)` object as an array `(n, longest)`, with zeros after the shorter ones."""
    out = np.zeros((len(sequences), max(map(len, sequences), default=0)), dtype)
    for row, sequence in zip(out, sequences, strict=True):
        row[: len(sequence)] = sequence
    return out
