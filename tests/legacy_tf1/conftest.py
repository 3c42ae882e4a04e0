"""Fixtures for the tests of TensorFlow 1's pipelines."""

import threading
from dataclasses import replace

import pytest
from small_pipelines import HELD_OUT, TRAIN

from tf_data import formats
from tf_data.formats import Options, Source


@pytest.fixture(scope="session")
def few(digits):
    """The first embedded digits."""
    counts = {"train": TRAIN, "validation": HELD_OUT, "test": HELD_OUT}
    return replace(digits, **{name: split.slice(0, counts[name]) for name, split in digits.splits.items()})


@pytest.fixture(scope="session")
def files(few, tmp_path_factory):
    """Folders of these digits in every format."""
    place = tmp_path_factory.mktemp("files")
    for to, more in {"npz": {"chunk_size": 100}, "hdf5": {}, "tfrecord": {}, "images": {"encoding": "jpeg"}}.items():
        formats.write(Source.of(few), to, place / to, Options(quiet=True, **more))
    return place


@pytest.fixture
def stored(files):
    return lambda format: formats.open(files / format)


@pytest.fixture
def no_thread_left_behind():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before
