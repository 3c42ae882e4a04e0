"""A small dataset as tensorflow-datasets prepares it: its images, its loading, and changes of what it states."""

import json

import numpy as np

import tf_data

SIZES = ((8, 6), (9, 6))


def image(number, size=None):
    rng = np.random.default_rng(number)
    return rng.integers(0, 256, (*(size or SIZES[number % 2]), 3), dtype=np.uint8)


def changed(folder, name, change):
    """Change the content of a JSON file of a folder."""
    values = json.loads((folder / name).read_text())
    change(values)
    (folder / name).write_text(json.dumps(values))


def load(folder, **options):
    return tf_data.load("tfds:tiny", data_dir=folder.parents[1], **options)
