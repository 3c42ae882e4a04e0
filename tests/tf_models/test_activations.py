"""Compiled activations are TensorFlow's, and nearer to the function itself in 16 bits."""

import derivatives
import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_models.training.fast import accelerated

X = np.concatenate([np.linspace(-12, 12, 401), [0.0, -0.0, 1e-20, -40.0, 60.0]]).astype(np.float32)


LAYERS = {
    "activation": keras.layers.Activation,
    "dense": lambda **options: keras.layers.Dense(3, **options),
    "convolution": lambda **options: keras.layers.Conv1D(3, 2, **options),
}


def model(dtype="float32", activation="gelu", kind="activation") -> keras.Model:
    keras.utils.set_random_seed(1)
    inputs = keras.Input((len(X), 1), dtype=dtype)
    return keras.Model(inputs, LAYERS[kind](activation=activation, dtype=dtype)(inputs))


def traced(model, x):
    """Outputs, first and second derivative, and whether XLA compiled a part of them."""
    values, graph = derivatives.traced(model, x)
    return [value.numpy().astype(np.float64) for value in values], "_XlaMustCompile" in str(
        graph.as_graph_def().library
    )


@pytest.mark.parametrize(
    ("activation", "dtype"),
    [
        *((activation, dtype) for activation in ("gelu", "hard_silu") for dtype in ("float32", "bfloat16", "float16")),
        ("relu6", "bfloat16"),
        ("relu6", "float16"),
    ],
)
def test_values_and_derivatives(activation, dtype):
    made, x = model(dtype, activation), tf.cast(X[None, :, None], dtype)
    plain, compiled = traced(made, x)
    assert not compiled
    with accelerated(made, jit=False):
        found, compiled = traced(made, x)
    assert compiled
    truth, _ = traced(model("float64", activation), tf.cast(x, tf.float64))
    for number, (a, b, true) in enumerate(zip(found, plain, truth, strict=True)):
        error, before = np.abs(a - true).max(), np.abs(b - true).max()
        assert error <= (1e-5 if dtype == "float32" else 1.1 * before), number


@pytest.mark.parametrize(
    ("activation", "dtype", "jit"),
    [("relu", "bfloat16", False), ("relu6", "float32", False), ("gelu", "float64", False), ("gelu", "float32", True)],
)
def test_others_stay_as_they_are(activation, dtype, jit):
    made, x = model(dtype, activation), tf.cast(X[None, :, None], dtype)
    with accelerated(made, jit=jit):
        found, compiled = traced(made, x)
    assert not compiled
    for a, b in zip(found, traced(made, x)[0], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", LAYERS)
def test_every_layer_with_an_activation(kind):
    made, x = model(kind=kind), tf.constant(X[None, :, None])
    other, before = model(kind=kind), made.to_json()
    with accelerated(made, jit=False):
        found, compiled = traced(made, x)
        assert made.to_json() == before  # what is saved in mid-training names Keras' own
        assert not traced(other, x)[1]
    assert compiled
    plain, compiled = traced(made, x)
    assert not compiled
    for a, b in zip(found, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
