"""Your own images, listed in a CSV file with their labels."""

from pathlib import Path

import numpy as np

from tf_data.dataset import Dataset, Reading, cut
from tf_data.datasets import image_folder
from tf_data.datasets.feature_csv import only_csv, rows
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
) -> Reading:
    """Images and labels from a CSV file, split 70/10/20 at random.

    Args:
        folder: The CSV file, or a folder that holds just one; paths in it are relative to its folder.
        column: Column of the paths.
        label: Column of the class names, which are sorted and numbered.
        size, channels, seed, skip_bad: As in `tf_data.datasets.image_folder.official`.
    """
    table = only_csv(folder)
    names, kinds, skipped = [], [], []
    for line, row in rows(table, (column, label)):
        path = table.parent / row[column]
        if not path.is_file():
            message = f"{table} line {line} names {path}, which does not exist"
            if not skip_bad:
                raise InputError(f"{message}; put it back, remove the line or skip bad files")
            skipped.append(message)
            continue
        names.append(str(path))
        kinds.append(row[label])
    if not names:
        raise InputError(f"{table} names no image that exists")
    classes, labels = np.unique(kinds, return_inverse=True)
    images, labels, bad = image_folder.open_images(names, labels.astype(np.int32), size, channels, skip_bad)
    return Reading(cut(images, labels, FRACTIONS, seed), tuple(classes.tolist()), skipped=(*skipped, *bad))


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
    files=("*.csv",),
    official=official,
    synthetic=synthetic,
    licence="yours",
    citation="none",
)
