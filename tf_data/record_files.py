"""Files of records that somebody else has written, without an index: TFRecord and ArrayRecord. No TensorFlow.

A record of a TFRecord file is its length, the length's checksum, the message, and the message's checksum.
"""

import contextlib
import mmap
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from tf_data.crc32c import masked
from tf_data.errors import InputError
from tf_data.files import whole_file
from tf_data.sharing import OwnHandle

HEAD, TAIL = 12, 4  # bytes of a record of a TFRecord file before and after its message
LENGTH = 8  # of these the length, the rest its checksum
AT_ONCE = 256  # records of an ArrayRecord file
REMEDY = "prepare it again"


class RecordFile(ABC):
    """Records that are read by their numbers.

    Args:
        path: Path of the file.
        count: Records that it must hold.

    Raises:
        InputError: The file is missing, damaged, or holds another number of records.
    """

    def __init__(self, path: Path, count: int):
        self.path, self.count = path, count

    def __len__(self) -> int:
        return self.count

    @abstractmethod
    def messages(self) -> Iterator[memoryview]:
        """All messages, to be looked into; of TFRecord files nothing is read but what is looked at, or verified."""

    @abstractmethod
    def read(self, number: int) -> bytes:
        """A record's message, verified by its checksum. Raises `InputError` where it is damaged."""

    def name(self, number: int) -> str:
        """The name of a record in messages."""
        return f"{self.path} record {number}"

    def _miscounted(self, found: int | str) -> InputError:
        return InputError(f"{self.path} holds {found} records, not the {self.count:,} that are stated; {REMEDY}")


class TFRecordFile(RecordFile):
    """A file as `tf.data.TFRecordDataset` reads it, not compressed."""

    def __init__(self, path, count):
        super().__init__(path, count)
        self._starts, self._stops = self._borders(_content(path))

    def _borders(self, content: memoryview) -> tuple[np.ndarray, np.ndarray]:
        """Where the messages begin and end, int64 `(count,)`; the checksums of all lengths are verified."""
        starts, place, size = [], 0, len(content)
        while place < size:
            if len(starts) == self.count:
                raise self._miscounted(f"more than {self.count:,}")
            starts.append(place + HEAD)
            length = int.from_bytes(content[place : place + LENGTH], "little")
            place += HEAD + length + TAIL
            if place > size:
                # The length may be wrong, or the file may end too early; its checksum tells.
                cut = size < starts[-1] or self._is_whole(content, starts[-1:])[0]
                raise InputError(f"{self.name(len(starts) - 1)} is {'cut off' if cut else 'damaged'}; {REMEDY}")
        if len(starts) != self.count:
            raise self._miscounted(f"{len(starts):,}")
        if (wrong := np.flatnonzero(~self._is_whole(content, starts))).size:
            raise InputError(f"{self.name(wrong[0])} is damaged; {REMEDY}")
        begins = np.array(starts, np.int64)
        return begins, np.append(begins[1:] - HEAD, size)[: len(begins)] - TAIL

    def _is_whole(self, content: memoryview, starts: list[int]) -> np.ndarray:
        """Whether the lengths before these places agree with their checksums."""
        heads = np.frombuffer(b"".join(content[start - HEAD : start] for start in starts), np.uint8).reshape(-1, HEAD)
        return masked(heads[:, :LENGTH]) == np.ascontiguousarray(heads[:, LENGTH:]).view("<u4")[:, 0]

    def messages(self):
        content = _content(self.path)
        for start, stop in zip(self._starts.tolist(), self._stops.tolist(), strict=True):
            yield content[start:stop]

    def read(self, number):
        start, stop = int(self._starts[number]), int(self._stops[number])
        with open(self.path, "rb", buffering=0) as file:  # whoever asks for it reports what the system says
            file.seek(start)
            content = file.read(stop + TAIL - start)
        message = np.frombuffer(content[:-TAIL], np.uint8)
        if len(content) != stop + TAIL - start or masked(message[None])[0] != int.from_bytes(content[-TAIL:], "little"):
            raise InputError(f"{self.name(number)} is damaged; {REMEDY}")
        return content[:-TAIL]


class ArrayRecordFile(RecordFile):
    """A file of the package array_record, which verifies checksums of its own."""

    def __init__(self, path, count):
        super().__init__(path, count)
        if not path.is_file():
            raise InputError(f"missing file {path}; {REMEDY}")
        self._reader = OwnHandle(partial(_ArrayRecords, path))
        if (found := self._reader().count) != count:
            raise self._miscounted(f"{found:,}")

    def messages(self):
        for start in range(0, self.count, AT_ONCE):
            numbers = list(range(start, min(start + AT_ONCE, self.count)))
            yield from map(memoryview, self._reader().read(numbers))

    def read(self, number):
        return self._reader().read([number])[0]


class _ArrayRecords:
    """An open ArrayRecord file, whose records threads read in turn."""

    def __init__(self, path: Path):
        try:
            from array_record.python.array_record_module import ArrayRecordReader
        except ImportError:
            raise InputError(
                f"{path} is read by the package array_record; pip install array_record, or {REMEDY} as tfrecord"
            ) from None
        self._path, self._turn = path, threading.Lock()
        with self._naming():
            self._reader = ArrayRecordReader(str(path))
            self.count: int = self._reader.num_records()

    def read(self, numbers: list[int]) -> list[bytes]:
        with self._turn, self._naming():
            return self._reader.read(numbers)

    @contextlib.contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, ValueError, IndexError) as error:  # as the package reports damage
            raise InputError(f"{self._path} is damaged: {str(error).splitlines()[0]}; {REMEDY}") from None


def _content(path: Path) -> memoryview:
    """The bytes of a file, which are read where they are looked at."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, 2)
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b"")
    except FileNotFoundError:
        raise InputError(f"missing file {path}; {REMEDY}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {error}") from None


KINDS: dict[str, type[RecordFile]] = {"tfrecord": TFRecordFile, "array_record": ArrayRecordFile}


def write(path: Path, messages: Iterable[bytes]) -> None:
    """Write messages into a TFRecord file, whole or not at all."""
    with whole_file(path) as temporary, open(temporary, "wb") as file:
        for message in messages:
            length = len(message).to_bytes(LENGTH, "little")
            for content in (length, message):
                checksum = int(masked(np.frombuffer(content, np.uint8)[None])[0])
                file.write(content + checksum.to_bytes(TAIL, "little"))
