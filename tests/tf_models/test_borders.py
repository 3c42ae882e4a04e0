"""Crops and repeated borders have Keras' own outputs and gradients, of which none is set number by number."""

import contextlib

import derivatives
import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_models.layers import ReplicatePadding2D
from tf_models.training.fast import accelerated

CROP, REPEAT = keras.layers.Cropping2D, ReplicatePadding2D
SLOW = "StridedSliceGrad"


def traced(layer, shape, x):
    """Outputs, first and second derivative, and how many of them TensorFlow sets number by number."""
    inputs = keras.Input(shape)
    model = keras.Model(inputs, layer(inputs))
    found = []
    for context in (contextlib.nullcontext(), accelerated(model, jit=False)):
        with context:
            values, graph = derivatives.traced(model, x, lambda values: tf.sin(values) * values)
        found.append((values, sum(operation.type == SLOW for operation in graph.get_operations())))
    return found


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (lambda: CROP(1), (5, 6, 2)),
        (lambda: CROP(((0, 2), (1, 0))), (5, 6, 2)),
        (lambda: CROP(((0, 2), (1, 0))), (None, None, 2)),
        (lambda: CROP(0), (5, 6, 2)),
        (lambda: REPEAT(2, 1), (5, 6, 2)),
        (lambda: REPEAT(0, 3), (2, 5, 1)),
        (lambda: REPEAT(1, 1), (2, 2, 3)),
    ],
)
def test_outputs_and_derivatives(layer, shape):
    x = tf.random.stateless_normal((3, *(size or 5 for size in shape)), [1, 2])
    (expected, _), (found, slow) = traced(layer(), shape, x)
    assert slow == 0
    for ours, keras_own in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, keras_own, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (lambda: CROP(1, data_format="channels_first"), (2, 5, 6)),
        (lambda: REPEAT(2, 1), (1, 6, 2)),
    ],
)
def test_others_stay_as_they_are(layer, shape):
    x = tf.random.stateless_normal((3, *shape), [1, 2])
    (expected, before), (found, slow) = traced(layer(), shape, x)
    assert slow == before > 0
    for ours, keras_own in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, keras_own)
