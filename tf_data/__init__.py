"""Samples and how they reach a model: datasets, formats and `tf.data` pipelines.

>>> import tf_data
>>> data = tf_data.load("mnist", source="embedded")
>>> data.counts
{'train': 4000, 'validation': 500, 'test': 500}
"""

import importlib

from tf_data.datasets import load, names
from tf_data.errors import InputError

__all__ = ["InputError", "load", "names"]
# Found when somebody asks for them.
SUBPACKAGES = (
    "augment",
    "datasets",
    "formats",
    "order",
    "samples",
    "source",
    "transform",
)


def __getattr__(name: str):
    if name in SUBPACKAGES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *SUBPACKAGES])
