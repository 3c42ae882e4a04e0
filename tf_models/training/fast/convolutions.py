"""Convolutions of small maps, and gradients of their kernels, as matrix products.

oneDNN, by which TensorFlow convolves on a CPU, lays out a kernel anew for each step and multiplies the padding, too. Where a
map has few places that costs more than the convolution itself: 128 maps of 2x2x512 and a kernel of 3x3, forwards and both
gradients, take 57 ms in bfloat16 on two cores of a Xeon with AMX, by products of the places and weights that meet 7
(`python -m benchmarks layers`).
"""

import itertools
import math

import keras
import tensorflow as tf
from keras import ops

from tf_models.training.fast.borders import cut
from tf_models.training.fast.sides import sides_of

CONV2D = keras.layers.Conv2D
FEW = 4  # places of an output each of which is a product of its own
SMALL = 64  # places of an output up to which bfloat16 gains by products over places
TAP = 128 * 128  # weights of a tap from which on its product is worth the copies of the places that it meets
MOST_TAPS = 64  # each of which is an operation of the graph


def replacements(model: keras.Model) -> list[tuple]:
    """`(layer, attribute, function)` for each `Conv2D` of `model` that may be computed by products; see `_convolution`."""
    found = []
    for layer in model._flatten_layers():
        if not isinstance(layer, CONV2D) or type(layer).convolution_op is not CONV2D.convolution_op:
            continue
        if layer.data_format == "channels_last" and layer.groups == 1 and set(layer.dilation_rate) == {1}:
            found.append((layer, "convolution_op", _convolution(layer)))
    return found


def _convolution(layer: CONV2D):
    """What `layer.convolution_op(inputs, kernel)` computes, `(batch, height, width, in)` to `(batch, height, width, out)`.

    An output of one place is one product. On a CPU one of up to `FEW` places is one for each, and in bfloat16 gradients of
    kernels are products over all places of outputs of up to `SMALL`, and of kernels of 1x1 whatever the output.
    """
    cpu = not tf.config.list_physical_devices("GPU")

    def convolution(inputs, kernel):
        kernel = tf.convert_to_tensor(kernel)  # Keras' own gives a variable where nothing is traced
        sides = None if None in inputs.shape[1:3] else sides_of(layer, inputs.shape)
        places = sides and math.prod(side.after for side in sides)
        if places == 1:
            return _one_place(inputs, kernel, sides)
        if places and cpu:
            return _products(layer, inputs, kernel, sides, places)
        return CONV2D.convolution_op(layer, inputs, kernel)

    return convolution


def _products(layer: CONV2D, inputs, kernel, sides, places: int):
    """The convolution of more than one place, with products for what is faster by them."""
    pointwise = tuple(kernel.shape[:2]) == layer.strides == (1, 1)
    bfloat16 = inputs.dtype == tf.bfloat16
    if pointwise and bfloat16 and places <= SMALL:
        return tf.reshape(
            _pixels(inputs) @ tf.reshape(kernel, kernel.shape[2:]), (-1, *inputs.shape[1:3], kernel.shape[3])
        )
    few = places <= FEW and not pointwise
    wide = places <= SMALL and layer.strides == (1, 1) and kernel.shape[2] * kernel.shape[3] >= TAP
    if (few or (bfloat16 and (wide or pointwise))) and math.prod(kernel.shape[:2]) <= MOST_TAPS:
        return _with_gradients(inputs, kernel, sides, few, layer.strides, layer.padding.upper())
    return CONV2D.convolution_op(layer, inputs, kernel)


def _one_place(inputs, kernel, sides):
    seen, taps = zip(*(side.window(0) for side in sides), strict=True)
    pixels = _flat(cut(inputs, ((0, 0), *_around(seen, inputs.shape[1:3]), (0, 0))))
    weights = cut(kernel, (*_around(taps, kernel.shape[:2]), (0, 0), (0, 0)))
    return ops.reshape(ops.matmul(pixels, ops.reshape(weights, (-1, kernel.shape[3]))), (-1, 1, 1, kernel.shape[3]))


def _around(parts, sizes):
    """Places before and behind each part of so many."""
    return [(part.start, size - part.stop) for part, size in zip(parts, sizes, strict=True)]


def _with_gradients(inputs, kernel, sides, few: bool, strides, padding: str):
    strides = [1, *strides, 1]

    @tf.custom_gradient
    def convolution(inputs, kernel):
        outputs = _by_place(inputs, kernel, sides) if few else tf.nn.conv2d(inputs, kernel, strides, padding)

        def gradient(upstream):
            if few:
                by_inputs = _inputs_by_place(upstream, kernel, sides)
            else:
                by_inputs = tf.raw_ops.Conv2DBackpropInput(
                    input_sizes=tf.shape(inputs), filter=kernel, out_backprop=upstream, strides=strides, padding=padding
                )
            return by_inputs, _kernel_by_tap(inputs, upstream, kernel.shape, sides)

        return outputs, gradient

    return convolution(inputs, kernel)


def _windows(sides):
    """For each place after, row by row: places before `(rows, columns)` and the taps that meet them."""
    for places in itertools.product(*(range(side.after) for side in sides)):
        (rows, down), (columns, right) = (side.window(place) for side, place in zip(sides, places, strict=True))
        yield places, (rows, columns), (down, right)


def _by_place(inputs, kernel, sides):
    """The convolution, a product for each place after."""
    products = [
        tf.matmul(_flat(inputs[:, rows, columns]), _weights(kernel, taps))
        for _, (rows, columns), taps in _windows(sides)
    ]
    return tf.reshape(tf.stack(products, axis=1), (-1, *(side.after for side in sides), kernel.shape[3]))


def _inputs_by_place(upstream, kernel, sides):
    """The gradient by the inputs, a product for each place after; 16 bits are added up in float32."""
    parts = []
    for (row, column), seen, taps in _windows(sides):
        product = tf.matmul(upstream[:, row, column], _weights(kernel, taps), transpose_b=True)
        size = [part.stop - part.start for part in seen]
        unseen = _around(seen, [side.before for side in sides])
        part = tf.reshape(product, (-1, *size, kernel.shape[2]))
        part = tf.pad(part, ((0, 0), *unseen, (0, 0))) if any(map(any, unseen)) else part
        parts.append(tf.cast(part, tf.float32) if part.dtype.size == 2 else part)
    return tf.cast(tf.add_n(parts), upstream.dtype)


def _kernel_by_tap(inputs, upstream, shape, sides):
    """The gradient of a kernel of this shape, a product over all images and places for each tap."""
    taps = []
    for row, column in itertools.product(*(range(side.taps) for side in sides)):
        (rows, after), (columns, beside) = (side.meeting(tap) for side, tap in zip(sides, (row, column), strict=True))
        if after.start == after.stop or beside.start == beside.stop:
            taps.append(tf.zeros(shape[2:], inputs.dtype))
        else:
            before = _pixels(inputs[:, rows, columns])
            taps.append(tf.matmul(before, _pixels(upstream[:, after, beside]), transpose_a=True))
    return tf.reshape(tf.stack(taps), shape)


def _weights(kernel, taps):
    """Weights of some taps, `(taps x in, out)`."""
    return tf.reshape(kernel[taps], (-1, kernel.shape[3]))


def _pixels(images):
    """`(batch x height x width, channels)`."""
    return tf.reshape(images, (-1, images.shape[3]))


def _flat(images):
    """`(batch, height x width x channels)`."""
    return tf.reshape(images, (-1, math.prod(images.shape[1:])))
