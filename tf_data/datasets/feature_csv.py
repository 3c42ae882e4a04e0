"""Your own table: a CSV file of numbers with a column of labels."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tf_data.dataset import Dataset, Reading, cut
from tf_data.errors import InputError
from tf_data.files import write_text

FRACTIONS = {"train": 0.7, "validation": 0.1, "test": 0.2}


def rows(
    path: Path, required: tuple[str, ...] = (), skipped: list[str] | None = None
) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and rows of a CSV file with a header, one after the other.

    Args:
        path: Path of the file.
        required: Columns that the table must have.
        skipped: List that gets a line for each row with too few or too many fields; None makes it an error.

    Raises:
        InputError: The file is missing or no text, lacks a column, or a row has too few or too many fields.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            names = reader.fieldnames or ()
            if len(set(names)) < len(names):
                raise InputError(f"{path} has two columns of one name in {', '.join(names)}; rename one")
            for name in required:
                if name not in names:
                    raise InputError(f"{path} has no column {name!r}; it has {', '.join(names)}")
            for row in reader:
                if None in row or None in row.values():
                    fault = f"{path} line {reader.line_num} has another number of fields than the header"
                    if skipped is None:
                        raise InputError(fault)
                    skipped.append(fault)
                    continue
                yield reader.line_num, row
    except FileNotFoundError:
        raise InputError(f"missing file {path}; put it there or name another folder") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read {path} as CSV: {error}") from None


def number(path: Path, line: int, column: str, text: str) -> float:
    """A finite number from a cell. Raises `InputError` naming line and column for anything else."""
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise InputError(f"{path} line {line}, column {column!r}: {text!r} is not a finite number; mend or remove it")
    return value


def read_table(path: Path, label: str, columns: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Columns as float32 `(n, len(columns))` and one more as float64 `(n,)`. Errors as `rows` and `number`."""
    x, y = [], []
    for line, row in rows(path, (label, *columns)):
        x.append([number(path, line, name, row[name]) for name in columns])
        y.append(number(path, line, label, row[label]))
    if not x:
        raise InputError(f"{path} has a header but no rows")
    return np.array(x, np.float32), np.array(y)


def only_csv(folder: Path) -> Path:
    """The CSV file in a folder, or `folder` itself if it is a file. Raises `InputError` unless there is just one."""
    found = [folder] if folder.is_file() else sorted(folder.glob("*.csv"))
    if len(found) != 1:
        raise InputError(f"{folder} holds {len(found)} CSV files; name the one to read as path")
    return found[0]


def official(folder: Path, label: str = "label", features: tuple[str, ...] = (), seed: int = 0) -> Reading:
    """A table split 70/10/20 at random.

    Args:
        folder: The CSV file, or a folder that holds just one.
        label: Column of the class names, which are sorted and numbered.
        features: Columns of numbers; the default is all others.
        seed: Seed of the random split.
    """
    path = only_csv(folder)
    x, names, lines = [], [], list(rows(path, (label, *features)))
    if not lines:
        raise InputError(f"{path} has a header but no rows")
    features = tuple(features) or tuple(name for name in lines[0][1] if name != label)
    for line, row in lines:
        x.append([number(path, line, name, row[name]) for name in features])
        names.append(row[label])
    classes, y = np.unique(names, return_inverse=True)
    splits = cut(np.array(x, np.float32), y.astype(np.int32), FRACTIONS, seed)
    return Reading(splits, tuple(classes.tolist()), features)


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
    files=("*.csv",),
    official=official,
    synthetic=synthetic,
    licence="yours",
    citation="none",
)
