"""MATLAB files of version 5 to 7, as far as arrays of numbers go.

SciPy's reader can crash the process on a damaged file. The form is in "MAT-File Format", MathWorks, chapter 1.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tf_data.errors import InputError

HEADER = 128  # bytes before the first element
MATRIX, COMPRESSED = 14, 15
TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}


def read_mat(path: Path, names: tuple[str, ...], most: int) -> dict[str, np.ndarray]:
    """Arrays of a file by their names.

    Args:
        path: Path of the file.
        names: Names of the arrays to read; what else the file holds is passed over.
        most: Bytes that an array may have.

    Raises:
        InputError: The file is missing, damaged, no MATLAB file of these versions, lacks a name, or holds more than
            `most` bytes under it.
    """
    try:
        content = memoryview(Path(path).read_bytes())
    except FileNotFoundError:
        raise InputError(f"missing file {path}; fetch it again or use another --data") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    found = {}
    try:
        end = {b"IM": "<", b"MI": ">"}[bytes(content[126:128])]
        if struct.unpack(f"{end}H", content[124:126])[0] != 0x0100:
            raise ValueError("not of version 5 to 7")
        for kind, data in _elements(content[HEADER:], end):
            if kind == COMPRESSED:
                ((kind, data),) = _elements(memoryview(_inflated(data, most)), end)
            if kind == MATRIX:
                name, array = _matrix(data, end, names)
                if name in names:
                    found[name] = array
    except Exception as error:  # a damaged file has any size and type anywhere
        raise InputError(f"{path} is no MATLAB file that can be read ({error!r}); fetch it again") from None
    for name in names:
        if name not in found:
            raise InputError(f"{path} holds no {name}; fetch it again")
    return found


def _inflated(data: memoryview, most: int) -> bytes:
    inflater = zlib.decompressobj()
    content = inflater.decompress(data, most + HEADER)
    if not inflater.eof or inflater.unused_data:
        raise ValueError(f"an element that is cut off or has more than {most:,} bytes")
    return content


def _elements(data: memoryview, end: str) -> Iterator[tuple[int, memoryview]]:
    """Types and contents of the elements that lie one after another."""
    place = 0
    while place < len(data):
        kind, size = struct.unpack_from(f"{end}II", data, place)
        if kind >> 16:  # a small one, whose content stands where else the size does
            kind, size, begin, step = kind & 0xFFFF, kind >> 16, place + 4, 8
            if size > 4:
                raise ValueError(f"a small element of {size} bytes")
        else:
            begin = place + 8
            step = 8 + (size if kind == COMPRESSED else -(-size // 8) * 8)
        if begin + size > len(data):
            raise ValueError("an element that is cut off")
        yield kind, data[begin : begin + size]
        place += step


def _matrix(data: memoryview, end: str, names: tuple[str, ...]) -> tuple[str, np.ndarray | None]:
    """Name and numbers of an array; no numbers where the name is none of those asked for."""
    parts = _elements(data, end)
    flags, shape, name = (next(parts)[1] for _ in range(3))
    name = bytes(name).decode("ascii")
    if name not in names:
        return name, None
    (flags,) = struct.unpack(f"{end}I", flags[:4])
    if flags & 0x0800 or flags & 0xFF not in CLASSES:
        raise ValueError(f"{name} is no array of real numbers")
    shape = [int(size) for size in np.frombuffer(shape, f"{end}i4")]
    kind, numbers = next(parts)
    values = np.frombuffer(numbers, f"{end}{TYPES[kind]}")  # small numbers may be kept in fewer bytes than their class
    if min(shape) < 0 or len(values) != np.prod(shape, dtype=object):
        raise ValueError(f"{name} has {len(values)} numbers for a shape of {shape}")
    return name, values.astype(CLASSES[flags & 0xFF], copy=False).reshape(shape, order="F")
