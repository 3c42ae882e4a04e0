"""The table of mechanics: what it proves, what it measures, and the command."""

import json
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from legacy_tf1 import mechanics
from legacy_tf1.pipelines.mechanisms import MECHANISMS, TOPICS, of_topic
from tf_data.command import run
from tf_data.errors import InputError
from tf_models.configs import get

SMALL = ["--data", "embedded", "--limit", "300"]


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Times that mean nothing, and no thread left behind."""
    monkeypatch.setattr(mechanics, "WARM_SECONDS", 0.01)
    monkeypatch.setattr(mechanics, "TIMED_SECONDS", 0.05)
    before = threads()
    yield
    assert threads() <= before


def threads():
    """Threads that somebody started: not TensorFlow's own, dummies once they have run Python, nor the progress bar's."""
    return {
        thread
        for thread in threading.enumerate()
        if not (isinstance(thread, threading._DummyThread) or thread.name == "tqdm_monitor")
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


def test_every_topic_has_a_recipe_and_every_queue_its_goal():
    assert TOPICS == ("mech-npz-chunks", "mech-hdf5-images", "mech-tfrecords", "mech-file-queues", "mech-dataset-api")
    for mechanism in MECHANISMS:
        assert get(mechanism.topic) == mechanism.recipe
        assert mechanism.goal == (5 if mechanism.module in ("tfrecords", "file_queues") else 1)


# The four iterators have one partner.
ROWS = [each for each in MECHANISMS if each.topic != "mech-dataset-api" or each.options["kind"] == "feedable"]


@pytest.mark.parametrize("mechanism", ROWS, ids=lambda mechanism: mechanism.name)
def test_both_sides_deliver_each_sample_once(mechanism, folder):
    stored = mechanism.write(mechanics.load("embedded", limit=300), folder)
    row = mechanics.compare(mechanism, stored, repeats=1)
    assert row.equal, row
    assert (row.topic, row.tf1, row.samples) == (mechanism.topic, mechanism.name, 300)
    assert row.ratio == pytest.approx(row.tf2_speed / row.tf1_speed)
    assert min(row.tf1_start, row.tf2_start, row.tf1_speed, row.tf2_speed) > 0
    head, line = mechanics.show([row]).splitlines()
    assert head.split()[0] == "topic"
    assert " yes " in line


@pytest.mark.parametrize("side", ["tf1", "tf2"])
def test_a_side_that_loses_or_repeats_a_sample_is_found_out(side, folder, monkeypatch):
    (mechanism,) = of_topic("mech-npz-chunks")
    stored = mechanism.write(mechanics.load("embedded", limit=300), folder)
    honest = getattr(mechanics, f"_{side}_samples")

    def cheating(mechanism, stored):
        batches = list(honest(mechanism, stored))
        batches[0][1:3] = batches[1][:1]
        return batches

    monkeypatch.setattr(mechanics, f"_{side}_samples", cheating)
    row = mechanics.compare(mechanism, stored, repeats=1)
    assert not row.equal
    assert (getattr(row, f"{side}_lost"), getattr(row, f"{side}_extra")) == (2, 1)
    assert "-2+1" in mechanics.line(row)


def test_unscaled_pixels_are_found_out(digits):
    images, labels = digits.train.x[:4], digits.train.y[:4]
    forgotten = mechanics.fingerprints(images.astype(np.float32), labels)
    assert not Counter(forgotten) & Counter(mechanics.fingerprints(images, labels))


def test_timing_leaves_start_and_warm_up_out(monkeypatch):
    clock = [0.0]

    def take(seconds, samples):
        def work():
            clock[0] += seconds
            return samples

        return work

    monkeypatch.setattr(mechanics.time, "perf_counter", lambda: clock[0])
    found = mechanics.timed(take(3, 1000), take(0.01, 5))
    assert found.start == 3
    assert found.speed == pytest.approx(500)


def test_the_command_prints_rows_and_ends_with_1_where_samples_differ(folder, capsys, monkeypatch):
    arguments = ["mech-npz-chunks", *SMALL, "--repeats", "1", "--files", str(folder)]
    assert run(mechanics.main, arguments) == 0
    assert capsys.readouterr().out.count("mech-npz-chunks") == 1
    assert run(mechanics.main, [*arguments, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["samples"] == 300
    honest = mechanics.compare
    monkeypatch.setattr(mechanics, "compare", lambda *args: replace(honest(*args), tf2_lost=1))
    assert run(mechanics.main, arguments) == 1


def test_the_command_trains(folder, capsys):
    arguments = ["mech-tfrecords", *SMALL, "--files", str(folder), "--train", "--epochs", "2"]
    assert run(mechanics.main, [*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["history"]) == 2
    assert found["results"]["test"]["samples"] == 300
    assert run(mechanics.main, arguments) == 0
    said = capsys.readouterr().out
    assert "epoch 2/2" in said
    assert "of 300" in said


def test_the_command_saves_and_loads(tmp_path, capsys):
    assert run(mechanics.main, ["mech-save-load", *SMALL, "--files", str(tmp_path), "--epochs", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["trained", "meta graph", "npz constants"]
    assert len(set(found.values())) == 1
    assert {path.name for path in tmp_path.iterdir()} >= {"mlp.meta", "mlp.index", "mlp.npz"}


def test_bad_usage_and_bad_files_end_with_2_and_one_line(tmp_path, capsys):
    (mechanism, *_) = of_topic("mech-file-queues")
    stored = mechanism.write(mechanics.load("embedded", limit=300), tmp_path)
    (stored.path / "train" / stored.splits["train"].blocks.paths()[7].rpartition("/train/")[2]).unlink()
    for arguments, said in {
        ("mech-file-queue",): "did you mean mech-file-queues",
        ("--train",): "--train needs a topic",
        ("--epochs", "3"): "--epochs goes with --train",
        ("--repeats", "0"): "must be at least 1",
        ("mech-file-queues", *SMALL, "--files", str(tmp_path)): "missing file",
        ("--data-dir", str(tmp_path / "nowhere")): "does not exist",
    }.items():
        assert run(mechanics.main, list(arguments)) == 2
        error = capsys.readouterr().err
        assert len(error.strip().splitlines()) == 1, error
        assert said in error


def test_help_loads_no_tensorflow_and_the_run_prints_no_deprecations(tmp_path):
    script = """
import sys
from legacy_tf1 import mechanics
try:
    mechanics.main(["--help"])
except SystemExit:
    pass
assert "tensorflow" not in sys.modules
mechanics.TIMED_SECONDS = 0.01
code = mechanics.main(["mech-tfrecords", "--data", "embedded", "--limit", "130", "--repeats", "1"])
from legacy_tf1.pipelines import dataset_api
import tensorflow as tf
folder = mechanics.of_topic("mech-dataset-api")[0].write(mechanics.load("embedded", limit=20), sys.argv[1])
with tf.Graph().as_default():
    dataset_api.build(folder)
sys.exit(code)
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stdout + done.stderr


def test_unknown_topics_are_refused():
    with pytest.raises(InputError, match="mech-tfrecords"):
        mechanics.compare_all("mech-tfrecord")
