"""Folders, disks and checkpoints in the state that users find them in: one line, and where it can be, a way on."""

import errno
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tf_data import formats, locks
from tf_data.command import run as command
from tf_data.dataset import Data, Split
from tf_data.errors import InputError
from tf_data.files import remove_leftovers, whole_file, whole_folder
from tf_data.formats import csv_hdf5
from tf_data.formats.manifest import Manifest
from tf_data.locks import NAME as LOCK
from tf_data.locks import WORDS, Lock
from tf_models import export, saving, train
from tf_models.configs import get
from tf_models.training import state, trainer
from tf_models.training.fit import CompiledLoop
from tf_models.training.options import Options
from tf_models.training.run_directory import DAMAGED, RunDirectory, unused_directory

RECIPE = replace(get("softmax-regression"), epochs=4, batch_size=16, embedded={})
OPTIONS = Options(source="embedded", limit=96, quiet=True, figures=False, checkpoint_seconds=0.0)
DEAD = 2**22 + 12345  # beyond the numbers that Linux gives to processes


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A run that is done, with its last two checkpoints in mid-run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CompiledLoop, "calibrate", lambda self: setattr(self, "block", 2))
        return trainer.train(RECIPE, OPTIONS, tmp_path_factory.mktemp("places") / "run")


@pytest.fixture
def stopped(done, tmp_path):
    """A copy of the run, as if it had been killed before its end."""
    shutil.copytree(done.path, tmp_path / "run")
    run = RunDirectory.open(tmp_path / "run")
    run.update(status="running")
    return run


# Checkpoints


@pytest.mark.parametrize("damage", [lambda c: c[: len(c) // 2], lambda c: c[:-200] + bytes(200), lambda c: b""])
def test_resume_takes_the_checkpoint_before_a_damaged_one(damage, stopped, done, capsys):
    first, last = stopped.checkpoints
    last.write_bytes(damage(last.read_bytes()))
    run = trainer.resume(stopped, quiet=True)
    said = capsys.readouterr().err
    assert f"checkpoint {last}" in said
    assert f"went on from {first.name}" in said
    assert run.info["warnings"] == [said.removeprefix("warning: ").strip()]
    assert last.with_name(last.name + DAMAGED).exists()
    values, progress = state.load(run.checkpoints[-1])
    expected, whole = state.load(done.checkpoints[-1])
    assert progress.history == whole.history
    for name, value in expected.items():
        np.testing.assert_array_equal(values[name], value, err_msg=name)
    assert run.info["results"] == done.info["results"]


def test_without_a_good_checkpoint_it_says_so(stopped):
    for path in stopped.checkpoints:
        path.write_bytes(b"")
    with pytest.raises(InputError, match="there is no checkpoint before it, so start a new run"):
        trainer.resume(stopped, quiet=True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"step": -1}, "none that a run can reach"),
        ({"step": 10**6}, "none that a run can reach"),
        ({"epoch": 10**6}, "its history has"),
        ({"epoch": "1"}, "epoch must be int"),
        ({"more": 1}, "unknown key 'more'"),
        ({"seconds": float("nan")}, "none that a run can reach"),
    ],
)
def test_a_position_that_no_run_reaches_is_a_damage(change, said, stopped, capsys):
    last = stopped.checkpoints[-1]
    with np.load(last) as archive:
        arrays = dict(archive)
    progress = {**json.loads(arrays["meta"].tobytes()), **change}
    arrays["meta"] = np.frombuffer(json.dumps(progress).encode(), np.uint8)
    np.savez(last, **arrays)
    trainer.resume(stopped, quiet=True)
    assert said in capsys.readouterr().err


