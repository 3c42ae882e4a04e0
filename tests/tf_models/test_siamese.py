"""Siamese networks: the loss against NumPy, shared weights, balanced pairs, scores, resuming, prediction."""

import json
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from runs import assert_same_run, interrupted

import tf_models
from tf_data.errors import InputError
from tf_data.pipeline import Position
from tf_data.transform import Images
from tf_models import predict
from tf_models.configs import get
from tf_models.losses import ContrastiveLoss
from tf_models.metric import siamese_mlp
from tf_models.tasks.base import About
from tf_models.tasks.compare import Compare, partner_places, scored_pairs
from tf_models.training import trainer
from tf_models.training.fit import CompiledLoop
from tf_models.training.trainer import Options

PARAMETERS = {
    "metric-siamese-mlp": 267_009,
    "metric-siamese-mlp-2d": 267_009 + 257,
    "metric-siamese-mlp-16d": 267_009 + 15 * 257,
}
RECIPES = [recipe for recipe in tf_models.recipes() if recipe.section == "metric"]
SMALL = {"input_shape": (4, 4, 1), "hidden": (8,), "embedding_dim": 2}
TINY = replace(
    get("metric-siamese-mlp"), model={**get("metric-siamese-mlp").model, "hidden": (16,)}, embedded={}, epochs=2
)
OPTIONS = Options(source="embedded", limit=300, quiet=True, figures=False)


def position(count, epoch=0):
    return Position(3, tf.constant(epoch, tf.int64), tf.range(count, dtype=tf.int64))


def batch(count=40, classes=4, epoch=0):
    rng = np.random.default_rng(0)
    y = tf.constant(rng.integers(0, classes, count).astype(np.int32))
    x = tf.constant(rng.integers(0, 256, (count, 4, 4, 1), dtype=np.uint8))
    return x, y, position(count, epoch)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.id)
def test_parameters(recipe):
    model = tf_models.build(recipe.id)
    assert sum(int(np.prod(w.shape)) for w in model.trainable_variables) == recipe.parameters == PARAMETERS[recipe.id]
    assert len(RECIPES) == len(PARAMETERS)


def test_the_loss_against_numpy_uses_the_labels():
    same, distance = np.array([[1.0], [1.0], [0.0], [0.0]]), np.array([[0.5], [2.0], [0.25], [3.0]], np.float32)
    expected = np.mean([0.5 * 0.25, 0.5 * 4, 0.5 * (1.5 - 0.25) ** 2, 0.0])
    loss = ContrastiveLoss(margin=1.5)
    assert float(loss(same, distance)) == pytest.approx(expected, rel=1e-6)
    assert float(loss(1 - same, distance)) != pytest.approx(expected)
    assert loss.get_config()["margin"] == 1.5
    with pytest.raises(ValueError, match="margin"):
        ContrastiveLoss(0)


def test_both_sides_share_their_weights():
    model = siamese_mlp(**SMALL)
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 5, 4, 4, 1), dtype=np.float32)
    there, back = model({"first": a, "second": b}), model({"first": b, "second": a})
    np.testing.assert_allclose(there, back, rtol=1e-6)
    np.testing.assert_allclose(model({"first": a, "second": a}), 1e-6, rtol=1e-3)
    codes = [model.get_layer("encoder")(side).numpy() for side in (a, b)]
    np.testing.assert_allclose(there[:, 0], np.linalg.norm(codes[0] - codes[1], axis=1), rtol=1e-5)
    assert len(model.trainable_variables) == 4  # and not 8
    before = [weight.numpy() for weight in model.trainable_variables]
    model.compile(keras.optimizers.SGD(0.1), ContrastiveLoss())
    model.train_on_batch({"first": a, "second": b}, np.zeros((5, 1)))
    moved = [not np.array_equal(x, w.numpy()) for x, w in zip(before, model.trainable_variables, strict=True)]
    assert moved == [True, True, True, False]  # a distance does not depend on the embedding's bias
    np.testing.assert_allclose(model({"first": a, "second": b}), model({"first": b, "second": a}), rtol=1e-6)


def test_equal_images_give_no_nan():
    model = siamese_mlp(**SMALL)
    image = np.ones((2, 4, 4, 1), np.float32)
    with tf.GradientTape() as tape:
        loss = ContrastiveLoss()(np.zeros((2, 1)), model({"first": image, "second": image}))
    assert all(np.isfinite(g.numpy()).all() for g in tape.gradient(loss, model.trainable_variables))


