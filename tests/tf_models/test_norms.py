"""Fused batch norms give the outputs, gradients and moving statistics of Keras' own."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_models.training.fast import accelerated


def trained(shape, fused: bool, dtype="float32", trainable=True, **options):
    """Outputs in training and after it, gradients and weights, and the operations that computed them."""
    inputs = keras.Input(shape)
    layer = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, dtype=dtype, trainable=trainable, **options)
    model = keras.Model(inputs, layer(inputs))
    rng = np.random.default_rng(0)
    for weight in model.trainable_variables:
        weight.assign(rng.uniform(0.5, 2, weight.shape))

    @tf.function(autograph=False)
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = model(x, training=True)
            loss = tf.reduce_sum(tf.sin(tf.cast(y, tf.float32)))
        return y, tape.gradient(loss, [x, *model.trainable_variables])

    x = tf.constant(rng.normal(3, 2, (4, *shape)).astype(np.float32))
    with accelerated(model, jit=False) if fused else contextlib.nullcontext():
        y, gradients = run(x)
    operations = [operation.type for operation in run.get_concrete_function(x).graph.get_operations()]
    values = [y, *gradients, *model.get_weights(), model(x, training=False)]
    return [np.asarray(value, np.float32) for value in values], "FusedBatchNormV3" in operations


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((6, 5, 3), {}),
        ((1, 1, 3), {"scale": False}),
        ((2, 3, 4), {"center": False}),
        ((2, 3, 4), {"center": False, "scale": False}),
        ((6, 5, 3), {"dtype": "mixed_bfloat16"}),
        ((6, 5, 3), {"dtype": "mixed_float16"}),
    ],
)
def test_the_fused_norm_is_the_plain_one(shape, options):
    found, fused = trained(shape, True, **options)
    expected, plain = trained(shape, False, **options)
    assert (fused, plain) == (True, False)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5 if "dtype" not in options else 1e-2)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((3,), {}),
        ((4, 4, 3), {"axis": 1}),
        ((4, 4, 3), {"trainable": False}),
        ((4, 4, 3), {"dtype": "float64"}),
        ((4, 4, 3), {"dtype": "bfloat16"}),
    ],
)
def test_other_norms_stay(shape, options):
    found, fused = trained(shape, True, **options)
    assert not fused
    for a, b in zip(found, trained(shape, False, **options)[0], strict=True):
        np.testing.assert_array_equal(a, b)
