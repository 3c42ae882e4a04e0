"""Gradients of depthwise kernels that are larger than the map, as matrix products.

For them oneDNN (as TensorFlow 2.21 has it) leaves its own code for depthwise kernels, as `ONEDNN_VERBOSE=1` shows, and takes a
matrix product for each channel of each image: 96 ms for 128 maps of 2x2x576 and a kernel of 5x5, where the convolution itself
takes 2. Products of the places before and after, over all images at once, hold every sum that the gradient is made of.
"""

import functools
import itertools
import math

import keras
import numpy as np
import tensorflow as tf
from keras import ops

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
        before, after = inputs.shape[1:3], layer.compute_output_shape(inputs.shape)[1:3]
        if None in before or min(before) >= max(layer.kernel_size) or math.prod((*before, *after)) > MOST_PLACES:
            return DEPTHWISE.call(layer, inputs)
        kernel = tf.convert_to_tensor(layer.kernel)  # Keras' own gives a variable where nothing is traced
        outputs = _convolution(inputs, kernel, layer.strides[0], layer.padding.upper())
        if layer.use_bias:
            outputs = tf.nn.bias_add(outputs, ops.convert_to_tensor(layer.bias))
        return outputs if layer.activation is None else layer.activation(outputs)

    return call


def _convolution(inputs, kernel, stride: int, padding: str):
    strides = [1, stride, stride, 1]

    @tf.custom_gradient
    def convolution(inputs, kernel):
        outputs = tf.nn.depthwise_conv2d(inputs, kernel, strides, padding)

        def gradient(upstream):
            by_inputs = tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
                input_sizes=tf.shape(inputs), filter=kernel, out_backprop=upstream, strides=strides, padding=padding
            )
            return by_inputs, _by_kernel(inputs, upstream, kernel.shape, stride, padding)

        return outputs, gradient

    return convolution(inputs, kernel)


def _by_kernel(inputs, upstream, shape, stride: int, padding: str):
    """The gradient of a kernel `(height, width, channels, 1)`."""
    channels = shape[2]
    # 16 bits would round each of the sums that are added up below.
    before, after = (
        tf.transpose(tf.reshape(tf.cast(x, tf.float32), (-1, x.shape[1] * x.shape[2], channels)), axes)
        for x, axes in ((inputs, (2, 1, 0)), (upstream, (2, 0, 1)))
    )
    products = tf.reshape(tf.matmul(before, after), (channels, -1))  # of each place before with each after
    meeting = _meeting(tuple(inputs.shape[1:3]), tuple(upstream.shape[1:3]), tuple(shape[:2]), stride, padding)
    return tf.cast(tf.reshape(tf.matmul(meeting, products, transpose_b=True), shape), inputs.dtype)


@functools.lru_cache(maxsize=64)
def _meeting(before: tuple[int, int], after: tuple[int, int], kernel: tuple[int, int], stride: int, padding: str):
    """Ones where a tap of the kernel takes a place before to one after, `(taps, places before x places after)` float32."""
    first = [
        max((out - 1) * stride + taps - side, 0) // 2 if padding == "SAME" else 0
        for side, out, taps in zip(before, after, kernel, strict=True)
    ]
    ones = np.zeros((*kernel, *before, *after), np.float32)
    for row, column, down, right in itertools.product(*map(range, (*kernel, *after))):
        y, x = down * stride + row - first[0], right * stride + column - first[1]
        if 0 <= y < before[0] and 0 <= x < before[1]:
            ones[row, column, y, x, down, right] = 1
    return ones.reshape(kernel[0] * kernel[1], -1)
