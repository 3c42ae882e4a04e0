"""Your own images: a folder for each class, with images of any format that Pillow reads."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tf_data.csv_files import ordered
from tf_data.cuts import cut, cut_by_class
from tf_data.dataset import Dataset, Reading, Split
from tf_data.datasets.drawing import jpeg, shape_image
from tf_data.errors import InputError
from tf_data.files import whole_file
from tf_data.images import EncodedImages, image_size, read_file

FRACTIONS = {"validation": 0.1, "test": 0.2}  # and the rest for training
PARTS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing"),
}
# Suffixes of images; files with others are looked into. No suffix says how a file is decoded.
SUFFIXES = frozenset(
    [
        ".apng",
        ".avif",
        ".avifs",
        ".bmp",
        ".dib",
        ".gif",
        ".jfif",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".pbm",
        ".pgm",
        ".png",
        ".pnm",
        ".ppm",
        ".tga",
        ".tif",
        ".tiff",
        ".webp",
    ]
)
# What file managers and archivers leave behind, beside names that begin with a dot.
JUNK = ("Thumbs.db", "ehthumbs.db", "desktop.ini", "__MACOSX")


def open_images(
    names: list[str],
    labels: np.ndarray | None,
    size: tuple[int, int] | None,
    channels: int,
    skip_bad: bool,
    load: Callable[[str], bytes] = read_file,
) -> tuple[EncodedImages, np.ndarray | None, tuple[str, ...]]:
    """Files as the samples of a split, their labels, and what was skipped.

    Args:
        names: Names of the files.
        labels: Labels `(n,)`, None where there are none.
        size: `(height, width)` to fit each image into; with None all must be as large as the first.
        channels: Channels of the images, 1 or 3.
        skip_bad: Decode every image now and leave out those that cannot be read, instead of stopping at one later.
        load: Returns a file's bytes for a name.
    """
    if channels not in (1, 3):
        raise InputError(f"channels must be 1 or 3, not {channels}")
    resize = size is not None
    size = tuple(size) if resize else image_size(load(names[0]), names[0])
    images = EncodedImages(names, load, size, channels, resize)
    if not skip_bad:
        return images, labels, ()
    bad = dict(images.bad())
    good = np.array([number for number in range(len(names)) if number not in bad], np.int64)
    if not len(good):
        raise InputError(f"none of {len(names)} images can be read; the first: {bad[0]}")
    return images[good], None if labels is None else labels[good], tuple(bad.values())


def official(
    folder: Path, size: tuple[int, int] | None = None, channels: int = 3, seed: int = 0, skip_bad: bool = False
) -> Reading:
    """Images below `<class>/`, split 70/10/20 at random, or below `train|validation|test/<class>/`.

    Each class is in the same proportion in all splits that are cut here. With `train` and one more folder, that one is
    the test split. Folders of a class may have folders of their own. A folder of images and no folders has no labels.

    Args:
        folder: Folder that holds a folder for each class; their sorted names (as numbers if all are) are the classes.
        size: `(height, width)` to scale and crop to; with None all images must have the same size.
        channels: 1 for grey, 3 for colour.
        seed: Seed of the random split.
        skip_bad: Leave unreadable images out and list them.
    """
    parts, skipped, notes = _parts(folder)
    if parts:
        return _in_parts(parts, skipped, notes, size, channels, skip_bad)
    images, labels, classes, skipped = _all(folder, size, channels, skip_bad)
    if labels is None:
        fractions = {"train": 1 - sum(FRACTIONS.values()), **FRACTIONS}
        return Reading(cut(images, None, fractions, seed, folder), skipped=skipped)
    return Reading(cut_by_class(images, labels, classes, FRACTIONS, seed, str(folder)), classes, skipped=skipped)


def uncut(folder: Path, size: tuple[int, int] | None = None, channels: int = 3, skip_bad: bool = False) -> Reading:
    """All images below `<class>/` as one split, or those below `validation|test/<class>/`; arguments as `official`."""
    parts, skipped, notes = _parts(folder)
    if parts:
        reading = _in_parts(parts, skipped, notes, size, channels, skip_bad)
        held_out = {name: split for name, split in reading.splits.items() if name != "train"}
        return Reading(held_out, reading.classes, skipped=reading.skipped, notes=reading.notes)
    images, labels, classes, skipped = _all(folder, size, channels, skip_bad)
    return Reading({"test": Split("test", images, labels)}, classes, skipped=skipped)


def names_in(folder: Path) -> list[str]:
    """Names of all files that `official` would read."""
    parts, _, _ = _parts(folder)
    return [name for place in parts.values() or [folder] for name in _scan(place)[0]]


def _all(folder: Path, size, channels: int, skip_bad: bool):
    """Images, labels (None where there are no classes), the classes, and what was left out."""
    names, labels, classes, left_out = _scan(folder)
    images, labels, bad = open_images(names, labels, size, channels, skip_bad)
    return images, labels if classes else None, classes, (*left_out, *bad)


def _in_parts(parts: dict[str, Path], skipped: list[str], notes: list[str], size, channels, skip_bad) -> Reading:
    splits, known = {}, ()
    for part, place in parts.items():
        names, labels, classes, left_out = _scan(place)
        if not classes:
            raise InputError(f"{place} holds no folders of images")
        known = known or classes
        if strangers := [name for name in classes if name not in known]:
            raise InputError(
                f"{place} has the classes {', '.join(strangers)}, but train has {', '.join(known)}; rename or remove them"
            )
        if missing := [name for name in known if name not in classes]:
            notes.append(f"{place} has no images of {', '.join(missing)}")
        labels = np.array([known.index(name) for name in classes], np.int32)[labels]
        images, labels, bad = open_images(names, labels, size, channels, skip_bad)
        size = images.shape[1:3] if size is None and part == "train" else size
        splits[part] = Split(part, images, labels)
        skipped += [*left_out, *bad]
    return Reading(splits, known, skipped=tuple(skipped), notes=tuple(notes))


def _parts(folder: Path) -> tuple[dict[str, Path], list[str], list[str]]:
    """Folders of the splits, what lies beside them and is left out, and notes; no folders where there are classes only."""
    if not folder.is_dir():
        raise InputError(f"{folder} is a file, not a folder that holds a folder for each class")
    inside = {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_dir() and not is_junk(path)}
    found = {part: [inside[name] for name in names if name in inside] for part, names in PARTS.items()}
    train = found["train"]
    # A class of trains may be called so, too: a split has folders, and no images beside them.
    if not train or not (found["validation"] or found["test"]) or not any(p.is_dir() for p in train[0].iterdir()):
        return {}, [], []
    for part, places in found.items():
        if len(places) > 1:
            raise InputError(f"{folder} holds {' and '.join(p.name for p in places)} for one split, {part}; remove one")
    parts, notes = {part: places[0] for part, places in found.items() if places}, []
    if "test" not in parts:
        parts["test"] = parts.pop("validation")
        notes.append(f"there is no folder test, so {parts['test']} is the test split")
    beside = [path for path in sorted(folder.iterdir()) if path not in parts.values() and not is_junk(path)]
    return parts, [f"{path} lies beside the splits and is left out" for path in beside], notes


def is_junk(path: Path) -> bool:
    """Whether a file or folder is hidden, or was left behind by a file manager or an archiver."""
    return path.name.startswith(".") or path.name in JUNK


def images_below(folder: Path) -> tuple[list[str], list[str]]:
    """All images below a folder, sorted, and lines about other files, which are left out.

    Files whose suffix is none of an image are looked into. What `is_junk` knows is passed over.
    """
    names, others, seen = [], [], set()
    for place, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not is_junk(Path(name)))
        if (real := os.path.realpath(place)) in seen:  # a link to a folder above would be followed for ever
            folders.clear()
            continue
        seen.add(real)
        for path in (Path(place, name) for name in sorted(files) if not is_junk(Path(name))):
            (names if path.suffix.lower() in SUFFIXES or _looks_like_image(path) else others).append(path)
    kinds = Counter(path.suffix or "no suffix" for path in others)
    lines = [f"{folder}: {count:,} files with {suffix} that are no images" for suffix, count in sorted(kinds.items())]
    return [str(path) for path in sorted(names)], lines


def _looks_like_image(path: Path) -> bool:
    try:
        image_size(read_file(str(path)), str(path))
    except (InputError, OSError):
        return False
    return True


def _scan(folder: Path) -> tuple[list[str], np.ndarray, tuple[str, ...], list[str]]:
    """Sorted file names, their labels, the classes (none where images lie in no folders), and what was left out."""
    inside = [path for path in sorted(folder.iterdir()) if not is_junk(path)]
    classes = ordered(path.name for path in inside if path.is_dir())
    if not classes and inside:
        names, left_out = images_below(folder)
        if names:
            return names, np.zeros(len(names), np.int32), (), left_out
    beside = [path for path in inside if not path.is_dir()]
    left_out = [f"{folder}: {len(beside):,} files beside the classes, {beside[0].name} first"] if beside else []
    if twins := [name for name, count in Counter(name.strip().casefold() for name in classes).items() if count > 1]:
        alike = [name for name in classes if name.strip().casefold() == twins[0]]
        raise InputError(f"{folder} holds {' and '.join(alike)}, which look like one class; join or rename them")
    names, labels = [], []
    for number, name in enumerate(classes):
        files, others = images_below(folder / name)
        left_out += others
        if not files:
            raise InputError(f"{folder / name} holds no images; remove the folder or fill it")
        names += files
        labels += [number] * len(files)
    if not names:
        raise InputError(f"{folder} holds no folders of images")
    return names, np.array(labels, np.int32), classes, left_out


def any_case(text: str) -> str:
    """A pattern of a text in lower and upper case letters."""
    return "".join(f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() else letter for letter in text)


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
    others=tuple(f"*{any_case(suffix)}" for suffix in sorted(SUFFIXES)),
    official=official,
    uncut=uncut,
    synthetic=synthetic,
    licence="yours",
    citation="none",
)
