"""Datasets: where samples come from, and what is known about them. NumPy only."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tf_data.errors import InputError
from tf_data.layouts import Layout, listed
from tf_data.order import Order, Permuted
from tf_data.samples import Samples, as_samples

if TYPE_CHECKING:
    import tensorflow as tf

    from tf_data.epochs import Epochs
    from tf_data.pipeline import Batches
    from tf_data.source import BatchSource, SampleSource

SOURCES = ("auto", "official", "embedded", "synthetic")


class BaseSplit(ABC):
    """Samples that belong together, in a fixed order, and their targets: a `Split`, or a `StoredSplit` of a folder.

    Attributes:
        name: `train`, `validation` or `test`.
        samples: The samples, of any kind.
        y: Targets, `(n, ...)`, or None where there are none.
        blocks: The `tf_data.formats.stored.Blocks` of samples that lie in blocks of files; None for others.
    """

    name: str
    samples: Samples
    y: np.ndarray | None

    @abstractmethod
    def __len__(self) -> int: ...

    @property
    @abstractmethod
    def label_spec(self) -> tuple[tuple[int, ...], np.dtype] | None:
        """Shape and type of one target, without reading any; None where there are none."""

    @abstractmethod
    def slice(self, start: int, stop: int, name: str | None = None) -> "BaseSplit":
        """The samples from `start` to `stop` as a split of their own."""

    @abstractmethod
    def read(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Samples and targets by their numbers, decoded."""

    @abstractmethod
    def read_stored(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Like `read`, but encoded samples stay bytes, `(n,)` object."""

    @abstractmethod
    def order(self, batch_size: int, **arguments) -> Order:
        """The order that suits these samples; arguments as `Order` takes."""

    def batches(
        self,
        batch_size: int,
        *,
        seed: int = 0,
        epoch: int = 0,
        start: int = 0,
        shuffle: bool = True,
        shard: tuple[int, int] = (0, 1),
        raw: bool = False,
    ) -> "tf.data.Dataset":
        """One epoch as a `tf.data.Dataset` of `(x, y)`; equal arguments give equal batches.

        Images come as float32 in 0..1, as the models take them; crop, size and what else a recipe does to them is in
        `tf_models.batches`.

        Args:
            batch_size: Samples in a batch over all workers; the last batch of an epoch may be smaller.
            seed, epoch: The only two values that the order depends on.
            start: The first step.
            shuffle: False gives the samples in file order.
            shard: Index of this worker and number of workers; see `tf_data.order`.
            raw: Whether images come as they are stored, uint8 in 0..255.
        """
        return self._batches(batch_size, seed, shuffle, shard, raw).dataset(epoch, start)

    def epochs(
        self,
        batch_size: int,
        *,
        seed: int = 0,
        epoch: int = 0,
        shuffle: bool = True,
        shard: tuple[int, int] = (0, 1),
        raw: bool = False,
    ) -> "Epochs":
        """The batches for `fit(epochs=n)`, each epoch in an order of its own; see `tf_data.epochs.Epochs`.

        Args:
            batch_size, seed, shuffle, shard, raw: As `batches` takes them.
            epoch: The first epoch.
        """
        from tf_data.epochs import Epochs

        return Epochs(self._batches(batch_size, seed, shuffle, shard, raw), epoch)

    def source(self, *, raw: bool = False) -> "SampleSource":
        """The samples one by one, for PyTorch's `DataLoader` or Grain; see `tf_data.source.SampleSource`.

        Args:
            raw: As `batches` takes it.
        """
        from tf_data.source import SampleSource

        return SampleSource(self, raw)

    def batch_source(self, batch_size: int, **arguments) -> "BatchSource":
        """The batches of `batches`, for PyTorch's `DataLoader` or Grain; see `tf_data.source.BatchSource`.

        Args:
            batch_size: Samples in a batch over all workers.
            **arguments: `seed`, `epoch`, `epochs`, `shuffle`, `shard`, `raw` and `order`, as `BatchSource` takes them.
        """
        from tf_data.source import BatchSource

        return BatchSource(self, batch_size, **arguments)

    def _batches(self, batch_size: int, seed: int, shuffle: bool, shard: tuple[int, int], raw: bool) -> "Batches":
        from tf_data.pipeline import Batches  # here and not above, because it loads TensorFlow
        from tf_data.transform import to_float

        def prepare(x, y, position):
            return (to_float(x),) if y is None else (to_float(x), y)

        scaled = prepare if self.samples.is_image and not raw else None
        return Batches(self, batch_size, seed=seed, shuffle=shuffle, shard=shard, prepare=scaled)

    def __repr__(self) -> str:
        shape = "x".join("?" if size is None else str(size) for size in self.samples.shape[1:])
        labels = "" if self.label_spec is None else f", labels {self.label_spec[1].name}"
        return f"<{self.name}: {len(self):,} samples of {self.samples.dtype.name} {shape or 'one value'}{labels}>"


@dataclass(frozen=True, repr=False)
class Split(BaseSplit):
    """Samples that belong together, in a fixed order.

    Attributes:
        name: `train`, `validation` or `test`.
        x: Samples, shape `(n, ...)`, in the type the files hold (pixels are uint8): an array, texts as an array of
            str, or any `tf_data.samples.Samples`. `samples` shows all of them alike.
        y: Targets, shape `(n, ...)`, or None where there are none.
    """

    name: str
    x: Any
    y: np.ndarray | None = None
    blocks = None

    def __post_init__(self):
        count = len(self)  # which refuses what are no samples
        if self.y is not None and len(self.y) != count:
            raise InputError(f"{self.name} holds {count} samples but {len(self.y)} labels")

    def __len__(self) -> int:
        return len(self.samples)

    @cached_property
    def samples(self) -> Samples:
        """The samples, of whatever kind."""
        return as_samples(self.x)

    @property
    def label_spec(self):
        return None if self.y is None else (self.y.shape[1:], self.y.dtype)

    def slice(self, start, stop, name=None):
        return replace(
            self, name=name or self.name, x=self.x[start:stop], y=None if self.y is None else self.y[start:stop]
        )

    def read(self, indices):
        return self.samples.read(indices), None if self.y is None else self.y[indices]

    def read_stored(self, indices):
        return self.samples.read_stored(indices), None if self.y is None else self.y[indices]

    def order(self, batch_size, **arguments):
        return Permuted(len(self), batch_size, **arguments)


@dataclass(frozen=True, repr=False)
class Data:
    """A loaded dataset.

    Attributes:
        name: The name that `tf_data.load` takes.
        source: `official`, `embedded`, `synthetic` or `generated`; `origin` gives the exact place.
        train, validation, test: The splits; validation may be None.
        classes: Label names in the order of their numbers; empty without classes.
        features: Names of the columns of tabular samples; empty for others.
        skipped: What was left out, a line each: what cannot be read, and files that are not taken for samples.
        notes: What else a user should know of the files, a line each, for instance that they are not the official ones.
        options: The options of the dataset's reader, its defaults included.
    """

    name: str
    source: str
    origin: str
    train: BaseSplit
    test: BaseSplit
    validation: BaseSplit | None = None
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    licence: str = ""
    citation: str = ""

    def __repr__(self) -> str:
        counts = ", ".join(f"{count:,} {name}" for name, count in self.counts.items())
        classes = f", {len(self.classes)} classes" if self.classes else ""
        return f"<{self.name}, {self.source} ({self.origin}): {counts}{classes}>"

    @property
    def about(self) -> dict[str, Any]:
        """All that is known of the dataset besides its samples, ready for JSON."""
        return {key: getattr(self, key) for key in ("name", "source", "origin", "options", "licence", "citation")}

    @property
    def splits(self) -> dict[str, BaseSplit]:
        every = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: split for name, split in every.items() if split is not None}

    @property
    def counts(self) -> dict[str, int]:
        """Samples in each split."""
        return {name: len(split) for name, split in self.splits.items()}


@dataclass(frozen=True)
class Reading:
    """What a dataset's reader found: splits by name, and where they depend on options, classes and features.

    `skipped` and `notes` are as in `Data`.
    """

    splits: dict[str, Split]
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


Reader = Callable[..., Reading]


@dataclass(frozen=True)
class Dataset:
    """What is known of a dataset before it is read, and the functions that read it.

    Attributes:
        name: The name that `tf_data.load` takes, and that of its folder below the data directory.
        classes: Label names in the order of their numbers; empty without classes.
        shape: Shape of one sample.
        counts: Samples in each official split.
        files: Official file names or patterns, relative to the folder, each of which shows that the dataset is there.
        others: Further patterns that show it, which messages leave out.
        layouts: Ways in which the files may lie, for datasets whose files have other names, too; in place of `files`.
        md5: Checksums of official files, by their official names.
        official: `official(folder, **options)` reads the official files.
        uncut: `uncut(folder, **options)` reads all samples of a user's own files as one split `test`.
        embedded: `embedded(**options)` reads a real sample that an installed package carries.
        embedded_origin: The name of that package.
        synthetic: `synthetic(folder, **options)` writes a stand-in in the official form into `folder`.
        download: `download(folder)` fetches the official files.
        generated: `generated(**options)` draws samples; for datasets that need no files, only may have some.
        folder: Folder of the official files below the data directory, where that is not called like the dataset.
    """

    name: str
    title: str
    shape: tuple[int, ...]
    licence: str
    citation: str
    homepage: str = ""
    classes: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    layouts: tuple[Layout, ...] = ()
    md5: Mapping[str, str] = field(default_factory=dict)
    official: Reader | None = None
    uncut: Reader | None = None
    embedded: Reader | None = None
    embedded_origin: str = ""
    synthetic: Callable[..., None] | None = None
    download: Callable[[Path], None] | None = None
    generated: Reader | None = None
    folder: str = ""

    @property
    def official_names(self) -> tuple[str, ...]:
        """Official names of files, or patterns, relative to the dataset's folder."""
        return self.files or tuple(dict.fromkeys(name for layout in self.layouts for name in layout.names))

    def present(self, folder: Path) -> bool:
        """Whether `folder` holds any of the official files (a missing one is then an error, not an absence)."""
        if folder.is_file():  # a user's own table
            return any(folder.match(name) for name in self.files)
        names = (*self.files, *self.others)
        return any(any(folder.glob(name)) for name in names) or any(one.find(folder) for one in self.layouts)

    def ways(self, folder: Path) -> str:
        """How a user gets data, as one clause for an error message."""
        names = self.official_names
        ways = [f"put {listed(names)} into {folder}"] if names else []
        if self.download:
            ways.append("add --download")
        if self.embedded:
            ways.append("use --data embedded")
        if self.synthetic:
            ways.append("use --data synthetic")
        return " or ".join(ways)


def data_directory(data_dir: str | os.PathLike | None = None) -> Path:
    """The folder of official files: the argument, else `TF_DATA_DIR`, else `data` in the working directory.

    Raises:
        InputError: The argument or the variable names a folder that does not exist.
    """
    chosen = data_dir or os.environ.get("TF_DATA_DIR")
    if not chosen:
        return Path("data")
    if not Path(chosen).is_dir():
        option = "--data-dir" if data_dir else "TF_DATA_DIR"
        raise InputError(f"data directory {chosen} ({option}) does not exist; create it or name another")
    return Path(chosen)
