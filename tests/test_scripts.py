"""The installed commands are the modules' commands under shorter names."""

import importlib
import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

import legacy_tf1.scripts
import tf_data.scripts
import tf_models.scripts

ROOT = Path(__file__).parents[1]
PACKAGES = ("tf_models", "tf_data", "legacy_tf1", "benchmarks")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MAINS = {
    "tf-models": tf_models.scripts.main,
    "tf-data": tf_data.scripts.main,
    "tf1-compare": legacy_tf1.scripts.compare,
    "tf1-bridge": legacy_tf1.scripts.bridge,
}


@pytest.fixture(autouse=True)
def names(monkeypatch):
    monkeypatch.setattr("tf_data.command._called", {})


def test_every_script_is_installed():
    assert PROJECT["scripts"].keys() == MAINS.keys()
    for name, entry in PROJECT["scripts"].items():
        module, function = entry.split(":")
        assert getattr(importlib.import_module(module), function) is MAINS[name]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        *(("tf-models", (command,)) for command in ("train", "evaluate", "predict", "export", "report", "launch")),
        *(("tf-data", (command,)) for command in ("convert", "inspect")),
        ("tf1-compare", ()),
        ("tf1-bridge", ()),
    ],
)
def test_help_and_errors_call_a_command_as_the_user_does(name, first, capsys):
    called = " ".join((name, *first))
    assert MAINS[name]([*first, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: {called} ")
    assert MAINS[name]([*first, "--no-such-option"]) == 2
    assert capsys.readouterr().err.startswith(f"{called}: ")
    assert MAINS[name]([*first, "--version"]) == 0
    assert capsys.readouterr().out.startswith("tf-models ")


def test_a_script_without_command_tells_what_there_is(capsys):
    for arguments in ([], ["--help"]):
        assert MAINS["tf-models"](arguments) == 0
        assert "{train,evaluate,predict,export,report,launch,list}" in capsys.readouterr().out
    assert MAINS["tf-models"](["--version"]) == 0
    assert MAINS["tf-models"](["trian"]) == 2
    assert "unknown command 'trian'; did you mean train?" in capsys.readouterr().err


def test_list_is_trains_list(capsys):
    assert MAINS["tf-models"](["list", "iris"]) == 0
    assert "logistic-regression" in capsys.readouterr().out


def programs() -> list[str]:
    """What every command of the project calls itself: `tf_models.train`, `benchmarks results`."""
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    found = [re.findall(r'prog="python -m ([^"]+)"', file.read_text(encoding="utf-8")) for file in files]
    return sorted(name for names in found for name in names)


@pytest.mark.parametrize("program", programs())
def test_every_command_can_print_its_help(program, capsys):
    module, *first = program.split()
    has_main = importlib.util.find_spec(module).submodule_search_locations is None
    main = importlib.import_module(module if has_main else f"{module}.__main__").main
    with pytest.raises(SystemExit, match="^0$"):
        main([*first, "--help"])
    assert capsys.readouterr().out.startswith(f"usage: python -m {program} ")
