"""The datasets, one file each; `load` finds one by its name. Nothing here imports TensorFlow."""

import atexit
import functools
import importlib
import inspect
import json
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from tf_data import tables, tfds_folder
from tf_data.dataset import SOURCES, Data, Dataset, Reading, data_directory
from tf_data.errors import InputError
from tf_data.files import checksum
from tf_data.layouts import listed, not_understood

MODULES = (
    "afad-lite",
    "celeba",
    "cement",
    "cifar10",
    "dickens",
    "fashion-mnist",
    "feature-csv",
    "image-csv",
    "image-folder",
    "imdb",
    "iris",
    "mnist",
    "quickdraw",
    "svhn",
    "text-csv",
    "text-file",
    "tfds-images",
    "tfds-texts",
    "toy-2d",
)


def names() -> list[str]:
    """The names that `load` knows."""
    return sorted(MODULES)


def get(name: str) -> Dataset:
    """The description of a dataset. Raises `InputError` for an unknown name."""
    tables.require("dataset", name, MODULES)
    return importlib.import_module(f"tf_data.datasets.{name.replace('-', '_')}").DATASET


def load(
    name: str,
    source: str = "auto",
    data_dir=None,
    *,
    download: bool = False,
    limit: int | None = None,
    validation: int = 0,
    path=None,
    **options,
) -> Data:
    """Load a dataset from its files, or from a converted folder (see `tf_data.formats`) in their place.

    Args:
        name: A name from `names()`, or `tfds:NAME`: what tensorflow-datasets has prepared in `data_dir`, images or texts,
            with options of `tf_data.datasets.tfds_images` or `tfds_texts`.
        source: `official` files, an `embedded` sample, a `synthetic` stand-in, or `auto`: official files if
            present, else the embedded sample, or for a dataset that is defined by its generator what that draws.
            `auto` never means synthetic.
        data_dir: The folder that holds a folder `name` with the official files; default `TF_DATA_DIR`, else `data`.
        download: Fetch missing official files into `data_dir` first.
        limit: Keep at most the first `limit` samples of each split.
        validation: Samples to hold out from the end of the training split, where the dataset has no
            validation split of its own; of a stand-in a fifth at most.
        path: The folder that holds the official files, in place of `data_dir` and the dataset's name.
        options: Options of the dataset's reader.

    Raises:
        InputError: Name or source are unknown, or there are no data; the message says how to get them.
    """
    if name.startswith(tfds_folder.PREFIX):
        if path is not None or download or source not in ("auto", "official"):
            raise InputError(f"{name} says where the data are; leave {'path' if path else 'source and download'} away")
        path = tfds_folder.find_folder(name, data_dir)
        name = tfds_folder.dataset_of(path)
    dataset = get(name)
    if source not in SOURCES:
        raise InputError(f"unknown source {source!r}; one of {', '.join(SOURCES)}")
    folder = _folder(dataset, source, data_dir, path, download)
    if download:
        if source in ("embedded", "synthetic"):
            raise InputError(f"--download fetches official files and cannot go with --data {source}")
        if dataset.download is None:
            raise InputError(f"{dataset.title} has nothing to download: {dataset.ways(folder) or 'leave it out'}")
        dataset.download(folder)
    elif (data := _converted(dataset, source, folder, options)) is not None:
        return replace(data, **_shortened(data.splits, data.source, validation, limit))
    source = _resolve(dataset, source, folder)
    try:
        if source == "official":
            reading, origin = dataset.official(folder, **options), str(folder)
        elif source == "embedded":
            reading, origin = dataset.embedded(**options), dataset.embedded_origin
        elif source == "synthetic":
            reading, origin = _synthetic(dataset, options), "drawn by this project, not real data"
        else:
            reading, origin = dataset.generated(**options), "generated from a formula"
    except TypeError as error:
        if "keyword argument" not in str(error):
            raise
        raise InputError(f"{dataset.title}: {error}; see its file in tf_data/datasets for the options") from None
    return Data(
        name=name,
        source=source,
        origin=origin,
        classes=reading.classes or dataset.classes,
        features=reading.features,
        skipped=reading.skipped,
        notes=(*reading.notes, *(_unofficial(dataset, folder, reading) if source == "official" else ())),
        options=_all_options(dataset, source, options),
        licence=dataset.licence,
        citation=dataset.citation,
        **_shortened(reading.splits, source, validation, limit),
    )


def _unofficial(dataset: Dataset, folder: Path, reading: Reading) -> list[str]:
    """In what files differ from the official ones, a line each. They are read all the same."""
    found = []
    for name, md5 in dataset.md5.items():
        if (path := folder / name).is_file() and _known_checksum(
            path, path.stat().st_size, path.stat().st_mtime_ns
        ) != md5:
            found.append(f"{path} is not the official file: its MD5 differs from {md5}")
    count, official = sum(map(len, reading.splits.values())), sum(dataset.counts.values())
    if dataset.counts and count != official:
        found.append(f"{dataset.title} has {official:,} samples, and these are {count:,}")
    return found