def test_pairs_are_balanced_and_follow_from_seed_epoch_and_sample():
    task = Compare().bind(None, Images(), About("digits"))
    x, y, where = batch()
    inputs, same = task.prepare(x, y, where)
    assert same.shape == (40, 1)
    np.testing.assert_array_equal(same[:, 0], np.arange(40) % 2 == 0)
    again = task.prepare(x, y, where)[0]["second"]
    np.testing.assert_array_equal(inputs["second"], again)
    assert not np.array_equal(task.prepare(x, y, position(40, epoch=1))[0]["second"], again)
    np.testing.assert_allclose(inputs["first"], x.numpy() / 255)


def test_every_partner_is_possible_and_nobody_is_his_own():
    y = tf.constant([0, 1, 0, 1, 0, 1], tf.int32)
    draws = np.linspace(0, 1, 12, endpoint=False, dtype=np.float32)
    drawn = np.array([partner_places(y, tf.fill([6], draw)) for draw in draws])
    assert [sorted(set(column)) for column in drawn.T] == [[2, 4], [0, 2, 4], [0, 4], [0, 2, 4], [0, 2], [0, 2, 4]]
    assert all(np.bincount(column)[column[0]] == 12 // len(set(column)) for column in drawn.T)
    # Without another sample of its class a sample gets one of another class, and alone it gets itself.
    np.testing.assert_array_equal(partner_places(tf.constant([0, 1]), tf.constant([0.0, 0.9])), [1, 0])
    np.testing.assert_array_equal(partner_places(tf.constant([7]), tf.constant([0.5])), [0])


def test_scored_pairs_are_half_of_one_class():
    y = np.repeat(np.arange(3), 20)
    codes = y[:, None] + np.linspace(0, 0.1, 60)[:, None]
    distances, same = scored_pairs(codes, y)
    assert same.sum() == 30
    np.testing.assert_array_equal(distances < 0.2, same)
    assert distances.min() > 0  # nobody is his own partner
    assert scored_pairs(codes[19:22], np.array([0, 1, 1]))[1].tolist() == [False, False, True]


def test_a_batch_can_be_learned_and_is_scored():
    model, task = siamese_mlp(**{**SMALL, "hidden": (64,)}), Compare(neighbours=1)
    data = replace(trainer.load_data(TINY, OPTIONS), classes=("a", "b", "c", "d"))
    x, y, _ = batch()
    split = replace(data.train, x=x.numpy(), y=y.numpy())
    data = replace(data, train=split, test=split)
    task = task.bind(model, Images(), About.of(data), data)
    task.compile(keras.optimizers.Adam(0.01), jit=False)
    before = task.evaluate(split, 16)
    step = tf.function(model.train_step, autograph=False)
    for epoch in range(300):
        step(task.prepare(x, y, position(40, epoch)))
    after = task.evaluate(split, 16)
    assert after["loss"] < 0.5 * before["loss"]
    assert after["auc"] > 0.85
    assert after["knn_accuracy"] == 1.0  # its own nearest neighbour
    assert after["samples"] == 40


def test_an_interrupted_run_goes_on_bit_for_bit_and_predicts(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(CompiledLoop, "calibrate", lambda self: setattr(self, "block", 1))
    whole = trainer.train(TINY, replace(OPTIONS, figures=True), tmp_path / "whole")
    parts = interrupted(TINY, OPTIONS, tmp_path / "parts", 1, 1)
    assert_same_run(whole, trainer.resume(parts, quiet=True, figures=False))
    assert whole.info["figures"] == ["curves.png", "distances.png", "roc.png", "embedding.png", "architecture.png"]
    assert trainer.evaluate(whole)[1]["test"] == whole.info["results"]["test"]

    from PIL import Image

    path = str(tmp_path / "digit.png")
    Image.fromarray(np.eye(28, dtype=np.uint8) * 255).save(path)
    predict.main([str(whole.path), path, path, "--json"])
    (row,) = json.loads(capsys.readouterr().out)
    assert row["same"] is True
    assert row["distance"] < 1e-3
    with pytest.raises(InputError, match="at least one other"):
        predict.main([str(whole.path), path])
    script = f"import tf_models; print(tf_models.load({str(whole.path)!r}).count_params())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == str(785 * 16 + 17), done.stderr


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {**TINY.model, "input_shape": (32, 32, 1)}}, "takes samples of"),
        ({"task_options": {"margin": 0.0}}, "margin must be positive"),
        ({"task_options": {"neighbours": 0}}, "neighbours at least 1"),
    ],
)
def test_bad_settings(changes, message, tmp_path):
    with pytest.raises(InputError, match=message):
        trainer.train(replace(TINY, **changes), OPTIONS, tmp_path / "run")
    assert not (tmp_path / "run").exists()
