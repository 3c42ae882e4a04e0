"""Datasets in the folders that tensorflow-datasets has prepared, `NAME[/CONFIG]/VERSION/`, read without that package.

A folder holds `features.json`, `dataset_info.json`, the names of classes in `<feature>.labels.txt`, and for each split
files of records, which are `tf.train.Example` messages.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tf_data import record_files, tfds_features
from tf_data.command import nearest
from tf_data.dataset import data_directory
from tf_data.errors import InputError
from tf_data.formats.example import BYTES, INTEGERS, BadExample, Span, find, integer
from tf_data.layouts import listed
from tf_data.record_files import RecordFile
from tf_data.schema import read_json
from tf_data.tfds_features import Feature, described, image_shape, whole_number

PREFIX = "tfds:"
INFO = "dataset_info.json"
MOST_BYTES = 2**26  # of dataset_info.json; one of a million files has about 10 MB
MOST_CLASSES = 2**17
WORD = r"[\w+-][\w+.-]*"  # of a name of a file or folder; it cannot begin with a dot
NAME = re.compile(rf"(?P<name>\w+)(?:/(?P<config>{WORD}))?(?::(?P<version>\d+\.\d+\.\d+))?", re.ASCII)
VERSION = re.compile(r"\d{1,9}\.\d{1,9}\.\d{1,9}", re.ASCII)
FILE = re.compile(rf"{WORD}(?:/{WORD})*", re.ASCII)
TEMPLATE = "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"
PARTS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing"),
}
IMAGES, TEXTS = "Image", "Text"  # kinds of features that samples are taken from
LABELS = "ClassLabel"


def find_folder(name: str, data_dir=None) -> Path:
    """The folder of a prepared dataset.

    Args:
        name: `tfds:NAME`, `tfds:NAME/CONFIG`, each also with `:VERSION`; the newest version is the default.
        data_dir: The folder that holds the folder NAME; default `TF_DATA_DIR`, else `data`.

    Returns:
        The folder of the version, absolute.

    Raises:
        InputError: The name is none, nothing is prepared under it, or there are several configurations.
    """
    match = NAME.fullmatch(name.removeprefix(PREFIX))
    if match is None:
        raise InputError(
            f"{name} is no name of a prepared dataset; write tfds:NAME, tfds:NAME/CONFIG or tfds:NAME:1.0.0"
        )
    root = (data_directory(data_dir) / match["name"]).absolute()
    call = f"tensorflow_datasets.load({match['name']!r}, data_dir={str(root.parent)!r})"
    if not root.is_dir():
        raise InputError(f"{root} does not exist; prepare it with {call}, or name another --data-dir")
    if match["config"]:
        root = root / match["config"]
    elif not _versions(root):
        configs = [path for path in sorted(root.iterdir()) if path.is_dir() and _versions(path)]
        if len(configs) > 1:
            raise InputError(
                f"{root} holds {listed([path.name for path in configs])}; say {PREFIX}{match['name']}/{configs[0].name}"
            )
        root = configs[0] if configs else root
    versions = _versions(root)
    if not versions:
        raise InputError(f"{root} holds no folder of a version such as 1.0.0; prepare it with {call}")
    version = match["version"] or max(versions, key=lambda one: [int(number) for number in one.split(".")])
    if version not in versions:
        raise InputError(f"{root} holds no version {version}; it holds {listed(versions)}")
    return root / version


def dataset_of(folder: Path) -> str:
    """The name of the dataset that reads a prepared folder: `tfds-images` where a feature is an image, else `tfds-texts`.

    Raises:
        InputError: As `tf_data.tfds_features.read` does, or no feature is an image or a text.
    """
    features = tfds_features.read(folder)
    kinds = {feature.kind for feature in features.values()}
    if not kinds & {IMAGES, TEXTS}:
        raise _nothing_to_learn(folder, features)
    return "tfds-images" if IMAGES in kinds else "tfds-texts"


def _nothing_to_learn(folder: Path, features: Mapping[str, Feature]) -> InputError:
    return InputError(
        f"{folder} has the features {described(features)}; only an Image, with or without a ClassLabel, or a Text with one "
        "can be learned from; choose another dataset"
    )


def _versions(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.*.*") if VERSION.fullmatch(path.name) and path.is_dir())


@dataclass(frozen=True)
class Prepared:
    """A prepared dataset.

    Attributes:
        path: The folder of the version.
        features: The features of a sample by name.
        sample: Name of the feature that samples are taken from, an `Image` or a `Text`.
        label: Name of the `ClassLabel`; None where there is none.
        classes: Names of the classes, in the order of their numbers; none without a label.
        files: For each split that holds samples its files and the number of records in each.
        kind: Kind of the files, a key of `tf_data.record_files.KINDS`.
    """

    path: Path
    features: Mapping[str, Feature] = field(repr=False)
    sample: str
    label: str | None
    classes: tuple[str, ...] = field(repr=False)
    files: Mapping[str, tuple[tuple[Path, int], ...]] = field(repr=False)
    kind: str

    @classmethod
    def open(cls, path: Path, sample: str = "", label: str = "") -> "Prepared":
        """Read what the JSON files of a folder say.

        Args:
            path: The folder of the version.
            sample: Name of the feature to take samples from; default the one that the dataset names for supervised
                learning, else the only `Image`, else the only `Text`.
            label: Name of the feature to take labels from; default likewise, the only `ClassLabel`.

        Raises:
            InputError: A file is missing, damaged or hostile, or it is not clear which features are meant.
        """
        features = tfds_features.read(path)
        try:
            info = read_json(path / INFO, MOST_BYTES)
        except FileNotFoundError:
            raise InputError(f"missing file {path / INFO}; {record_files.REMEDY}") from None
        supervised = _supervised(info, features)
        sample = _choose(path, features, sample, (IMAGES, TEXTS), "sample", supervised)
        if sample is None:
            raise _nothing_to_learn(path, features)
        label = _choose(path, features, label, (LABELS,), "label", supervised)
        kind = info.get("fileFormat") or "tfrecord"
        if not isinstance(kind, str) or kind not in record_files.KINDS:
            raise InputError(
                f"{path / INFO}: fileFormat is {str(kind)[:50]!r}; only {' and '.join(record_files.KINDS)} are read, "
                f"{record_files.REMEDY} with one of them"
            )
        classes = _classes(path, label, features[label]) if label else ()
        return cls(path, features, sample, label, classes, _files(path, info, kind), kind)

    @property
    def has_images(self) -> bool:
        """Whether samples are images; else they are texts."""
        return self.features[self.sample].kind == IMAGES

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Height, width and channels of the images, None for what differs. Raises `InputError` as `image_shape` does."""
        return image_shape(self.features[self.sample], self.path / tfds_features.NAME)

    def records(self, *splits: str) -> "Records":
        """The samples of splits. Raises `InputError` for files that are missing, damaged or of other counts."""
        kind = record_files.KINDS[self.kind]
        return Records([kind(path, count) for split in splits for path, count in self.files[split]], self.sample)

    def labels(self, records: "Records") -> np.ndarray | None:
        """Class numbers of samples, int32 `(n,)`, None without a label. Raises `InputError` for one that is no class."""
        if self.label is None:
            return None
        found = np.empty(len(records), np.int32)
        for row, (name, message) in enumerate(records.messages()):
            span = _span(message, self.label, INTEGERS, name)
            number = integer(message, span)
            if number is None or not 0 <= number < len(self.classes):
                what = "no label (-1)" if number == -1 else f"the label {number}"
                raise InputError(
                    f"{name} has {what}, not one of the {len(self.classes)} classes of {self.label!r}; "
                    f"{record_files.REMEDY} without such samples"
                )
            found[row] = number
        return found


