"""Your own table: a CSV file of numbers with a column of labels."""

from pathlib import Path

import numpy as np

from tf_data.csv_files import PATTERNS, TableFile, numbered, only_table
from tf_data.cuts import cut_by_class
from tf_data.dataset import Dataset, Reading, Split
from tf_data.errors import InputError
from tf_data.files import write_text

FRACTIONS = {"validation": 0.1, "test": 0.2}  # and the rest for training


def read_table(path: Path, label: str, columns: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Columns as float32 `(n, len(columns))` and one more as float64 `(n,)`. Errors as `TableFile`."""
    table, x, y = TableFile(path, (label, *columns)), [], []
    for line, row in table.rows():
        x.append([table.number(line, name, row[name]) for name in columns])
        y.append(table.number(line, label, row[label]))
    if not x:
        raise InputError(f"{path} has a header but no rows")
    return np.array(x, np.float32), np.array(y)


def official(folder: Path, label: str = "label", features: tuple[str, ...] = (), seed: int = 0) -> Reading:
    """A table split 70/10/20 at random, each class in the same proportion in all three.

    Args:
        folder: The CSV file, or a folder that holds just one.
        label: Column of the class names, which are sorted (as numbers if all are) and numbered.
        features: Columns of numbers; the default is all others.
        seed: Seed of the random split.
    """
    x, y, classes, table, features = _read(folder, label, features)
    splits = cut_by_class(x, y, classes, FRACTIONS, seed, f"{table.path}, column {label!r}")
    return Reading(splits, classes, features, notes=table.notes)


def uncut(folder: Path, label: str = "label", features: tuple[str, ...] = ()) -> Reading:
    """All rows of a table as one split; arguments as `official`."""
    x, y, classes, table, features = _read(folder, label, features)
    return Reading({"test": Split("test", x, y)}, classes, features, notes=table.notes)


def _read(folder: Path, label: str, features: tuple[str, ...]):
    """Numbers, class numbers, the classes, the table that they come from, and the names of its columns of numbers."""
    table = TableFile(only_table(folder), (label, *features))
    features = tuple(features) or tuple(name for name in table.columns if name != label)
    if not features:
        raise InputError(f"{table.path} has no column beside {label!r} to learn from")
    x, names = [], []
    for line, row in table.rows():
        x.append([table.number(line, name, row[name]) for name in features])
        names.append(table.label(line, label, row[label]))
    if not x:
        raise InputError(f"{table.path} has a header but no rows")
    classes, y = numbered(names)
    return np.array(x, np.float32), y, classes, table, features


def synthetic(folder: Path, count: int = 150, seed: int = 0) -> None:
    """Write three clouds of points in four dimensions."""
    rng = np.random.default_rng(seed)
    kinds = np.arange(count) % 3
    x = rng.normal(size=(count, 4)) + 3 * np.eye(3, 4)[kinds]
    lines = ["a,b,c,d,label"]
    lines += [",".join([*(f"{value:.4f}" for value in row), f"kind{kind}"]) for row, kind in zip(x, kinds, strict=True)]
    write_text(folder / "table.csv", "\n".join(lines) + "\n")


DATASET = Dataset(
    name="feature-csv",
    title="a table of your own",
    shape=(-1,),
    files=PATTERNS,
    official=official,
    uncut=uncut,
    synthetic=synthetic,
    licence="yours",
    citation="none",
)
