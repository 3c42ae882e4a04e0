"""Your own images, listed in a CSV file with their labels."""

from pathlib import Path

import numpy as np

from tf_data.csv_files import PATTERNS, TableFile, numbered, only_table
from tf_data.cuts import cut_by_class
from tf_data.dataset import Dataset, Reading, Split
from tf_data.datasets import image_folder
from tf_data.errors import InputError
from tf_data.files import write_text

FRACTIONS = image_folder.FRACTIONS


def official(
    folder: Path,
    column: str = "path",
    label: str = "label",
    size: tuple[int, int] | None = None,
    channels: int = 3,
    seed: int = 0,
    skip_bad: bool = False,
    outside: bool = False,
) -> Reading:
    """Images and labels from a CSV file, split 70/10/20 at random, each class in the same proportion in all three.

    Args:
        folder: The CSV file, or a folder that holds just one; paths in it are relative to its folder.
        column: Column of the paths.
        label: Column of the class names, which are sorted (as numbers if all are) and numbered.
        size, channels, seed, skip_bad: As in `tf_data.datasets.image_folder.official`.
        outside: Whether the list may name files outside its folder. A stranger's list could name any file of yours.
    """
    names, labels, classes, skipped, table = listed(folder, column, label, skip_bad, outside)
    images, labels, bad = image_folder.open_images(names, labels, size, channels, skip_bad)
    splits = cut_by_class(images, labels, classes, FRACTIONS, seed, str(table.path))
    return Reading(splits, classes, skipped=(*skipped, *bad), notes=table.notes)


def uncut(
    folder: Path,
    column: str = "path",
    label: str = "label",
    size: tuple[int, int] | None = None,
    channels: int = 3,
    skip_bad: bool = False,
    outside: bool = False,
) -> Reading:
    """All images of a list as one split; arguments as `official`."""
    names, labels, classes, skipped, table = listed(folder, column, label, skip_bad, outside)
    images, labels, bad = image_folder.open_images(names, labels, size, channels, skip_bad)
    return Reading({"test": Split("test", images, labels)}, classes, skipped=(*skipped, *bad), notes=table.notes)


def listed(
    folder: Path, column: str = "path", label: str = "label", skip_bad: bool = False, outside: bool = False
) -> tuple[list[str], np.ndarray, tuple[str, ...], list[str], TableFile]:
    """Names of files, class numbers, the classes, what was left out, and the list; arguments as `official`."""
    table = TableFile(only_table(folder), (column, label))
    home = table.path.parent.resolve()
    names, kinds, skipped = [], [], []
    for line, row in table.rows():
        path = table.path.parent / row[column].strip()
        if not outside and not path.resolve().is_relative_to(home):
            raise InputError(
                f"{table.path} line {line} names {path}, which lies outside its folder; set outside=True if you trust it"
            )
        if not path.is_file():
            message = f"{table.path} line {line} names {path}, which does not exist"
            if not skip_bad:
                raise InputError(f"{message}; put it back, remove the line or skip bad files")
            skipped.append(message)
            continue
        names.append(str(path))
        kinds.append(table.label(line, label, row[label]))
    if not names:
        raise InputError(f"{table.path} names no image that exists")
    classes, labels = numbered(kinds)
    return names, labels, classes, skipped, table


def synthetic(folder: Path, seed: int = 0) -> None:
    """Write coloured polygons and their list."""
    image_folder.synthetic(folder, seed=seed)
    lines = ["path,label"]
    lines += [f"{file.relative_to(folder).as_posix()},{file.parent.name}" for file in sorted(folder.glob("*/*.jpg"))]
    write_text(folder / "images.csv", "\n".join(lines) + "\n")


DATASET = Dataset(
    name="image-csv",
    title="an image list of your own",
    shape=(-1, -1, 3),
    files=PATTERNS,
    official=official,
    uncut=uncut,
    synthetic=synthetic,
    licence="yours",
    citation="none",
)
