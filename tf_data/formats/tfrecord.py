"""TFRecord shards of `tf.train.Example` messages, readable by `tf.data.TFRecordDataset`, each with an index.

A record is a length, its checksum, the message, and the message's checksum. The index `<shard>.index.npz` holds where
each record begins and a checksum of each record and of each block of records: a reader can begin anywhere, and notices
a record that is damaged or gone. A block is a run of records, or the whole shard where it is
compressed.
"""

import errno
import os
import zlib
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from tf_data.archives import FREE_BYTES, RATIO
from tf_data.command import import_tensorflow
from tf_data.errors import InputError
from tf_data.files import whole_file
from tf_data.formats.example import BadExample, build, parse
from tf_data.formats.manifest import File, Manifest, Schema
from tf_data.formats.source import Chunk
from tf_data.formats.stored import Blocks
from tf_data.formats.writing import FILE_BYTES, Job, Unit, check_file_bytes, default_size
from tf_data.npz_files import NpzFile

NAME = "tfrecord"
HEAD, TAIL = 12, 4  # bytes of a record before and after its message
BLOCK_BYTES = 256 * 2**10
IMAGE_BYTES = 1 / 8  # what a PNG or JPEG takes of its pixels' bytes, about
COMPRESSED_BYTES = 4 * 2**20


def chunk_size(schema: Schema, compress: bool) -> int:
    """Records a shard when nobody says otherwise."""
    return default_size(_record_bytes(schema), COMPRESSED_BYTES if compress else FILE_BYTES, 2**31)


def write(job: Job) -> Manifest:
    """Write shards `train-00000-of-00003.tfrecord` and their indexes, several at once."""
    schema, options = job.schema, job.options
    if schema.label_dtype is not None and np.dtype(schema.label_dtype) not in (np.float32, *map(np.dtype, "bBhHiIl?")):
        raise InputError(f"tfrecord keeps labels as int64 or float32, not {schema.label_dtype}; choose npz or hdf5")
    if options.compress:
        check_file_bytes(options.chunk_size, _record_bytes(schema))

    import_tensorflow()  # before the threads begin
    # Where shards are compressed, only a whole one can be read.
    rows = options.chunk_size if options.compress else max(1, BLOCK_BYTES // _record_bytes(schema))
    job.settings["block_records"] = rows

    def write_shard(unit: Unit, chunk: Chunk) -> list[File]:
        path = job.folder / f"{unit.name}.tfrecord"
        labels = [None] * len(chunk) if chunk.y is None else chunk.y
        messages = [build(schema, sample, label) for sample, label in zip(chunk.x, labels, strict=True)]
        with whole_file(path) as temporary:
            _write_records(temporary, messages, options.compress)
            index = make_index(temporary, messages, options.compress, rows)
        with whole_file(_index_path(path)) as temporary, open(temporary, "wb") as file:
            np.savez(file, **index)
        counts = {unit.split: len(chunk)}
        return [File.of(job.folder, path, counts), File.of(job.folder, _index_path(path), {})]

    units = job.units()
    job.run(units, write_shard)
    return job.complete(units)


def make_index(path: Path, messages: list[bytes], compressed: bool, rows: int) -> dict[str, np.ndarray]:
    """The index of a shard that has just been written.

    Args:
        rows: Records in a block.

    Returns:
        `offsets` int64 `(records + 1,)`: where records begin in the uncompressed shard, and where the last one ends;
        `crc` uint32 `(records,)`: CRC-32 of each record; `block_crc` uint32 `(blocks,)`: of each block.
    """
    offsets = np.concatenate([[0], np.cumsum([HEAD + len(message) + TAIL for message in messages])]).astype(np.int64)
    content = path.read_bytes()
    content = memoryview(_inflate(content, int(offsets[-1])) if compressed else content)
    starts = np.append(np.arange(0, len(messages), rows), len(messages))
    return {
        "offsets": offsets,
        "crc": _checksums(content, offsets),
        "block_crc": _checksums(content, offsets[starts]),
    }


def _checksums(content: memoryview, borders: np.ndarray) -> np.ndarray:
    return np.array([zlib.crc32(content[a:b]) for a, b in pairwise(borders)], np.uint32)


def _write_records(path: Path, messages: list[bytes], compress: bool) -> None:
    import tensorflow as tf

    try:
        with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions("GZIP" if compress else "")) as writer:
            for message in messages:
                writer.write(message)
    except tf.errors.OpError as error:
        full = isinstance(error, tf.errors.ResourceExhaustedError)
        number = errno.ENOSPC if full else errno.EIO
        raise OSError(number, os.strerror(number) if full else error.message, str(path)) from None


def _record_bytes(schema: Schema) -> int:
    return max(1, int(schema.sample_bytes * (1 if schema.encoding == "raw" else IMAGE_BYTES)))


def _index_path(path: Path) -> Path:
    return path.with_suffix(".index.npz")


