"""Fixtures for the tests of data."""

import pytest
from small_tfds import image

from tf_data.images import encode
from tf_data.tfds_stand_in import write


@pytest.fixture
def prepared(tmp_path):
    """A function that writes small images as `tiny/1.0.0`, and returns that folder."""

    def make(counts=None, version="1.0.0"):
        splits = {
            name: [{"image": encode(image(number, (8, 6)), "png"), "label": number % 3} for number in range(count)]
            for name, count in (counts or {"train": 9, "test": 6}).items()
        }
        write(tmp_path / "tiny" / version, "image", ("cat", "dog", "a fish"), splits)
        return tmp_path / "tiny" / version

    return make
