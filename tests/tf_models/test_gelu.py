"""The compiled GELU is TensorFlow's, and nearer to the function itself in 16 bits."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_models.training.fast import accelerated

X = np.concatenate([np.linspace(-12, 12, 401), [0.0, -0.0, 1e-20, -40.0, 60.0]]).astype(np.float32)


def model(dtype="float32", **options) -> keras.Model:
    inputs = keras.Input((len(X),), dtype=dtype)
    outputs = keras.layers.Activation(lambda x: keras.activations.gelu(x, **options), dtype=dtype)(inputs)
    return keras.Model(inputs, outputs)


def traced(model, x):
    """Outputs, first and second derivative, and whether XLA compiled a part of them."""

    @tf.function(autograph=False)
    def run(x):
        with tf.GradientTape() as outer, tf.GradientTape() as tape:
            tape.watch(x)
            outer.watch(x)
            y = model(x, training=True)
            slope = tape.gradient(y, x)
        return y, slope, outer.gradient(slope, x)

    values = [value.numpy().astype(np.float64) for value in run(x)]
    graph = run.get_concrete_function(tf.TensorSpec(x.shape, x.dtype)).graph
    return values, "_forward" in str(graph.as_graph_def().library)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_values_and_derivatives(dtype):
    made, x = model(dtype), tf.cast(X[None], dtype)
    plain, compiled = traced(made, x)
    assert not compiled
    with accelerated(made, jit=False):
        found, compiled = traced(made, x)
    assert compiled
    truth, _ = traced(model("float64"), tf.cast(x, tf.float64))
    for number, (a, b, true) in enumerate(zip(found, plain, truth, strict=True)):
        error, before = np.abs(a - true).max(), np.abs(b - true).max()
        assert error < (1e-5 if dtype == "float32" else 1.1 * before), number


@pytest.mark.parametrize(
    ("options", "dtype", "jit"),
    [({"approximate": True}, "float32", False), ({}, "float64", False), ({}, "float32", True)],
)
def test_others_stay_as_they_are(options, dtype, jit):
    made, x = model(dtype, **options), tf.cast(X[None], dtype)
    with accelerated(made, jit=jit):
        found, compiled = traced(made, x)
    assert not compiled
    for a, b in zip(found, traced(made, x)[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert tf.nn.gelu.__module__.startswith("tensorflow")