@functools.lru_cache(maxsize=32)  # size and time, so that a file that has changed is read again
def _known_checksum(path: Path, size: int, time: int) -> str:
    return checksum(path)


def _converted(dataset: Dataset, source: str, folder: Path, options: dict) -> Data | None:
    """The dataset from a converted folder, None where there is none for this source.

    Raises:
        InputError: The folder holds another dataset, stand-ins that nobody asked for, or was made with other options.
    """
    from tf_data import formats

    if not formats.is_converted(folder):
        return None
    stored = formats.open(folder)
    data = stored.data()
    # Images that were written from here are a folder of images like any other, of whatever dataset they are.
    other = data.name != dataset.name or "size" in options
    if dataset.name == "image-folder" and stored.manifest.format == "images" and other:
        return None
    if data.name != dataset.name:
        raise InputError(f"{folder} holds {data.name}, not {dataset.name}; name another folder")
    if source == "auto" and data.source == "synthetic":
        raise InputError(f"{folder} holds a converted stand-in of {dataset.title}; use --data synthetic to read it")
    if source not in ("auto", data.source):
        return None
    wanted = _all_options(dataset, data.source, options)
    for name in wanted.keys() | data.options.keys():
        if wanted.get(name) != data.options.get(name):
            raise InputError(
                f"{folder} was converted with {name}={data.options.get(name)!r}, not {wanted.get(name)!r}; "
                "convert it again with --set, or name another folder"
            )
    return data


def _all_options(dataset: Dataset, source: str, options: dict) -> dict:
    """What decides the samples that a reader gives: its options and their defaults, as they come back from JSON."""
    readers = {"embedded": dataset.embedded, "generated": dataset.generated}
    parameters = inspect.signature(readers.get(source, dataset.official)).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty and p.name != "skip_bad"}
    wanted = {**defaults, **{name: value for name, value in options.items() if name != "skip_bad"}}
    return json.loads(json.dumps(wanted))


def _shortened(splits: dict, source: str, validation: int, limit: int | None) -> dict:
    """The splits with a validation split held out, if need be, and no longer than `limit`."""
    if source == "synthetic":  # has not as many samples as whoever asks expects of the official files
        validation = min(validation, len(splits["train"]) // 5)
    if validation and "validation" not in splits:
        splits = _hold_out(splits, validation)
    if limit is None:
        return splits
    if limit < 1:
        raise InputError(f"limit must be at least 1, not {limit}")
    return {name: split.slice(0, limit) for name, split in splits.items()}


def _folder(dataset: Dataset, source: str, data_dir, path, download: bool) -> Path:
    """Where the official files are or would be; only asked to exist where they are needed."""
    if path is not None:
        if not Path(path).exists():
            raise InputError(f"{path} does not exist; name the folder that holds {listed(dataset.official_names)}")
        return Path(path)
    needed = source in ("auto", "official") and dataset.generated is None and not download
    directory = data_directory(data_dir) if needed else Path(data_dir or os.environ.get("TF_DATA_DIR") or "data")
    return directory / (dataset.folder or dataset.name)


def _resolve(dataset: Dataset, source: str, folder: Path) -> str:
    if source == "auto":
        if dataset.official and dataset.present(folder):
            return "official"
        if dataset.official and (strangers := not_understood(folder)):
            raise InputError(
                f"{folder} holds {listed(strangers)}, none of which is a known file of {dataset.title}: "
                f"{dataset.ways(folder)}"
            )
        if dataset.generated:
            return "generated"
        if dataset.embedded:
            return "embedded"
        raise InputError(f"no files of {dataset.title} in {folder}: {dataset.ways(folder)}")
    if source == "official":
        if dataset.official is None:
            raise InputError(f"{dataset.title} has no official files; use --data embedded")
        if not dataset.present(folder):
            raise InputError(f"no files of {dataset.title} in {folder}: {dataset.ways(folder)}")
    elif source == "synthetic" and dataset.generated:
        return "generated"
    elif getattr(dataset, source) is None:
        raise InputError(f"{dataset.title} has no {source} source: {dataset.ways(folder)}")
    return source


def _synthetic(dataset: Dataset, options: dict):
    """Write the stand-in in the official form and read it back through the official reader."""
    # Some readers map files or read images when asked, so the folder must outlive this call.
    folder = tempfile.mkdtemp(prefix=f"{dataset.name}-synthetic-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    form = {"form": options["form"]} if "form" in options else {}  # of the files, where a dataset has several
    dataset.synthetic(Path(folder), **form)
    return dataset.official(Path(folder), **options)


def _hold_out(splits, count: int):
    train = splits["train"]
    if not 0 < count < len(train):
        raise InputError(f"cannot hold out {count} of {len(train)} training samples for validation")
    cut = len(train) - count
    return {
        **splits,
        "train": train.slice(0, cut),
        "validation": replace(train.slice(cut, len(train)), name="validation"),
    }
