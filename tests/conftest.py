"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


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
