"""The comparison is able to fail: faults are planted into the graphs, and each is noticed where it belongs."""

import importlib
from dataclasses import replace

import pytest
import tensorflow as tf

from legacy_tf1 import compare, judge, layers, topics
from legacy_tf1.graphs import built

tf1 = tf.compat.v1
FAULTS = {}


def fault(topic: str, *noticed: str):
    """Register a fault of a topic's graph, and what must be found apart.

    The function gets `monkeypatch` before the graph is built; what it returns, if anything, changes what was built.
    """

    def register(plant):
        FAULTS[plant.__name__] = (topic, set(noticed), plant)
        return plant

    return register


@fault("mlp-batchnorm", "weights", "outputs")
def momentum_of_batch_norm(monkeypatch):
    approach = layers._approach
    monkeypatch.setattr(layers, "_approach", lambda average, new, momentum: approach(average, new, 0.99))


@fault("mlp-batchnorm", "weights", "outputs")
def updates_of_batch_norm_forgotten(monkeypatch):
    monkeypatch.setattr(built, "UPDATE_OPS", "a collection that nobody fills")


@fault("mlp-batchnorm", "weights")
def variance_of_batch_norm_unbiased(monkeypatch):
    approach = layers._approach

    def scaled(average, new, momentum):
        return approach(average, new * 64 / 63 if "variance" in average.op.name else new, momentum)

    monkeypatch.setattr(layers, "_approach", scaled)


@fault("mlp-batchnorm", "outputs")
def batch_norm_ignores_evaluation(monkeypatch):
    norm = layers.batch_norm
    monkeypatch.setattr(layers, "batch_norm", lambda x, training, *rest: norm(x, tf.constant(True), *rest))


@fault("mlp-dropout", "outputs")
def dropout_ignores_evaluation(monkeypatch):
    drop = layers.dropout
    monkeypatch.setattr(layers, "dropout", lambda x, rate, training, name: drop(x, rate, tf.constant(True), name))


@fault("mlp-dropout", "loss", "weights")
def dropout_at_another_rate(monkeypatch):
    drop = layers.dropout
    monkeypatch.setattr(layers, "dropout", lambda x, rate, training, name: drop(x, 0.4, training, name))


@fault("mlp-basic", "outputs")
def outputs_turned_around(monkeypatch):
    return lambda made: replace(made, outputs=3 - made.outputs)


@fault("softmax-regression", "metrics")
def accuracy_by_argmin(monkeypatch):
    def wrong(labels, logits):
        return tf.reduce_mean(tf.cast(tf.equal(tf.argmax(labels, 1), tf.argmin(logits, 1)), tf.float32))

    monkeypatch.setattr(built, "accuracy", wrong)


@fault("mlp-basic-layers", "metrics")
def metric_times_seven(monkeypatch):
    return lambda made: replace(made, metrics=made.metrics | {"accuracy": 7 * made.metrics["accuracy"]})


@fault("mlp-basic", "loss")
def loss_is_reported_as_a_sum(monkeypatch):
    return lambda made: replace(made, metrics=made.metrics | {"loss": 64 * made.metrics["loss"]})


@fault("logistic-regression", "loss", "weights")
def learning_rate_one_percent_off(monkeypatch):
    descent = built.gradient_descent
    monkeypatch.setattr("legacy_tf1.graphs.basic_ml.gradient_descent", lambda rate, dtype: descent(1.01 * rate, dtype))


@fault("ae-basic", "weights")
def epsilon_of_adam(monkeypatch):
    def other(learning_rate, dtype):
        numbers = {"learning_rate": learning_rate, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}
        return tf1.train.AdamOptimizer(**{name: tf.constant(value, dtype) for name, value in numbers.items()})

    monkeypatch.setattr("legacy_tf1.graphs.autoencoder.adam", other)


@fault("cnn-basic", "weights")
def biases_do_not_learn(monkeypatch):
    finish = layers._finish
    monkeypatch.setattr(layers, "_finish", lambda x, biases, then: finish(x, tf.stop_gradient(biases), then))


@fault("gan-fc-mnist", "loss", "weights")
def generator_is_judged_before_the_discriminators_step(monkeypatch):
    import contextlib

    from legacy_tf1.graphs import gan

    class Loose:
        def __getattr__(self, name):
            return (
                (lambda operations: contextlib.nullcontext()) if name == "control_dependencies" else getattr(tf, name)
            )

    monkeypatch.setattr(gan, "tf", Loose())


@fault("gan-fc-mnist", "loss", "weights")
def slope_of_leaky_relu(monkeypatch):
    from legacy_tf1.graphs import gan

    dense_gan = gan.dense_gan
    monkeypatch.setattr(
        gan, "dense_gan", lambda graph, **settings: dense_gan(graph, **settings | {"negative_slope": 0.02})
    )


@fault("metric-siamese-mlp", "loss")
def margin_of_the_loss(monkeypatch):
    from legacy_tf1.graphs import metric

    siamese = metric.siamese_mlp
    monkeypatch.setattr(metric, "siamese_mlp", lambda graph, **settings: siamese(graph, margin=0.99, **settings))


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_noticed(name, monkeypatch):
    id, noticed, plant = FAULTS[name]
    topic = topics.get(id)
    change = plant(monkeypatch)
    module, function = topic.graph.split(":")
    build = getattr(importlib.import_module(module), function)

    def planted(graph, **settings):
        made = build(graph, **settings)
        with graph.as_default():
            return change(made) if change else made

    monkeypatch.setattr(f"{module}.{function}", planted)
    if name == "generator_is_judged_before_the_discriminators_step":
        # Without the dependency the discriminator's step has to be asked for.
        planted_step(monkeypatch)
    row, _ = compare.compare(topic, steps=6, timed=False)
    assert noticed <= set(row.parted), row


def planted_step(monkeypatch):
    """Both parts of a GAN train at once, from the same weights."""
    from legacy_tf1.graphs import gan

    steps, minimize_part = [], gan._minimize_part

    def recorded(*arguments, **settings):
        steps.append(minimize_part(*arguments, **settings))
        return steps[-1]

    finish = gan.finish
    monkeypatch.setattr(gan, "_minimize_part", recorded)
    monkeypatch.setattr(gan, "finish", lambda **handles: finish(**handles | {"train_op": tf.group(*steps)}))


def test_a_difference_that_is_no_number_is_always_too_large():
    found = {"loss": float("nan"), "weights": 0.0, "outputs": 1e-9, "metrics": 1.0}
    assert judge.parted(found, judge.tolerances("float64", 1e-3)) == ("loss", "metrics")
    assert judge.largest({"a": 1.0, "b": float("nan"), "c": float("inf")})[0] in ("b", "c")
    assert judge.largest({}) == ("", 0.0)


def test_the_time_is_one_figure_with_its_spread_and_the_ratio_that_of_the_medians():
    rounds = [(1.0, 2.0), (2.0, 2.0), (3.0, 2.5), (4.0, 2.0), (100.0, 2.0)]
    one, first, two, second, ratio = judge.times(rounds)
    assert (one, first) == (3.0, 1.0)
    assert (two, second) == (2.0, 0.0)
    assert ratio == 1.5
    assert judge.times(rounds[:1]) == (1.0, 0.0, 2.0, 0.0, 0.5)
