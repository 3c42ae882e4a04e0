"""CONTRIBUTING.md tells how a topic is added: its own text, carried out in a copy that lacks the topic, is all that it takes."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FILES = {path: text for path, _, text in re.findall(r"^`([^`\n]+)`:\n\n```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)}
LINES = re.findall(r"^\| `(\w+)` in `([^`]+)` \| `(.+)` \|$", PAGE, re.M)


def test_the_page_shows_the_files_of_the_repository():
    assert len(FILES) == 7
    assert len(LINES) == 4
    for path, text in FILES.items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, f"{path} is not as CONTRIBUTING.md has it"


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {"PYTHONPATH": str(folder), "PATH": "", "HOME": str(folder)}
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture
def without(tmp_path):
    """A copy of the repository without the topic."""
    for name in ("tf_models", "tf_data", "tests", "pyproject.toml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    for path in FILES:
        (tmp_path / path).unlink(missing_ok=True)
    for _, path, line in LINES:
        key = line.partition(":")[0]
        kept = [row for row in (tmp_path / path).read_text(encoding="utf-8").splitlines(True) if key not in row]
        (tmp_path / path).write_text("".join(kept), encoding="utf-8")
    return tmp_path


def carry_out(folder: Path) -> None:
    """What the page says: write the files, and add a line to each table."""
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    for table, path, line in LINES:
        text = (folder / path).read_text(encoding="utf-8")
        end = text.index("\n}", re.search(rf"^{table}\b.* = {{$", text, re.M).start())
        (folder / path).write_text(f"{text[:end]}\n    {line}{text[end:]}", encoding="utf-8")


TRAIN = ("-m", "tf_models.train", "vit-mnist")


def test_the_page_adds_a_topic(without):
    assert "unknown recipe 'vit-mnist'" in python(without, *TRAIN, "--show").stderr
    carry_out(without)
    assert "patches" in python(without, *TRAIN, "--show").stdout
    short = ("--data", "embedded", "--limit", "64", "--epochs", "1", "--no-figures", "--run-dir", "run")
    done = python(without, *TRAIN, *short)
    assert done.returncode == 0, done.stderr
    assert "on 64 samples" in done.stdout


@pytest.mark.slow
def test_what_holds_for_all_topics_holds_for_the_new_one(without):
    carry_out(without)
    tests = [f"tests/tf_models/test_{name}.py" for name in ("vit", "recipes", "exports", "configs")]
    done = python(without, "-m", "pytest", "-q", *tests, "-k", "vit or config or table")
    assert done.returncode == 0, done.stdout
