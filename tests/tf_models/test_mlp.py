"""Hand-written backpropagation against automatic gradients; dropout, batch norm and initial values as promised."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_models.layers.torch_like import conv2d, dense
from tf_models.losses import SigmoidSquaredError
from tf_models.mlp import backprop_mlp, mlp

LOSSES = {
    "softmax": lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    "sigmoid": SigmoidSquaredError,
}


def batch(samples=9):
    rng = np.random.default_rng(0)
    return tf.constant(rng.random((samples, 6, 6, 1), dtype=np.float32)), tf.constant(rng.integers(0, 10, samples))


@pytest.mark.parametrize("output", LOSSES)
def test_gradients_by_hand_equal_automatic_ones(output):
    x, y = batch()
    model = backprop_mlp(input_shape=(6, 6, 1), hidden=7, output=output, stddev=0.7)
    model.compile(keras.optimizers.SGD(0.1), LOSSES[output]())
    by_hand, logits = model.gradients(x, y)
    np.testing.assert_allclose(logits, model(x), rtol=1e-5, atol=1e-6)
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x, y, model(x))
    for variable, ours, automatic in zip(
        model.trainable_variables, by_hand, tape.gradient(loss, model.trainable_variables), strict=True
    ):
        np.testing.assert_allclose(ours, automatic, rtol=1e-4, atol=1e-7, err_msg=variable.path)


@pytest.mark.parametrize("output", LOSSES)
def test_training_by_hand_equals_training_by_keras(output):
    x, y = batch()
    arguments = {"input_shape": (6, 6, 1), "hidden": 7, "output": output, "stddev": 0.7}
    ours = backprop_mlp(**arguments)
    plain = keras.models.clone_model(keras.Model(ours.input, ours.output))
    plain.set_weights(ours.get_weights())
    for model in (ours, plain):
        model.compile(keras.optimizers.SGD(0.5), LOSSES[output](), jit_compile=False)
        for _ in range(5):
            logs = model.train_step((x, y))
    for a, b in zip(ours.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    assert float(logs["loss"]) > 0


def test_sigmoid_squared_error_against_numpy():
    rng = np.random.default_rng(1)
    logits, y = rng.normal(size=(5, 3)).astype(np.float32), np.array([0, 2, 1, 1, 0])
    expected = np.mean(np.sum((1 / (1 + np.exp(-logits)) - np.eye(3)[y]) ** 2, axis=1))
    assert float(SigmoidSquaredError()(y, logits)) == pytest.approx(expected, rel=1e-6)
    loaded = keras.losses.deserialize(keras.losses.serialize(SigmoidSquaredError(reduction="sum")))
    assert float(loaded(y, logits)) == pytest.approx(5 * expected, rel=1e-6)


def test_dropout_drops_in_training_only():
    model = mlp(input_shape=(4, 4, 1), hidden=(400,), dropout=0.5)
    hidden = keras.Model(model.input, model.get_layer("hidden1_dropout").output)
    x = np.ones((1, 4, 4, 1), np.float32)
    still = hidden(x, training=False).numpy()
    dropped = hidden(x, training=True).numpy()
    alive = still > 0
    fraction = np.mean(dropped[alive] == 0)
    assert 0.35 < fraction < 0.65
    kept = alive & (dropped > 0)
    np.testing.assert_allclose(dropped[kept], 2 * still[kept], rtol=1e-5)


def test_batch_norm_follows_pytorchs_constants():
    layer = mlp(hidden=(8,), batch_norm=True).get_layer("hidden1_norm")
    assert (layer.momentum, layer.epsilon) == (0.9, 1e-5)


def test_pytorchs_initial_values():
    inputs = keras.Input((30, 30, 3), name="image")
    x = conv2d(inputs, 64, 3, name="conv")
    x = keras.layers.Flatten(name="flatten")(x)
    model = keras.Model(inputs, dense(x, 5, name="out"))
    for name, fan_in in (("conv", 27), ("out", 30 * 30 * 64)):
        kernel, bias = model.get_layer(name).get_weights()
        bound = fan_in**-0.5
        assert abs(kernel).max() <= bound
        assert kernel.std() == pytest.approx(bound / 3**0.5, rel=0.05)
        assert 0 < abs(bias).max() <= bound


def test_strided_convolutions_pad_alike_on_all_sides():
    inputs = keras.Input((4, 4, 1), name="image")
    model = keras.Model(inputs, conv2d(inputs, 1, 3, strides=2, name="conv", kernel_initializer="ones"))
    model.get_layer("conv").bias.assign([0.0])
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    padded = np.pad(image[0, ..., 0], 1)
    expected = [[padded[i : i + 3, j : j + 3].sum() for j in (0, 2)] for i in (0, 2)]
    np.testing.assert_allclose(model(image)[0, ..., 0], expected)


@pytest.mark.parametrize(
    "call", [lambda: mlp(dropout=1), lambda: backprop_mlp(output="relu"), lambda: mlp(initializer="x")]
)
def test_bad_arguments(call):
    with pytest.raises(ValueError, match="must be"):
        call()
