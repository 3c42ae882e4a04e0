"""Small datasets to convert, for the tests of formats and commands."""

from dataclasses import replace

import numpy as np

from tf_data import formats
from tf_data.dataset import Data, Split
from tf_data.formats import Options, Source

QUIET = Options(quiet=True)


def random_images(train=23, test=7, shape=(5, 4, 3), classes=3, seed=0):
    """Random images, their classes in turn."""
    rng = np.random.default_rng(seed)

    def split(name, count):
        labels = np.arange(count) % classes
        return Split(name, rng.integers(0, 256, (count, *shape), dtype=np.uint8), labels.astype(np.int32))

    names = tuple(f"class/{number}" for number in range(classes))
    return Data("drawn", "synthetic", "a test", split("train", train), split("test", test), classes=names)


def convert(data, to, folder, **options):
    """Write data into a folder, quietly."""
    return formats.write(Source.of(data), to, folder, replace(QUIET, **options))


def assert_holds(stored, data):
    """An opened folder holds just these samples, in their order and types."""
    assert list(stored.splits) == list(data.splits)
    for name, split in data.splits.items():
        found = stored.splits[name]
        assert len(found) == len(split)
        np.testing.assert_array_equal(found.x[:], split.x)
        assert found.x[:].dtype == split.x.dtype
        if split.y is None:
            assert found.y is None
        else:
            np.testing.assert_array_equal(found.y, split.y)
            assert found.y.dtype == split.y.dtype
