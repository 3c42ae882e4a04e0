"""The datasets, one file each; `load` finds one by its name. Nothing here imports TensorFlow."""

import importlib
import tempfile
from dataclasses import replace
from pathlib import Path

from tf_data.command import nearest
from tf_data.dataset import SOURCES, Data, Dataset, data_directory
from tf_data.errors import InputError

MODULES = {
    "iris": "iris",
    "mnist": "mnist",
    "toy-2d": "toy_2d",
}


def names() -> list[str]:
    """The names that `load` knows."""
    return sorted(MODULES)


def get(name: str) -> Dataset:
    """The description of a dataset. Raises `InputError` for an unknown name."""
    if name not in MODULES:
        raise InputError(f"unknown dataset {name!r}{nearest(name, MODULES)}")
    return importlib.import_module(f"tf_data.datasets.{MODULES[name]}").DATASET


def load(
    name: str,
    source: str = "auto",
    data_dir=None,
    *,
    download: bool = False,
    limit: int | None = None,
    validation: int = 0,
    **options,
) -> Data:
    """Load a dataset.

    Args:
        name: one of `names()`.
        source: `official` files, an `embedded` sample, a `synthetic` stand-in, or `auto`: official files if
            present, else the embedded sample. `auto` never means synthetic.
        data_dir: the folder that holds a folder `name` with the official files; default `TF_DATA_DIR`, else `data`.
        download: fetch missing official files into `data_dir` first.
        limit: at most this many samples of each split, the first ones.
        validation: samples to hold out from the end of the training split, where the dataset has no
            validation split of its own.
        options: passed on to the dataset's reader.

    Raises:
        InputError: unknown name or source, or no data; the message says how to get some.
    """
    dataset = get(name)
    if source not in SOURCES:
        raise InputError(f"unknown source {source!r}; one of {', '.join(SOURCES)}")
    directory = data_directory(data_dir) if not download else Path(data_dir or data_directory())
    folder = directory / name
    if download:
        if source in ("embedded", "synthetic"):
            raise InputError(f"--download fetches official files and cannot go with --data {source}")
        if dataset.download is None:
            raise InputError(f"{dataset.title} has nothing to download; {dataset.ways(directory) or 'leave it out'}")
        dataset.download(folder)
    source = _resolve(dataset, source, directory)
    if source == "official":
        splits, origin = dataset.official(folder, **options), str(folder)
    elif source == "embedded":
        splits, origin = dataset.embedded(**options), dataset.embedded_origin
    elif source == "synthetic":
        splits, origin = _synthetic(dataset, options), "drawn by this project, not real data"
    else:
        splits, origin = dataset.generated(**options), "generated from a formula"
    if validation and "validation" not in splits:
        splits = _hold_out(splits, validation)
    if limit is not None:
        if limit < 1:
            raise InputError(f"limit must be at least 1, not {limit}")
        splits = {key: split.slice(0, limit) for key, split in splits.items()}
    return Data(
        name=name,
        source=source,
        origin=origin,
        classes=dataset.classes,
        licence=dataset.licence,
        citation=dataset.citation,
        **splits,
    )


def _resolve(dataset: Dataset, source: str, directory: Path) -> str:
    if dataset.generated is not None:
        if source not in ("auto", "synthetic"):
            raise InputError(f"{dataset.title} is generated and has no {source} files; leave --data out")
        return "generated"
    if source == "auto":
        if dataset.official and dataset.present(directory / dataset.name):
            return "official"
        if dataset.embedded:
            return "embedded"
        raise InputError(f"no {dataset.title} files in {directory / dataset.name}: {dataset.ways(directory)}")
    if source == "official":
        if dataset.official is None:
            raise InputError(f"{dataset.title} has no official files; use --data embedded")
        if not dataset.present(directory / dataset.name):
            raise InputError(f"no {dataset.title} files in {directory / dataset.name}: {dataset.ways(directory)}")
    elif getattr(dataset, source) is None:
        raise InputError(f"{dataset.title} has no {source} source: {dataset.ways(directory)}")
    return source


def _synthetic(dataset: Dataset, options: dict):
    """Write the stand-in in the official form and read it back through the official reader."""
    with tempfile.TemporaryDirectory(prefix=f"{dataset.name}-synthetic-") as folder:
        dataset.synthetic(Path(folder))
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
