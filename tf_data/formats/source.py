"""Samples on their way into a format: read in runs, checked one by one, bad ones named or left out."""

import math
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from tf_data.dataset import Data, take
from tf_data.errors import InputError
from tf_data.formats.manifest import Schema
from tf_data.formats.order import permutation
from tf_data.formats.pictures import decode, encode


class Bad(NamedTuple):
    """A sample that cannot be stored: its split and number there, if it came so far, and why."""

    split: str | None
    record: int | None
    reason: str


@dataclass
class Chunk:
    """Neighbouring samples of a split, ready to store.

    Attributes:
        x: samples `(n, *shape)`, or encoded pictures as `(n,)` object of bytes.
        y: targets `(n, *label_shape)` or None.
        numbers: of the samples in the source's split, `(n,)`.
        skipped: what was left out.
    """

    x: np.ndarray
    y: np.ndarray | None
    numbers: np.ndarray
    skipped: list[Bad] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.numbers)


class Source:
    """A loaded dataset as something to write.

    Args:
        about: `name`, `source`, `origin`, `options`, `licence`, `citation`; see `Data`.
        splits: `Split`s or `StoredSplit`s by name, all with samples of one shape and type.
        classes: label names in the order of their numbers.
        features: names of the columns of tabular samples.
        skipped: what reading the dataset has left out already, a line each.
        shuffle: a seed, to put the samples of each split in an order that it decides; None keeps theirs.

    Raises:
        InputError: the splits differ in what a sample is, or hold no numbers.
    """

    def __init__(
        self,
        about: dict[str, Any],
        splits: dict[str, Any],
        classes: tuple[str, ...] = (),
        features: tuple[str, ...] = (),
        skipped: tuple[str, ...] = (),
        shuffle: int | None = None,
    ):
        self.about, self.splits, self.shuffle = about, splits, shuffle
        self.skipped = [Bad(None, None, line) for line in skipped]
        schemas = {name: _schema(split, tuple(classes), tuple(features)) for name, split in splits.items()}
        (first, self.schema), *others = schemas.items()
        for name, schema in others:
            if schema != self.schema:
                raise InputError(
                    f"{about['name']}: {name} holds {schema.dtype} of shape {schema.shape} with labels "
                    f"{schema.label_dtype} {schema.label_shape}, unlike {first}"
                )

        self._orders = {}
        if shuffle is not None:
            self._orders = {name: permutation(len(split), shuffle) for name, split in splits.items()}

    @classmethod
    def of(cls, data: Data, shuffle: int | None = None) -> "Source":
        """All splits of a dataset."""
        about = {key: getattr(data, key) for key in ("name", "source", "origin", "options", "licence", "citation")}
        return cls(about, data.splits, data.classes, data.features, data.skipped, shuffle)

    @property
    def counts(self) -> dict[str, int]:
        """Samples in each split."""
        return {name: len(split) for name, split in self.splits.items()}

    def read(self, split: str, start: int, stop: int, schema: Schema, skip_bad: bool) -> Chunk:
        """Samples `start` to `stop` of a split as `schema` wants them.

        Args:
            skip_bad: leave bad samples out and report them in the chunk, instead of raising.

        Raises:
            InputError: a sample is damaged, has another shape, is not finite, or a label out of range; the message
                names it.
        """
        numbers = np.arange(start, stop) if self.shuffle is None else self._orders[split][start:stop]
        try:
            return Chunk(*self._read(split, numbers, schema), numbers)
        except InputError:
            if not skip_bad:
                raise
        good, skipped = [], []
        for number in numbers:
            try:
                good.append(self._read(split, np.array([number]), schema))
            except InputError as error:
                skipped.append(Bad(split, int(number), str(error)))
        bad = {record for _, record, _ in skipped}
        numbers = np.array([number for number in numbers if number not in bad], np.int64)
        xs, ys = ([part[i] for part in good] for i in (0, 1))
        x = np.concatenate(xs) if xs else np.empty(0)
        y = None if schema.label_dtype is None else np.concatenate(ys) if ys else np.empty(0, np.int64)
        return Chunk(x, y, numbers, skipped)

    def _read(self, split: str, numbers: np.ndarray, schema: Schema):
        holder = self.splits[split]
        x, y = _take(holder, numbers, encoded=schema.encoding != "raw")
        if y is not None:
            self._check_labels(split, numbers, y, schema)
        if x.dtype == object and getattr(holder.x, "encoding", None) == schema.encoding:
            for number, data in zip(numbers, x, strict=True):
                decode(data, schema.shape, self._name(split, number))
            return x, y  # the original file's bytes, unchanged
        if x.dtype == object:
            x = np.stack([decode(data, schema.shape, self._name(split, i)) for i, data in zip(numbers, x, strict=True)])
        self._check_samples(split, numbers, x, schema)
        if schema.encoding == "raw":
            return x, y
        pictures = np.empty(len(numbers), object)
        pictures[:] = [encode(picture, schema.encoding) for picture in x]
        return pictures, y

    def _check_samples(self, split: str, numbers: np.ndarray, x: np.ndarray, schema: Schema) -> None:
        if x.shape[1:] != schema.shape or x.dtype != schema.dtype:
            raise InputError(
                f"{self._name(split, numbers[0])} is {x.dtype} of shape {x.shape[1:]}, not {schema.dtype} of {schema.shape}"
            )
        if x.dtype.kind == "f" and not np.isfinite(x).all():
            row, *place = np.argwhere(~np.isfinite(x))[0]
            value = x[(row, *place)]
            raise InputError(f"{self._name(split, numbers[row])} has {value} at {tuple(map(int, place))}")

    def _check_labels(self, split: str, numbers: np.ndarray, y: np.ndarray, schema: Schema) -> None:
        if schema.has_classes:
            wrong = (y < 0) | (y >= len(schema.classes))
        elif y.dtype.kind == "f":
            wrong = ~np.isfinite(y).reshape(len(y), -1).all(axis=1)
        else:
            return
        if wrong.any():
            row = int(np.argmax(wrong))
            allowed = f"0..{len(schema.classes) - 1}" if schema.has_classes else "a finite number"
            raise InputError(f"{self._name(split, numbers[row])} has label {y[row]}, not {allowed}")

    def _name(self, split: str, number: int) -> str:
        x = self.splits[split].x
        return x.name(number) if hasattr(x, "name") else f"{self.about['name']} {split} record {number}"


def _take(split, numbers: np.ndarray, encoded: bool):
    """Samples, as their file's bytes if those are wanted and there, and targets."""
    if hasattr(split, "read_stored"):
        return split.read_stored(numbers)
    y = None if split.y is None else split.y[numbers]
    if encoded and hasattr(split.x, "read_stored"):
        return split.x.read_stored(numbers), y
    return take(split, numbers), y


def _schema(split, classes: tuple[str, ...], features: tuple[str, ...]) -> Schema:
    if hasattr(split, "blocks"):
        return replace(split.blocks.schema, classes=classes, features=features)
    if split.x.dtype == object or math.prod(split.x.shape[1:]) == 0:
        raise InputError(f"the {split.name} split holds texts or nothing; only numbers of one shape can be converted")
    y = split.y
    return Schema(
        shape=tuple(map(int, split.x.shape[1:])),
        dtype=np.dtype(split.x.dtype).name,
        label_shape=() if y is None else y.shape[1:],
        label_dtype=None if y is None else y.dtype.name,
        classes=classes,
        features=features,
        encoding=getattr(split.x, "encoding", "raw"),
    )
