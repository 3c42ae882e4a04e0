"""Activations of several operations in one pass over memory forwards and one backwards.

TensorFlow computes GELU and hard SiLU as half a dozen operations, each of which reads and writes all values, and keeps some
of them for the gradient. Compiled by XLA, as here, each way is one operation, and only the input is kept (`python -m
benchmarks layers` times both). It computes in float32 whatever the type, and so rounds once where TensorFlow rounds 16 bits
several times.
"""

import functools
import math
from collections.abc import Callable

import keras
import tensorflow as tf


def replacements(model: keras.Model) -> list[tuple]:
    """`(layer, "call", function)` for each layer of `model` with one of Keras' activations that is faster here."""
    found = []
    for layer in model._flatten_layers():
        faster = _faster(getattr(layer, "activation", None), layer.compute_dtype)
        if faster is not None:
            found.append((layer, "call", _call(layer, faster)))
    return found


def _faster(own: Callable | None, dtype: str) -> Callable | None:
    """What computes an activation faster in this type; None where nothing does."""
    if dtype == "float64":
        return None
    kinds = FAST if dtype == "float32" else {**FAST, **FAST_IN_16_BITS}
    return next((faster for kind, faster in kinds.items() if kind is own), None)


def _call(layer: keras.layers.Layer, faster: Callable):
    """What `layer.call` computes."""
    own = layer.activation

    def call(*args, **kwargs):
        layer.activation = faster  # during the call alone, for a layer is saved with its activation
        try:
            return type(layer).call(layer, *args, **kwargs)
        finally:
            layer.activation = own

    return call


def _compiled(value, slope):
    """An activation from functions that give its value and its slope at each place."""

    @tf.function(jit_compile=True, autograph=False)
    def forward(x):
        return tf.cast(value(tf.cast(x, tf.float32)), x.dtype)

    @tf.function(jit_compile=True, autograph=False)
    def backward(x, upstream):
        return tf.cast(tf.cast(upstream, tf.float32) * slope(tf.cast(x, tf.float32)), x.dtype)

    @tf.custom_gradient
    def activation(x):
        return forward(x), functools.partial(backward, x)

    return activation


def _below(x):
    """The part of a normal distribution that lies below `x`."""
    return 0.5 * (1 + tf.math.erf(x / math.sqrt(2)))


def _gelu_slope(x):
    return _below(x) + x * tf.exp(-0.5 * tf.square(x)) / math.sqrt(2 * math.pi)


def _hard_silu_slope(x):
    return tf.where(x >= 3, 1.0, tf.where(x <= -3, 0.0, x / 3 + 0.5))


FAST = {
    keras.activations.gelu: _compiled(lambda x: x * _below(x), _gelu_slope),
    keras.activations.hard_silu: _compiled(lambda x: x * tf.clip_by_value(x + 3, 0, 6) / 6, _hard_silu_slope),
}
# One operation each way in TensorFlow, too, which takes 16 bits one by one.
FAST_IN_16_BITS = {
    keras.activations.relu6: _compiled(
        lambda x: tf.clip_by_value(x, 0, 6), lambda x: tf.where((x > 0) & (x < 6), 1.0, 0.0)
    )
}
