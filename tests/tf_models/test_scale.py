"""Several devices and processes end with the weights of one; what dies ends all; what is interrupted goes on with any number."""

import json
import os
import random
import signal
import struct
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import backends
import cells
import divided
import numpy as np
import pytest
from runs import assert_same_run

import tf_models
from tf_data.errors import InputError, speaking_options
from tf_models import launch, train
from tf_models.configs import get
from tf_models.configs.limits import UNDIVIDED
from tf_models.training import fit, group, state, trainer
from tf_models.training.options import Options
from tf_models.training.run_directory import RunDirectory

DIVISIBLE = [recipe.id for recipe in tf_models.recipes() if recipe.builder not in UNDIVIDED]
# Ways in which a batch is divided: dropout, gradients made by hand, pairs, gradients of an embedding.
WAYS = ("mlp-dropout", "mlp-backprop-scratch", "metric-siamese-mlp", "rnn-simple-imdb")
# And a summed loss, a ratio of sums, one of counts beside synchronised norms, noise and labels, a penalty's draws.
MORE_WAYS = ("logistic-regression", "ae-deconv-jaccard", "ordinal-corn-cement", "ae-cvae", "gan-wgan-fc-mnist")
OPTIONS = Options(source="embedded", limit=300, figures=False, quiet=True, checkpoint_seconds=0.0)
MOST_SECONDS = 60  # until all workers have ended after one has died


def assert_equal_weights(found: dict[str, dict], close: float = 1e-9) -> None:
    for id, row in found.items():
        assert "weights" in row, f"{id}: {row}"
        assert row["weights"] < max(close, cells.ROUNDING * row["rounding"]), (
            f"{id}: weights differ by {row['weights']:.2g}"
        )
        assert row["metrics"] < 1e-6, f"{id}: metrics differ by {row['metrics']:.2g}"  # Keras adds them up in float32


@pytest.fixture(scope="module")
def on_two():
    """What is found of each way on two devices; batches of 5 samples, of which the last of an epoch has 1."""
    return divided.compared("2", WAYS, watched=11)


def test_two_devices_end_with_the_weights_of_one(on_two):
    assert_equal_weights(on_two[0])


@pytest.mark.parametrize("id", divided.WATCHED)
def test_each_sample_is_seen_once_an_epoch_by_two_workers_of_two_devices(id, on_two):
    assert on_two[1][id]["counts"] == [[1] * 11, [1] * 11]


@pytest.mark.slow
@pytest.mark.parametrize("column", ["2", "4", divided.OWN])
def test_every_recipe_ends_with_the_weights_of_one_device(column):
    found, _ = divided.compared(column, DIVISIBLE)
    assert_equal_weights({id: cell for id, cell in found.items() if "without" not in cell})


def test_norms_of_their_own_are_all_that_two_devices_change():
    """As everywhere, norms look at a device's own rows; one device whose norms look at the same rows ends alike."""
    found, _ = divided.compared(divided.OWN, ["mlp-batchnorm", "mlp-basic"])
    assert found.pop("mlp-basic")["without"] == "no norms"
    assert_equal_weights(found)


def test_on_jax_two_devices_end_with_the_weights_of_one():
    """Draws and batch norms are those of the whole batch, and the last batch is one that two devices cannot share."""
    pytest.importorskip("jax")
    assert_equal_weights(divided.compared("jax-2", ["mlp-dropout", "mlp-batchnorm"])[0], 1e-5)


@pytest.mark.slow
def test_losses_are_scaled_for_half_precision_on_two_devices():
    found, _ = divided.compared("2", ["mlp-dropout"], precision="mixed_float16")
    assert_equal_weights(found, 1e-3)


@pytest.fixture(autouse=True)
def _commands():
    """Messages name the options of commands."""
    with speaking_options():
        yield


ASKED = ("mlp-dropout", "--epochs", "12", "--precision", "float64", "--data", "embedded", "--limit", "300")
ASKED += ("--batch-size", "16", "--checkpoint-seconds", "0", "--no-figures")  # a last batch of 12


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> RunDirectory:
    """The run of one device."""
    folder = tmp_path_factory.mktemp("alone") / "run"
    train.main([*ASKED, "--quiet", "--run-dir", str(folder)])
    return RunDirectory.open(folder)


class Launched:
    """A launcher with its workers, as a process."""

    def __init__(self, folder: Path, *arguments: str, workers: int = 2):
        command = ["-m", "tf_models.launch", "--workers", str(workers), "--", *arguments, "--run-dir", str(folder)]
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.pids = [int(self.process.stdout.readline().split()[-1]) for _ in range(workers)]

    def at_epoch(self, number: int) -> None:
        """Wait until so many epochs are done."""
        deadline = time.monotonic() + 300
        history = self.folder / "history.csv"
        while not history.is_file() or len(history.read_text().splitlines()) <= number:
            assert self.process.poll() is None, self.process.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def ended(self) -> tuple[int, str, float]:
        """Exit code, what stands on stderr, and the seconds until the end; nobody is left."""
        begin = time.monotonic()
        try:
            _, errors = self.process.communicate(timeout=300)
        finally:
            self.process.kill()
        for pid in self.pids:
            assert not Path(f"/proc/{pid}").exists()
        return self.process.returncode, errors, time.monotonic() - begin


