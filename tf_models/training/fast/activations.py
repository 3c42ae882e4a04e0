"""GELU in one pass over memory forwards and one backwards.

TensorFlow computes it as half a dozen operations, each of which reads and writes all values, and keeps some of them for the
gradient. Compiled by XLA, as here, each way is one operation, and only the input is kept (`python -m benchmarks layers`
times both). It computes in float32 whatever the type, and so rounds once where TensorFlow rounds 16 bits several times.
"""

import functools
import math

import keras
import tensorflow as tf

GELU = keras.activations.gelu


def replacements(model: keras.Model) -> list[tuple]:
    """`(layer, "call", function)` for each layer of `model` whose activation is the exact GELU of Keras; not in float64."""
    layers = [layer for layer in model._flatten_layers() if getattr(layer, "activation", None) is GELU]
    return [(layer, "call", _call(layer)) for layer in layers if layer.compute_dtype != "float64"]


def _call(layer: keras.layers.Layer):
    """What `layer.call` computes."""

    def call(*args, **kwargs):
        layer.activation = _gelu  # during the call alone, for a layer is saved with its activation
        try:
            return type(layer).call(layer, *args, **kwargs)
        finally:
            layer.activation = GELU

    return call


@tf.custom_gradient
def _gelu(x):
    return _forward(x), functools.partial(_backward, x)


@tf.function(jit_compile=True, autograph=False)
def _forward(x):
    wide = tf.cast(x, tf.float32)
    return tf.cast(wide * _below(wide), x.dtype)


@tf.function(jit_compile=True, autograph=False)
def _backward(x, upstream):
    wide = tf.cast(x, tf.float32)
    density = tf.exp(-0.5 * tf.square(wide)) / math.sqrt(2 * math.pi)
    return tf.cast(tf.cast(upstream, tf.float32) * (_below(wide) + wide * density), x.dtype)


def _below(x):
    """The part of a normal distribution that lies below `x`."""
    return 0.5 * (1 + tf.math.erf(x / math.sqrt(2)))