def _inflate(content: bytes, most: int) -> bytes:
    """The uncompressed part of a gzip file up to its first fault, `most` bytes; the checksums tell what is missing."""
    inflater = zlib.decompressobj(31)
    parts, step, most = [], 2**16, min(most, max(FREE_BYTES, RATIO * len(content)))
    for start in range(0, len(content), step):
        try:
            parts.append(inflater.decompress(content[start : start + step], max(1, most)))
        except zlib.error:
            break
        if (most := most - len(parts[-1])) <= 0:
            break
    return b"".join(parts)


class TFRecordBlocks(Blocks):
    """One split of TFRecord shards."""

    def __init__(self, folder: Path, manifest: Manifest, split: str):
        self.schema = manifest.schema
        self._compressed = bool(manifest.options["compress"])
        files = manifest.of_split(split)
        self._paths = [folder / file.path for file in files]
        self._records = np.array([file.samples[split] for file in files], np.int64)
        rows = int(manifest.options["block_records"])
        blocks = -(-self._records // rows)
        self._shard = np.repeat(np.arange(len(files)), blocks)
        self._number = np.concatenate([np.arange(count) for count in blocks])  # of a block in its shard
        self._first = self._number * rows
        self.counts = np.minimum(rows, self._records[self._shard] - self._first)
        self._remember()
        self.sample_bytes = self.schema.sample_bytes
        if self.schema.varies and self._compressed:
            self.sample_bytes = int(self._index(0)["offsets"][-1] // self._records[0])  # a shard's average tells enough
        elif self.schema.as_bytes:
            self.sample_bytes = sum(file.bytes for file in files) // int(self._records.sum())

    def _remember(self) -> None:
        # Shards are many, and their indexes hold 12 bytes a record: a few stay in memory.
        self._index = lru_cache(maxsize=64)(self._read_index)
        self._inflated = lru_cache(maxsize=2)(self._inflate)

    def __getstate__(self) -> dict:
        return {name: value for name, value in vars(self).items() if name not in ("_index", "_inflated")}

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state)
        self._remember()

    def _inflate(self, shard: int) -> bytes:
        return _inflate(self._bytes(shard), int(self._index(shard)["offsets"][-1]))

    def read(self, block, start, stop):
        shard, first = int(self._shard[block]), int(self._first[block]) + start
        index = self._index(shard)
        offsets = index["offsets"][first : first + stop - start + 1]
        if self._compressed:
            content = memoryview(self._inflated(shard))[offsets[0] : offsets[-1]]
        else:
            content = memoryview(self._bytes(shard, int(offsets[0]), int(offsets[-1])))
        cuts = (offsets - offsets[0]).tolist()
        records = [content[a:b] for a, b in pairwise(cuts)]
        whole = stop - start == self.counts[block]
        if not whole or zlib.crc32(content) != index["block_crc"][self._number[block]]:
            for number, record in enumerate(records, first):
                if zlib.crc32(record) != index["crc"][number]:
                    what = (
                        "is damaged" if len(record) == np.diff(index["offsets"][number : number + 2]) else "is cut off"
                    )
                    raise InputError(f"{self._paths[shard]} record {number} {what}; convert again")
        try:
            return parse([record[HEAD:-TAIL] for record in records], self.schema)
        except BadExample as error:
            raise InputError(f"{self._paths[shard]} record {first + error.record}: {error}") from None

    def name(self, block, row):
        return f"{self._paths[self._shard[block]]} record {int(self._first[block]) + row}"

    def _bytes(self, shard: int, start: int = 0, stop: int | None = None) -> bytes:
        path = self._paths[shard]
        try:
            with open(path, "rb", buffering=0) as file:
                end = os.fstat(file.fileno()).st_size
                stop = end if stop is None else min(stop, end)  # no more memory than there are bytes
                file.seek(start)
                return file.read(max(0, stop - start))
        except FileNotFoundError:
            raise InputError(f"missing file {path}; convert again") from None
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or error}") from None

    def _read_index(self, shard: int) -> dict[str, np.ndarray]:
        path = _index_path(self._paths[shard])
        records, blocks = int(self._records[shard]), int((self._shard == shard).sum())
        forms = {"offsets": (records + 1, np.int64), "crc": (records, np.uint32), "block_crc": (blocks, np.uint32)}
        with NpzFile(path, "convert again") as file:
            for name, (count, dtype) in forms.items():
                found = file.header(name)
                if found.shape != (count,) or found.dtype != dtype:
                    raise InputError(f"{path} is not the index of {records} records in {blocks} blocks; convert again")
            index = {name: file.read(name) for name in forms}
        if index["offsets"][0] or (np.diff(index["offsets"]) < HEAD + TAIL).any():
            raise InputError(f"{path} is damaged (records do not follow each other); convert again")
        return index


blocks = TFRecordBlocks
