"""Texts with labels that tensorflow-datasets has prepared; `tfds:NAME` names them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tf_data.cuts import cut_by_class
from tf_data.dataset import Dataset, Reading, Split
from tf_data.datasets.grammar import reviews
from tf_data.datasets.text_csv import FRACTIONS
from tf_data.errors import InputError
from tf_data.samples import objects
from tf_data.tfds_features import described
from tf_data.tfds_folder import Prepared, held_out, parts
from tf_data.tfds_stand_in import write

CLASSES = ("blame", "praise")


def official(folder: Path, sample: str = "", label: str = "", seed: int = 0) -> Reading:
    """The splits of a prepared dataset, its training split cut 70/10/20 at random where there is no other.

    Each class is in the same proportion in all splits that are cut here. With `train` and one more split, that one is
    the test split.

    Args:
        folder: The folder of a version, with its `features.json`.
        sample: Name of the `Text` where there are several.
        label: Name of the `ClassLabel` where there are several.
        seed: Seed of the random split.

    Raises:
        InputError: As `tf_data.tfds_folder.Prepared.open` does, the dataset holds no texts with labels, a text is damaged,
            or there are too few of a class.
    """
    prepared = _open(folder, sample, label)
    names, skipped = parts(prepared)
    splits = {part: _split(prepared, part, name) for part, name in names.items()}
    if len(splits) == 1:
        train = splits["train"]
        splits = cut_by_class(train.x, train.y, prepared.classes, FRACTIONS, seed, str(folder))
    return Reading(splits, prepared.classes, skipped=skipped)


def uncut(folder: Path, sample: str = "", label: str = "") -> Reading:
    """The splits that are not for training, or where there is no other that one as `test`; arguments as `official`."""
    prepared = _open(folder, sample, label)
    names, skipped = parts(prepared)
    splits = {part: _split(prepared, part, name) for part, name in held_out(names).items()}
    return Reading(splits, prepared.classes, skipped=skipped)


def _open(folder: Path, sample: str, label: str) -> Prepared:
    prepared = Prepared.open(folder, sample, label)
    if prepared.has_images or prepared.label is None:
        what = "images, not texts" if prepared.has_images else "texts without a ClassLabel"
        raise InputError(f"{folder} holds {what}; its features: {described(prepared.features)}")
    return prepared


def _split(prepared: Prepared, part: str, name: str) -> Split:
    records, texts = prepared.records(name), []
    for record in records.names:
        try:
            texts.append(records.load(record).decode("utf-8"))
        except UnicodeDecodeError as error:
            raise InputError(f"{record} is no text of UTF-8 ({error.reason}); prepare it again") from None
    return Split(part, objects(texts), prepared.labels(records))


def synthetic(folder: Path, count: int = 400, seed: int = 0) -> None:
    """Write reviews of the grammar in `tf_data.datasets.grammar`, of which a fifth are for testing."""
    kinds = [number % 2 for number in range(count)]
    texts = reviews(map(bool, kinds), np.random.default_rng(seed))

    def samples(start: int, stop: int) -> Iterator[dict[str, bytes | int]]:
        for text, kind in zip(texts[start:stop], kinds[start:stop], strict=True):
            yield {"text": text.encode(), "label": kind}

    tested = count // 5
    write(folder, "text", CLASSES, {"train": samples(tested, count), "test": samples(0, tested)})


DATASET = Dataset(
    name="tfds-texts",
    title="texts that tensorflow-datasets has prepared",
    shape=(),
    files=("features.json",),
    official=official,
    uncut=uncut,
    synthetic=synthetic,
    licence="that of the prepared dataset",
    citation="that of the prepared dataset",
)
