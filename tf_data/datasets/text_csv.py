"""Your own texts: a CSV file with a column of texts and a column of labels."""

from pathlib import Path

import numpy as np

from tf_data.csv_files import PATTERNS, TableFile, numbered, only_table
from tf_data.cuts import cut_by_class
from tf_data.dataset import Dataset, Reading, Split
from tf_data.datasets.grammar import reviews
from tf_data.errors import InputError
from tf_data.files import write_text

FRACTIONS = {"validation": 0.1, "test": 0.2}


def official(folder: Path, text: str = "text", label: str = "label", seed: int = 0) -> Reading:
    """A table split 70/10/20 at random, each class in the same proportion in all three.

    Args:
        folder: The CSV file, or a folder that holds just one.
        text: Column of the texts; they may be empty.
        label: Column of the class names, two or more, which are sorted (as numbers if all are) and numbered.
        seed: Seed of the random split.

    Raises:
        InputError: The file cannot be read, lacks a column, a label is empty, there is one class only, or a class has
            too few rows for all three splits.
    """
    x, y, classes, table = _read(folder, text, label)
    if len(classes) < 2:
        found = f"only {classes[0]!r}" if len(classes) else "no rows"
        raise InputError(f"{table.path}, column {label!r} must hold two classes or more, and has {found}")
    splits = cut_by_class(x, y, classes, FRACTIONS, seed, f"{table.path}, column {label!r}")
    return Reading(splits, classes, notes=table.notes)


def uncut(folder: Path, text: str = "text", label: str = "label") -> Reading:
    """All rows of a table as one split; arguments and errors as `official`."""
    x, y, classes, table = _read(folder, text, label)
    if not len(y):
        raise InputError(f"{table.path} has a header but no rows")
    return Reading({"test": Split("test", x, y)}, classes, notes=table.notes)


def _read(folder: Path, text: str, label: str) -> tuple[np.ndarray, np.ndarray, tuple[str, ...], TableFile]:
    """Texts, class numbers, the classes, and the table that they come from."""
    table = TableFile(only_table(folder), (text, label))
    texts, names = [], []
    for line, row in table.rows():
        texts.append(row[text])
        names.append(table.label(line, label, row[label]))
    classes, y = numbered(names)
    return np.array(texts, object), y, classes, table


def synthetic(folder: Path, count: int = 400, seed: int = 0) -> None:
    """Write reviews of the grammar in `tf_data.datasets.grammar`."""
    kinds = ("blame", "praise")
    texts = reviews([bool(number % 2) for number in range(count)], np.random.default_rng(seed))
    lines = [f'"{text}",{kinds[number % 2]}' for number, text in enumerate(texts)]
    write_text(folder / "table.csv", "\n".join(["text,label", *lines]) + "\n")


DATASET = Dataset(
    name="text-csv",
    title="a table of texts of your own",
    shape=(),
    files=PATTERNS,
    official=official,
    uncut=uncut,
    synthetic=synthetic,
    licence="yours",
    citation="none",
)
