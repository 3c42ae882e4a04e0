"""Samples on their way into a format: read in runs, checked one by one, bad ones named or left out."""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from tf_data.dataset import BaseSplit
from tf_data.errors import InputError
from tf_data.formats.manifest import TEXT, Schema
from tf_data.images import decode, encode, encoding_of
from tf_data.order import permutation
from tf_data.samples import objects

PART = 1000  # samples that are checked at once
SORTED_FROM = 1000  # fewer samples fit a window anyway


class Bad(NamedTuple):
    """A sample that cannot be stored: its split and number there, if it came so far, and why."""

    split: str | None
    record: int | None
    reason: str


@dataclass
class Chunk:
    """Neighbouring samples of a split, ready to store.

    Attributes:
        x: Samples `(n, *shape)`, or encoded images, texts and sequences as `(n,)` object of bytes.
        y: Targets `(n, *label_shape)` or None.
        numbers: Numbers of the samples in the source's split, `(n,)`.
        skipped: Samples that were left out.
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
        splits: Splits by name, all with samples of one shape and type.
        classes: Label names in the order of their numbers.
        features: Names of the columns of tabular samples.
        skipped: A line for each sample that was left out when the dataset was read.
        shuffle: Seed of a random order of the samples of each split; None keeps their order.

    Raises:
        InputError: The splits differ in shape or type of a sample, or hold nothing that can be stored.
    """

    def __init__(
        self,
        about: dict[str, Any],
        splits: dict[str, BaseSplit],
        classes: tuple[str, ...] = (),
        features: tuple[str, ...] = (),
        skipped: tuple[str, ...] = (),
        shuffle: int | None = None,
    ):
        self.about, self.splits, self.shuffle = about, splits, shuffle
        self.skipped = [Bad(None, None, line) for line in skipped]
        schemas = {name: _schema(split, tuple(classes), tuple(features)) for name, split in splits.items()}
        if len({schema.encoding for schema in schemas.values()}) > 1:  # files of several kinds become pixels
            schemas = {name: replace(schema, encoding="raw") for name, schema in schemas.items()}
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
    def of(cls, data, shuffle: int | None = None) -> "Source":
        """All splits of a dataset, a `Data`, or of a converted folder, a `Stored`."""
        return cls(data.about, data.splits, data.classes, data.features, data.skipped, shuffle)

    @property
    def counts(self) -> dict[str, int]:
        """Samples in each split."""
        return {name: len(split) for name, split in self.splits.items()}

    @property
    def comes_sorted(self) -> bool:
        """Whether neighbours of the training split are of one class far more often than in a random order."""
        train = self.splits.get("train")
        if train is None or train.blocks is not None or len(train) < SORTED_FROM or not self.schema.has_classes:
            return False  # blocks would have to be read for it
        y = train.y
        fractions = np.bincount(y) / len(y)
        return np.mean(y[1:] != y[:-1]) < (1 - np.sum(fractions**2)) / 10

    def faults(self) -> list[str]:
        """What is wrong with the samples: unreadable images, other shapes, values or labels out of range."""
        return [
            bad.reason
            for split, count in self.counts.items()
            for start in range(0, count, PART)
            for bad in self.read(split, start, min(start + PART, count), self.schema, skip_bad=True).skipped
        ]

    def read(self, split: str, start: int, stop: int, schema: Schema, skip_bad: bool) -> Chunk:
        """Samples `start` to `stop` of a split as `schema` wants them.

        Args:
            skip_bad: Leave bad samples out and report them in the chunk, instead of raising.

        Raises:
            InputError: A sample is damaged, has another shape, is not finite, or a label out of range; the message
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
        keeps_bytes = schema.encoding != "raw" and holder.samples.encoding == schema.encoding
        x, y = (holder.read_stored if keeps_bytes else holder.read)(numbers)
        if y is not None:
            self._check_labels(split, numbers, y, schema)
        if keeps_bytes:
            for number, data in zip(numbers, x, strict=True):
                self._check_image(data, schema, self._name(split, number))
            return x, y  # the original file's bytes, unchanged
        if schema.varies:
            return objects([self._bytes(split, *sample, schema) for sample in zip(numbers, x, strict=True)]), y
        self._check_samples(split, numbers, x, schema)
        if schema.encoding == "raw":
            return x, y
        return objects([encode(image, schema.encoding) for image in x]), y

    def _bytes(self, split: str, number: int, sample, schema: Schema) -> bytes:
        """A text or a sequence as it is kept."""
        if not schema.is_text:
            return np.ascontiguousarray(sample, schema.dtype).tobytes()
        try:
            return sample.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InputError(f"{self._name(split, number)} has no form in UTF-8: {error}") from None

    def _check_image(self, data: bytes, schema: Schema, name: str) -> None:
        """Raise `InputError` unless a file's bytes can be kept as they are."""
        decode(data, schema.shape, name)
        if encoding_of(data, schema.shape[2], name) != schema.encoding:
            raise InputError(f"{name} is no plain {schema.encoding}, as the others are; write it anew as one")

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
        return self.splits[split].samples.name(number) or f"{self.about['name']} {split} record {number}"


def _schema(split: BaseSplit, classes: tuple[str, ...], features: tuple[str, ...]) -> Schema:
    samples, label = split.samples, split.label_spec
    shape = samples.shape[1:]
    if 0 in shape:
        raise InputError(f"the {split.name} split holds samples of shape {shape}, which are nothing to convert")
    return Schema(
        shape=tuple(None if size is None else int(size) for size in shape),
        dtype=TEXT if samples.is_text else samples.dtype.name,
        label_shape=() if label is None else label[0],
        label_dtype=None if label is None else label[1].name,
        classes=classes,
        features=features,
        encoding=samples.encoding,
    )
