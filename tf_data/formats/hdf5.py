"""HDF5: one file with a group for each split, in it `images` or `features`, and `labels`.

The datasets can grow, lie in chunks that are read whole, and carry a checksum for each chunk. A block is a chunk: the
library is slow at single rows and fast at runs of 64 and more. The library's own checksum (Fletcher's) takes two bytes
of 255 for two of zero, so `crc32` has one more for each block and dataset, in the order of `layout`; it is compared when
something of the block is first read.

Texts lie one after another in `texts`, as UTF-8 bytes, and sequences in `sequences`; `ends` says where each one ends.
(Strings of HDF5's own would be neither checksummed nor compressed, and may hold no zero byte.)
"""

import contextlib
import io
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np

from tf_data.archives import FREE_BYTES, RATIO
from tf_data.errors import InputError
from tf_data.files import whole_file
from tf_data.formats.manifest import File, Manifest, Schema
from tf_data.formats.stored import Blocks
from tf_data.formats.writing import Job, default_size
from tf_data.samples import objects
from tf_data.sharing import OwnHandle

NAME = "hdf5"
CHECKSUMS = "crc32"
CHUNK_BYTES = 256 * 2**10
CHUNK_ROWS = 4096
WRITE_BYTES = 4 * 2**20
FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}


def chunk_size(schema: Schema, compress: bool) -> int:
    """Rows a chunk when nobody says otherwise."""
    return default_size(schema.sample_bytes, CHUNK_BYTES, CHUNK_ROWS)


def samples_name(schema: Schema) -> str:
    """The name of the HDF5 dataset of samples."""
    return {"image": "images", "text": "texts", "sequence": "sequences"}.get(schema.sample_name, schema.sample_name)


def layout(schema: Schema) -> dict[str, tuple[tuple[int, ...], str]]:
    """The datasets of a split by name: shape of a row and type."""
    if schema.varies:
        parts = {samples_name(schema): ((), "uint8" if schema.is_text else schema.dtype), "ends": ((), "int64")}
    else:
        parts = {samples_name(schema): (schema.shape, schema.dtype)}
    return parts if schema.label_dtype is None else {**parts, "labels": (schema.label_shape, schema.label_dtype)}


class Sink(io.FileIO):
    """A file for the library to write to that keeps its first error to itself: see `writing`."""

    error: OSError | None = None

    def write(self, data) -> int:
        content = memoryview(data)
        try:
            done = 0
            while self.error is None and done < len(content):
                done += super().write(content[done:])
        except OSError as error:
            self.error = error
        return len(content)

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size) if self.error is None else 0
        except OSError as error:
            self.error = error
            return 0


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Callable[[], h5py.File]]:
    """Open a new file and yield a function that returns it, or raises the `OSError` that writing has met.

    The library does not outlive a disk that is full: closing the file fails, and later the process with it. So it
    never hears of the error, goes on with a file that nobody will keep, and the function is to be called often.
    """
    with Sink(path, "x+") as sink:

        def checked() -> h5py.File:
            if sink.error is not None:
                raise sink.error
            return file

        with h5py.File(sink, "w") as file:
            yield checked
        checked()


def create(group: h5py.Group, schema: Schema, rows: int, compress: bool) -> None:
    """Make the empty, growing datasets of a split.

    Args:
        rows: Samples in a chunk.
        compress: Whether to compress with gzip.
    """
    # The order of the filters is h5py's: bytes of equal rank together, then gzip, then the checksum.
    filters = {"compression": "gzip", "compression_opts": 4, "shuffle": True} if compress else {}
    for name, (shape, dtype) in layout(schema).items():
        whole = schema.varies and name == samples_name(schema)
        chunk = CHUNK_BYTES // np.dtype(dtype).itemsize if whole else rows
        group.create_dataset(
            name, (0, *shape), dtype, maxshape=(None, *shape), chunks=(chunk, *shape), fletcher32=True, **filters
        )


