"""Runs that are stopped, killed or recorded end with the bits of a run that nobody touched."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from runs import OPTIONS, RECIPE, assert_same_run, final_state, interrupted

from tf_data.errors import InputError, Interrupted
from tf_models.training import callbacks, processor, provenance, state, trainer
from tf_models.training.fit import CompiledLoop
from tf_models.training.run_directory import RunDirectory


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nobody stopped."""
    return trainer.train(RECIPE, OPTIONS, tmp_path_factory.mktemp("whole") / "run")


@pytest.mark.parametrize("block", [1, 4])
def test_an_interrupted_run_goes_on_bit_for_bit(whole, tmp_path, monkeypatch, block):
    """Stopped in the middle of every epoch, with blocks of another size each time."""
    monkeypatch.setattr(CompiledLoop, "calibrate", lambda self: setattr(self, "block", block))
    original = callbacks.Checkpoints.on_train_batch_end

    def stop_after_twelve_steps(self, batch, logs=None):
        began = self.__dict__.setdefault("began", (self.progress.epoch, self.progress.step))
        epochs, steps = self.loop.epoch - began[0], self.loop.step - began[1]
        self.signals.received = epochs * self.loop.batches.steps + steps >= 12
        original(self, batch, logs)

    monkeypatch.setattr(callbacks.Checkpoints, "on_train_batch_end", stop_after_twelve_steps)
    with pytest.raises(Interrupted, match="--resume"):
        trainer.train(RECIPE, OPTIONS, tmp_path / "run")
    run = RunDirectory.open(tmp_path / "run")
    stops = 1
    while run.info["status"] != "done":
        assert run.info["status"] == "interrupted"
        try:
            trainer.resume(run, quiet=True, figures=False)
        except Interrupted:
            stops += 1
            assert stops < 10
        run = RunDirectory.open(tmp_path / "run")
    assert stops >= 2
    assert_same_run(whole, run)


def test_an_interruption_in_validation_loses_no_step(whole, tmp_path):
    run = interrupted(RECIPE, OPTIONS, tmp_path / "run", 1)
    _, progress = state.load(run.checkpoints[-1])
    assert (progress.epoch, progress.step) == (1, 10)
    assert_same_run(whole, trainer.resume(run, quiet=True, figures=False))


@pytest.mark.parametrize(
    "storage",
    [pytest.param("npz", marks=pytest.mark.slow), "hdf5", pytest.param("tfrecord", marks=pytest.mark.slow), "images"],
)
def test_training_from_files_resumes_bit_for_bit_too(tmp_path, monkeypatch, storage):
    recipe = replace(RECIPE, epochs=2, storage=storage)
    monkeypatch.setattr(CompiledLoop, "calibrate", lambda self: setattr(self, "block", 3))
    whole = trainer.train(recipe, OPTIONS, tmp_path / "whole")
    run = interrupted(recipe, OPTIONS, tmp_path / "run", 0, 6)
    run = trainer.resume(run, quiet=True, figures=False)
    assert run.info["results"]["test"]["samples"] == 300
    assert_same_run(whole, run)


@pytest.fixture(scope="module")
def whole_plain(tmp_path_factory):
    return trainer.train(RECIPE, replace(OPTIONS, plain=True), tmp_path_factory.mktemp("plain") / "run")


def test_plain_losses_are_those_of_the_fast_form(whole, whole_plain):
    assert whole_plain.info["options"]["plain"] is True
    assert final_state(whole)[0].keys() == final_state(whole_plain)[0].keys()
    for fast, plain in zip(whole.read_history(), whole_plain.read_history(), strict=True):
        assert fast == pytest.approx(plain, rel=1e-5)


@pytest.mark.parametrize(
    ("epoch", "step"),
    [pytest.param(0, 1, marks=pytest.mark.slow), (1, 6), pytest.param(2, 10, marks=pytest.mark.slow), (1, None)],
)
def test_a_plain_run_resumes_bit_for_bit(whole_plain, tmp_path, epoch, step):
    """Also after the last step of an epoch, and in its validation."""
    run = interrupted(RECIPE, replace(OPTIONS, plain=True), tmp_path / "run", epoch, step)
    assert_same_run(whole_plain, trainer.resume(run, quiet=True, figures=False))
    assert run.info["options"]["plain"] is True


def test_plain_training_from_files_resumes_too(tmp_path):
    recipe, options = replace(RECIPE, epochs=2, storage="npz"), replace(OPTIONS, plain=True)
    whole = trainer.train(recipe, options, tmp_path / "whole")
    run = interrupted(recipe, options, tmp_path / "run", 0, 6)
    assert_same_run(whole, trainer.resume(run, quiet=True, figures=False))


def test_more_epochs_equal_a_longer_run(whole, tmp_path):
    trainer.train(replace(RECIPE, epochs=1), OPTIONS, tmp_path / "run")
    run = trainer.resume(RunDirectory.open(tmp_path / "run"), quiet=True, figures=False, epochs=3)
    assert_same_run(whole, run)


