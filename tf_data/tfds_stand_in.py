"""Writes a small folder in the form in which tensorflow-datasets prepares one, without that package."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tf_data import record_files
from tf_data.files import write_text
from tf_data.tfds_features import CLASSES, DETAILS
from tf_data.tfds_features import NAME as FEATURES
from tf_data.tfds_folder import INFO, LABELS, TEMPLATE

LABEL = "label"
KINDS = {"image": "Image", "text": "Text"}
FULL = {name: path for path, name in CLASSES.items()}


def write(
    folder: Path, sample: str, classes: tuple[str, ...], splits: Mapping[str, Iterable[Mapping[str, bytes | int]]]
) -> None:
    """Write samples with labels as `tf_data.tfds_folder` reads them.

    Args:
        folder: The folder of the version.
        sample: `image` for encoded images, `text` for texts of UTF-8; also the feature's name.
        classes: Names of the classes.
        splits: Samples of each split, as values by the names of the two features: bytes, and the number of the class.
    """
    details = {
        KINDS[sample]: {"shape": {"dimensions": ["-1", "-1", "3"]}, "dtype": "uint8"} if sample == "image" else {}
    }
    details[LABELS] = {"numClasses": str(len(classes))}
    features = {sample: feature(KINDS[sample], details[KINDS[sample]]), LABEL: feature(LABELS, details[LABELS])}
    write_text(folder / FEATURES, json.dumps(feature("FeaturesDict", {"features": features}), indent=2))
    write_text(folder / f"{LABEL}.labels.txt", "\n".join(classes) + "\n")
    infos = []
    for split, samples in splits.items():
        messages = [message(values) for values in samples]
        record_files.write(folder / f"stand_in-{split}.tfrecord-00000-of-00001", messages)
        infos.append({"name": split, "filepathTemplate": TEMPLATE, "shardLengths": [str(len(messages))]})
    keys = {"tuple": {"items": [{"featureKey": sample}, {"featureKey": LABEL}]}}
    info = {"name": "stand_in", "version": "1.0.0", "fileFormat": "tfrecord", "splits": infos, "supervisedKeys": keys}
    write_text(folder / INFO, json.dumps(info, indent=2))


def feature(kind: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """The entry of a feature in `features.json`, from the name of its class and what there is to say of it."""
    return {"pythonClassName": FULL[kind], DETAILS[kind]: details}


def message(values: Mapping[str, bytes | int]) -> bytes:
    """A `tf.train.Example` with one value for each name."""
    entries = []
    for name, value in values.items():
        number = 1 if isinstance(value, bytes) else 3  # the fields bytes_list and int64_list of a Feature
        content = value if isinstance(value, bytes) else _varint(value & (2**64 - 1))
        entries.append(_field(1, _field(1, name.encode()) + _field(2, _field(number, _field(1, content)))))
    return _field(1, b"".join(entries))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    groups = [value >> shift & 0x7F for shift in range(0, max(1, value.bit_length()), 7)]
    return bytes([*(group | 0x80 for group in groups[:-1]), groups[-1]])
