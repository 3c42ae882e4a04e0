"""Your own images: a folder for each class, with JPEG or PNG files."""

from pathlib import Path

import numpy as np

from tf_data.dataset import Dataset, Reading, Split, cut
from tf_data.datasets.drawing import jpeg, shape_image
from tf_data.errors import InputError
from tf_data.files import whole_file
from tf_data.images import ENCODINGS, EncodedImages, image_size, read_file

FRACTIONS = {"train": 0.7, "validation": 0.1, "test": 0.2}
PARTS = {"train": ("train",), "validation": ("validation", "valid", "val"), "test": ("test",)}


def open_images(
    names: list[str], labels: np.ndarray, size: tuple[int, int] | None, channels: int, skip_bad: bool
) -> tuple[EncodedImages, np.ndarray, tuple[str, ...]]:
    """Files as the samples of a split, their labels, and what was skipped.

    Args:
        names: Names of the files.
        labels: Labels `(n,)`.
        size: `(height, width)` to fit each image into; with None all must be as large as the first.
        channels: Channels of the images, 1 or 3.
        skip_bad: Decode every image now and leave out those that cannot be read, instead of stopping at one later.
    """
    if channels not in (1, 3):
        raise InputError(f"channels must be 1 or 3, not {channels}")
    resize = size is not None
    size = tuple(size) if resize else image_size(read_file(names[0]), names[0])
    images = EncodedImages(names, read_file, size, channels, resize)
    if not skip_bad:
        return images, labels, ()
    bad = dict(images.bad())
    good = np.array([number for number in range(len(names)) if number not in bad], np.int64)
    if not len(good):
        raise InputError(f"none of {len(names)} images can be read; the first: {bad[0]}")
    return images[good], labels[good], tuple(bad.values())


def official(
    folder: Path, size: tuple[int, int] | None = None, channels: int = 3, seed: int = 0, skip_bad: bool = False
) -> Reading:
    """Images `<class>/<file>`, split 70/10/20 at random, or `train|validation|test/<class>/<file>`.

    Args:
        folder: Folder that holds a folder for each class; their sorted names are the classes.
        size: `(height, width)` to scale and crop to; with None all images must have the same size.
        channels: 1 for grey, 3 for colour.
        seed: Seed of the random split.
        skip_bad: Leave unreadable images out and list them.
    """
    found = {part: next((folder / n for n in names if (folder / n).is_dir()), None) for part, names in PARTS.items()}
    if found["train"] is None or found["test"] is None:
        names, labels, classes = _scan(folder)
        images, labels, skipped = open_images(names, labels, size, channels, skip_bad)
        return Reading(cut(images, labels, FRACTIONS, seed), classes, skipped=skipped)
    splits, skipped, classes = {}, [], None
    for part, place in found.items():
        if place is None:
            continue
        names, labels, here = _scan(place)
        if classes not in (None, here):
            raise InputError(f"{place} has the classes {', '.join(here)}, but train has {', '.join(classes)}")
        classes = here
        images, labels, bad = open_images(names, labels, size, channels, skip_bad)
        splits[part] = Split(part, images, labels)
        skipped += bad
    return Reading(splits, classes, skipped=tuple(skipped))


def _scan(folder: Path) -> tuple[list[str], np.ndarray, tuple[str, ...]]:
    """Sorted file names, their labels, and the classes."""
    classes = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    names, labels = [], []
    for number, name in enumerate(classes):
        files = sorted(file for file in (folder / name).iterdir() if file.suffix.lower() in ENCODINGS)
        if not files:
            raise InputError(f"{folder / name} holds no .jpg or .png files; remove the folder or fill it")
        names += [str(file) for file in files]
        labels += [number] * len(files)
    if not names:
        raise InputError(f"{folder} holds no folders of images")
    return names, np.array(labels, np.int32), tuple(classes)


def synthetic(folder: Path, classes=("red", "green", "blue"), per_class: int = 30, seed: int = 0) -> None:
    """Write coloured polygons as JPEG files."""
    rng = np.random.default_rng(seed)
    for kind, name in enumerate(classes):
        for number in range(per_class):
            with whole_file(folder / name / f"{number:04d}.jpg") as temporary:
                temporary.write_bytes(jpeg(shape_image(kind, len(classes), rng, 40, 48)))


DATASET = Dataset(
    name="image-folder",
    title="image folders of your own",
    shape=(-1, -1, 3),
    files=("*/*",),
    official=official,
    synthetic=synthetic,
    licence="yours",
    citation="none",
)
