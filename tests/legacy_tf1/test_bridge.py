"""Weights between TensorFlow 1 checkpoints, Keras models and npz files."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from legacy_tf1 import bridge, names, topics
from legacy_tf1.pair import Pair
from tf_data.command import run
from tf_models.training.building import build_model

tf1 = tf.compat.v1


@pytest.fixture(scope="module")
def autoencoder(digits, tmp_path_factory):
    """A pair after three steps of Adam, and the checkpoint that its `Saver` wrote then."""
    from dataclasses import replace

    topic = topics.get("ae-basic")
    data = replace(digits, train=digits.train.slice(0, 64))
    prefix = str(tmp_path_factory.mktemp("saver") / "model.ckpt")
    with Pair(topic, replace(topic.recipe(), batch_size=16), data) as pair:
        for number in range(3):
            pair.step(number)
        pair.built.save(pair.session, prefix)
        yield pair, prefix


@pytest.fixture(scope="module")
def perceptron(tmp_path_factory):
    """`model.keras` of an untrained `mlp-basic`, and the model."""
    model = build_model(topics.get("mlp-basic").recipe(), seed=7)
    path = tmp_path_factory.mktemp("keras") / "model.keras"
    model.save(path)
    return model, path


def fails(capsys, arguments, *said):
    assert run(bridge.main, [str(argument) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1, error
    for text in said:
        assert text in error


def same(one: dict, two: dict) -> None:
    assert one.keys() == two.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, two[name], err_msg=name)


def test_a_checkpoint_becomes_a_keras_model_with_the_same_answers(autoencoder, tmp_path, digits):
    pair, prefix = autoencoder
    out = tmp_path / "model.keras"
    assert run(bridge.main, [prefix, "--topic", "ae-basic", "--out", str(out)]) == 0
    x = (digits.test.x[:5] / 255).astype(np.float32)
    theirs = pair.session.run(pair.built.outputs, pair.built.feed(x))
    ours = tf.keras.models.load_model(out)(x)
    np.testing.assert_allclose(np.reshape(ours, theirs.shape), theirs, atol=2e-5)


def test_a_checkpoint_carries_the_optimizer_into_a_compiled_model(autoencoder):
    pair, prefix = autoencoder
    before = names.from_model(pair.model, pair.topic)
    for variable in (*pair.model.variables, *pair.model.optimizer.variables):
        variable.assign(np.zeros(variable.shape))
    pair.model.optimizer.learning_rate.assign(0.01)
    names.to_model(bridge.read(prefix), pair.model, pair.topic, prefix)
    after = names.from_model(pair.model, pair.topic)
    assert int(after["global_step"]) == 3
    assert np.abs(after["encoder/code/weights/Adam"]).max() > 0
    for name, value in before.items():
        np.testing.assert_allclose(after[name], value, atol=1e-5)


def test_a_saver_restores_what_the_bridge_wrote_and_goes_on_where_keras_stood(autoencoder, tmp_path):
    pair, _ = autoencoder
    values, prefix = names.from_model(pair.model, pair.topic), tmp_path / "deep" / "model.ckpt"
    bridge.write_checkpoint(values, pair.topic, pair.topic.recipe(), prefix, "the model")
    built = pair.topic.build(pair.topic.recipe())
    with built.graph.as_default(), tf1.Session(graph=built.graph) as session:
        built.saver.restore(session, str(prefix))
        restored = names.from_session(built, session)
    powers = {name: restored.pop(name) for name in list(restored) if names.POWER.fullmatch(name)}
    same(restored, values)
    assert powers["beta1_power"] == pytest.approx(0.9**4)
    assert powers["beta2_power"] == pytest.approx(0.999**4)


def test_a_written_checkpoint_works_from_its_meta_graph_alone(perceptron, tmp_path, digits):
    model, path = perceptron
    prefix = tmp_path / "model.ckpt"
    assert run(bridge.main, [str(path), "--topic", "mlp-basic", "--out", str(prefix)]) == 0
    x = (digits.test.x[:5] / 255).astype(np.float32)
    with tf.Graph().as_default(), tf1.Session() as session:
        tf1.train.import_meta_graph(f"{prefix}.meta").restore(session, str(prefix))
        logits = session.run("logits_out:0", {"images:0": x.reshape(5, 784)})
        assert "fc1/weights:0" in [variable.name for variable in tf1.global_variables()]
    np.testing.assert_allclose(logits, model(x), atol=1e-5)


def test_npz_goes_both_ways_by_the_names_of_the_notebook(perceptron, tmp_path):
    model, path = perceptron
    archive, again = tmp_path / "mlp.npz", tmp_path / "again.keras"
    assert run(bridge.main, [str(path), "--topic", "mlp-basic", "--out", str(archive)]) == 0
    with np.load(archive) as arrays:
        parts = ("fc1", "fc2", "logits")
        assert set(arrays.files) >= {f"{part}/{kind}:0" for part in parts for kind in ("weights", "biases")}
    assert run(bridge.main, [str(archive), "--topic", "mlp-basic", "--out", str(again)]) == 0
    topic = topics.get("mlp-basic")
    same(names.from_model(tf.keras.models.load_model(again), topic), names.from_model(model, topic))


@pytest.mark.parametrize("id", ["logistic-regression", "mlp-batchnorm", "gan-conv-mnist", "metric-siamese-mlp"])
def test_values_survive_the_way_through_a_checkpoint(id, tmp_path):
    topic = topics.get(id)
    recipe = topic.recipe()
    model = build_model(recipe, seed=3)
    for number, variable in enumerate(names.model_variables(topic, model).values()):
        variable.assign(np.random.default_rng(number).uniform(0.5, 1.5, variable.shape))
    values = names.from_model(model, topic)
    bridge.write_checkpoint(values, topic, recipe, tmp_path / "model.ckpt", "the model")
    again = build_model(recipe, seed=4)
    names.to_model(bridge.read(tmp_path / "model.ckpt"), again, topic, "the checkpoint")
    same(names.from_model(again, topic), values)


def test_any_checkpoint_is_listed(tmp_path, capsys, autoencoder):
    tf.train.Checkpoint(v=tf.Variable([1.0, 2.0])).write(str(tmp_path / "other"))
    assert run(bridge.main, [str(tmp_path / "other"), "--list"]) == 0
    assert "(2,)  float32" in capsys.readouterr().out
    _, prefix = autoencoder
    assert run(bridge.main, [f"{prefix}.index", "--list"]) == 0
    shown = capsys.readouterr().out
    assert "encoder/code/weights/Adam_1" in shown
    assert "(784, 32)" in shown


def test_one_error_names_all_that_does_not_fit(autoencoder, tmp_path, capsys):
    _, prefix = autoencoder
    fails(
        capsys,
        [prefix, "--topic", "mlp-basic", "--out", tmp_path / "model.keras"],
        "does not fit mlp-basic",
        "missing: fc1/weights, fc1/biases",
        "unknown: decoder/pixels/biases",
    )
    assert not (tmp_path / "model.keras").exists()
    values = bridge.read(prefix)
    values["encoder/code/biases"] = np.zeros(33)
    bridge.write_npz(values, tmp_path / "odd.npz")
    arguments = [tmp_path / "odd.npz", "--topic", "ae-basic", "--out", tmp_path / "x.ckpt"]
    fails(capsys, arguments, "encoder/code/biases (33,) instead of (32,)")


def test_a_keras_file_of_another_topic_is_refused(perceptron, tmp_path, capsys):
    _, path = perceptron
    fails(
        capsys, [path, "--topic", "cnn-basic", "--out", tmp_path / "x.ckpt"], "missing: block1_conv", "hidden1/kernel"
    )


def test_damaged_and_missing_files_are_one_line(autoencoder, tmp_path, capsys):
    _, prefix = autoencoder
    out = ["--topic", "ae-basic", "--out", tmp_path / "x.keras"]
    data, index = (Path(f"{prefix}.{part}").read_bytes() for part in ("data-00000-of-00001", "index"))
    (tmp_path / "cut.index").write_bytes(index)
    (tmp_path / "cut.data-00000-of-00001").write_bytes(data[: len(data) // 2])
    fails(capsys, [tmp_path / "cut", *out], "cut is damaged")
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    (tmp_path / "cut.data-00000-of-00001").write_bytes(flipped)
    fails(capsys, [tmp_path / "cut", *out], "cut is damaged")
    (tmp_path / "short.index").write_bytes(index[:20])
    fails(capsys, [tmp_path / "short", *out], "short is damaged")
    (tmp_path / "alone.index").write_bytes(index)
    fails(capsys, [tmp_path / "alone", *out], "alone is damaged")
    fails(capsys, [tmp_path / "none", *out], "none.index does not exist")
    fails(capsys, [tmp_path, *out], "several checkpoints", "alone, cut, short")
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 no archive")
    fails(capsys, [tmp_path / "bad.npz", *out], "bad.npz is damaged")
    fails(capsys, [tmp_path / "none.npz", *out], "none.npz does not exist")
    fails(capsys, [tmp_path / "none.keras", *out], "none.keras does not exist")
    (tmp_path / "bad.keras").write_bytes(b"nothing")
    fails(
        capsys,
        [tmp_path / "bad.keras", "--topic", "ae-basic", "--out", tmp_path / "x.npz"],
        "bad.keras is damaged or not a Keras file",
    )
    fails(capsys, [tmp_path / "cut", "--topic", "nothing", "--out", tmp_path / "x.npz"], "unknown topic 'nothing'")
    fails(capsys, [tmp_path / "cut"], "name --topic and --out")
