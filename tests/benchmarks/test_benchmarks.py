"""The benchmarks run, count what they did, and say what they ran on."""

import contextlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import layers, measure, pages, revisions, speed, time_to_accuracy
from benchmarks.networks import NETWORKS, recipe
from tf_data.command import run
from tf_data.errors import InputError, TrainingError
from tf_models.training.fit import operations


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
    monkeypatch.setattr(measure.gc, "collect", lambda: 0)  # seconds, in a process that has run other tests
    rows = measure.compare({"slow": candidate("slow", 4, 8), "fast": candidate("fast", 2, 8)}, "slow", repeats=3)
    assert calls == ["slow", "fast"] * 4
    assert [row["samples_per_second"] for row in rows] == [2.0, 4.0]
    assert [row["ratio"] for row in rows] == [1.0, 2.0]


@pytest.mark.parametrize("name", speed.TABLES)
def test_the_page_of_speed_has_the_measured_rows(name):
    assert speed.table(name, speed.measured(name)) in speed.PAGE.read_text(encoding="utf-8")


def test_the_chart_has_a_network_that_keras_fit_does_not_train(tmp_path):
    rows = [{"network": "net", "candidate": name, "ratio": 1.5} for name in (speed.OURS, speed.KERAS)]
    speed.draw([*rows, {"network": "gan", "candidate": speed.OURS, "ratio": 1.2}], tmp_path / "chart.png")
    assert (tmp_path / "chart.png").stat().st_size > 1000


def test_a_table_of_speed_sets_ratios_beside_the_values():
    rows = [
        {"network": "a", "batch": 4, "candidate": "ours", "samples_per_second": 1234.0, "ratio": 1.5},
        {"network": "a", "batch": 4, "candidate": "pytorch", "samples_per_second": 50.0, "ratio": 1.0},
        {"network": "b", "batch": 8, "candidate": "pytorch", "samples_per_second": 7.0, "ratio": 1.0},
    ]
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in speed.table("train_step", rows).splitlines()]
    assert lines[0] == ["network", "ours", "pytorch"]
    assert lines[2:] == [["a (4)", "1,234 (1.50)", "50.0"], ["b (8)", "", "7.0"]]


def test_a_page_without_marks_is_refused(tmp_path):
    (tmp_path / "page.md").write_text("<!-- other: begin -->\n<!-- other: end -->\n")
    with pytest.raises(InputError, match="has no lines <!-- results: begin -->"):
        pages.put(tmp_path / "page.md", "results", "|")
    pages.put(tmp_path / "page.md", "other", "|")
    assert (tmp_path / "page.md").read_text() == "<!-- other: begin -->\n|\n<!-- other: end -->\n"


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
    code = "from tf_models.training.provenance import peak_memory; print(peak_memory())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 10 < float(done.stdout) < ballast.nbytes / 2**20


