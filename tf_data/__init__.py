"""Samples and how they reach a model: datasets, formats and `tf.data` pipelines.

>>> import tf_data
>>> data = tf_data.load("mnist", source="embedded")
>>> data.counts
{'train': 4000, 'validation': 500, 'test': 500}
"""

from tf_data.datasets import load, names
from tf_data.errors import InputError

__all__ = ["InputError", "load", "names"]
