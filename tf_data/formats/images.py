"""Image folders: an image file for each sample, `<split>/<class>/<number>.png` or `.jpg`, and a list `<split>.csv`.

The list has the columns path, label and sha256. A block is one image, so that the order of an epoch is a permutation
of all samples.
"""

import csv
import hashlib
import io
import os
import re
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np

from tf_data.errors import InputError
from tf_data.files import is_inside, whole_file, write_text
from tf_data.formats.manifest import HASH, File, Manifest, Schema
from tf_data.formats.source import Chunk
from tf_data.formats.stored import Blocks
from tf_data.formats.writing import Job, Unit
from tf_data.images import SUFFIXES

NAME = "images"
UNIT = 500  # images between two entries in the journal
READ_BYTES = 2**16
PART = 10_000  # rows of a list that are read at once


def chunk_size(schema: Schema, compress: bool) -> int:
    """Images in a unit of work; the files are one each."""
    return UNIT


def folder_names(classes: tuple[str, ...]) -> list[str]:
    """Class names as names of folders: `T-shirt/top` becomes `T-shirt-top`. Raises `InputError` if two become one."""
    names = [re.sub(r"[^\w .+-]", "-", name).strip(" .") or "-" for name in classes]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise InputError(
                f"classes {classes[names.index(name)]!r} and {classes[number]!r} would share the folder {name}"
            )
    return names


def write(job: Job) -> Manifest:
    """Write the images, several at once, then the lists."""
    schema, suffix = job.schema, SUFFIXES[job.schema.encoding]
    if not schema.has_classes:
        raise InputError(f"{job.source.about['name']} has no classes to name folders after; choose another format")
    names = folder_names(schema.classes)

    def write_images(unit: Unit, chunk: Chunk) -> list[File]:
        files, one = [], {unit.split: 1}
        for data, label, number in zip(chunk.x, chunk.y, chunk.numbers, strict=True):
            path = PurePosixPath(unit.split, names[label], f"{number:06d}{suffix}")
            # Not flushed one by one, which would take longer than all the rest; the journal has the checksums.
            with whole_file(job.folder / path, flush=False) as temporary:
                temporary.write_bytes(data)
            files.append(File(str(path), one, len(data), hashlib.new(HASH, data).hexdigest()))
        return files

    units = job.units()
    images = [file for done in job.run(units, write_images) for file in done.files]
    job.settings["picture_bytes"] = sum(file.bytes for file in images)
    os.sync()  # what lists and manifest promise must be on the disk before them
    lists = []
    for split in job.source.counts:
        rows = [file for file in images if split in file.samples]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("path", "label", "sha256"))
        writer.writerows((f.path, names.index(PurePosixPath(f.path).parts[1]), f.sha256) for f in rows)
        path = job.folder / f"{split}.csv"
        write_text(path, text.getvalue())
        lists.append(File.of(job.folder, path, {split: len(rows)}))
    return job.complete(units, lists)


class ImageBlocks(Blocks):
    """One split of an image folder."""

    def __init__(self, folder: Path, manifest: Manifest, split: str):
        self.schema = manifest.schema
        (file,) = manifest.of_split(split)
        self._prefix, self._list = os.path.join(folder, ""), folder / file.path
        self._paths, self._labels, self._sums = self._read_list(file.samples[split])
        self.counts = np.ones(len(self._paths), np.int64)
        self.sample_bytes = self.schema.sample_bytes

    def read(self, block, start, stop):
        path = self.name(block, 0)
        try:
            data = _read(path)
        except FileNotFoundError:
            raise InputError(f"missing file {path}, named in {self._list} record {block}") from None
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or error}") from None
        if hashlib.new(HASH, data).digest() != self._sums[block].tobytes():
            raise InputError(f"{path} ({self._list} record {block}) is damaged; convert again")
        x = np.empty(1, object)
        x[0] = data
        return x[start:stop], self.labels(block, start, stop)

    def labels(self, block, start, stop):
        return self._labels[block : block + 1][start:stop]

    def name(self, block, row):
        return self._prefix + self._paths[block].decode()

    def paths(self) -> list[str]:
        """Every image's file, in the samples' order."""
        return [self.name(block, 0) for block in range(len(self._paths))]

    def _read_list(self, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Paths `(count,)` bytes, labels `(count,)`, and checksums `(count, 32)` uint8: a list may have millions."""
        parts = []
        try:
            with open(self._list, encoding="utf-8", newline="") as file:
                rows = csv.reader(file)
                next(rows, None)
                while part := list(islice(rows, PART)):
                    parts.append(self._check_rows(part, sum(len(labels) for _, labels, _ in parts)))
        except FileNotFoundError:
            raise InputError(f"missing file {self._list}; convert again") from None
        except InputError:
            raise
        except (OSError, ValueError, csv.Error) as error:
            raise InputError(f"{self._list} is damaged ({error}); convert again") from None
        paths, labels, sums = (
            (np.concatenate(columns) for columns in zip(*parts, strict=True)) if parts else ([], [], [])
        )
        if len(paths) != count:
            raise InputError(f"{self._list} names {len(paths)} images, not {count}; convert again")
        return paths, labels, sums

    def _check_rows(self, rows: list[list[str]], first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        classes = len(self.schema.classes)
        for record, (path, label, _) in enumerate(rows, first):
            if not is_inside(path):
                raise InputError(f"{self._list} record {record} names {path}, a file outside the folder")
            if not 0 <= int(label) < classes:
                raise InputError(f"{self._list} record {record} has label {label}, not 0..{classes - 1}")
        return (
            np.array([path.encode() for path, _, _ in rows]),
            np.array([int(label) for _, label, _ in rows], self.schema.label_dtype),
            np.frombuffer(bytes.fromhex("".join(digest for _, _, digest in rows)), np.uint8).reshape(len(rows), 32),
        )


def _read(path: str) -> bytes:
    """A small file's bytes. Images are opened one by one, and a file object takes as long as its content."""
    file = os.open(path, os.O_RDONLY)
    try:
        parts = [os.read(file, READ_BYTES)]
        while len(parts[-1]) == READ_BYTES:
            parts.append(os.read(file, READ_BYTES))
    finally:
        os.close(file)
    return b"".join(parts) if len(parts) > 1 else parts[0]


blocks = ImageBlocks