KILLED = """
import os, sys
from dataclasses import replace
from tf_models.training import callbacks, state, trainer
from tf_models.training.fit import CompiledLoop
sys.path.insert(0, os.environ["TESTS"])
from runs import OPTIONS, RECIPE
from tf_models.training.run_directory import RunDirectory
callbacks.SAVING_FRACTION = 1
CompiledLoop.calibrate = lambda self: setattr(self, 'block', 3)
writes = 0
def killing(path, *args, save=state.save):
    global writes
    writes += 1
    if writes == 3 and os.environ["WHEN"] == "middle":
        import numpy
        def half(file, **values):
            file.write(b"PK half a checkpoint")
            file.flush()
            os.kill(os.getpid(), 9)
        numpy.savez = half
    save(path, *args)
    if writes == 3:
        os.kill(os.getpid(), 9)
state.save = killing
trainer.train(RECIPE, replace(OPTIONS, checkpoint_seconds=0), __import__("pathlib").Path(sys.argv[1]))
"""


@pytest.mark.parametrize("when", [pytest.param("after", marks=pytest.mark.slow), "middle"])
def test_kill_9_and_resume(whole, tmp_path, when):
    """`kill -9` right after a save in mid-epoch, and in the middle of one."""
    environment = {**os.environ, "WHEN": when, "TESTS": os.path.dirname(__file__)}
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "run")], env=environment, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    run = RunDirectory.open(tmp_path / "run")
    assert run.info["status"] == "running"
    names = sorted(os.listdir(tmp_path / "run" / "checkpoints"))
    assert any("partial" in name for name in names) == (when == "middle")
    trainer.resume(run, quiet=True, figures=False)
    assert_same_run(whole, RunDirectory.open(tmp_path / "run"))
    assert not any("partial" in name for name in os.listdir(tmp_path / "run" / "checkpoints"))


def test_ctrl_c_keeps_a_checkpoint_and_prints_how_to_resume(tmp_path):
    command = [sys.executable, "-m", "tf_models.train", "mlp-basic", "--data", "embedded", "--epochs", "100000"]
    process = subprocess.Popen(
        [*command, "--run-dir", str(tmp_path / "run"), "--quiet", "--no-figures"], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 90
    # The first checkpoint is written before the first step; the history has a row only after a whole epoch.
    while not (tmp_path / "run" / "history.csv").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=60)
    assert process.returncode == 130
    assert message.strip().endswith(f"python -m tf_models.train --run-dir {tmp_path / 'run'} --resume")
    assert "Traceback" not in message
    run = RunDirectory.open(tmp_path / "run")
    assert run.info["status"] == "interrupted"
    _, progress = state.load(run.checkpoints[-1])
    assert progress.epoch > 0 or progress.step > 0


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_kept(tmp_path):
    run = trainer.train(replace(RECIPE, epochs=2), replace(OPTIONS, checkpoint_seconds=0), tmp_path / "run")
    before, newest = run.checkpoints
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 0xFF
    newest.write_bytes(content)
    run.update(status="running")
    run = trainer.resume(run, quiet=True, figures=False)
    assert f"{newest.name}: " in run.info["warnings"][0]
    assert "is damaged" in run.info["warnings"][0]
    assert f"went on from {before.name}" in run.info["warnings"][0]
    assert run.info["status"] == "done"


def test_resuming_on_other_data_is_refused(tmp_path):
    run = trainer.train(replace(RECIPE, epochs=1), OPTIONS, tmp_path / "run")
    run.update(options={**run.info["options"], "limit": 200})
    with pytest.raises(InputError, match="was trained on"):
        trainer.resume(run, quiet=True, figures=False, epochs=2)


def test_the_first_steps_are_recorded_and_change_nothing(whole, tmp_path, monkeypatch):
    recorded = whole.info["first_steps"]
    assert {len(values) for values in recorded.values()} == {10}  # all steps of the epoch
    assert recorded["loss"][-1] == whole.read_history()[0]["loss"]
    assert recorded["loss"][0] != recorded["loss"][-1]
    monkeypatch.setattr(callbacks, "FIRST_STEPS", 0)
    without = trainer.train(RECIPE, OPTIONS, tmp_path / "without")
    assert without.info["first_steps"] == {}
    assert_same_run(whole, without)


def test_a_run_says_on_what_it_was_made(whole, tmp_path, monkeypatch, capsys):
    info = whole.info
    assert info["environment"] == provenance.environment()
    assert info["environment"]["cores"] >= 1
    assert info["environment"]["processor"]
    assert info["code"] == provenance.code(RECIPE)
    [part] = info["parts"]
    assert part["revision"] == info["revision"] == provenance.revision()
    assert part["seconds"] > 0
    assert part["other_cores"] is None or part["other_cores"] >= 0
    monkeypatch.setattr(CompiledLoop, "calibrate", lambda self: setattr(self, "block", 1))
    parts = interrupted(RECIPE, OPTIONS, tmp_path / "parts", 1, 3)
    monkeypatch.setattr(processor, "name", lambda: "abacus")
    trainer.resume(parts, figures=False)
    assert "warning: the run went on with processor abacus in place of " in capsys.readouterr().out
    assert [part["environment"]["processor"] for part in parts.info["parts"]] == [
        info["environment"]["processor"],
        "abacus",
    ]
    assert_same_run(whole, parts)
