"""GloVe: word vectors (Pennington et al. 2014). No samples, so `tf_data.load` does not know it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tf_data.archives import Zip
from tf_data.errors import InputError

ARCHIVE = "glove.6B.zip"


def read_glove(folder: Path, dimensions: int = 100, words: set[str] | None = None) -> tuple[list[str], np.ndarray]:
    """Words and their vectors, in the file's order.

    Args:
        folder: Folder that holds `glove.6B.<dimensions>d.txt`, or `glove.6B.zip` with it.
        dimensions: Length of the vectors: 50, 100, 200 or 300.
        words: The words to keep; None keeps all.

    Returns:
        The words, and float32 `(len(words), dimensions)`.

    Raises:
        InputError: The file is missing, or a line is not a word and `dimensions` numbers.
    """
    name = f"glove.6B.{dimensions}d.txt"
    found, rows = [], []
    for number, line in enumerate(_lines(folder, name), 1):
        word, *values = line.rstrip("\n").split(" ")
        if words is not None and word not in words and len(values) == dimensions:
            continue
        try:
            row = np.array(values, np.float32)
        except ValueError:
            row = np.empty(0)
        if row.shape != (dimensions,) or not np.isfinite(row).all():
            raise InputError(f"{folder / name} line {number} is not a word and {dimensions} numbers; fetch it again")
        found.append(word)
        rows.append(row)
    return found, np.array(rows, np.float32).reshape(-1, dimensions)


def _lines(folder: Path, name: str) -> Iterator[str]:
    if (folder / name).is_file():
        with open(folder / name, encoding="utf-8", newline="\n") as file:
            yield from file
    elif (folder / ARCHIVE).is_file():
        yield from Zip(folder / ARCHIVE).read(name).decode("utf-8").splitlines()
    else:
        there = ", ".join(sorted(path.name for path in folder.glob("glove*"))) or "nothing of GloVe"
        raise InputError(f"{folder} holds neither {name} nor {ARCHIVE}, but {there}")
