"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest

from tf_data.command import prepare_environment

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
prepare_environment()


# The longest files, which come first, so that the processes end at about the same time.
LONG = (
    "test_recipes.py",
    "test_resuming.py",
    "test_training.py",
    "test_fast.py",
    "test_exports.py",
    "test_autoencoders.py",
    "test_own_data.py",
    "test_graphs.py",
    "test_scale.py",
    "test_gan.py",
    "test_kills.py",
    "test_contributing.py",
)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real official data; skips where `TF_DATA_DIR` names none."""
    folder = os.environ.get("TF_DATA_DIR")
    if not folder or not Path(folder).is_dir():
        pytest.skip("set TF_DATA_DIR to a folder of official data files")
    return Path(folder)


@pytest.fixture(scope="session")
def digits():
    """The embedded sample of MNIST, read once."""
    import tf_data

    return tf_data.load("mnist", source="embedded")