@pytest.mark.parametrize("name", layers.CASES)
def test_a_timed_layer_is_one_that_training_replaces(name):
    case = layers.CASES[name]
    found = []
    for context in (contextlib.nullcontext, operations):
        model, both_ways = layers.passes(case, (2, *case.shape[1:]))
        with context(model):
            gradients = both_ways()
        kinds = sorted(operation.type for operation in both_ways.get_concrete_function().graph.get_operations())
        found.append((kinds, [np.asarray(gradient, np.float32) for gradient in gradients]))
    (by_keras, expected), (ours, gradients) = found
    assert ours != by_keras
    for gradient, right in zip(gradients, expected, strict=True):
        assert np.abs(gradient - right).max() <= 0.02 * np.abs(right).max()


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
@pytest.mark.parametrize(
    "name",
    [n for n in command.BENCHMARKS if n not in ("exports", "quantize", "train_step", "revisions", "results", "speed")],
)
def test_every_other_benchmark_runs(capsys, name):
    pytest.importorskip("torch")
    assert run(command.main, [name, "--quick", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert rows
    for row in rows:
        counted = [row[key] for key in ("samples_per_second", "training_mb", "training_seconds") if key in row]
        assert all(value > 0 for value in counted)


def test_a_goal_is_met_by_the_mean_of_all_seeds_in_time(monkeypatch):
    found = iter([(0.9899, 5.0, 9.0), (0.9905, 6.0, 11.0), (0.9906, 6.5, 10.0)] * 2)
    names = ("accuracy", "training", "command")
    monkeypatch.setattr(time_to_accuracy, "_once", lambda *_: dict(zip(names, next(found), strict=True)))
    goal = time_to_accuracy.Goal(("--b",), 0.99, 6, seeds=3)
    monkeypatch.setattr(time_to_accuracy, "GOALS", {"a": goal, "c": goal._replace(seconds=5.8)})
    met, late = time_to_accuracy.run()
    said = [met[name] for name in ("recipe", "goal", "accuracy", "training_sd")]
    assert said == ["a --b", "99.0% in 6 s", "99.03%", 0.76]
    assert (met["command_seconds"], met["met"], late["met"]) == (10.0, True, False)


def test_seeds_that_are_finished_are_not_trained_again(monkeypatch, tmp_path):
    def train(command, **_):
        folder = Path(command[command.index("--run-dir") + 1])
        if failing:
            return subprocess.CompletedProcess(command, 3, "", "the loss is not finite")
        folder.mkdir()
        tests = {"accuracy": 0.9, "mirrored_accuracy": 0.95}
        (folder / "run.json").write_text(json.dumps({"results": {"test": tests}, "seconds": 3.0}))
        trained.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    trained, failing = [], False
    monkeypatch.setattr(measure.subprocess, "run", train)
    goal = time_to_accuracy.Goal((), 0.94, 6, seeds=2)
    monkeypatch.setattr(time_to_accuracy, "GOALS", {"a": goal, "b": goal._replace(mirrored=True)})
    first = time_to_accuracy.run(runs=tmp_path / "kept")
    assert [row["accuracy"] for row in first] == ["90.00%", "95.00%"]
    assert [row["goal"] for row in first] == ["94.0% in 6 s", "94.0% with mirror images in 6 s"]
    assert [row["met"] for row in first] == [False, True]
    assert len(trained) == 4
    (tmp_path / "kept" / "a-2.json").unlink()
    shutil.rmtree(tmp_path / "kept" / "a-2")
    failing = True
    with pytest.raises(TrainingError, match="ended with 3: the loss is not finite"):
        time_to_accuracy.run(runs=tmp_path / "kept")
    failing = False
    assert [row["accuracies"] for row in time_to_accuracy.run(runs=tmp_path / "kept")] == [[0.9] * 2, [0.95] * 2]
    assert len(trained) == 5


@pytest.mark.slow
def test_int8_weights_are_a_fourth_and_outputs_change_little(capsys):
    assert run(command.main, ["quantize", "--quick", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["int8 layers"] == 1
    assert int(row["kB int8"]) < 0.3 * int(row["kB float32"])
    assert 0 < float(row["int8"]) < 0.05
    assert abs(float(row["accuracy int8"]) - float(row["accuracy float32"])) < 0.02
    assert float(row["savedmodel"]) < 1e-5


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


def small_model(name="network", layer=keras.layers.Dense, value=1.0) -> keras.Model:
    model = keras.Sequential([keras.Input((2,)), layer(3, name="hidden", kernel_initializer="ones")], name=name)
    model.layers[0].bias.assign([0.0, 0.0, value])
    return model


def test_a_hash_of_weights_follows_values_and_layers_names_only(tmp_path):
    class Renamed(keras.layers.Dense):
        pass

    models = {
        "one": small_model(),
        "same": small_model("other", Renamed),
        "value": small_model(value=np.nextafter(np.float32(1), np.float32(2))),
        "layer": keras.models.clone_model(small_model(), clone_function=lambda layer: _called(layer, "hidden1")),
    }
    models["layer"].set_weights(models["one"].get_weights())
    hashes = {}
    for name, model in models.items():
        model.save(tmp_path / f"{name}.keras")
        hashes[name] = revisions.weights_hash(tmp_path / f"{name}.keras")
    assert hashes["one"] == hashes["same"]
    assert len({hashes["one"], hashes["value"], hashes["layer"]}) == 3


def _called(layer, name: str):
    return type(layer).from_config({**layer.get_config(), "name": name})


@pytest.mark.parametrize(("other", "code"), [("a" * 64, 0), ("b" * 64, 1), ("exit code 2: unknown recipe", 1)])
def test_revisions_that_differ_end_with_exit_code_1(monkeypatch, capsys, other, code):
    found = [{"weights": "a" * 64, "history": "c" * 64}, {"weights": other, "history": "c" * 64}]
    monkeypatch.setattr(revisions, "trained", lambda id, worktree: found.pop(0))
    assert run(command.main, ["revisions", ".", ".", "--quick", "--json"]) == code
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["recipe"] == "mlp-dropout"
    assert row["weights"].startswith({"a": "equal aaa", "b": "different aaa", "e": "exit code 2"}[other[0]])


def test_an_unknown_benchmark_is_refused(capsys):
    assert run(command.main, ["train_steps"]) == 2
    assert "did you mean train_step" in capsys.readouterr().err
    assert run(command.main, ["train_step", "--only", "mlp-basics"]) == 2
    assert "did you mean mlp-basic" in capsys.readouterr().err
    assert run(command.main, ["images", "--only", "mlp-basic"]) == 2
    assert run(command.main, ["revisions", ".", ".", "--only", "mlp-basic"]) == 2
    assert "it knows mlp-dropout, " in capsys.readouterr().err
    assert run(command.main, ["revisions", "."]) == 2
    assert "takes 2 worktrees, not 1" in capsys.readouterr().err
    assert run(command.main, ["revisions", ".", "nowhere"]) == 2
    assert "nowhere is no worktree" in capsys.readouterr().err
    assert run(command.main, []) == 0
    assert "train_step" in capsys.readouterr().out


def test_baselines_are_what_counting_reaches():
    """A text of two characters in strict turn costs almost nothing, one of coins a bit; the grammar's reviews need pairs of words."""
    from benchmarks import baselines
    from tf_data.dataset import Data, Split

    def book(text):
        parts = np.array([text[:-500]], object), np.array([text[-500:]], object)
        return Data("book", "synthetic", "this test", Split("train", parts[0]), Split("test", parts[1]))

    assert float(baselines.ngrams(book("ab" * 3000))["score"].split()[0]) < 0.05
    coins = "".join(np.random.default_rng(0).choice(["a", "b"], 6000))
    assert float(baselines.ngrams(book(coins))["score"].split()[0]) == pytest.approx(1, abs=0.02)
    assert 1 < float(baselines.compressed(book(coins))["score"].split()[0]) < 2
    rows = baselines.run(quick=True)
    assert rows[0]["samples"] == 400
    assert float(rows[0]["score"].rstrip("%")) > 80
