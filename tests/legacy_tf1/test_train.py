"""`python -m legacy_tf1.train`: the run directory that a session leaves."""

import json
import logging

import numpy as np
import pytest
import tensorflow as tf

from legacy_tf1 import bridge, names, topics, train
from tf_data.command import run
from tf_models import evaluate
from tf_models import train as keras_train
from tf_models.training.run_directory import RunDirectory

QUICK = ["--data", "embedded", "--limit", "300", "--epochs", "3"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "run"
    assert run(train.main, ["mlp-batchnorm", *QUICK, "--quiet", "--run-dir", str(folder)]) == 0
    return folder


def test_a_run_has_all_that_a_keras_run_has(trained):
    run_info = json.loads((trained / "run.json").read_text())
    assert run_info["status"] == "done"
    assert run_info["trainer"] == "legacy_tf1.train"
    assert run_info["parameters"] == 136_458
    assert run_info["results"]["test"]["samples"] == 300
    assert run_info["results"]["test"]["accuracy"] > 0.6
    rows = RunDirectory.open(trained).read_history()
    assert [set(row) for row in rows] == [{"loss", "accuracy", "val_loss", "val_accuracy"}] * 3
    assert rows[-1]["loss"] < rows[0]["loss"] / 2
    assert (trained / "figures" / "curves.png").is_file()
    assert "TensorFlow 1 graph" in (trained / "report.md").read_text()


def test_the_saved_model_and_the_last_checkpoint_are_one(trained):
    topic = topics.get("mlp-batchnorm")
    last = bridge.read(trained / "checkpoints")
    model = RunDirectory.open(trained).load_model()
    for name, value in names.from_model(model, topic).items():
        if not names.is_bookkeeping(name):
            np.testing.assert_array_equal(value, last[name])
    assert int(last["global_step"]) == 3 * 5
    assert len(list((trained / "checkpoints").glob("*.index"))) == 2


def test_evaluate_repeats_the_figures_and_resume_refuses(trained, capsys):
    assert run(evaluate.main, [str(trained), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["results"]
    assert found == json.loads((trained / "run.json").read_text())["results"]
    assert run(keras_train.main, ["--run-dir", str(trained), "--resume", "--epochs", "9"]) == 2
    assert "was trained by legacy_tf1.train" in capsys.readouterr().err


@pytest.mark.parametrize(
    "id", ["perceptron", "logistic-regression", "ae-nneighbor", "gan-fc-mnist", "metric-siamese-mlp"]
)
def test_other_tasks_train_too(id, tmp_path):
    source = ["--data", "synthetic"] if id == "perceptron" else ["--data", "embedded"]
    arguments = [id, *source, "--limit", "200", "--epochs", "1", "--no-figures", "--quiet"]
    assert run(train.main, [*arguments, "--run-dir", str(tmp_path / "run")]) == 0
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert info["status"] == "done"
    if id == "logistic-regression":
        assert info["results"]["test"]["accuracy"] == 1.0


def test_a_loss_that_is_not_finite_ends_the_run_with_3(tmp_path, monkeypatch, capsys):
    from dataclasses import replace

    wild = replace(topics.get("mlp-basic"), settings=("learning_rate=1e30",))
    monkeypatch.setitem(topics.BY_ID, "mlp-basic", wild)
    assert run(train.main, ["mlp-basic", *QUICK, "--quiet", "--run-dir", str(tmp_path / "run")]) == 3
    error = capsys.readouterr().err
    assert "epoch 1, step" in error
    assert "model.ckpt-0" in error
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "failed"
    assert "fc1/weights" in bridge.read(tmp_path / "run" / "checkpoints" / "model.ckpt-0")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mlp-basik"], "did you mean mlp-basic"),
        (["mlp-basic", "--epochs", "0"], "epochs must be at least 1"),
        (["cnn-vgg16-cifar10", "--data", "embedded"], "cifar10"),
    ],
)
def test_bad_usage_is_one_line_and_leaves_nothing(arguments, said, tmp_path, capsys):
    assert run(train.main, [*arguments, "--run-dir", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_deprecations_are_silent_where_they_are_the_subject_and_nowhere_else(trained, tmp_path, caplog):
    logger = tf.get_logger()
    filters = list(logger.filters)
    with caplog.at_level(logging.WARNING, logger="tensorflow"):
        logger.addHandler(caplog.handler)
        try:
            arguments = ["softmax-regression", *QUICK, "--no-figures", "--quiet", "--run-dir", str(tmp_path / "run")]
            assert run(train.main, arguments) == 0  # a third checkpoint makes Saver delete the first
        finally:
            logger.removeHandler(caplog.handler)
    assert not [record for record in caplog.records if "deprecated" in record.getMessage()]
    assert logger.filters == filters