def parts(prepared: Prepared) -> tuple[dict[str, str], tuple[str, ...]]:
    """What serves as training, validation and test split, and a line for each other split, which is left out.

    With `train` and one more split, that one is the test split.

    Args:
        prepared: The dataset.

    Returns:
        The dataset's own name of each split by ours, the training split first; and the lines.

    Raises:
        InputError: There is no training split.
    """
    found = {part: name for part, names in PARTS.items() for name in names if name in prepared.files}
    if "train" not in found:
        raise InputError(
            f"{prepared.path / INFO} states no samples of a split train, but of {listed(list(prepared.files)) or 'none'}; "
            f"{record_files.REMEDY}"
        )
    if list(found) == ["train", "validation"]:
        found["test"] = found.pop("validation")
    others = [name for name in prepared.files if name not in found.values()]
    return found, tuple(f"{prepared.path}: the split {name} is neither for training nor for testing" for name in others)


def held_out(names: Mapping[str, str]) -> dict[str, str]:
    """Of the splits that `parts` names those that are not for training; where there is no other, that one as `test`."""
    return {part: name for part, name in names.items() if part != "train"} or {"test": names["train"]}


class Records:
    """Samples, encoded, by the names of their records.

    Args:
        files: Files of records.
        feature: Name of the feature that samples are taken from.
    """

    def __init__(self, files: list[RecordFile], feature: str):
        self._files, self._feature = {str(file.path): file for file in files}, feature
        self.names = [file.name(number) for file in files for number in range(len(file))]

    def __len__(self) -> int:
        return len(self.names)

    def messages(self):
        """Name and message of each record."""
        for file in self._files.values():
            for number, message in enumerate(file.messages()):
                yield file.name(number), message

    def load(self, name: str) -> bytes:
        """The bytes of a sample, by its record's name. Raises `InputError` where it is damaged."""
        path, _, number = name.rpartition(" record ")
        message = self._files[path].read(int(number))
        span = _span(memoryview(message), self._feature, BYTES, name)
        return message[span.start : span.stop]


