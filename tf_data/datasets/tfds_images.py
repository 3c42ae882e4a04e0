"""Images that tensorflow-datasets has prepared, with or without labels; `tfds:NAME` names them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from tf_data.cuts import cut, cut_by_class
from tf_data.dataset import Dataset, Reading, Split
from tf_data.datasets.drawing import shape_image
from tf_data.datasets.image_folder import FRACTIONS, open_images
from tf_data.errors import InputError
from tf_data.images import Form, common_form, encode, image_size
from tf_data.tfds_features import described
from tf_data.tfds_folder import Prepared, held_out, parts
from tf_data.tfds_stand_in import write

CLASSES = ("green", "red", "yellow")


def official(
    folder: Path,
    sample: str = "",
    label: str = "",
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    seed: int = 0,
    skip_bad: bool = False,
) -> Reading:
    """The splits of a prepared dataset, its training split cut 70/10/20 at random where there is no other.

    Each class is in the same proportion in all splits that are cut here. With `train` and one more split, that one is
    the test split.

    Args:
        folder: The folder of a version, with its `features.json`.
        sample: Name of the `Image` where there are several.
        label: Name of the `ClassLabel` where there are several.
        size: `(height, width)` to scale and crop to; with None all images must have the same size.
        channels: 1 for grey, 3 for colour; default what `features.json` says.
        seed: Seed of the random split.
        skip_bad: Leave unreadable images out and list them.

    Raises:
        InputError: As `tf_data.tfds_folder.Prepared.open` does, the dataset holds no images, an image cannot be read, or
            there are too few of a class.
    """
    prepared = _open(folder, sample, label)
    names, left = parts(prepared)
    splits, bad = _splits(prepared, names, size, channels, skip_bad)
    if len(splits) == 1:
        train = splits["train"]
        if train.y is None:
            splits = cut(train.x, None, {"train": 1 - sum(FRACTIONS.values()), **FRACTIONS}, seed, folder)
        else:
            splits = cut_by_class(train.x, train.y, prepared.classes, FRACTIONS, seed, str(folder))
    return Reading(splits, prepared.classes, skipped=(*left, *bad))


def uncut(
    folder: Path,
    sample: str = "",
    label: str = "",
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    skip_bad: bool = False,
) -> Reading:
    """The splits that are not for training, or where there is no other that one as `test`; arguments as `official`."""
    prepared = _open(folder, sample, label)
    names, left = parts(prepared)
    splits, bad = _splits(prepared, held_out(names), size, channels, skip_bad)
    return Reading(splits, prepared.classes, skipped=(*left, *bad))


def form(folder: Path, sample: str = "", label: str = "") -> Form | None:
    """What the images have in common, as `tf_data.images.common_form` says; of all where they differ in size."""
    prepared = _open(folder, sample, label)
    records = prepared.records(*parts(prepared)[0].values())
    alike = None not in prepared.shape[:2]
    found = common_form(records.names[:1] if alike else records.names, records.load)
    return found and found._replace(channels=_channels(prepared, found.channels))


def _channels(prepared: Prepared, seen: int = 3) -> int:
    """1 or 3 as `features.json` says, and where it says neither, as was seen."""
    return {1: 1, None: seen}.get(prepared.shape[2], 3)


def _open(folder: Path, sample: str, label: str) -> Prepared:
    prepared = Prepared.open(folder, sample, label)
    if not prepared.has_images:
        raise InputError(f"{folder} holds texts, not images; its features: {described(prepared.features)}")
    return prepared


def _splits(
    prepared: Prepared, names: Mapping[str, str], size, channels: int | None, skip_bad: bool
) -> tuple[dict[str, Split], list[str]]:
    """Splits by our names, all of one size, and what was left out of them."""
    splits, skipped = {}, []
    for part, name in names.items():
        splits[part], bad, size = _split(prepared, part, name, size, channels, skip_bad)
        skipped += bad
    return splits, skipped


def _split(
    prepared: Prepared, part: str, name: str, size, channels: int | None, skip_bad: bool
) -> tuple[Split, tuple[str, ...], tuple[int, int]]:
    """A split, what was left out of it, and the size of its images."""
    records = prepared.records(name)
    first, stated = records.names[0], prepared.shape[:2]
    if None not in stated and not skip_bad and (found := image_size(records.load(first), first)) != stated:
        raise InputError(
            f"{first} is an image of {found[0]}x{found[1]}, not {stated[0]}x{stated[1]} as features.json says; "
            "prepare it again"
        )
    labels = prepared.labels(records)
    images, labels, bad = open_images(
        records.names, labels, size, channels or _channels(prepared), skip_bad, records.load
    )
    return Split(part, images, labels), bad, images.shape[1:3]


def synthetic(folder: Path, per_class: int = 20, seed: int = 0) -> None:
    """Write coloured polygons in the form of a dataset that was prepared with a training and a test split."""
    rng = np.random.default_rng(seed)

    def samples(count: int) -> Iterator[dict[str, bytes | int]]:
        for number in range(count * len(CLASSES)):
            kind = number % len(CLASSES)
            yield {"image": encode(shape_image(kind, len(CLASSES), rng, 20, 24), "png"), "label": kind}

    write(folder, "image", CLASSES, {"train": samples(per_class), "test": samples(per_class // 4)})


DATASET = Dataset(
    name="tfds-images",
    title="images that tensorflow-datasets has prepared",
    shape=(-1, -1, 3),
    files=("features.json",),
    official=official,
    uncut=uncut,
    synthetic=synthetic,
    licence="that of the prepared dataset",
    citation="that of the prepared dataset",
)