def test_checkpoints_sort_beyond_five_digits(tmp_path):
    run = RunDirectory(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    places = [(99_999, 5), (100_000, 0), (99_999, 12_345_678), (2, 0)]
    for place in places:
        run.checkpoint_file(*place).touch()
    (tmp_path / "checkpoints" / "1-2-3.npz").touch()
    assert run.checkpoints == [run.checkpoint_file(*place) for place in sorted(places)]


# One folder, one process


def test_two_processes_do_not_share_a_run(stopped):
    script = "import sys; from tf_models.training.run_directory import RunDirectory as R; r = R.open(sys.argv[1]); r.acquire(); print('held', flush=True); input()"
    other = subprocess.Popen(
        [sys.executable, "-c", script, stopped.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    try:
        assert other.stdout.readline() == "held\n"
        for call in (lambda: trainer.resume(stopped, quiet=True), lambda: RunDirectory.create(stopped.path, RECIPE)):
            with pytest.raises(InputError, match=f"is in use by process {other.pid} on .*; wait until it ends"):
                call()
    finally:
        other.kill()  # however it ends, its lock goes with it
        other.communicate()
    assert (stopped.path / LOCK).exists()
    assert trainer.resume(stopped, quiet=True).info["status"] == "done"
    assert not (stopped.path / LOCK).exists()


class Msvcrt:
    """Windows' locks on bytes, on top of this system's: whoever is refused gets a `PermissionError`."""

    LK_NBLCK = 2

    @staticmethod
    def locking(file, mode, count):
        import fcntl

        assert os.lseek(file, 0, os.SEEK_CUR) >= WORDS  # or nobody else could read the words
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PermissionError(13, "Permission denied") from None


@pytest.fixture(params=["posix", "windows"])
def system(request, monkeypatch):
    """The system's own locks, and those of a Windows that is played: no fcntl, and no open file can be removed."""
    if request.param == "windows":
        monkeypatch.setattr(locks, "fcntl", None)
        monkeypatch.setattr(locks, "msvcrt", Msvcrt, raising=False)
        for name in ("pread", "pwrite"):  # which Windows does not have
            monkeypatch.delattr(os, name)
        unlink = Path.unlink

        def unless_open(path, *arguments, **options):
            opened = {os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")}
            if os.path.realpath(path) in opened:
                raise PermissionError(13, "used by another process")
            unlink(path, *arguments, **options)

        monkeypatch.setattr(Path, "unlink", unless_open)


@pytest.mark.usefixtures("system")
def test_a_lock_is_given_back_and_taken_again(tmp_path):
    lock = Lock(tmp_path, "the folder")
    with pytest.raises(InputError, match=f"the folder is in use by process {os.getpid()} on"):
        Lock(tmp_path, "the folder")
    lock.release()
    lock.release()
    (tmp_path / LOCK).write_text("process 1 on elsewhere\n")  # nobody holds it any more
    Lock(tmp_path, "the folder").release()
    assert list(tmp_path.iterdir()) == []


def drawn():
    x, y = np.zeros((8, 4, 4, 1), np.uint8), (np.arange(8) % 2).astype(np.int32)
    return formats.Source.of(Data("d", "synthetic", "x", Split("train", x, y), Split("test", x, y), classes=("a", "b")))


def from_table(folder):
    table = folder.with_name("t.csv")
    table.write_text("a,b\n1,x\n2,y\n")
    csv_hdf5.convert(table, folder, "b", options=formats.Options(quiet=True))


CONVERSIONS = {
    **{to: lambda out, to=to: formats.write(drawn(), to, out, formats.Options(quiet=True)) for to in formats.MODULES},
    "csv": from_table,
}


@pytest.mark.parametrize("name", CONVERSIONS)
def test_two_conversions_do_not_share_a_folder(name, tmp_path):
    (tmp_path / "out").mkdir()
    lock = Lock(tmp_path / "out", "x")
    with pytest.raises(InputError, match=r"out is in use by process \d+ on"):
        CONVERSIONS[name](tmp_path / "out")
    lock.release()
    CONVERSIONS[name](tmp_path / "out")
    assert not (tmp_path / "out" / LOCK).exists()


def test_a_table_that_was_being_converted_is_begun_anew(tmp_path, monkeypatch):
    """As after a kill between the last two steps: the numbers are whole, and no manifest says so."""
    out = tmp_path / "out"

    def leave(self, folder):
        shutil.copytree(folder, tmp_path / "left", ignore=shutil.ignore_patterns(LOCK))
        raise InputError("a full disk")

    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "write", leave)
        with pytest.raises(InputError, match="a full disk"):
            from_table(out)
    assert not out.exists()
    assert len(list((tmp_path / "left").iterdir())) == 2
    shutil.copytree(tmp_path / "left", out)
    from_table(out)
    assert formats.open(out).faults() == []
    assert sorted(path.name for path in out.iterdir()) == ["manifest.json", "t.h5"]
    before = os.stat(out / "t.h5")
    from_table(out)
    assert os.stat(out / "t.h5") == before
    with pytest.raises(InputError, match="is not empty"):
        csv_hdf5.convert(tmp_path / "t.csv", out, "b", labels="numbers")
    with pytest.raises(InputError, match="unfinished conversion of something else"):
        csv_hdf5.convert(tmp_path / "t.csv", tmp_path / "left", "b", labels="numbers")


@pytest.mark.parametrize("left", [".unfinished.{}.partial.jsonl", ".train_1.{}.partial.npz", ".0001.{}.partial.png"])
def test_a_kill_at_the_very_start_does_not_block_a_folder(left, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / left.format(DEAD)).write_text('{"format": ')
    formats.write(drawn(), "npz", tmp_path / "out", formats.Options(quiet=True))
    assert formats.open(tmp_path / "out").faults() == []
    assert not any("partial" in path.name for path in (tmp_path / "out").iterdir())


def test_leftovers_of_dead_processes_go_and_those_of_living_ones_stay(tmp_path):
    with whole_file(tmp_path / "a.txt") as mine, whole_folder(tmp_path / "folder") as folder:
        mine.write_text("x")
        dead = [tmp_path / path.name.replace(str(os.getpid()), str(DEAD)) for path in (mine, folder)]
        dead[0].touch()
        dead[1].mkdir()
        remove_leftovers(tmp_path)
        assert [path.exists() for path in (mine, folder, *dead)] == [True, True, False, False]


def test_default_names_never_collide(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [unused_directory("x") for _ in range(3)]
    assert len(set(names)) == 3
    assert all(path.is_dir() for path in names)
    runs = [RunDirectory.create(None, RECIPE) for _ in range(2)]
    assert runs[0].path != runs[1].path


# Bad values and full disks


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seed", str(2**70)], "seed must be below"),
        (["--run-dir", "x" * 300], "cannot write"),
        (["--resume", "--run-dir", "x" * 300], "is not a run directory"),
    ],
)
def test_absurd_arguments_are_one_line(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    base = [] if "--resume" in arguments else ["softmax-regression", "--limit", "40"]
    assert command(train.main, [*base, *arguments, "--quiet"]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("kind", ["npz", "weights", "savedmodel", "tflite"])
def test_a_full_disk_is_one_line_in_every_export(kind, done, tmp_path, capsys, monkeypatch):
    """/dev/full cannot be a folder, so the disk fills where files are finished."""
    import tensorflow as tf

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def tensorflow_full(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    if kind == "savedmodel":
        import keras

        monkeypatch.setattr(keras.Model, "export", tensorflow_full)
        monkeypatch.setattr(tf.saved_model, "save", tensorflow_full)
    monkeypatch.setattr(os, "replace", full)
    out = tmp_path / f"out{saving.EXPORTS[kind].suffix}"
    assert command(export.main, [str(done.path), "--to", kind, str(out)]) == 2
    error = capsys.readouterr().err
    assert "space" in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_figures_stay_away_where_the_run_was_told_so(stopped):
    run = trainer.resume(stopped, quiet=True)
    assert not run.figures.exists()
    assert run.info["figures"] == []


def test_another_machine_is_named(stopped):
    stopped.update(versions={**stopped.info["versions"], "numpy": "1.0"})
    (warning,) = trainer.resume(stopped, quiet=True).info["warnings"]
    assert "numpy" in warning
    assert "in place of 1.0" in warning