def _span(message, feature: str, kind: int, name: str) -> Span:
    """Where the only value list of a feature stands in a message."""
    try:
        span = find(message, 0, (feature,)).get(feature)
    except BadExample as error:
        raise InputError(f"{name}: {error}; {record_files.REMEDY}") from None
    if span is None or span.kind != kind:
        raise InputError(
            f"{name} has no {'bytes' if kind == BYTES else 'integers'} under {feature!r}; {record_files.REMEDY}"
        )
    return span


def _supervised(info: Mapping[str, Any], features: Mapping[str, Feature]) -> list[str]:
    """Names of the features for supervised learning, as far as the file states them in the usual form."""
    found: Any = info.get("supervisedKeys")
    for key in ("tuple", "items"):
        found = found.get(key) if isinstance(found, Mapping) else None
    names = [item.get("featureKey") for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []
    return [name for name in names if isinstance(name, str) and name in features]


def _choose(
    path: Path, features, wanted: str, kinds: tuple[str, ...], option: str, supervised: list[str]
) -> str | None:
    """The feature of one of these kinds that is asked for, or the supervised or the only one; None where none is."""
    names = [name for kind in kinds for name, feature in features.items() if feature.kind == kind]
    if wanted:
        if wanted not in names:
            raise InputError(
                f"{path} has no {' or '.join(kinds)} {wanted!r}{nearest(wanted, names)}; its features: {described(features)}"
            )
        return wanted
    names = [name for name in supervised if name in names][:1] or names
    first = [name for name in names if features[name].kind == features[names[0]].kind]
    if len(first) > 1:
        raise InputError(
            f"{path} has the features {described(features)}; say which with --set data.{option}={first[0]}"
        )
    return first[0] if first else None


def _classes(path: Path, name: str, feature: Feature) -> tuple[str, ...]:
    """Names of the classes: those of the file beside `features.json`, else their numbers."""
    stated = feature.details.get("numClasses", feature.details.get("num_classes"))
    count = whole_number(stated, f"the number of classes of {name!r}", path / tfds_features.NAME, 1, MOST_CLASSES)
    if not FILE.fullmatch(name) or "/" in name:
        raise InputError(
            f"{path / tfds_features.NAME}: the feature {name[:50]!r} cannot be the name of a file; do not trust this folder"
        )
    file = path / f"{name}.labels.txt"
    try:
        with open(file, encoding="utf-8") as lines:
            names = [line.strip() for line in lines.read(MOST_BYTES).split("\n") if line.strip()]
    except FileNotFoundError:
        return tuple(map(str, range(count)))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {file}: {error}; {record_files.REMEDY}") from None
    if len(names) != count or len(set(names)) != count:
        raise InputError(
            f"{file} holds {len(set(names)):,} names, but {tfds_features.NAME} states {count:,} classes of {name!r}; "
            f"{record_files.REMEDY}"
        )
    return tuple(names)


def _files(path: Path, info: Mapping[str, Any], kind: str) -> dict[str, tuple[tuple[Path, int], ...]]:
    """The files of each split that holds samples, and the number of records in each."""
    place, splits = path / INFO, info.get("splits")
    if not isinstance(splits, list) or not all(isinstance(split, Mapping) for split in splits) or not splits:
        raise InputError(f"{place} states no splits; {record_files.REMEDY}")
    dataset, found = info.get("name"), {}
    for split in splits:
        name, lengths = split.get("name"), split.get("shardLengths", [])
        if not isinstance(lengths, list):
            raise InputError(f"{place}: shardLengths is {str(lengths)[:50]!r}, not a list; {record_files.REMEDY}")
        counts = [whole_number(length, f"a length in shardLengths of {name!r}", place) for length in lengths]
        template, files = split.get("filepathTemplate") or TEMPLATE, []
        digits = max(5, len(str(len(counts))))
        for number, count in enumerate(counts):
            index, last = f"{number:0{digits}d}", f"{len(counts):0{digits}d}"
            values = {"DATASET": dataset, "SPLIT": name, "FILEFORMAT": kind, "SHARD_INDEX": index, "NUM_SHARDS": last}
            file = str(template)
            for key, value in {**values, "SHARD_X_OF_Y": f"{index}-of-{last}"}.items():
                file = file.replace(f"{{{key}}}", str(value))
            if not FILE.fullmatch(file):
                raise InputError(
                    f"{place} names the file {file[:100]!r}, which is none of this folder; do not trust it"
                )
            if count:
                files.append((path / file, count))
        if len({file for file, _ in files}) != len(files):
            raise InputError(f"{place} names a file of {name!r} twice; {record_files.REMEDY}")
        if files:
            found[str(name)] = tuple(files)
    return found
