"""The benchmarks run, count what they did, and say what they ran on."""

import json
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import measure
from benchmarks.networks import NETWORKS, recipe
from tf_data.command import run


def test_compare_interleaves_and_relates_to_the_baseline(monkeypatch):
    clock = iter(range(1000))
    calls = []

    def candidate(name, ticks, samples):
        def work():
            calls.append(name)
            for _ in range(ticks - 1):
                next(clock)
            return samples

        return work

    monkeypatch.setattr(measure.time, "perf_counter", lambda: float(next(clock)))
    rows = measure.compare({"slow": candidate("slow", 4, 8), "fast": candidate("fast", 2, 8)}, "slow", repeats=3)
    assert calls == ["slow", "fast"] * 4
    assert [row["samples_per_second"] for row in rows] == [2.0, 4.0]
    assert [row["ratio"] for row in rows] == [1.0, 2.0]


def test_a_table_is_markdown():
    text = measure.table([{"candidate": "a", "speed": 1234.5, "spread": [1, 2]}, {"candidate": "b"}])
    assert [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()] == [
        ["candidate", "speed"],
        ["---------", "-----"],
        ["a", "1,234"],
        ["b", ""],
    ]


def test_the_peak_of_memory_is_the_process_own():
    ballast = np.ones(2**26)  # 512 MB
    code = "from benchmarks.memory import _peak; print(_peak())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 10 < float(done.stdout) < ballast.nbytes / 2**20


@pytest.mark.slow
def test_train_step_times_every_network(capsys, tmp_path):
    assert run(command.main, ["train_step", "--quick", "--json", "--out", str(tmp_path / "out.json")]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["network"] for row in rows} == set(NETWORKS)
    assert all(row["samples_per_second"] > 0 for row in rows)
    saved = json.loads((tmp_path / "out.json").read_text())
    assert saved["rows"] == rows
    assert saved["hardware"]["tensorflow"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in command.BENCHMARKS if name != "train_step"])
def test_every_other_benchmark_runs(capsys, name):
    pytest.importorskip("torch")
    assert run(command.main, [name, "--quick", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert all(row.get("samples_per_second", row.get("training_mb")) > 0 for row in rows)


@pytest.mark.parametrize("id", NETWORKS)
def test_both_sides_train_the_same_network(id, monkeypatch):
    torch = pytest.importorskip("torch")
    from benchmarks import networks

    counted = []
    original = networks.torch_optimizer

    def optimizer(recipe, parameters):
        parameters = list(parameters)
        counted.append(sum(parameter.numel() for parameter in parameters))
        return original(recipe, parameters)

    monkeypatch.setattr(networks, "torch_optimizer", optimizer)
    with torch.device("meta"):  # no memory, no time
        NETWORKS[id].step(recipe(id))
    assert sum(counted) == recipe(id).parameters


def test_an_unknown_benchmark_is_refused(capsys):
    assert run(command.main, ["train_steps"]) == 2
    assert "did you mean train_step" in capsys.readouterr().err
    assert run(command.main, ["train_step", "--only", "mlp-basics"]) == 2
    assert "did you mean mlp-basic" in capsys.readouterr().err
    assert run(command.main, ["pictures", "--only", "mlp-basic"]) == 2
    assert run(command.main, []) == 0
    assert "train_step" in capsys.readouterr().out
