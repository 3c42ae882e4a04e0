"""Convolutions with an output of a single pixel, as one matrix product.

The last stage of a ResNet sees one pixel of a 28x28 image: eight ninths of its 3x3 kernels meet nothing but padding, and
TensorFlow multiplies all of it. One product of the pixels and the weights that do meet gives the same sums.
"""

import keras
from keras import ops

CONV2D = keras.layers.Conv2D


def replacements(model: keras.Model) -> list[tuple]:
    """`(layer, attribute, function)` for each `Conv2D` of `model` whose outputs of 1x1 can be computed as a product."""
    found = []
    for layer in model._flatten_layers():
        if not isinstance(layer, CONV2D) or type(layer).convolution_op is not CONV2D.convolution_op:
            continue
        if layer.data_format == "channels_last" and layer.groups == 1 and set(layer.dilation_rate) == {1}:
            found.append((layer, "convolution_op", _convolution(layer)))
    return found


def _convolution(layer: CONV2D):
    """What `layer.convolution_op(inputs, kernel)` computes, `(batch, height, width, in)` to `(batch, height, width, out)`."""

    def convolution(inputs, kernel):
        sides, taps = inputs.shape[1:3], kernel.shape[:2]
        if None in sides or tuple(layer.compute_output_shape(inputs.shape))[1:3] != (1, 1):
            return CONV2D.convolution_op(layer, inputs, kernel)
        met = [min(pair) for pair in zip(sides, taps, strict=True)]
        # Keras puts the smaller half of "same" padding first.
        top, left = (max(tap - side, 0) // 2 for side, tap in zip(sides, taps, strict=True))
        pixels = ops.reshape(inputs[:, : met[0], : met[1]], (-1, met[0] * met[1] * inputs.shape[3]))
        weights = ops.slice(kernel, (top, left, 0, 0), (*met, *kernel.shape[2:]))  # its gradient takes both cores
        return ops.reshape(ops.matmul(pixels, ops.reshape(weights, (-1, kernel.shape[3]))), (-1, 1, 1, kernel.shape[3]))

    return convolution