def assert_near(one: RunDirectory, other: RunDirectory, close: float = 1e-9) -> None:
    (a, begun), (b, ended) = (state.load(run.checkpoints[-1]) for run in (one, other))
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_allclose(a[name], b[name], rtol=close, atol=close, err_msg=name)
    assert len(begun.history) == len(ended.history) == 12
    for row, same in zip(begun.history, ended.history, strict=True):
        assert row == pytest.approx(same, rel=1e-5)


def killed(folder: Path, number: signal.Signals, says: str) -> RunDirectory:
    """The directory of a run of two workers of which one, by chance, is killed at an epoch that chance names."""
    running = Launched(folder, *ASKED)
    running.at_epoch(random.randrange(1, 5))
    victim = random.randrange(2)
    os.kill(running.pids[victim], number)
    code, errors, seconds = running.ended()
    assert code == 3
    assert f"worker {victim} {says}, so all were ended; to go on: python -m tf_models.launch --workers 2" in errors
    assert errors.count("\n") == 1
    assert seconds < MOST_SECONDS
    return RunDirectory.open(folder)


QUICK = (
    3  # turns in each run of the tests, gone on by one device; the others are behind `slow`, gone on by three workers
)
TURNS = [pytest.param(turn, marks=() if turn < QUICK else pytest.mark.slow) for turn in range(20)]
HOW = ((signal.SIGKILL, "was killed by SIGKILL"), (signal.SIGSTOP, "stood still for 20 s"))


@pytest.mark.parametrize("turn", TURNS)
def test_workers_killed_and_stopped_at_random_end_all_and_the_run_goes_on(turn, tmp_path, alone):
    run = killed(tmp_path / "run", *HOW[turn % 2])
    assert state.load(run.checkpoints[-1])[1].epoch < 12
    if turn < QUICK:
        train.main(["--resume", "--quiet", "--run-dir", str(run.path)])
    else:
        code, errors, _ = Launched(run.path, "--resume", workers=3).ended()
        assert code == 0, errors
    assert_near(RunDirectory.open(run.path), alone)


@pytest.mark.slow
def test_one_ctrl_c_ends_all_with_a_checkpoint_and_the_same_number_goes_on_bit_for_bit(tmp_path, alone):
    whole = Launched(tmp_path / "whole", *ASKED)
    assert whole.ended()[0] == 0
    running = Launched(tmp_path / "run", *ASKED)
    running.at_epoch(3)
    running.process.send_signal(signal.SIGINT)
    code, errors, _ = running.ended()
    assert code == 130
    assert "to go on: python -m tf_models.launch --workers 2 -- --run-dir" in errors
    assert RunDirectory.open(tmp_path / "run").info["status"] == "interrupted"
    assert Launched(tmp_path / "run", "--resume").ended()[0] == 0
    assert_same_run(RunDirectory.open(tmp_path / "run"), RunDirectory.open(tmp_path / "whole"))
    assert_near(RunDirectory.open(tmp_path / "run"), alone)


@pytest.mark.slow
def test_two_processes_on_jax_are_interrupted_and_one_goes_on(tmp_path):
    pytest.importorskip("jax")
    asked = [*ASKED, "--precision", "float32", "--backend", "jax", "--run-dir"]
    train_command = [sys.executable, "-m", "tf_models.train"]
    subprocess.run([*train_command, *asked, str(tmp_path / "alone")], check=True, timeout=300)
    running = Launched(tmp_path / "run", *asked[:-1])
    running.at_epoch(3)
    running.process.send_signal(signal.SIGINT)
    code, errors, _ = running.ended()
    assert code == 130, errors
    assert state.load(RunDirectory.open(tmp_path / "run").checkpoints[-1])[1].epoch < 12
    subprocess.run([*train_command, "--resume", "--run-dir", str(tmp_path / "run")], check=True, timeout=300)
    assert_near(RunDirectory.open(tmp_path / "run"), RunDirectory.open(tmp_path / "alone"), 1e-4)


