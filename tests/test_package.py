"""What holds for every module: the examples in docstrings are true, and imports go one way."""

import ast
import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import tf_data
import tf_models
from tf_models import builders

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    module.name
    for package in (tf_data, tf_models)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
)


@pytest.mark.parametrize("name", ["tf_data", "tf_models", *MODULES])
def test_examples_in_docstrings(name):
    failures, _ = doctest.testmod(importlib.import_module(name))
    assert not failures


def imported_at_once(path) -> set[str]:
    """The modules that a file imports when it is imported itself."""
    top = ast.parse(path.read_text(encoding="utf-8")).body
    named = [alias.name for node in top if isinstance(node, ast.Import) for alias in node.names]
    return {*named, *(node.module or "" for node in top if isinstance(node, ast.ImportFrom))}


def test_datasets_import_no_tensorflow():
    for path in [*(ROOT / "tf_data" / "datasets").glob("*.py"), ROOT / "tf_data" / "dataset.py"]:
        assert not {name.partition(".")[0] for name in imported_at_once(path)} & {"tensorflow", "keras"}, path


def test_builders_import_no_framework_below_keras():
    """So that models can be built on every backend; and nothing from above."""
    sections = {builders.BUILDERS[recipe.builder].split(".")[1] for recipe in tf_models.recipes()}
    rooms = {"layers", "losses", "schedules"}
    assert sections == {"basic_ml", "mlp", "cnn", "metric", "autoencoder", "gan"}
    for path in (path for room in sections | rooms for path in (ROOT / "tf_models" / room).glob("*.py")):
        names = imported_at_once(path)
        assert not {name.partition(".")[0] for name in names} & {"tensorflow", "torch", "jax"}, path
        ours = {name.split(".")[1] for name in names if name.startswith("tf_models.")}
        assert ours <= rooms | {"weight_decay", path.parent.name}, path
