"""What holds for every module: the examples in docstrings are true, and imports go one way."""

import ast
import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import tf_data
import tf_models

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


@pytest.mark.parametrize(
    ("package", "never"), [("tf_data", {"tf_models", "legacy_tf1", "benchmarks"}), ("tf_models", {"legacy_tf1"})]
)
def test_imports_go_one_way(package, never):
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in names} & never, path


def test_datasets_import_no_tensorflow():
    for path in [*(ROOT / "tf_data" / "datasets").glob("*.py"), ROOT / "tf_data" / "dataset.py"]:
        top = ast.parse(path.read_text(encoding="utf-8")).body
        named = [alias.name for node in top if isinstance(node, ast.Import) for alias in node.names]
        named += [node.module or "" for node in top if isinstance(node, ast.ImportFrom)]
        assert not {name.partition(".")[0] for name in named} & {"tensorflow", "keras"}, path
