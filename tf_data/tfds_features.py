"""What the `features.json` of a dataset says that tensorflow-datasets has prepared, checked before any of it is used.

tensorflow-datasets imports the module of every class that the file names. Here none is imported: names are looked up in
`CLASSES`, and a file with any other name, however deep within, is refused as a whole.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tf_data.errors import InputError
from tf_data.layouts import listed
from tf_data.schema import read_json

NAME = "features.json"
MOST_BYTES = 2**24
ROOM = "tensorflow_datasets.core.features"
# All classes of features that the package has, by their names there.
CLASSES = {
    f"{ROOM}.{module}.{name}": name
    for module, names in {
        "audio_feature": ("Audio",),
        "bounding_boxes": ("BBoxFeature",),
        "class_label_feature": ("ClassLabel",),
        "dataset_feature": ("Dataset",),
        "feature": ("Tensor",),  # where the class was once
        "features_dict": ("FeaturesDict",),
        "image_feature": ("Image",),
        "labeled_image": ("LabeledImage",),
        "scalar": ("Scalar",),
        "sequence_feature": ("Sequence",),
        "tensor_feature": ("Tensor",),
        "text_feature": ("Text",),
        "translation_feature": ("Translation", "TranslationVariableLanguages"),
        "video_feature": ("Video",),
    }.items()
    for name in names
}
CLASS_KEYS = ("pythonClassName", "python_class_name", "type")  # the last one before version 4.4
TEXTS_OF_JSON = ("json", "content")  # under which JSON may stand as a text within the JSON
DETAILS = {"Image": "image", "ClassLabel": "classLabel", "Text": "text", "FeaturesDict": "featuresDict"}


@dataclass(frozen=True)
class Feature:
    """A feature of every sample.

    Attributes:
        kind: The name of its class, for instance `Image`.
        details: What the file says of it, by keys of both `classLabel.numClasses` and `num_classes` form.
    """

    kind: str
    details: Mapping[str, Any]


def read(folder: Path) -> dict[str, Feature]:
    """The features of a prepared dataset by their names.

    Args:
        folder: The folder of a version, with its `features.json`.

    Raises:
        InputError: The file is missing or damaged, names a class that is not of `CLASSES`, or holds no dictionary.
    """
    path = folder / NAME
    try:
        content = read_json(path, MOST_BYTES)
    except FileNotFoundError:
        raise InputError(
            f"missing file {path}; prepare the dataset again with tensorflow-datasets 4 or newer, which writes it"
        ) from None
    _check_classes(content, path)
    feature = _feature(content, path, "the whole")
    if feature.kind != "FeaturesDict":
        raise InputError(f"{path}: samples are {feature.kind}, not a FeaturesDict with names; nothing here reads them")
    inner = feature.details.get("features", feature.details)
    if not isinstance(inner, Mapping) or not inner:
        raise InputError(f"{path} is damaged: FeaturesDict holds no features; prepare the dataset again")
    return {name: _feature(value, path, name) for name, value in inner.items()}


def _check_classes(content: Any, path: Path) -> None:
    """Refuse a file that names any class but those of `CLASSES`, in whatever depth, also in JSON within its texts."""
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        if not isinstance(value, Mapping):
            continue
        for key, inner in value.items():
            if key in CLASS_KEYS and isinstance(inner, str) and inner not in CLASSES:
                raise InputError(
                    f"{path} names the class {inner[:100]!r}, which is no feature of tensorflow-datasets; nothing of it "
                    "was imported, do not trust this folder"
                )
            waiting.append(_inner_json(inner, path) if key in TEXTS_OF_JSON and isinstance(inner, str) else inner)


def _inner_json(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is damaged: {str(error) or type(error).__name__}; prepare the dataset again"
        ) from None


def _feature(value: Any, path: Path, name: str) -> Feature:
    """A feature from its entry, in the form of today (`pythonClassName`) or that before version 4.4 (`type`)."""
    named = next((value[key] for key in CLASS_KEYS if key in value), None) if isinstance(value, Mapping) else None
    if not isinstance(named, str):
        raise InputError(f"{path} is damaged: {name!r} names no class; prepare the dataset again")
    kind = CLASSES[named]
    details = value.get("content", {}) if "type" in value else value.get(DETAILS.get(kind, ""), {})
    if isinstance(details, str):
        details = _inner_json(details, path)
    if not isinstance(details, Mapping):
        raise InputError(f"{path} is damaged: {name!r} has {str(details)[:100]!r}; prepare the dataset again")
    return Feature(kind, details)


def described(features: Mapping[str, Feature]) -> str:
    """The features for a message, the first ones of many.

    >>> described({"image": Feature("Image", {}), "label": Feature("ClassLabel", {})})
    'image: Image, label: ClassLabel'
    """
    return listed([f"{name}: {feature.kind}" for name, feature in features.items()])


def whole_number(value: Any, what: str, path: Path, least: int = 0, most: int = 2**40) -> int:
    """A number of JSON, where 64 bits are written as texts.

    Args:
        value: An integer, or a text of one.
        what: Its name in messages.
        path: The file that states it.
        least, most: The range that it must lie in.

    Raises:
        InputError: It is something else, or out of range.
    """
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    sign, digits = text[:1] == "-", text.removeprefix("-")
    number = int(digits) * (-1 if sign else 1) if digits.isdecimal() and digits.isascii() and len(digits) < 20 else None
    if number is None or not least <= number <= most:
        raise InputError(
            f"{path}: {what} is {str(value)[:50]!r}, not a whole number from {least} to {most}; prepare the dataset again"
        )
    return number


def image_shape(feature: Feature, path: Path) -> tuple[int | None, ...]:
    """Height, width and channels of an `Image`, None for what differs between images.

    Raises:
        InputError: The shape is none of an image, or the pixels are not whole numbers of 8 bits.
    """
    shape = feature.details.get("shape", [])
    shape = shape.get("dimensions", []) if isinstance(shape, Mapping) else shape
    if not isinstance(shape, list) or len(shape) != 3:
        raise InputError(f"{path}: an Image has the shape {str(shape)[:100]}, not height, width and channels")
    sides = [None if side is None else whole_number(side, "a side of an Image", path, -1, 2**20) for side in shape]
    if (dtype := feature.details.get("dtype", "uint8")) not in ("uint8", ""):
        raise InputError(f"{path}: the pixels of Image are {str(dtype)[:50]}; only those of uint8 are read")
    return tuple(side if side is not None and side > 0 else None for side in sides)