def append(group: h5py.Group, schema: Schema, x: np.ndarray, y: np.ndarray | None) -> None:
    """Add samples at the end of a split; texts and sequences as bytes."""
    parts = {samples_name(schema): x}
    if schema.varies:
        values = group[samples_name(schema)]
        parts = {samples_name(schema): np.frombuffer(b"".join(x), values.dtype)}
        parts["ends"] = len(values) + np.cumsum([len(data) // values.dtype.itemsize for data in x])
    if y is not None:
        parts["labels"] = y
    for name, values in parts.items():
        dataset = group[name]
        start = len(dataset)
        dataset.resize(start + len(values), axis=0)
        dataset[start:] = values


def seal(file: Callable[[], h5py.File], split: str, schema: Schema, rows: int) -> None:
    """Write the checksums of a split that is complete.

    Args:
        file: What `writing` yields.
        rows: Samples in a block.
    """
    group, columns = file()[split], list(layout(schema))
    try:
        counts = len(group[columns[-1]])
        sums = np.zeros((-(-counts // rows), len(columns)), np.uint32)
        begin = 0
        for block in range(len(sums)):
            where = {name: slice(block * rows, (block + 1) * rows) for name in columns}
            if schema.varies:
                end = int(group["ends"][where["ends"]][-1])
                where[samples_name(schema)] = slice(begin, end)
                begin = end
            sums[block] = [crc32(name, block, group[name][where[name]]) for name in columns]
    except (OSError, RuntimeError):
        file()  # what could not be written cannot be read: that is the cause
        raise
    group.create_dataset(CHECKSUMS, data=sums)


def crc32(name: str, block: int, values: np.ndarray) -> int:
    """The checksum of a block's values, and of their place: where the library finds nothing, it reads zeros."""
    return zlib.crc32(np.ascontiguousarray(values).reshape(-1).view(np.uint8), zlib.crc32(f"{name} {block}".encode()))


def write(job: Job) -> Manifest:
    """Write the file. Samples are read ahead in threads; an HDF5 file has one writer, and an interrupted one begins anew."""
    rows, schema = job.options.chunk_size, job.schema
    path = job.folder / f"{job.source.about['name']}.h5"
    units = job.units(rows * max(1, WRITE_BYTES // max(1, rows * schema.sample_bytes)))
    counts = dict.fromkeys(job.source.counts, 0)
    with whole_file(path) as temporary, writing(temporary) as file:
        for split in counts:
            create(file().create_group(split), schema, rows, job.options.compress)
        for unit, chunk in job.chunks(units):
            if len(chunk):
                append(file()[unit.split], schema, chunk.x, chunk.y)
                counts[unit.split] += len(chunk)
        for split in counts:
            seal(file, split, schema, rows)
        if schema.varies:
            total = sum(file()[split][samples_name(schema)].nbytes for split in counts)
            job.settings["sample_bytes"] = max(1, total // max(1, sum(counts.values())))  # the average, for readers
    return job.complete(units, [File.of(job.folder, path, counts)])


def inside(group: h5py.Group, name: str, place: str):
    """A member of a group whose content lies in this very file, None where there is none.

    Raises:
        InputError: It is a link to elsewhere, is put together from other files, keeps its numbers in one, needs a
            filter that is not the library's own, or claims far more numbers than the file holds. Whoever trains on a stranger's folder must not read own files with it.
    """
    link = group.get(name, getlink=True)
    if link is None:
        return None
    what = None if isinstance(link, h5py.HardLink) else "is a link"
    found = group[name] if what is None else None
    if isinstance(found, h5py.Dataset):
        creation = found.id.get_create_plist()
        filters = {creation.get_filter(number)[0] for number in range(creation.get_nfilters())}
        if found.is_virtual:
            what = "is a virtual dataset"
        elif found.external:
            what = "keeps its numbers in another file"
        elif not filters <= FILTERS:
            what = "needs a filter of somebody else"
        elif found.nbytes > max(FREE_BYTES, RATIO * found.id.get_storage_size()):
            what = f"is said to have {found.nbytes:,} bytes, of which the file holds {found.id.get_storage_size():,}"
    if what is not None:
        raise InputError(f"{place} {what}, which no conversion makes; do not trust it")
    return found


class Hdf5Blocks(Blocks):
    """One split of an HDF5 file."""

    def __init__(self, folder: Path, manifest: Manifest, split: str):
        self.schema = manifest.schema
        (file,) = manifest.of_split(split)
        self._path, self._split, self._bytes = folder / file.path, split, file.bytes
        rows, count = int(manifest.options["chunk_size"]), file.samples[split]
        self._rows = rows
        self.counts = np.diff(np.append(np.arange(0, count, rows), count)).astype(np.int64)
        self.sample_bytes = int(manifest.options.get("sample_bytes", self.schema.sample_bytes))
        self._open = OwnHandle(self._checked)
        self._compared: set[tuple[str, int]] = set()

    def read(self, block, start, stop):
        name = samples_name(self.schema)
        if not self.schema.varies:
            return self._rows_of(name, block, start, stop), self.labels(block, start, stop)
        ends = self._rows_of("ends", block, 0, int(self.counts[block]))
        # A sample begins where the one before it ends.
        begin = int(self._slice("ends", block * self._rows - 1, block * self._rows)[0]) if block else 0
        borders = np.concatenate([[begin], ends])
        whole = (name, block) not in self._compared
        asked = borders[start : stop + 1]
        first, last = (begin, int(borders[-1])) if whole else (int(asked[0]), int(asked[-1]))
        values = self._slice(name, first, last)
        if (np.diff(borders) < 0).any() or len(values) != last - first:
            raise InputError(f"{self._path}: {self._split}/ends does not fit {name}; convert again")
        if whole:
            self._compare(name, block, values)
        samples = [values[a:b].tobytes() for a, b in pairwise((asked - first).tolist())]
        return objects(samples), self.labels(block, start, stop)

    def labels(self, block, start, stop):
        return None if self.schema.label_dtype is None else self._rows_of("labels", block, start, stop)

    def _rows_of(self, name: str, block: int, start: int, stop: int) -> np.ndarray:
        """Some rows of a block; all of them are read where nobody has compared them with their checksum yet."""
        first = block * self._rows
        if (name, block) in self._compared:
            return self._slice(name, first + start, first + stop)
        values = self._slice(name, first, first + int(self.counts[block]))
        self._compare(name, block, values)
        return values[start:stop]

    def _compare(self, name: str, block: int, values: np.ndarray) -> None:
        group = self._open()
        if CHECKSUMS in group:  # files of older versions have none
            said = self._slice(CHECKSUMS, block, block + 1)[0, list(layout(self.schema)).index(name)]
            if crc32(name, block, values) != said:
                raise InputError(
                    f"{self._path}: {self._split}/{name} has another checksum than it was written with, "
                    f"in block {block}; convert again"
                )
        self._compared.add((name, block))

    def name(self, block, row):
        return f"{self._path} {self._split} record {block * self._rows + row}"

    def _slice(self, name: str, start: int, stop: int) -> np.ndarray:
        try:
            return self._open()[name][start:stop]
        except (OSError, RuntimeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"{self._path}: {self._split}/{name} records {start}..{stop - 1} are damaged ({error}); convert again"
            ) from None

    def _checked(self) -> h5py.Group:
        if not self._path.is_file():
            raise InputError(f"missing file {self._path}; convert again")
        if (size := self._path.stat().st_size) != self._bytes:
            raise InputError(f"{self._path} has {size} bytes, not {self._bytes}; convert again")
        try:
            file = h5py.File(self._path, "r")
            group = inside(file, self._split, f"{self._path}: {self._split}")
            names = [] if group is None else [*layout(self.schema), CHECKSUMS]
            datasets = {name: inside(group, name, f"{self._path}: {self._split}/{name}") for name in names}
        except InputError:
            raise
        except Exception as error:  # h5py turns damage into errors of many kinds
            raise InputError(f"{self._path} is damaged or not an HDF5 file ({error}); convert again") from None
        schema, count = self.schema, int(self.counts.sum())
        for name, (shape, dtype) in layout(schema).items():
            found = datasets.get(name)
            if not isinstance(found, h5py.Dataset):
                raise InputError(f"{self._path} has no dataset {self._split}/{name}; convert again")
            flat = schema.varies and name == samples_name(schema)  # "ends" says how many values there are
            expected = (found.size if flat else count, *shape)
            if found.shape != expected or found.dtype != dtype:
                raise InputError(
                    f"{self._path}: {self._split}/{name} is {found.dtype} of shape {found.shape}, "
                    f"not {dtype} of {expected}"
                )
        sums, expected = datasets.get(CHECKSUMS), (len(self.counts), len(layout(schema)))
        if sums is not None and not (
            isinstance(sums, h5py.Dataset) and sums.shape == expected and sums.dtype == "uint32"
        ):
            raise InputError(f"{self._path}: {self._split}/{CHECKSUMS} is not uint32 of {expected}; convert again")
        return group


blocks = Hdf5Blocks
