"""Rosenblatt's rule against a NumPy loop and automatic gradients; logistic regression against its formulas."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_data import load
from tf_data.transform import Features
from tf_models import configs
from tf_models.basic_ml import logistic_regression, perceptron
from tf_models.tasks.base import About
from tf_models.tasks.classify import Classify
from tf_models.training import trainer
from tf_models.training.options import Options


@pytest.fixture(scope="module")
def clouds():
    return load("toy-2d")


def classifier(model, data, **options):
    return Classify(**options).bind(model, Features(), About.of(data), data)


def rosenblatt(x, y, weights, bias):
    """The rule as the textbook states it; also the number of mistakes."""
    mistakes = 0
    for row, target in zip(x, y, strict=True):
        error = target - (1 if row @ weights + bias >= 0 else 0)
        weights, bias, mistakes = weights + error * row, bias + error, mistakes + abs(error)
    return weights, bias, mistakes


@pytest.mark.parametrize("batch_size", [1, 7, 70])
def test_the_rule_equals_a_loop_over_samples(clouds, batch_size):
    model = perceptron(features=2)
    classifier(model, clouds).compile(keras.optimizers.SGD(1.0), jit=False)
    step = tf.function(model.train_step)
    weights, bias = np.zeros(2), 0.0
    for epoch in range(3):
        for x, y in clouds.train.batches(batch_size, seed=4, epoch=epoch):
            step((x, y))
            weights, bias, _ = rosenblatt(x.numpy().astype(np.float64), y.numpy(), weights, bias)
    np.testing.assert_allclose(model.get_layer("unit").kernel.numpy()[:, 0], weights, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(model.get_layer("unit").bias.numpy()[0], bias)


def test_the_rule_descends_the_perceptron_criterion(clouds):
    """One step equals gradient descent with rate 1 on (prediction - target) * net, the prediction held fixed."""
    for x, y in zip(clouds.train.x[:20], clouds.train.y[:20], strict=True):
        model = perceptron(features=2)
        model.get_layer("unit").set_weights([np.array([[0.3], [-0.7]], np.float32), np.array([0.1], np.float32)])
        classifier(model, clouds).compile(keras.optimizers.SGD(1.0), jit=False)
        before = model.get_weights()
        with tf.GradientTape() as tape:
            net = model(x[None])[0, 0]
            criterion = (tf.cast(net >= 0, tf.float32) - float(y)) * net
        gradients = tape.gradient(criterion, model.trainable_variables)
        logs = model.train_step((tf.constant(x[None]), tf.constant([y])))
        for old, new, gradient in zip(before, model.get_weights(), gradients, strict=True):
            np.testing.assert_allclose(new, old - gradient, rtol=1e-6)
        assert float(logs["loss"]) == pytest.approx(float(criterion), abs=1e-6)


def test_ties_are_class_1(clouds):
    """At zero weights the prediction is 1, so a sample of class 1 changes nothing."""
    model = perceptron(features=2)
    classifier(model, clouds).compile(keras.optimizers.SGD(1.0), jit=False)
    model.train_step((tf.constant([[1.0, 2.0]]), tf.constant([1])))
    assert not model.get_layer("unit").kernel.numpy().any()
    model.train_step((tf.constant([[1.0, 2.0]]), tf.constant([0])))
    np.testing.assert_array_equal(model.get_layer("unit").kernel.numpy()[:, 0], [-1, -2])


def test_ties_are_class_0_for_the_strict_rule(clouds):
    model = perceptron(features=2, strict=True)
    classifier(model, clouds).compile(keras.optimizers.SGD(1.0), jit=False)
    model.train_step((tf.constant([[1.0, 2.0]]), tf.constant([0])))
    assert not model.get_layer("unit").kernel.numpy().any()
    model.train_step((tf.constant([[1.0, 2.0]]), tf.constant([1])))
    np.testing.assert_array_equal(model.get_layer("unit").kernel.numpy()[:, 0], [1, 2])


@pytest.mark.parametrize(
    ("id", "weights", "accuracy"),
    [("perceptron", [2.0293, 0.5933, -1], 1.0), ("perceptron-pytorch", [1.2734, 1.3464, -1], 0.9333)],
)
def test_the_originals_points_give_the_originals_weights(id, weights, accuracy, data_dir, tmp_path):
    run = trainer.train(configs.get(id), Options(data_dir=str(data_dir), figures=False, quiet=True), tmp_path / "run")
    unit = run.load_model().get_layer("unit")
    np.testing.assert_allclose(np.concatenate([w.numpy().ravel() for w in unit.weights]), weights, atol=5e-5)
    assert run.info["results"]["test"]["accuracy"] == pytest.approx(accuracy, abs=5e-5)


def test_full_batch_logistic_regression_equals_gradient_descent_in_numpy():
    data = load("iris", classes=2, features=(0, 1), test=25)
    model = logistic_regression(features=2, standardize=True)
    model.get_layer("standardize").adapt(data.train.x)
    task = classifier(model, data, reduction="sum")
    task.compile(keras.optimizers.SGD(0.1), jit=False)
    x, y = data.train.x.astype(np.float64), data.train.y
    z = (x - x.mean(0)) / x.std(0)
    weights, bias = np.zeros(2), 0.0
    for _ in range(10):
        error = 1 / (1 + np.exp(-(z @ weights + bias))) - y
        weights, bias = weights - 0.1 * z.T @ error, bias - 0.1 * error.sum()
        model.train_step((tf.constant(data.train.x), tf.constant(y)))
    np.testing.assert_allclose(model.get_layer("logits").kernel.numpy()[:, 0], weights, rtol=1e-4)
    np.testing.assert_allclose(model.get_layer("logits").bias.numpy()[0], bias, rtol=1e-3)
    p = 1 / (1 + np.exp(-(z @ weights + bias)))
    expected = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    scores = task.evaluate(data.train, 10)
    assert scores["loss"] == pytest.approx(expected, rel=1e-4)
    assert scores["accuracy"] == np.mean((p >= 0.5) == y)
