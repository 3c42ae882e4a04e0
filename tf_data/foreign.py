"""Files that nothing here has written: bare TFRecords, npz chunks and HDF5 files, as TensorFlow 1 programs left them.

The form is inferred from the files and stands in the data's `origin`; options settle what it leaves open. All samples are
read into memory.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tf_data.command import nearest
from tf_data.dataset import Data, Split
from tf_data.errors import InputError
from tf_data.images import decode, image_size, opened
from tf_data.npz_files import read_all

ENDS = {".tfrecord": "tfrecord", ".tfrecords": "tfrecord", ".npz": "npz", ".h5": "hdf5", ".hdf5": "hdf5"}
# Names that samples and labels usually have, the likeliest first.
SAMPLES = ("image", "images", "image/encoded", "image_raw", "data", "x", "features")
LABELS = ("label", "labels", "image/class/label", "y", "target", "class")
SPLITS = {"train": "train", "validation": "validation", "valid": "validation", "val": "validation", "test": "test"}
ENCODED = (b"\xff\xd8\xff", b"\x89PNG")
AT_ONCE = 1000  # records


@dataclass(frozen=True)
class Options:
    """What a user knows of the files.

    Attributes:
        image, label: Names of the samples and of their labels; empty where they are to be found.
        shape: Shape of a sample; empty for that of the file, or a square where it is flat.
        classes: Number of classes; 0 for one more than the highest label.
    """

    image: str = ""
    label: str = ""
    shape: tuple[int, ...] = ()
    classes: int = 0


class Part(NamedTuple):
    """The samples of a file that belong to one split, and their form in words."""

    split: str
    x: np.ndarray
    y: np.ndarray | None
    form: str
    file: Path


def recognised(path: Path) -> bool:
    """Whether a path is such a file, or a folder that holds some."""
    return bool(_files(path))


def load(path: Path, settings: Iterable[str] = (), limit: int | None = None) -> Data:
    """The samples of a file, or of all such files of a folder, sorted into splits by their names.

    Args:
        path: A file with one of the `ENDS`, or a folder of files of one kind.
        settings: `key=value` texts; the keys are those of `Options`.
        limit: Number of samples to keep of each split; None for all.

    Raises:
        InputError: A file is damaged, records or files differ, or it is not clear which are samples and labels.
    """
    options, files = _options(settings), _files(path)
    kinds = {ENDS[file.suffix] for file in files}
    if len(kinds) > 1:
        raise InputError(f"{path} holds {' and '.join(sorted(kinds))} files; name one of them")
    if limit is not None and limit < 1:
        raise InputError(f"limit must be at least 1, not {limit}")
    read = {"tfrecord": _records, "npz": _npz, "hdf5": _hdf5}[kinds.pop()]
    parts: dict[str, list[Part]] = {}
    for part in (part for file in files for part in read(file, options)):
        parts.setdefault(part.split, []).append(part)
    classes = _classes([part for several in parts.values() for part in several], options)
    splits = {name: _joined(name, several, limit) for name, several in parts.items()}
    form = next(iter(parts.values()))[0].form
    return Data(path.stem, "official", f"{path} ({form})", *map(splits.get, ("train", "test", "validation")), classes)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix in ENDS else []
    if not path.is_dir():
        return []
    found = [file for file in path.iterdir() if file.suffix in ENDS and not file.name.endswith(".index.npz")]
    return sorted(found, key=lambda file: [int(n) if n.isdigit() else n for n in re.split(r"(\d+)", file.name)])


def _options(settings: Iterable[str]) -> Options:
    found: dict = {}
    for text in settings:
        key, separator, value = text.partition("=")
        if not separator:
            raise InputError(f"--set {text}: write option=value")
        known = Options.__dataclass_fields__
        if key not in known:
            raise InputError(f"--set {key}: unknown{nearest(key, known) or '; known: ' + ', '.join(known)}")
        found[key] = value
    try:
        if "shape" in found:
            shape = ast.literal_eval(found["shape"])
            found["shape"] = tuple(map(int, shape)) if isinstance(shape, (tuple, list)) else (int(shape),)
        found["classes"] = int(found.get("classes", 0))
    except (ValueError, SyntaxError, TypeError):
        raise InputError("--set shape=... takes numbers such as 28,28,1, --set classes=... takes one") from None
    return Options(**found)


def _split(name: str) -> str:
    """The split that a file or group belongs to, by the first such word in its name; else training."""
    words = re.findall("|".join(SPLITS), name.lower())
    return SPLITS[words[0]] if words else "train"


def _pick(found: dict[str, str], wanted: str, usual: tuple[str, ...], option: str, file: Path) -> str | None:
    """The name of samples or labels among those of a file: the wanted one, or the first usual one; None for no labels."""
    if wanted and wanted not in found:
        raise InputError(f"{file} has no {wanted!r}; it has {_listed(found)}")
    name = wanted or next((name for name in usual if name in found), None)
    if name is None and option == "image":
        raise InputError(f"{file} has {_listed(found)}; name the samples with --set image=NAME")
    return name


def _listed(found: dict[str, str]) -> str:
    return ", ".join(f"{name}: {form}" for name, form in found.items())


def _shaped(x: np.ndarray, options: Options, file: Path) -> np.ndarray:
    """Samples in the shape of the options; flat ones of a square number of pixels become images, grey ones get a channel."""
    if options.shape:
        try:
            return x.reshape(len(x), *options.shape)
        except ValueError:
            raise InputError(f"{file}: samples of {x.shape[1:]} do not have the shape {options.shape}") from None
    side = round(x.shape[1] ** 0.5) if x.ndim == 2 else 0
    if x.dtype == np.uint8 and side > 1 and side**2 == x.shape[1]:
        return x.reshape(len(x), side, side, 1)
    return x[..., None] if x.dtype == np.uint8 and x.ndim == 3 else x


def _pixels(x: np.ndarray) -> np.ndarray:
    """Whole numbers 0..255 as uint8, which is what they are; others as they come."""
    return x.astype(np.uint8) if x.dtype.kind in "iu" and x.size and x.min() >= 0 and x.max() <= 255 else x


def _part(split: str, x, y, names: tuple[str, str | None], options: Options, file: Path, kind: str) -> Part:
    if not len(x):
        raise InputError(f"{file} holds no samples")
    stored = f"{names[0]} {x.dtype} {'x'.join(map(str, x.shape[1:])) or 'scalar'}"
    x = _shaped(_pixels(x), options, file)
    taken = f"{x.dtype} {'x'.join(map(str, x.shape[1:]))}"
    labels = "no labels" if y is None else f"{names[1]} {y.dtype}"
    if y is not None:
        y = y.reshape(len(y)) if y.ndim == 2 and y.shape[1] == 1 else y
        if y.dtype.kind in "iu":
            y = y.astype(np.int32)
    return Part(split, x, y, f"{kind}: {stored} taken as {taken}, {labels}", file)


def _joined(name: str, parts: list[Part], limit: int | None) -> Split:
    first = parts[0]
    for part in parts:
        if (part.x.shape[1:], part.x.dtype, part.y is None) != (first.x.shape[1:], first.x.dtype, first.y is None):
            raise InputError(f"{part.file} holds {part.form}, unlike {first.file}, {first.form}")
    x = np.concatenate([part.x for part in parts])[:limit]
    return Split(name, x, None if first.y is None else np.concatenate([part.y for part in parts])[:limit])


def _classes(parts: list[Part], options: Options) -> tuple[str, ...]:
    """Names for class numbers; none where labels are no numbers of classes. Raises `InputError` for one out of range."""
    labels = [part.y for part in parts if part.y is not None]
    if not labels or any(y.dtype.kind != "i" or y.ndim != 1 for y in labels):
        return ()
    if not options.classes and min(y.min() for y in labels) < 0:
        return ()
    count = options.classes or int(max(y.max() for y in labels)) + 1
    for part in parts:
        if part.y is not None and (bad := np.flatnonzero((part.y < 0) | (part.y >= count))).size:
            raise InputError(f"{part.file}: sample {bad[0]} has label {part.y[bad[0]]}, not 0..{count - 1}")
    return tuple(map(str, range(count)))


def _npz(file: Path, options: Options) -> Iterator[Part]:
    yield _from_arrays(_split(file.stem), read_all(file, remedy="copy it again"), options, file, "npz")


def _from_arrays(split: str, arrays: dict[str, np.ndarray], options: Options, file: Path, kind: str) -> Part:
    forms = {name: f"{array.dtype} {array.shape}" for name, array in arrays.items()}
    image = _pick(forms, options.image, SAMPLES, "image", file)
    label = _pick(forms, options.label, LABELS, "label", file)
    x, y = arrays[image], None if label is None else arrays[label]
    if x.ndim == 0 or (y is not None and y.shape[:1] != x.shape[:1]):
        raise InputError(f"{file}: {image} {forms[image]} and {label} {forms.get(label)} are not of the same samples")
    return _part(split, x, y, (image, label), options, file, kind)


def _hdf5(file: Path, options: Options) -> Iterator[Part]:
    import h5py

    from tf_data.formats.hdf5 import inside

    try:
        with h5py.File(file) as root:
            members = {name: inside(root, name, f"{file}: {name}") for name in root}
            groups = {name: member for name, member in members.items() if isinstance(member, h5py.Group)}
            read = {}
            for name, group in (groups or {file.stem: root}).items():
                parts = {key: inside(group, key, f"{file}: {name}/{key}") for key in group}
                read[name] = {key: part[()] for key, part in parts.items() if isinstance(part, h5py.Dataset)}
    except InputError:
        raise
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise InputError(f"{file} is damaged or no HDF5 file: {str(error).splitlines()[0]}") from None
    for name, arrays in read.items():
        yield _from_arrays(_split(name), arrays, options, file, "HDF5")


def _records(file: Path, options: Options) -> Iterator[Part]:
    """The samples of a file of `tf.train.Example` messages that all have the form of the first one."""
    import tensorflow as tf

    content = list(_messages(file))
    if not content:
        raise InputError(f"{file} holds no records")
    features = _features(content[0], file)
    forms = {name: f"{count} {kind}" for name, (kind, count) in features.items()}
    image = _pick(forms, options.image, SAMPLES, "image", file)
    label = _pick(forms, options.label, LABELS, "label", file)
    types = {"integers": tf.int64, "numbers": tf.float32, "bytes": tf.string}
    spec = {
        name: tf.io.FixedLenFeature([count], types[kind])
        for name in (image, label)
        if name is not None
        for kind, count in [features[name]]
    }
    found = [
        _parsed(content[start : start + AT_ONCE], spec, forms, file, start) for start in range(0, len(content), AT_ONCE)
    ]
    columns = {name: np.concatenate([part[name] for part in found]) for name in spec}
    x = columns[image]
    if features[image][0] == "bytes":
        x = _decoded(x[:, 0], image, file)
    y = None if label is None else columns[label]
    if y is not None and y.dtype == object:
        raise InputError(f"{file}: {label} is {forms[label]}, no numbers; name the labels with --set label=NAME")
    yield _part(_split(file.stem), x, y, (image, label), options, file, "tf.train.Example")


def _messages(file: Path) -> Iterator[bytes]:
    import tensorflow as tf

    compression = "GZIP" if file.read_bytes()[:2] == b"\x1f\x8b" else ""
    number = 0
    try:
        for message in tf.data.TFRecordDataset(str(file), compression).as_numpy_iterator():
            yield message
            number += 1
    except tf.errors.OpError as error:
        # TensorFlow puts the names of its operations around what happened.
        reason = re.sub(r"^\{\{.*?\}\} | \[Op:.*", "", error.message.splitlines()[0])
        raise InputError(f"{file} is damaged after {number} records: {reason}") from None


def _features(message: bytes, file: Path) -> dict[str, tuple[str, int]]:
    """Kind and number of the values of each feature in a message."""
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    try:
        example = tf.train.Example.FromString(message)
    except DecodeError:
        raise InputError(f"{file} record 0 is no tf.train.Example") from None
    kinds = {"int64_list": "integers", "float_list": "numbers", "bytes_list": "bytes"}
    found = {}
    for name, feature in sorted(example.features.feature.items()):
        kind = feature.WhichOneof("kind")
        if kind is not None:
            found[name] = kinds[kind], len(getattr(feature, kind).value)
    if not found:
        raise InputError(f"{file} record 0 is no tf.train.Example, or an empty one")
    return found


def _parsed(messages: list[bytes], spec: dict, forms: dict[str, str], file: Path, first: int) -> dict[str, np.ndarray]:
    import tensorflow as tf

    try:
        found = tf.io.parse_example(messages, spec)
    except tf.errors.OpError:
        wanted = ", ".join(f"{forms[name]} under {name!r}" for name in spec)
        for number, message in enumerate(messages, first):
            try:
                tf.io.parse_single_example(message, spec)
            except tf.errors.OpError:
                raise InputError(f"{file} record {number} has not {wanted}, as record 0 has") from None
        raise
    return {name: values.numpy() for name, values in found.items()}


def _decoded(encoded: np.ndarray, name: str, file: Path) -> np.ndarray:
    """Pixels of encoded images, all of one size, or raw bytes as numbers."""
    if encoded[0].startswith(ENCODED):
        shape = _image_shape(encoded[0], f"{file} record 0")
        return np.stack([decode(content, shape, f"{file} record {n}") for n, content in enumerate(encoded)])
    if len({len(content) for content in encoded}) > 1:
        raise InputError(f"{file}: the bytes under {name!r} are no images and differ in length")
    return np.frombuffer(b"".join(encoded), np.uint8).reshape(len(encoded), -1)


def _image_shape(content: bytes, name: str) -> tuple[int, int, int]:
    with opened(content, name) as (image, _):
        return *image_size(content, name), 1 if image.mode in ("1", "L", "I;16") else 3
