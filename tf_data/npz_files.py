"""NumPy's files: the one reader of `.npz` and `.npy`, which takes nothing on trust that stands in them.

NumPy's own reader runs into memory that a damaged header asks for, and raises whatever its parser of Python raises.
"""

import math
import threading
import zipfile
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.lib import format as npy

from tf_data.archives import FREE_BYTES, RATIO
from tf_data.errors import InputError
from tf_data.sharing import OwnHandle

# NumPy parses an array's header as Python, and Python 3.11 now and then fails to parse in two threads at once
# ("AST constructor recursion depth mismatch").
HEADER = threading.Lock()
MOST_BYTES = 2**36  # of one array, where its reader does not say what it can need


class Header(NamedTuple):
    """What stands before an array's numbers: its form, and the place where they begin."""

    shape: tuple[int, ...]
    dtype: np.dtype
    order: str
    start: int

    @property
    def bytes(self) -> int:
        """Bytes of the numbers."""
        return math.prod(self.shape) * self.dtype.itemsize


class NpzFile:
    """An npz file that is open; a context. Arrays are read, and checked, when they are asked for.

    Args:
        path: Path of the file.
        remedy: What a message tells the user to do about a damaged file.
        most: Bytes that an array may have.

    Attributes:
        names: Names of the arrays, in the file's order.

    Raises:
        InputError: The file is missing, damaged or no npz file.
    """

    def __init__(self, path: str | Path, remedy: str = "make it again", most: int = MOST_BYTES):
        self.path, self._remedy, self._most = Path(path), remedy, most
        try:
            self._file = open(path, "rb")  # noqa: SIM115 - closed by `__exit__`
        except FileNotFoundError:
            raise InputError(f"missing file {path}; {remedy}") from None
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or error}") from None
        try:
            self._zip = zipfile.ZipFile(self._file)
            self._members = {info.filename.removesuffix(".npy"): info for info in self._zip.infolist()}
            if len(self._members) != len(self._zip.infolist()):
                raise ValueError("two arrays of one name")
        except Exception as error:  # a damaged directory makes zipfile raise almost anything
            self._file.close()
            raise self._damaged(error) from None
        self.names = list(self._members)

    def __enter__(self) -> "NpzFile":
        return self

    def __exit__(self, *_) -> None:
        self._zip.close()
        self._file.close()

    def header(self, name: str) -> Header:
        """Shape and type of an array, without reading its numbers. Raises `InputError` as `read`."""
        return self._take(name, None)

    def read(self, name: str) -> np.ndarray:
        """An array by its name; not to be changed in place.

        Raises:
            InputError: It is missing, damaged, too large, holds Python objects, or is not what its header says.
        """
        return self._take(name, lambda file: file.read())

    def _take(self, name: str, read):
        info = self._members.get(name)
        if info is None:
            raise InputError(f"{self.path} has no array {name!r}; it is no file of this kind")
        if info.file_size > min(self._most, max(FREE_BYTES, RATIO * max(1, info.compress_size))):
            raise InputError(f"{self.path}: {name} is said to have {info.file_size:,} bytes; do not trust it")
        try:
            with self._zip.open(info) as file:
                header = _header(file)
                if header.bytes != info.file_size - header.start:
                    raise ValueError(f"{info.file_size - header.start} bytes for an array of shape {header.shape}")
                # To the end, where the checksum is compared.
                return header if read is None else _array(read(file), header)
        except Exception as error:  # zipfile, zlib and NumPy's parser of Python between them raise almost anything
            raise self._damaged(error, name) from None

    def _damaged(self, error: Exception, name: str = "") -> InputError:
        where = f"{self.path}: {name} " if name else f"{self.path} "
        if isinstance(error, _HasObjects):
            return InputError(f"{where}holds Python objects, which are not read; {self._remedy}")
        return InputError(f"{where}is damaged ({str(error) or type(error).__name__}); {self._remedy}")


class _HasObjects(ValueError):
    """An array of Python objects, which only a pickle could hold."""


def _header(file) -> Header:
    """Read the header of an array, at whose numbers the file then stands. Raises what NumPy raises, and more."""
    with HEADER:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, columns_first, dtype = read(file)
    if dtype.hasobject:
        raise _HasObjects
    if any(not isinstance(size, int) or size < 0 for size in shape):
        raise ValueError(f"shape {shape}")
    return Header(shape, dtype, "F" if columns_first else "C", file.tell())


def _array(data: bytes, header: Header) -> np.ndarray:
    if not header.dtype.itemsize or not data:
        return np.empty(header.shape, header.dtype)
    return np.frombuffer(data, header.dtype).reshape(header.shape, order=header.order)


def read_arrays(
    path: str | Path, *names: str, remedy: str = "make it again", most: int = MOST_BYTES
) -> list[np.ndarray]:
    """Arrays of an npz file by their names. Arguments and errors as `NpzFile`."""
    with NpzFile(path, remedy, most) as file:
        return [file.read(name) for name in names]


def read_all(path: str | Path, remedy: str = "make it again") -> dict[str, np.ndarray]:
    """Every array of an npz file that anybody wrote, by its name. Arguments and errors as `NpzFile`."""
    with NpzFile(path, remedy) as file:
        return {name: file.read(name) for name in file.names}


class MappedArray:
    """The array of an `.npy` file, of which only that is read which is touched; each process maps it for itself.

    Args:
        path: Path of the file.

    Raises:
        InputError: The file is missing, damaged, of another length than its header says, or no such file.
    """

    def __init__(self, path: Path):
        self._map = OwnHandle(partial(_map, Path(path)))
        self.shape, self.dtype = self._map().shape, self._map().dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows) -> np.ndarray:
        return self._map()[rows]


def _map(path: Path) -> np.ndarray:
    try:
        with open(path, "rb") as file:
            header = _header(file)
            length = file.seek(0, 2) - header.start
            if length != header.bytes or not header.bytes:
                raise ValueError(f"{length} bytes for an array of shape {header.shape}")
        return np.memmap(path, header.dtype, "r", header.start, header.shape, header.order)
    except FileNotFoundError:
        raise InputError(f"missing file {path}; fetch it again") from None
    except Exception as error:  # as in NpzFile
        raise InputError(
            f"{path} is truncated or not a NumPy array ({str(error) or type(error).__name__}); fetch it again"
        ) from None
