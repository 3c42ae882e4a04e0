"""Conversions: settings, interruptions, repetitions, and the manifest that ends them."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from small_data import QUIET, assert_holds, convert, random_images

from tf_data import formats
from tf_data.dataset import Split
from tf_data.errors import InputError
from tf_data.formats import Source, writing
from tf_data.formats.manifest import Manifest
from tf_data.order import permutation

FORMATS = formats.MODULES


@pytest.mark.parametrize(
    ("to", "options", "match"),
    [
        ("npz", {"encoding": "png"}, "npz keeps samples as raw, not png"),
        ("images", {"encoding": "raw"}, "images keeps samples as png or jpeg"),
        ("images", {"compress": True}, "compressed already"),
        ("npz", {"chunk_size": 0}, "chunk size must be at least 1"),
        ("hdf5", {"workers": 0}, "workers must be at least 1"),
        ("npz", {"chunk_size": 400_000}, "makes files of 23 MB, which are read whole; choose 279620 or less"),
        ("zip", {}, "unknown format 'zip'"),
    ],
)
def test_bad_options_are_refused_and_leave_nothing(tmp_path, to, options, match):
    with pytest.raises(InputError, match=match):
        convert(random_images(), to, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_what_a_format_cannot_hold_is_refused(tmp_path):
    text = Split("train", np.array(["a", "b"], object))
    for to in ("npz", "images"):
        with pytest.raises(InputError, match=f"{to} keeps samples of one shape only; texts go to hdf5 or tfrecord"):
            formats.write(Source({"name": "t"}, {"train": text}), to, tmp_path / "out", QUIET)
    with pytest.raises(InputError, match="which are nothing to convert"):
        Source({"name": "t"}, {"train": Split("train", np.ones((2, 0)))})
    with pytest.raises(InputError, match="unlike train"):
        Source({"name": "t"}, {"train": Split("train", np.ones((2, 3))), "test": Split("test", np.ones((2, 4)))})
    double = Split("train", np.ones((2, 3)), np.ones(2))
    with pytest.raises(InputError, match="int64 or float32, not float64"):
        formats.write(Source({"name": "t"}, {"train": double}), "tfrecord", tmp_path / "out", QUIET)
    with pytest.raises(InputError, match="no classes to name folders"):
        convert(replace(random_images(), classes=()), "images", tmp_path / "out")


@pytest.mark.parametrize("to", FORMATS)
def test_samples_can_be_stored_in_another_order(tmp_path, to):
    """Sorted classes would otherwise meet in few windows only."""
    data = random_images(train=60)
    formats.write(Source.of(data, shuffle=5), to, tmp_path / "out", replace(QUIET, chunk_size=7))
    split = formats.open(tmp_path / "out").splits["train"]
    order = permutation(60, 5)
    np.testing.assert_array_equal(split.x[:], data.train.x[order])
    np.testing.assert_array_equal(split.y, data.train.y[order])
    with pytest.raises(InputError, match="other settings"):
        formats.write(Source.of(data, shuffle=6), to, tmp_path / "out", replace(QUIET, chunk_size=7))


# Conversions that break off, and that are repeated.


@pytest.mark.parametrize("to", FORMATS)
def test_the_same_call_again_changes_nothing(tmp_path, to):
    data = random_images()
    first = convert(data, to, tmp_path / "out")
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    assert convert(data, to, tmp_path / "out") == first
    assert times == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    with pytest.raises(InputError, match="converted dataset with other settings"):
        convert(data, to, tmp_path / "out", chunk_size=3)
    with pytest.raises(InputError, match="converted dataset with other counts"):
        convert(random_images(train=20), to, tmp_path / "out")


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        convert(random_images(), "npz", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("to", ["npz", "tfrecord", "images"])
def test_an_interrupted_conversion_goes_on(tmp_path, monkeypatch, to):
    data, done = random_images(), []
    original = writing.Job.count

    def interrupted(self, unit, chunk, files):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(unit.name)
        return original(self, unit, chunk, files)

    monkeypatch.setattr(writing.Job, "count", interrupted)
    with pytest.raises(KeyboardInterrupt):
        convert(data, to, tmp_path / "out", chunk_size=4, workers=1)
    with pytest.raises(InputError, match="unfinished conversion; repeat the command"):
        formats.open(tmp_path / "out")
    monkeypatch.undo()
    with pytest.raises(InputError, match="unfinished conversion with other settings; repeat that command"):
        convert(data, to, tmp_path / "out", chunk_size=5)

    kept = json.loads((tmp_path / "out" / writing.JOURNAL).read_text().splitlines()[1])["files"][0]["path"]
    damaged = json.loads((tmp_path / "out" / writing.JOURNAL).read_text().splitlines()[2])["files"][0]["path"]
    before = (tmp_path / "out" / kept).stat().st_mtime_ns
    (tmp_path / "out" / damaged).write_bytes(b"torn")
    with open(tmp_path / "out" / writing.JOURNAL, "a") as journal:
        journal.write('{"name": "train-0000')  # as a kill in the middle of a line leaves it
    written = []
    monkeypatch.setattr(writing.Job, "count", lambda self, *a: written.append(a[0].name) or original(self, *a))
    convert(data, to, tmp_path / "out", chunk_size=4, workers=1)
    assert (tmp_path / "out" / kept).stat().st_mtime_ns == before
    assert not set(written) & {done[0], done[2]}  # finished; the second one's file was torn
    assert done[1] in written
    assert formats.open(tmp_path / "out").faults() == []
    assert_holds(formats.open(tmp_path / "out"), data)

    convert(data, to, tmp_path / "fresh", chunk_size=4)
    for path in (tmp_path / "fresh").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "out" / path.relative_to(tmp_path / "fresh")).read_bytes()


KILLED = """
import os, sys
import numpy as np
from tf_data.dataset import Data, Split
from tf_data import files, formats
replaced = os.replace
calls = 0
def killing(*paths):
    global calls
    calls += 1
    if calls == int(os.environ["AT"]):
        os.kill(os.getpid(), 9)
    replaced(*paths)
