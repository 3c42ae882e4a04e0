"""Gradients of depthwise convolutions, in other ways than TensorFlow's where those are slow.

oneDNN (as TensorFlow 2.21 has it) takes its code for depthwise kernels for gradients by kernels of up to 3x3, and in bfloat16 for
gradients by inputs without strides, as `ONEDNN_VERBOSE=1` shows; its other code takes up to fifteen times as long. Gradients
by larger kernels are TensorFlow's own here. What is slow in 16 bits is computed in float32.

A kernel that is larger than the map gets its gradient from matrix products. For it oneDNN takes a product for each channel
of each image: 96 ms for 128 maps of 2x2x576 and a kernel of 5x5, where the convolution itself takes 2. Products of the
places before and after, over all images at once, hold every sum that the gradient is made of.
"""

import functools
import math

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tf_models.training.fast.sides import sides_of

DEPTHWISE = keras.layers.DepthwiseConv2D
LARGE = 3  # taps of a side up to which oneDNN has a fast gradient by kernels
MOST_PLACES = 1024  # before times after, which are all multiplied although few meet


def replacements(model: keras.Model) -> list[tuple]:
    """`(layer, attribute, function)` for each `DepthwiseConv2D` of `model` whose gradients may be slow; none on a GPU."""
    found = []
    if tf.config.list_physical_devices("GPU"):
        return found
    for layer in model._flatten_layers():
        if not isinstance(layer, DEPTHWISE) or type(layer).call is not DEPTHWISE.call:
            continue
        alike = len(set(layer.strides)) == 1 and set(layer.dilation_rate) == {1}
        if alike and layer.data_format == "channels_last" and layer.depth_multiplier == 1:
            found.append((layer, "call", _call(layer)))
    return found


def _call(layer: DEPTHWISE):
    """What `layer.call` computes, `(batch, height, width, channels)` to the same with other sides."""

    def call(inputs):
        sides = None if None in inputs.shape[1:3] else sides_of(layer, inputs.shape)
        if sides is None or not (_large(sides) or _by_products(sides) or _slow_inputs(inputs, sides)):
            return DEPTHWISE.call(layer, inputs)
        kernel = tf.convert_to_tensor(layer.kernel)  # Keras' own gives a variable where nothing is traced
        outputs = _convolution(inputs, kernel, sides, layer.padding.upper())
        if layer.use_bias:
            outputs = tf.nn.bias_add(outputs, ops.convert_to_tensor(layer.bias))
        return outputs if layer.activation is None else layer.activation(outputs)

    return call


def _by_products(sides) -> bool:
    places = math.prod(side.before * side.after for side in sides)
    return min(side.before for side in sides) < max(side.taps for side in sides) and places <= MOST_PLACES


def _large(sides) -> bool:
    return any(side.taps > LARGE for side in sides)


def _slow_inputs(inputs, sides) -> bool:
    return inputs.dtype == tf.bfloat16 and any(side.stride > 1 for side in sides)


def _convolution(inputs, kernel, sides, padding: str):
    strides = [1, *(side.stride for side in sides), 1]
    around = [0, 0, *(places for side in sides for places in side.padding), 0, 0]
    # Products in 16 bits would round each of the sums that are added up then.
    wide_kernel = inputs.dtype.size == 2 and (_large(sides) or _by_products(sides))

    def by_inputs(kernel, upstream, size):
        return tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
            input_sizes=size, filter=kernel, out_backprop=upstream, strides=strides, padding=padding
        )

    def by_kernel(inputs, upstream, size):
        if _by_products(sides):
            return _by_kernel(inputs, upstream, size, sides)
        # oneDNN leaves what names its padding to TensorFlow.
        given = {"padding": "EXPLICIT", "explicit_paddings": around} if _large(sides) else {"padding": padding}
        return tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
            input=inputs, filter_sizes=size, out_backprop=upstream, strides=strides, **given
        )

    @tf.custom_gradient
    def convolution(inputs, kernel):
        def gradient(upstream):
            return (
                _computed(by_inputs, kernel, upstream, tf.shape(inputs), wide=_slow_inputs(inputs, sides)),
                _computed(by_kernel, inputs, upstream, kernel.shape, wide=wide_kernel),
            )

        return tf.nn.depthwise_conv2d(inputs, kernel, strides, padding), gradient

    return convolution(inputs, kernel)


def _computed(gradient, x, upstream, size, *, wide: bool):
    """A gradient in the type of `x`; where it is `wide` it is computed in float32."""
    if not wide:
        return gradient(x, upstream, size)
    return tf.cast(gradient(tf.cast(x, tf.float32), tf.cast(upstream, tf.float32), size), x.dtype)


def _by_kernel(inputs, upstream, shape, sides):
    """The gradient of a kernel `(height, width, channels, 1)`."""
    channels = shape[2]
    before, after = (
        tf.transpose(tf.reshape(x, (-1, x.shape[1] * x.shape[2], channels)), axes)
        for x, axes in ((inputs, (2, 1, 0)), (upstream, (2, 0, 1)))
    )
    products = tf.reshape(tf.matmul(before, after), (channels, -1))  # of each place before with each after
    meeting = tf.cast(_meeting(sides), products.dtype)
    return tf.reshape(tf.matmul(meeting, products, transpose_b=True), shape)


@functools.lru_cache(maxsize=64)
def _meeting(sides):
    """Ones where a tap of the kernel takes a place before to one after, `(taps, places before x places after)` float32."""
    ones = np.einsum("abc,xyz->axbycz", *(side.meetings() for side in sides))
    return ones.reshape(math.prod(side.taps for side in sides), -1)
