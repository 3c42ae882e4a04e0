"""Small datasets to convert and images to read, for the tests of files, formats and commands."""

from dataclasses import replace

import numpy as np
from PIL import Image

from tf_data import formats
from tf_data.dataset import Data, Split
from tf_data.formats import Options, Source

QUIET = Options(quiet=True)
# Which JPEG hardly changes.
SMOOTH = np.kron(np.random.default_rng(0).integers(0, 256, (4, 3, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
PLAIN = Image.fromarray(SMOOTH)


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


def fill(folder, classes=("cat", "dog"), each=6, suffix=".png"):
    for name in classes:
        (folder / name).mkdir(parents=True)
        for number in range(each):
            PLAIN.save(folder / name / f"{number}{suffix}")


def pixels(split):
    return split.x.read(np.arange(len(split))) if hasattr(split.x, "read") else np.asarray(split.x)
