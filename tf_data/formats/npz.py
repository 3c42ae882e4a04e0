"""npz chunks: files `train_1.npz`, `train_2.npz`, ... with the arrays `data` and `labels`, samples as they are.

A chunk is a block and is read whole, which also checks it: every array in a zip file has a checksum.
"""

import threading
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError

import numpy as np
from numpy.lib import format as npy

from tf_data.errors import InputError
from tf_data.files import whole_file
from tf_data.formats.manifest import File, Manifest, Schema
from tf_data.formats.source import Chunk
from tf_data.formats.stored import Blocks
from tf_data.formats.writing import Job, Unit, check_file_bytes, default_size

NAME = "npz"
CHUNK_BYTES = 4 * 2**20
CHUNK_SAMPLES = 5000  # as in the notebooks
# NumPy parses an array's header as Python, and Python 3.11 now and then fails to parse in two threads at once
# ("AST constructor recursion depth mismatch").
HEADER = threading.Lock()


def chunk_size(schema: Schema, compress: bool) -> int:
    """Samples a file when nobody says otherwise."""
    return default_size(schema.sample_bytes, CHUNK_BYTES, CHUNK_SAMPLES)


def write(job: Job) -> Manifest:
    """Write chunks of `job.options.chunk_size` samples, several at once."""
    check_file_bytes(job.options.chunk_size, job.schema.sample_bytes)
    save = np.savez_compressed if job.options.compress else np.savez

    def write_chunk(unit: Unit, chunk: Chunk) -> list[File]:
        path = job.folder / f"{unit.split}_{unit.number + 1}.npz"
        arrays = {"data": chunk.x} if chunk.y is None else {"data": chunk.x, "labels": chunk.y}
        with whole_file(path) as temporary, open(temporary, "wb") as file:
            save(file, **arrays)
        return [File.of(job.folder, path, {unit.split: len(chunk)})]

    units = job.units()
    job.run(units, write_chunk)
    return job.complete(units)


class NpzBlocks(Blocks):
    """One split of npz chunks."""

    def __init__(self, folder: Path, manifest: Manifest, split: str):
        self.schema = manifest.schema
        files = manifest.of_split(split)
        self._paths = [folder / file.path for file in files]
        self.counts = np.array([file.samples[split] for file in files], np.int64)
        self.sample_bytes = self.schema.sample_bytes
        self._damaged: dict[int, InputError] = {}

    def read(self, block, start, stop):
        x = self._array(block, "data", self.schema.shape, self.schema.dtype)
        return x[start:stop], self.labels(block, start, stop)

    def labels(self, block, start, stop):
        if self.schema.label_dtype is None:
            return None
        return self._array(block, "labels", self.schema.label_shape, self.schema.label_dtype)[start:stop]

    def name(self, block, row):
        return f"{self._paths[block]} record {row}"

    def _array(self, block: int, key: str, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        if block in self._damaged:  # whoever looks for whole records would else read the file for each
            raise self._damaged[block]
        path, shape = self._paths[block], (int(self.counts[block]), *shape)
        try:
            (array,) = read_arrays(path, key)
            if array.shape != shape or array.dtype != dtype:
                raise InputError(f"{path}: {key} is {array.dtype} of shape {array.shape}, not {dtype} of {shape}")
        except InputError as error:
            self._damaged[block] = error
            raise
        return array


def read_arrays(path: Path, *names: str) -> list[np.ndarray]:
    """Arrays of an npz file by their names.

    Raises:
        InputError: The file is missing or damaged, or an array is missing or holds Python objects.
    """
    name = names[0]
    try:
        # NumPy leaves a damaged file open when it opens it itself.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = []
            for name in names:
                arrays.append(_read_array(archive.zip, name))
    except FileNotFoundError:
        raise InputError(f"missing file {path}; convert again") from None
    except KeyError:
        raise InputError(f"{path} has no array {name!r}; it is no file of this dataset") from None
    except (OSError, ValueError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        what = "holds Python objects, which are not read" if "allow_pickle" in str(error) else f"is damaged ({error})"
        raise InputError(f"{path}: {name} {what}; convert again") from None
    return arrays


def read_all(path: Path) -> dict[str, np.ndarray]:
    """Every array of an npz file that anybody wrote, by its name.

    Raises:
        InputError: The file is missing, damaged or no npz archive, or an array holds Python objects.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            return {name: _read_array(archive, name) for name in names}
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    # What zipfile and NumPy's parser raise for single bytes that are changed.
    except (
        OSError,
        ValueError,
        EOFError,
        KeyError,
        TypeError,
        RuntimeError,
        SyntaxError,
        MemoryError,
        OverflowError,
        zlib.error,
        zipfile.BadZipFile,
        TokenError,
    ) as error:
        raise InputError(f"{path} is damaged or no npz archive of numbers: {error}") from None


def _read_array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with archive.open(f"{name}.npy") as file:
        with HEADER:
            version = npy.read_magic(file)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, columns_first, dtype = read(file)
        if dtype.hasobject:
            raise ValueError("allow_pickle=False")
        # To the end, where the checksum is compared.
        return np.frombuffer(file.read(), dtype).reshape(shape, order="F" if columns_first else "C")


blocks = NpzBlocks
