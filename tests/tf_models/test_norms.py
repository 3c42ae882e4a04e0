"""Fused batch norms give the outputs, gradients and moving statistics of Keras' own."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_models.training.fast import accelerated, norms


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

    x = tf.constant(rng.normal(3, 2, (4, *(size or 5 for size in shape))).astype(np.float32))
    with accelerated(model, jit=False) if fused else contextlib.nullcontext():
        y, gradients = run(x)
    operations = [operation.type for operation in run.get_concrete_function(x).graph.get_operations()]
    values = [y, *gradients, *model.get_weights(), model(x, training=False)]
    return [np.asarray(value, np.float32) for value in values], "FusedBatchNormV3" in operations


WAYS = pytest.mark.parametrize("way", [norms._by_image, norms._by_column])


@WAYS
@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((6, 5, 3), {}),
        ((None, None, 3), {}),
        ((1, 1, 3), {"scale": False}),
        ((2, 3, 4), {"center": False}),
        ((2, 3, 4), {"center": False, "scale": False}),
        ((6, 5, 3), {"dtype": "mixed_bfloat16"}),
        ((2, 16, 3), {"dtype": "mixed_bfloat16"}),
        ((None, None, 3), {"dtype": "mixed_bfloat16"}),
        ((6, 5, 3), {"dtype": "mixed_float16"}),
    ],
)
def test_the_fused_norm_is_the_plain_one(shape, options, way, monkeypatch):
    monkeypatch.setattr(norms, "moments", lambda: way)
    found, fused = trained(shape, True, **options)
    expected, plain = trained(shape, False, **options)
    assert (fused, plain) == (True, False)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5 if "dtype" not in options else 1e-2)


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="its sums are of another kind")
@WAYS
def test_sums_lose_no_digits(way):
    """Outputs, means and variances as in float64, from which TensorFlow's own sums are a dozen times as far."""
    x = np.random.default_rng(0).normal(0.5, 0.3, (64, 28, 28, 2)).astype(np.float32)
    wide = x.astype(float)
    mean, variance = wide.mean((0, 1, 2)), wide.var((0, 1, 2))
    found = norms._in_parts(tf.constant(x), tf.ones(2), tf.zeros(2), 1e-5, way)
    for value, expected in zip(found, ((wide - mean) / np.sqrt(variance + 1e-5), mean, variance), strict=True):
        assert np.abs(value - expected).max() < 4e-7 * np.abs(expected).max()


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="it has operations for any channels")
@pytest.mark.parametrize("shape", [(64, 7, 8, 6), (64, 7, 7, 6), (64, 7, 7, 32)])
def test_bfloat16_loses_its_own_digits_only(shape, monkeypatch):
    """Forwards and back as in float32 but for what is rounded at the end, with channels left over and without."""
    monkeypatch.setattr(norms, "moments", lambda: norms._by_column)
    rng = np.random.default_rng(0)
    x, upstream = (tf.cast(rng.normal(0.5, 0.3, shape), tf.bfloat16) for _ in range(2))
    found = {}
    for precision in ("mixed_bfloat16", "float32"):
        layer = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.0, dtype=precision)
        model = keras.Sequential([keras.Input(shape[1:], dtype="bfloat16"), layer])
        with accelerated(model, jit=False), tf.GradientTape() as tape:
            tape.watch(x)
            y = model(x, training=True)
        gradients = tape.gradient(y, [x, *layer.trainable_variables], tf.cast(upstream, y.dtype))
        found[precision] = [tf.cast(value, tf.float32) for value in (y, *gradients, *layer.non_trainable_variables)]
    outputs, by_inputs, *sums = zip(*found.values(), strict=True)
    for rounded, exact in (outputs, by_inputs):
        np.testing.assert_allclose(rounded, exact, rtol=2**-7, atol=2**-7)
    for rounded, exact in sums:
        np.testing.assert_allclose(rounded, exact, rtol=2e-5, atol=1e-3)


def test_gradients_of_gradients_are_those_of_the_plain_norm():
    """As a critic's penalty takes them."""
    layer = keras.layers.BatchNormalization(epsilon=1e-5, name="norm")
    inputs = keras.Input((3, 3, 2))
    model = keras.Model(inputs, layer(inputs))
    x = tf.constant(np.random.default_rng(0).normal(1, 2, (4, 3, 3, 2)), tf.float32)

    def penalty():
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(tf.sin(model(x, training=True)))
            slope = tf.reduce_sum(tf.square(inner.gradient(y, x)))
        return outer.gradient(slope, [x, *model.trainable_variables])

    expected = penalty()
    with accelerated(model, jit=False):
        found = penalty()
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


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
