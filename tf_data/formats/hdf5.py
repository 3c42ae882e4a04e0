"""HDF5: one file with a group for each split, in it `images` or `features`, and `labels`.

The datasets can grow, lie in chunks that are read whole, and carry a checksum for each chunk. A block is a chunk: the
library is slow at single rows and fast at runs of 64 and more.

Texts lie one after another in `texts`, as UTF-8 bytes, and sequences in `sequences`; `ends` says where each one ends.
(Strings of HDF5's own would be neither checksummed nor compressed, and may hold no zero byte.)
"""

import contextlib
import io
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
        self._path, self._split = folder / file.path, split
        rows, count = int(manifest.options["chunk_size"]), file.samples[split]
        self._rows = rows
        self.counts = np.diff(np.append(np.arange(0, count, rows), count)).astype(np.int64)
        self.sample_bytes = int(manifest.options.get("sample_bytes", self.schema.sample_bytes))
        self._open = OwnHandle(self._checked)

    def read(self, block, start, stop):
        first, name = block * self._rows, samples_name(self.schema)
        if not self.schema.varies:
            return self._slice(name, first + start, first + stop), self.labels(block, start, stop)
        before = first + start > 0  # a sample begins where the one before it ends
        ends = self._slice("ends", first + start - before, first + stop)
        borders = ends if before else np.concatenate([[0], ends])
        values = self._slice(name, int(borders[0]), int(borders[-1]))
        if (np.diff(borders) < 0).any() or len(values) != borders[-1] - borders[0]:
            raise InputError(f"{self._path}: {self._split}/ends does not fit {name}; convert again")
        cuts = (borders - borders[0]).tolist()
        return objects([values[a:b].tobytes() for a, b in pairwise(cuts)]), self.labels(block, start, stop)

    def labels(self, block, start, stop):
        first = block * self._rows
        return None if self.schema.label_dtype is None else self._slice("labels", first + start, first + stop)

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
        try:
            file = h5py.File(self._path, "r")
            group = inside(file, self._split, f"{self._path}: {self._split}")
            names = [] if group is None else layout(self.schema)
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
        return group


blocks = Hdf5Blocks
