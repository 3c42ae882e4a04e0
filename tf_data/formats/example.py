"""`tf.train.Example` messages read without TensorFlow, many of one length at a time.

A message is a tree of fields, each a tag, a length and content; see "Encoding" in the Protocol Buffers documentation.
Records of one writer and one length agree in everything but the values, so that the places of the values are looked for
in the first one only, and all are cut out at once.
"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from tf_data.formats.manifest import Schema

BYTES, FLOATS, INTEGERS = 1, 2, 3  # field numbers of tf.train.Feature


class Span(NamedTuple):
    """A feature's values in a message: their kind and bytes `start` to `stop`."""

    kind: int
    start: int
    stop: int


def build(schema: Schema, sample, label) -> bytes:
    """A sample as a serialized `tf.train.Example`: bytes under `schema.sample_name`, numbers under `label`.

    Args:
        sample: An array, whose raw bytes are kept, or the bytes of an encoded image, a text or a sequence.
        label: An array of the schema's label shape, or None.
    """
    import tensorflow as tf

    train = tf.train
    data = sample if isinstance(sample, bytes) else np.ascontiguousarray(sample).tobytes()
    features = {schema.sample_name: train.Feature(bytes_list=train.BytesList(value=[data]))}
    if label is not None:
        values = np.ravel(label)
        if values.dtype.kind == "f":
            features["label"] = train.Feature(float_list=train.FloatList(value=values))
        else:
            features["label"] = train.Feature(int64_list=train.Int64List(value=values))
    # Without `deterministic` the order of the features is not defined.
    return train.Example(features=train.Features(feature=features)).SerializeToString(deterministic=True)


def parse(records: list, schema: Schema) -> tuple[np.ndarray, np.ndarray | None]:
    """Samples and labels of serialized messages.

    Args:
        records: Buffers with one message each.
        schema: Samples of one size come as an array, those kept as bytes as `(n,)` object of bytes.

    Raises:
        BadExample: A message is not one of this schema; it says which.
    """
    raw = not schema.as_bytes
    x = np.empty((len(records), schema.sample_bytes), np.uint8) if raw else np.empty(len(records), object)
    values = int(np.prod(schema.label_shape, dtype=int))
    y = None if schema.label_dtype is None else np.empty((len(records), values), schema.label_dtype)
    lengths = np.array([len(record) for record in records])
    for length in np.unique(lengths):
        members = np.flatnonzero(lengths == length)
        matrix = np.frombuffer(b"".join([records[i] for i in members]), np.uint8).reshape(len(members), length)
        while len(members):
            spans = find(matrix[0], members[0])
            alike = _alike(matrix, spans)
            _cut(matrix[alike], members[alike], spans, schema, x, y)
            matrix, members = matrix[~alike], members[~alike]
    x = x.view(schema.dtype).reshape(len(records), *schema.shape) if raw else x
    return x, None if y is None else y.reshape(len(records), *schema.label_shape)


class BadExample(ValueError):
    """A record that is no message of the expected form. `record` is its place in the list."""

    def __init__(self, record: int, reason: str):
        super().__init__(reason)
        self.record = int(record)


def find(message: np.ndarray | memoryview, record: int = 0, wanted: Collection[str] | None = None) -> dict[str, Span]:
    """Where the values of each feature stand in a message, uint8 `(length,)`.

    Args:
        message: The bytes of a message.
        record: Its place, for errors.
        wanted: Names of the features that are looked for; those of others may hold anything. None for all.

    Raises:
        BadExample: It is no message, or one of the features has not just one list of values.
    """
    spans = {}
    try:
        for _, start, stop in _fields(message, 0, len(message), {1}):  # Example.features
            for _, begin, end in _fields(message, start, stop, {1}):  # Features.feature, a map entry
                entry = {number: (first, last) for number, first, last in _fields(message, begin, end, {1, 2})}
                name = message[slice(*entry[1])].tobytes().decode()
                if wanted is not None and name not in wanted:
                    continue
                for kind, first, last in _fields(message, *entry[2], {BYTES, FLOATS, INTEGERS}):
                    lists = list(_fields(message, first, last, {1}))
                    if len(lists) != 1:
                        raise ValueError(f"{len(lists)} values under {name!r}")
                    spans[name] = Span(kind, *lists[0][1:])
    except (ValueError, IndexError, KeyError) as error:
        raise BadExample(record, f"not a tf.train.Example ({error})") from None
    return spans