def test_what_several_devices_cannot_do_is_refused_before_any_work(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    refused = {
        ("perceptron", "--strategy", "mirrored"): "perceptron trains on one device: Rosenblatt's rule",
        ("mlp-basic", "--strategy", "mirrored", "--plain"): "--plain is for one device",
        ("mlp-basic", "--strategy", "mirrored", "--jit", "on"): "--jit on is for one device",
        ("mlp-basic", "--logical-devices", "2"): "--logical-devices goes with --strategy mirrored",
        ("mlp-basic", "--sync-batch-norm"): "--sync-batch-norm goes with --strategy",
        ("mlp-basic", "--find-lr", "--strategy", "mirrored"): "--find-lr runs on one device",
        ("mlp-basic", "--strategy", "multi-worker"): "needs TF_CONFIG",
    }
    for arguments, message in refused.items():
        with pytest.raises(InputError, match=message):
            train.main([*arguments, "--run-dir", "never-made"])
    for text in ("{", "[]", "{}", json.dumps({"cluster": {"ps": ["a:1"]}, "task": {"type": "ps", "index": 0}})):
        monkeypatch.setenv("TF_CONFIG", text)
        with pytest.raises(InputError, match="it must name workers alone"):
            group.place()
    for arguments in (["--workers", "0"], ["--workers", "2", "--", "perceptron"], ["--workers", "2", "--", "--list"]):
        with pytest.raises(InputError):
            launch.main(arguments)
    assert not Path("never-made").exists()


def test_all_workers_go_by_the_chiefs_clock(monkeypatch):
    # One that measured otherwise made steps that the others did not, whose sums then met others' numbers.
    loop = object.__new__(fit.DividedLoop)
    loop._group = SimpleNamespace(chiefs=lambda value: struct.pack("d", struct.unpack("d", value)[0] / 4))
    monkeypatch.setattr(fit.CompiledLoop, "_timed", lambda self, start, stop: 2.0)
    assert loop._timed(0, 1) == 0.5


def test_synchronised_norms_refuse_a_device_without_a_row(digits):
    recipe = replace(get("mlp-batchnorm"), batch_size=8)
    options = replace(OPTIONS, strategy="mirrored", sync_batch_norm=True, limit=17)
    task = trainer.build(recipe, options, trainer.load_data(recipe, options))
    with pytest.raises(InputError, match="the last batch has 1 rows for 2 devices"):
        group.check_norms(task, recipe, options, group.Group(devices=2))


def test_what_a_backend_cannot_do_is_refused_before_any_work(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    refused = {
        ("gan-fc-mnist", "--backend", "jax"): "gan-fc-mnist cannot train on jax: it has two optimizers",
        ("mlp-basic", "--backend", "jax", "--find-lr"): "--find-lr runs on TensorFlow",
    }
    for arguments, message in refused.items():
        with pytest.raises(InputError, match=message):
            train.main([*arguments, "--run-dir", "never-made"])
    for change in ({"tensorboard": True}, {"plain": True}, {"deterministic": True}):
        with pytest.raises(InputError, match="needs TensorFlow; leave it or --backend jax away"):
            group.check(get("mlp-basic"), replace(OPTIONS, backend="jax", **change))
    with pytest.raises(InputError, match="JAX computes in 32 bits"):
        group.check(get("mlp-basic"), replace(OPTIONS, backend="jax", precision="float64"))
    with pytest.raises(InputError, match="divides no batches on PyTorch; leave --strategy or --backend torch away"):
        group.check(get("mlp-basic"), replace(OPTIONS, backend="torch", strategy="mirrored"))
    with pytest.raises(InputError, match="training needs KERAS_BACKEND=torch, not tensorflow"):
        trainer.train(get("mlp-basic"), replace(OPTIONS, backend="torch"), Path("never-made"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="--backend jax needs a package; pip install jax"):
        train.main(["mlp-basic", "--backend", "jax"])
    assert not Path("never-made").exists()


DRAWING = "ae-cvae"  # draws noise in the model


def test_jax_loses_what_tensorflow_does(tmp_path):
    backends.work(tmp_path, [backends.SMALL], [DRAWING])
    backends.fill(tmp_path, [DRAWING], ["jax"], (backends.SMALL,))
    row = backends.rows(tmp_path, [DRAWING], ("tensorflow", "jax"))[DRAWING]
    assert row["jax"].get("apart", 1) < backends.CLOSE, row["jax"]


@pytest.mark.slow
def test_jax_trains_a_recipe_as_it_is(tmp_path):
    backends.fill(tmp_path, [DRAWING], ["jax"], (backends.WHOLE,))
    assert backends.rows(tmp_path, [DRAWING], ("tensorflow", "jax"), backends.WHOLE)[DRAWING]["jax"]["trains"]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_a_backend_loses_what_tensorflow_does_and_its_run_is_a_run(backend, tmp_path):
    pytest.importorskip(backend)
    own = {"torch": "gan-wgan-fc-mnist", "jax": "mlp-backprop-scratch"}[backend]  # has a step of its own
    ids = ["mlp-batchnorm", "ae-cvae", "rnn-lstm-packed-imdb", own]
    for id, row in backends.compared(ids, ("tensorflow", backend)).items():
        assert row[backend].get("apart", 1) < backends.CLOSE, f"{id}: {row[backend]}"
    command = [
        sys.executable,
        "-m",
        "tf_models.train",
        *ASKED,
        "--epochs",
        "2",
        "--precision",
        "float32",
        "--backend",
        backend,
    ]
    subprocess.run([*command, "--run-dir", str(tmp_path / "run")], check=True, timeout=900)
    run = RunDirectory.open(tmp_path / "run")
    assert run.info["status"] == "done"
    assert run.info["results"]["test"]["samples"] == 300
    assert len(run.read_history()) == 2