os.replace = killing
x = np.arange(24 * 6, dtype=np.uint8).reshape(24, 3, 2, 1)
split = lambda name: Split(name, x, (np.arange(24) % 2).astype(np.int32))
data = Data("drawn", "synthetic", "a test", split("train"), split("test"), classes=("a", "b"))
formats.write(formats.Source.of(data), sys.argv[1], sys.argv[2], formats.Options(chunk_size=4, workers=1, quiet=True))
"""


@pytest.mark.parametrize(("to", "at"), [("npz", 4), ("hdf5", 2), ("images", 20)])
def test_kill_9_in_the_middle_and_again(tmp_path, to, at):
    """Killed between writing a file and giving it its name."""

    def run(at):
        command = [sys.executable, "-c", KILLED, to, str(tmp_path / "out")]
        return subprocess.run(command, env={**os.environ, "AT": str(at)}, capture_output=True, text=True)

    assert run(at).returncode == -signal.SIGKILL
    assert any("partial" in path.name for path in (tmp_path / "out").rglob("*"))
    assert not (tmp_path / "out" / "manifest.json").exists()
    done = run(0)
    assert done.returncode == 0, done.stderr
    assert not any("partial" in path.name for path in (tmp_path / "out").rglob("*"))
    stored = formats.open(tmp_path / "out")
    assert stored.faults() == []
    np.testing.assert_array_equal(stored.splits["test"].x[:].ravel(), np.arange(24 * 6, dtype=np.uint8))


def more_of_everything(manifest):
    manifest["counts"].update(train=99)
    manifest["classes"]["train"][0] += 99 - 23


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda m: m.update(format_version=9), "has version 9, this program reads 1; a newer program wrote it"),
        (lambda m: m.update(more=1), "unknown key 'more'"),
        (lambda m: m["counts"].update(train="23"), "counts must be"),
        (lambda m: m["options"].update(chunk_size=-1), "chunk_size must be a positive number"),
        (lambda m: m["schema"].update(shape=[2**40]), "samples of shape"),
        (lambda m: m["classes"].update(train=[23, 0]), "do not add up"),
        (lambda m: m["files"][0].update(path="../../etc/passwd"), "outside the folder"),
        (lambda m: m["files"][0].update(path="/etc/passwd"), "outside the folder"),
        (lambda m: m["files"][0].update(path="a\0b"), "outside the folder"),
        (lambda m: m["counts"].update(train=99), "its classes of train do not add up to its samples"),
        (more_of_everything, "counts 99 train samples, its files 23"),
        (lambda m: m.pop("schema"), "is damaged"),
        (lambda m: m["schema"].update(dtype="object"), "is damaged"),
        (lambda m: m.update(format="pickle"), "unknown format 'pickle'"),
        (lambda m: m["options"].clear(), "is damaged"),
    ],
)
def test_a_bad_manifest_is_refused(tmp_path, change, match):
    convert(random_images(), "hdf5", tmp_path / "out")
    path = tmp_path / "out" / "manifest.json"
    info = json.loads(path.read_text())
    del info["checksum"]  # what somebody writes on purpose, or wrote before there was one
    path.write_text(json.dumps(info))
    assert len(formats.open(tmp_path / "out").splits) == 2
    change(info)
    path.write_text(json.dumps(info))
    with pytest.raises(InputError, match=match):
        formats.open(tmp_path / "out")


def test_a_manifest_knows_when_it_has_changed(tmp_path):
    convert(random_images(), "npz", tmp_path / "out")
    path = tmp_path / "out" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text())))  # the layout may change
    assert formats.open(tmp_path / "out").faults() == []
    path.write_text(path.read_text().replace("a test", "a tist"))
    with pytest.raises(InputError, match=r"manifest\.json is damaged: its content does not have the checksum"):
        formats.open(tmp_path / "out")


def test_folders_that_are_not_converted_are_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        formats.open(tmp_path / "nothing")
    with pytest.raises(InputError, match=r"no manifest\.json"):
        Manifest.read(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(InputError, match="is damaged"):
        formats.open(tmp_path)