def _fields(message: np.ndarray, start: int, stop: int, known: set[int]):
    """Number, first and last byte of the fields between two places; all must have a length."""
    while start < stop:
        tag, start = _varint(message, start, stop)
        number, wire_type = tag >> 3, tag & 7
        if wire_type != 2 or number not in known:
            raise ValueError(f"field {number} of type {wire_type}")
        length, start = _varint(message, start, stop)
        if start + length > stop:
            raise ValueError("a field ends after the message")
        yield number, start, start + length
        start += length


def _varint(message: np.ndarray, start: int, stop: int) -> tuple[int, int]:
    value = 0
    for place in range(start, min(stop, start + 10)):
        byte = int(message[place])
        value |= (byte & 0x7F) << 7 * (place - start)
        if byte < 0x80:
            return value, place + 1
    raise ValueError("an unfinished number")


def integer(message: np.ndarray | memoryview, span: Span) -> int | None:
    """The only integer of a feature, with its sign; None where there are none or several. Raises `BadExample`."""
    try:
        value, end = _varint(message, span.start, span.stop)
    except ValueError as error:
        raise BadExample(0, str(error)) from None
    if end != span.stop:
        return None
    value &= 2**64 - 1
    return value - 2**64 if value >= 2**63 else value


def _alike(matrix: np.ndarray, spans: dict[str, Span]) -> np.ndarray:
    """Which messages `(n, length)` agree with the first one in everything but the values."""
    same = np.ones(len(matrix), bool)
    place = 0
    for span in sorted(spans.values(), key=lambda span: span.start):
        same &= (matrix[:, place : span.start] == matrix[0, place : span.start]).all(axis=1)
        place = span.stop
    return same & (matrix[:, place:] == matrix[0, place:]).all(axis=1)


def _cut(matrix, members, spans: dict[str, Span], schema: Schema, x: np.ndarray, y: np.ndarray | None) -> None:
    """Put the values of messages alike into `x` and `y`."""
    span = spans.get(schema.sample_name)
    if span is None or span.kind != BYTES:
        raise BadExample(members[0], f"no bytes under {schema.sample_name!r}")
    content = matrix[:, span.start : span.stop]
    if schema.as_bytes:
        x[members] = [row.tobytes() for row in content]
    elif content.shape[1] != schema.sample_bytes:
        raise BadExample(
            members[0], f"{content.shape[1]} bytes under {schema.sample_name!r}, not {schema.sample_bytes}"
        )
    else:
        x[members] = content
    if y is None:
        return
    span = spans.get("label")
    if span is None or span.kind not in (FLOATS, INTEGERS):
        raise BadExample(members[0], "no numbers under 'label'")
    content = matrix[:, span.start : span.stop]
    if span.kind == FLOATS:
        values = np.ascontiguousarray(content).view("<f4") if content.shape[1] % 4 == 0 else content[:, :0]
    else:
        values = _varints(content)
    if values.shape[1:] != y.shape[1:]:
        raise BadExample(members[0], f"label of {values.shape[1]} numbers, not {y.shape[1]}")
    y[members] = values


def _varints(content: np.ndarray) -> np.ndarray:
    """Packed numbers of each row, `(n, bytes)` to int64 `(n, numbers)`; rows must hold equally many."""
    last = content < 0x80
    if last.all():  # numbers below 128, as most labels are
        return content.astype(np.int64)
    counts = last.sum(axis=1)
    if not (counts == counts[0]).all() or not last[:, -1].all():
        return np.empty((len(content), 0), np.int64)
    flat, ends = content.ravel().astype(np.uint64), np.flatnonzero(last.ravel())
    begins = np.concatenate([[0], ends[:-1] + 1])
    place = np.arange(len(flat)) - np.repeat(begins, ends - begins + 1)
    shifted = (flat & np.uint64(0x7F)) << (np.uint64(7) * place.astype(np.uint64))
    return np.add.reduceat(shifted, begins).view(np.int64).reshape(len(content), -1)
