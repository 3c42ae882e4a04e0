"""What a dataset holds and what is wrong with it, for people and programs that have not read its samples."""

import numpy as np

from tf_data.dataset import BaseSplit, Data
from tf_data.formats import Source, Stored

TEXT = "text"  # what a str is called


def describe(loaded: Data | Stored) -> dict:
    """All that is known without reading the samples, ready for JSON."""
    samples = next(iter(loaded.splits.values())).samples
    sample = {
        "shape": [size if size is None else int(size) for size in samples.shape[1:]],
        "dtype": TEXT if samples.is_text else samples.dtype.name,
        "encoding": samples.encoding,
    }
    about = {"licence": "", "citation": "", **loaded.about, "format": None}
    about |= {"classes": list(loaded.classes), "features": list(loaded.features), "sample": sample}
    about |= {"splits": {name: {"samples": len(split)} for name, split in loaded.splits.items()}}
    known = {}
    if isinstance(loaded, Stored):
        manifest = loaded.manifest
        about |= {"format": manifest.format, "converted_from": about["origin"], "origin": str(loaded.path)}
        about |= {"files": dict(zip(("count", "bytes"), manifest.size)), "options": dict(manifest.options)}
        about["skipped"] = [bad["reason"] for bad in manifest.skipped["records"]]
        whole = [name for name, split in loaded.splits.items() if manifest.counts[name] == len(split)]
        known = {name: manifest.classes[name] for name in whole}
    else:
        del about["options"]
        about["skipped"] = list(loaded.skipped)
        about["notes"] = list(loaded.notes)
    for name, split in loaded.splits.items():
        about["splits"][name] |= _labels(split, len(loaded.classes), known.get(name))
    return about


def faults(loaded: Data | Stored) -> list[str]:
    """Everything that is wrong with the samples, and with the files of a converted folder; reads all of them."""
    return loaded.faults() if isinstance(loaded, Stored) else Source.of(loaded).faults()


def _labels(split: BaseSplit, classes: int, balance: list[int] | None) -> dict:
    """Samples of each class, or the labels' range."""
    if balance is not None:
        return {"classes": balance}
    y = split.y
    if y is None or not len(y):
        return {}
    if classes and y.ndim == 1 and y.dtype.kind in "iu" and y.min() >= 0 and y.max() < classes:
        return {"classes": np.bincount(y, minlength=classes).tolist()}
    return {
        "labels": {"shape": list(y.shape[1:]), "dtype": y.dtype.name, "least": y.min().item(), "most": y.max().item()}
    }
