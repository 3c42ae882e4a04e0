"""The examples in docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest

import tf_data
import tf_models

MODULES = sorted(
    module.name
    for package in (tf_data, tf_models)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
)


@pytest.mark.parametrize("name", ["tf_data", "tf_models", *MODULES])
def test_examples_in_docstrings(name):
    failures, _ = doctest.testmod(importlib.import_module(name))
    assert not failures
