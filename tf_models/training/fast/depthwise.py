"""Gradients of depthwise kernels that are larger than the map, as matrix products.

For them oneDNN (as TensorFlow 2.21 has it) leaves its own code for depthwise kernels, as `ONEDNN_VERBOSE=1` shows, and takes a
matrix product for each channel of each image: 96 ms for 128 maps of 2x2x576 and a kernel of 5x5, where the convolution itself
takes 2. Products of the places before and after, over all images at once, hold every sum that the gradient is made of.
"""

import functools
import math

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tf_models.training.fast.sides import sides_of

DEPTHWISE = keras.layers.DepthwiseConv2D
MOST_PLACES = 1024  # before times after, which are all multiplied although few meet


def replacements(model: keras.Model) -> list[tuple]:
    """`(layer, attribute, function)` for each `DepthwiseConv2D` of `model` whose kernel's gradient may be a product; none on a GPU."""
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
        if sides is None or not _by_products(sides):
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


def _convolution(inputs, kernel, sides, padding: str):
    strides = [1, *(side.stride for side in sides), 1]

    @tf.custom_gradient
    def convolution(inputs, kernel):
        outputs = tf.nn.depthwise_conv2d(inputs, kernel, strides, padding)

        def gradient(upstream):
            by_inputs = tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
                input_sizes=tf.shape(inputs), filter=kernel, out_backprop=upstream, strides=strides, padding=padding
            )
            return by_inputs, _by_kernel(inputs, upstream, kernel.shape, sides)

        return outputs, gradient

    return convolution(inputs, kernel)


def _by_kernel(inputs, upstream, shape, sides):
    """The gradient of a kernel `(height, width, channels, 1)`."""
    channels = shape[2]
    # 16 bits would round each of the sums that are added up below.
    before, after = (
        tf.transpose(tf.reshape(tf.cast(x, tf.float32), (-1, x.shape[1] * x.shape[2], channels)), axes)
        for x, axes in ((inputs, (2, 1, 0)), (upstream, (2, 0, 1)))
    )
    products = tf.reshape(tf.matmul(before, after), (channels, -1))  # of each place before with each after
    return tf.cast(tf.reshape(tf.matmul(_meeting(sides), products, transpose_b=True), shape), inputs.dtype)


@functools.lru_cache(maxsize=64)
def _meeting(sides):
    """Ones where a tap of the kernel takes a place before to one after, `(taps, places before x places after)` float32."""
    ones = np.einsum("abc,xyz->axbycz", *(side.meetings() for side in sides))
    return ones.reshape(math.prod(side.taps for side in sides), -1)
