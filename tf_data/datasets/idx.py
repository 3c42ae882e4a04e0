"""The idx form of MNIST and its relatives: reading, writing, and a dataset of two pairs of files."""

import gzip
import math
from pathlib import Path

import numpy as np

from tf_data.archives import unpacked
from tf_data.dataset import Reading, Split
from tf_data.errors import InputError
from tf_data.files import whole_file
from tf_data.layouts import Layout, locate

IMAGES_MAGIC = 2051  # unsigned bytes, three dimensions
LABELS_MAGIC = 2049  # unsigned bytes, one dimension
PAIRS = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
FILES = tuple(file for pair in PAIRS.values() for file in pair)
FOLDERS = ("", "raw/", "*/raw/")  # torchvision keeps the files in MNIST/raw
MOST_BYTES = 2**28  # of an unpacked file: five times what the largest one has


def _names(file: str) -> tuple[str, ...]:
    """The names that an official file may have: packed or not, with a dot before idx, and in a folder of its own name."""
    plain = file.removesuffix(".gz")
    dotted = plain.replace("-idx", ".idx")
    names = (file, plain, f"{dotted}.gz", dotted)
    return tuple(f"{folder}{name}" for folder in (*FOLDERS, f"{plain}/", f"{dotted}/") for name in names)


def layout(*splits: str) -> Layout:
    """Images and labels of splits, `train` and `test`."""
    return Layout({file: _names(file) for split in splits for file in PAIRS[split]})


def read_idx(path: Path, magic: int) -> np.ndarray:
    """Read an idx file of unsigned bytes, compressed or not.

    Args:
        path: Path of the file.
        magic: `IMAGES_MAGIC` or `LABELS_MAGIC`.

    Raises:
        InputError: The file is missing, cut off, larger than any of its kind, or not an idx file of this kind.
    """
    dimensions = magic % 256
    with unpacked(path, MOST_BYTES) as stream:
        header = stream.read(4 * (1 + dimensions))
        if len(header) < 4 * (1 + dimensions):
            raise InputError(f"{path} is too short for an idx header ({len(header)} bytes); fetch it again")
        found, *shape = np.frombuffer(header, ">u4").tolist()
        if found != magic:
            raise InputError(f"{path} has magic number {found}, not {magic}: not an idx file of this kind")
        count = math.prod(shape)
        if count > MOST_BYTES:
            raise InputError(f"{path} is said to hold {count:,} bytes, {shape}, which is too much; do not trust it")
        content = stream.read(count + 1)  # one more, to see the end, where a compressed file has its checksum
    if len(content) != count:
        more = "more" if len(content) > count else f"{len(content)} bytes"
        raise InputError(f"{path} holds {more} where its header {shape} says {count}")
    return np.frombuffer(content, np.uint8).reshape(shape)


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write a uint8 array as an idx file, gzip-compressed when the name ends in `.gz`; always the same bytes."""
    head = np.array([8 * 256 + array.ndim, *array.shape], ">u4").tobytes()
    content = head + np.ascontiguousarray(array, np.uint8).tobytes()
    with whole_file(path) as temporary:
        temporary.write_bytes(gzip.compress(content, 6, mtime=0) if path.suffix == ".gz" else content)


def read_pairs(folder: Path, classes: int = 10) -> Reading:
    """Read the train and the test pair from `folder`. Images become `(n, height, width, 1)`, labels int32."""
    return Reading({name: read_pair(folder, name, classes) for name in PAIRS})


def read_pair(folder: Path, name: str, classes: int = 10) -> Split:
    """Read one split, `train` or `test`."""
    _, found = locate(folder, (layout(name),))
    images_file, labels_file = (found[file] for file in PAIRS[name])
    images, labels = read_idx(images_file, IMAGES_MAGIC), read_idx(labels_file, LABELS_MAGIC)
    return checked(name, images, labels, classes, images_file, labels_file)


def checked(name: str, images: np.ndarray, labels: np.ndarray, classes: int, images_file, labels_file) -> Split:
    """A split of grey images `(n, height, width)` and labels `(n,)`. Raises `InputError` where they do not fit."""
    if len(images) != len(labels):
        raise InputError(f"{images_file} holds {len(images)} images but {labels_file} {len(labels)} labels")
    if len(labels) == 0:
        raise InputError(f"{labels_file} holds no samples; fetch it again")
    if labels.max() >= classes:
        record = int(np.argmax(labels >= classes))
        raise InputError(f"{labels_file} record {record} has label {labels[record]}, not 0..{classes - 1}")
    return Split(name, images[..., None], labels.astype(np.int32))


def write_pairs(folder: Path, splits: dict[str, Split]) -> None:
    """Write splits named `train` and `test` in the official form."""
    for name, (images_file, labels_file) in PAIRS.items():
        write_idx(folder / images_file, splits[name].x[..., 0])
        write_idx(folder / labels_file, splits[name].y)
