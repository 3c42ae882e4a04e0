"""Cement strength: 998 mixtures with an ordered class of strength (after Yeh 1998)."""

from pathlib import Path

import numpy as np

from tf_data.dataset import Dataset, Reading, Split
from tf_data.datasets.feature_csv import read_table
from tf_data.errors import InputError
from tf_data.files import write_text

FILE = "cement_strength.csv"
COLUMNS = tuple(f"V{number}" for number in range(1, 9))


def official(folder: Path, test: float = 0.2, seed: int = 1) -> Reading:
    """Eight features and the strength class 0..4 (`response` 1..5), split so that every class keeps its fraction.

    Args:
        folder: Folder that holds `cement_strength.csv`.
        test: Fraction of the rows that make the test split.
        seed: Seed of the random split.

    Raises:
        InputError: No such file, a bad row, or too few rows of a class for both splits.
    """
    from sklearn.model_selection import train_test_split

    path = folder / FILE
    x, y = read_table(path, "response", COLUMNS)
    if not np.isin(y, np.arange(1, 6)).all():
        row = int(np.argmax(~np.isin(y, np.arange(1, 6))))
        raise InputError(f"{path} line {row + 2} has response {y[row]:g}, not 1..5")
    labels = (y - 1).astype(np.int32)
    try:
        x_train, x_test, y_train, y_test = train_test_split(
            x, labels, test_size=test, random_state=seed, stratify=labels
        )
    except ValueError as error:  # too few rows, or no fraction
        reason = str(error).partition("\n")[0].rstrip(".")
        raise InputError(f"{path}: its {len(x)} rows cannot be split with test={test:g}: {reason}") from None
    splits = {"train": Split("train", x_train, y_train), "test": Split("test", x_test, y_test)}
    return Reading(splits, features=COLUMNS)


def synthetic(folder: Path, count: int = 200, seed: int = 0) -> None:
    """Write rows whose class follows from a sum of the features."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 500, (count, 8)).round(1)
    score = x @ np.array([3, 2, 1, -2, 1, 0.5, 0.5, 1])
    response = np.argsort(np.argsort(score)) * 5 // count + 1
    lines = [",".join(["response", *COLUMNS])]
    lines += [",".join([str(label), *map(str, row)]) for label, row in zip(response, x, strict=True)]
    write_text(folder / FILE, "\n".join(lines) + "\n")


DATASET = Dataset(
    name="cement",
    title="Cement strength",
    shape=(8,),
    classes=("1", "2", "3", "4", "5"),
    counts={"train": 798, "test": 200},
    files=(FILE,),
    official=official,
    synthetic=synthetic,
    homepage="https://github.com/gagolews/ordinal_regression_data",
    licence="CC BY 4.0 (UCI concrete strength data, from which it is derived)",
    citation="Yeh: Modeling of strength of high-performance concrete, 1998",
)
