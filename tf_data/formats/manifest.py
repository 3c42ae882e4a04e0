"""`manifest.json`: what a converted folder holds. It is written last, so that a folder that has one is whole."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tf_data.errors import InputError
from tf_data.files import checksum, is_inside, write_text
from tf_data.schema import build, read_json, sealed, unsealed

NAME = "manifest.json"
VERSION = 1
ENCODINGS = ("raw", "png", "jpeg")
HASH = "sha256"
TEXT = "str"  # the type of texts
SEQUENCES = ("uint8", "uint16", "int8", "int16", "int32", "int64")  # types that a sequence may have
MOST_VALUES = 2**31  # of one sample
VARYING_BYTES = 1024  # of a text or a sequence, about, before any is known


@dataclass(frozen=True)
class Schema:
    """Shape, type and encoding of one sample and its target.

    Attributes:
        shape: Shape of one sample, for instance `(28, 28, 1)`; `(None,)` for sequences of any length, `()` for texts.
        dtype: NumPy's name of a sample's type; pixels are `uint8`, texts `str`.
        label_shape: Shape of one target; `()` for a class number.
        label_dtype: NumPy's name of a target's type; None where there are no targets.
        classes: Label names in the order of their numbers; empty without classes.
        features: Names of the columns of tabular samples; empty for others.
        encoding: How samples are stored: `raw` bytes, or `png` or `jpeg` images.
    """

    shape: tuple[int | None, ...]
    dtype: str
    label_shape: tuple[int, ...] = ()
    label_dtype: str | None = None
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    encoding: str = "raw"

    def __post_init__(self):
        if self.encoding not in ENCODINGS:
            raise InputError(f"encoding must be one of {', '.join(ENCODINGS)}, not {self.encoding!r}")
        for name in filter(None, (self.dtype, self.label_dtype)):
            if np.dtype(name).kind not in "biuf" and not (name == self.dtype == TEXT and self.shape == ()):
                raise InputError(f"samples and labels of type {name} cannot be stored; only texts and numbers can")
        if None in self.shape and (self.shape != (None,) or self.dtype not in SEQUENCES):
            raise InputError(f"sequences are of one dimension and of {', '.join(SEQUENCES)}, not {self.dtype}")
        if self.encoding != "raw" and not self.is_image:
            raise InputError(f"encoding {self.encoding} is for images, not for {self.dtype} of shape {self.shape}")

    @property
    def is_image(self) -> bool:
        """Whether a sample is a grey or RGB image, `(height, width, 1 or 3)` uint8."""
        return self.dtype == "uint8" and len(self.shape) == 3 and self.shape[-1] in (1, 3)

    @property
    def is_text(self) -> bool:
        """Whether a sample is a text, which is kept as UTF-8."""
        return self.dtype == TEXT

    @property
    def varies(self) -> bool:
        """Whether samples differ in size: texts and sequences."""
        return self.is_text or None in self.shape

    @property
    def as_bytes(self) -> bool:
        """Whether a sample is kept as bytes of any length: encoded images, texts, sequences."""
        return self.varies or self.encoding != "raw"

    @property
    def sample_name(self) -> str:
        """The name of samples inside files that name their fields."""
        if self.varies:
            return "text" if self.is_text else "sequence"
        return "image" if self.is_image else "features"

    @property
    def sample_bytes(self) -> int:
        """Bytes of one decoded sample, a guess where they differ."""
        return VARYING_BYTES if self.varies else math.prod(self.shape) * np.dtype(self.dtype).itemsize

    @property
    def has_classes(self) -> bool:
        """Whether the target is one class number."""
        return bool(self.classes) and self.label_shape == () and np.dtype(self.label_dtype).kind in "iu"


@dataclass(frozen=True, slots=True)
class File:
    """A file of a converted folder: its path there, samples by split, size and SHA-256."""

    path: str
    samples: Mapping[str, int]
    bytes: int
    sha256: str

    @classmethod
    def of(cls, folder: Path, path: Path, samples: Mapping[str, int]) -> "File":
        """Describe an existing file."""
        return cls(path.relative_to(folder).as_posix(), dict(samples), path.stat().st_size, checksum(path, HASH))

    def fault(self, folder: Path) -> str | None:
        """What is wrong with the file, None when it is as it was written."""
        path = folder / self.path
        if not path.is_file():
            return f"{path} is missing"
        if (size := path.stat().st_size) != self.bytes:
            return f"{path} has {size} bytes, not {self.bytes}"
        if checksum(path, HASH) != self.sha256:
            return f"{path} has another checksum than {NAME} says"
        return None


@dataclass(frozen=True)
class Manifest:
    """What `manifest.json` says.

    Attributes:
        format: A name that `tf_data.formats.get` knows.
        dataset: `name`, `source`, `origin`, `options`, `licence` and `citation` of the samples; see `Data`.
        schema: Shape, type and encoding of one sample and its target.
        counts: Samples in each split.
        classes: Number of samples of each class in each split; None without classes.
        files: Every file but the manifest and what a listed file lists itself, in the samples' order.
        options: The options of the writer, and what its reader needs to know.
        source_counts: Samples in each split before any were skipped.
        skipped: Bad samples that were left out: `count`, and of the first ones `split`, `record` and `reason`.
    """

    format: str
    dataset: Mapping[str, Any]
    schema: Schema
    counts: Mapping[str, int]
    classes: Mapping[str, list[int] | None]
    files: tuple[File, ...]
    options: Mapping[str, Any]
    source_counts: Mapping[str, int]
    skipped: Mapping[str, Any] = field(default_factory=lambda: {"count": 0, "records": []})

    def of_split(self, split: str) -> list[File]:
        """The files with samples of `split`, in their order."""
        return [file for file in self.files if file.samples.get(split)]

    @property
    def size(self) -> tuple[int, int]:
        """Files and bytes, with the images that lists name."""
        images = self.options.get("picture_bytes")
        count, total = len(self.files), sum(file.bytes for file in self.files)
        return (count, total) if images is None else (count + sum(self.counts.values()), total + images)

    def write(self, folder: Path) -> None:
        """Write `manifest.json` into `folder`."""
        values = {"format_version": VERSION, **sealed(asdict(self))}
        write_text(folder / NAME, json.dumps(values, indent=1) + "\n")

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read a folder's manifest.

        Raises:
            InputError: The manifest is missing, damaged or of another version, or names files outside the folder.
        """
        path = Path(folder) / NAME
        try:
            values = read_json(path)
            version = values.pop("format_version", None)
            if version != VERSION:
                newer = isinstance(version, int) and version > VERSION
                remedy = "a newer program wrote it; update this one" if newer else "convert again"
                raise InputError(f"{path} has version {version}, this program reads {VERSION}; {remedy}")
            values = unsealed(values, path)
            schema = build(Schema, values.pop("schema", None), "schema")
            files = values.pop("files", None)
            if not isinstance(files, list):
                raise InputError(f"files must be a list, not {files!r}")
            values["files"] = tuple(build(File, file, "a file") for file in files)
            manifest = build(cls, {**values, "schema": schema}, NAME)
            manifest._check()
        except FileNotFoundError:
            raise InputError(
                f"{folder} has no {NAME}: it is not a converted dataset, or its conversion broke off"
            ) from None
        except InputError as error:
            raise InputError(str(error) if str(path) in str(error) else f"{path} is damaged: {error}") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path} is damaged: {error!r}; convert again") from None
        return manifest

    def _check(self) -> None:
        sizes = [*self.schema.shape, *self.schema.label_shape]
        if any(size is not None and not 0 < size <= MOST_VALUES for size in sizes):
            raise InputError(f"samples of shape {self.schema.shape} and labels of {self.schema.label_shape}")
        if self.schema.sample_bytes > MOST_VALUES:
            raise InputError(f"samples of {self.schema.sample_bytes:,} bytes")
        texts = [self.dataset.get(name, "") for name in ("source", "origin", "licence", "citation")]
        if not all(isinstance(text, str) for text in (self.dataset.get("name"), *texts)):
            raise InputError("dataset must say its name, source and origin as texts")
        for name in ("chunk_size", "block_records", "sample_bytes"):
            value = self.options.get(name, 1)
            if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= 2**40:
                raise InputError(f"{name} must be a positive number, not {value!r}")
        records = self.skipped.get("records")
        if not isinstance(records, list) or not all(isinstance(r, dict) and "reason" in r for r in records):
            raise InputError("skipped must list records with their reasons")
        if set(self.counts) != set(self.classes):
            raise InputError(f"it counts {', '.join(self.counts)}, but classes of {', '.join(self.classes)}")
        for name, balance in self.classes.items():
            if balance is not None and (len(balance) != len(self.schema.classes) or sum(balance) != self.counts[name]):
                raise InputError(f"its classes of {name} do not add up to its samples")
        for file in self.files:
            if not is_inside(file.path):
                raise InputError(f"it names {file.path}, a file outside the folder")
            if min(file.bytes, *file.samples.values(), 0) < 0:
                raise InputError(f"it gives {file.path} fewer than 0 bytes or samples")
        for split, count in self.counts.items():
            listed = sum(file.samples.get(split, 0) for file in self.files)
            if listed != count:
                raise InputError(f"it counts {count} {split} samples, its files {listed}")
