"""Two clouds of points in the plane that a line can nearly separate: the perceptron's toy problem."""

import math
from pathlib import Path

import numpy as np

from tf_data.dataset import Dataset, Reading, Split
from tf_data.errors import InputError

FILE = "perceptron_toydata.txt"


def read(folder: Path, test: int = 30, seed: int = 123) -> Reading:
    """The notebooks' points: lines of two numbers and a label, 0 or 1, between tabs.

    Args:
        folder: The folder of `perceptron_toydata.txt`.
        test: Number of points in the test split, the last of the shuffled ones.
        seed: Seed of the NumPy permutation, which the notebooks apply twice.

    Raises:
        InputError: The file cannot be read, or a line of it is something else.
    """
    path = Path(folder) / FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {error}") from None
    rows = [_row(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not 0 < test < len(rows):
        raise InputError(f"cannot test on {test} of the {len(rows)} points of {path}")
    order = np.random.RandomState(seed).permutation(len(rows))
    order = order[order]
    x = np.array([row[:2] for row in rows], np.float32)[order]
    y = np.array([row[2] for row in rows], np.int32)[order]
    cut = len(rows) - test
    return Reading({"train": Split("train", x[:cut], y[:cut]), "test": Split("test", x[cut:], y[cut:])})


def _row(path: Path, number: int, line: str) -> tuple[float, float, int]:
    try:
        first, second, label = line.split()
        point = float(first), float(second)
    except ValueError:
        raise InputError(f"{path} line {number}: {line[:60]!r} is not two numbers and a label") from None
    if not all(map(math.isfinite, point)) or label not in ("0", "1"):
        raise InputError(f"{path} line {number}: {line[:60]!r} is not two finite numbers and a label 0 or 1")
    return *point, int(label)


def generate(count: int = 100, test: int = 30, distance: float = 3.0, seed: int = 123) -> Reading:
    """Draw two Gaussian clouds with unit deviation.

    Args:
        count: Number of points, half of them in each class; it must be even.
        test: Number of points in the test split, half in each class; it must be even.
        distance: Distance between the two centres, in standard deviations.
        seed: Seed of the generator that is made here and used for nothing else.
    """
    if count % 2 or test % 2 or not 0 < test < count:
        raise InputError(f"count {count} and test {test} must be even, and test the smaller one")
    rng = np.random.default_rng(seed)
    y = (np.arange(count) % 2).astype(np.int32)  # classes alternate, so every even cut holds both alike
    centre = distance / np.sqrt(8) * np.where(y[:, None], [1, 1], [-1, -1])
    x = (centre + rng.normal(size=(count, 2))).astype(np.float32)
    return Reading({"train": Split("train", x[test:], y[test:]), "test": Split("test", x[:test], y[:test])})


DATASET = Dataset(
    name="toy-2d",
    title="Two clouds",
    shape=(2,),
    classes=("0", "1"),
    counts={"train": 70, "test": 30},
    folder="perceptron",
    files=(FILE,),
    official=read,
    generated=generate,
    homepage="https://github.com/rasbt/deeplearning-models",
    licence="MIT (the notebooks' 100 points); those that are generated here are free to use",
    citation="the toy data of Raschka's perceptron notebooks: 100 points, two features, 50 a class",
)
