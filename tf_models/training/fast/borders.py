"""Cropped and repeated borders of images with gradients in as many passes over memory as the outputs took.

TensorFlow's gradient of `x[:, 1:]` is an image of zeros but for the slice, and slow, though it is nothing but padding: that of two
crops was a fifth of a small GAN's step, and repeating a border adds up one for each row or column that it repeats.
"""

import keras
import tensorflow as tf

from tf_models.layers import ReplicatePadding2D

CROPPING = keras.layers.Cropping2D


def cut(x, around):
    """`x` without the first and last places of each axis, of which `around` has a pair of numbers for each."""
    if not any(map(any, around)):
        return x

    @tf.custom_gradient
    def inner(x):
        def gradient(upstream):
            return tf.pad(upstream, around)

        return x[tuple(slice(first, -last or None) for first, last in around)], gradient

    return inner(x)


def replacements(model: keras.Model) -> list[tuple]:
    """`(layer, "call", function)` for each `Cropping2D` of channels that come last and each `ReplicatePadding2D` of `model`."""
    found = []
    for layer in model._flatten_layers():
        if type(layer).call is CROPPING.call and layer.data_format == "channels_last":
            found.append((layer, "call", _crop(layer)))
        if type(layer).call is ReplicatePadding2D.call:
            found.append((layer, "call", _repeat(layer)))
    return found


def _crop(layer: CROPPING):
    """What `layer.call` computes."""
    return lambda inputs: cut(inputs, ((0, 0), *layer.cropping, (0, 0)))


def _repeat(layer: ReplicatePadding2D):
    """What `layer.call` computes."""

    @tf.custom_gradient
    def repeat(inputs):
        outputs = ReplicatePadding2D.call(layer, inputs)

        def gradient(upstream):
            upstream = tf.ensure_shape(upstream, outputs.shape)  # what is behind may not say how large it is
            return _added_up(_added_up(upstream, 2, layer.before, layer.after), 1, layer.before, layer.after)

        return outputs, gradient

    def call(inputs):
        sides = inputs.shape[1:3]
        return ReplicatePadding2D.call(layer, inputs) if None in sides or 1 in sides else repeat(inputs)

    return call


def _added_up(upstream, axis: int, before: int, after: int):
    """The gradient by an image of two or more places along `axis`, of which the outermost ones were repeated."""
    inner = upstream.shape[axis] - before - after - 2
    first, middle, last = tf.split(upstream, (before + 1, inner, after + 1), axis)
    ends = (tf.reduce_sum(end, axis, keepdims=True) for end in (first, last))
    return tf.concat((next(ends), middle, next(ends)), axis)
