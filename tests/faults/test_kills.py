"""Kills at any moment lose nothing: what goes on ends with the bits of what nobody killed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = Path(__file__).with_name("kills.py")
RECIPES = ("softmax-regression", "mlp-dropout", "cnn-basic", "metric-siamese-mlp", "ae-conv-vae", "gan-fc-mnist")


def check(*arguments, least):
    done = subprocess.run(
        [sys.executable, str(KILLS), "--json", *arguments], capture_output=True, text=True, cwd=KILLS.parents[2]
    )
    assert done.stdout, done.stderr[-2000:]
    rows = json.loads(done.stdout.splitlines()[-1])
    assert [fault for row in rows for fault in row["faults"]] == [], done.stderr[-2000:]
    assert sum(row["kills"] for row in rows) >= least
    assert all(row["same bits"] for row in rows)


def test_some_kills_of_conversions():  # of a training, one is in test_resuming.py
    check("--count", "10", "--only", "convert", least=9)


@pytest.mark.slow
def test_kills_of_conversions():
    check("--count", "80", "--only", "convert", least=60)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_kills_of_trainings(recipe):
    check("--count", "20", "--only", "train", "--recipe", recipe, least=15)
