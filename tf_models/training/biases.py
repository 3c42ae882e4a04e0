"""Gradients of biases in bfloat16, added up so that nothing is lost.

TensorFlow's operation for them (`BiasAddGrad`, 2.21) adds bfloat16 numbers up in bfloat16 on a CPU. That has eight binary
digits, so that a sum stands still where it is some 256 times what comes to it: of the gradient of a convolution's bias over
128 images of 32 x 32 pixels a twentieth may be left. A product with ones adds up in float32, and is faster where there is much
to add.
"""

import contextlib
from collections.abc import Iterator

import tensorflow as tf

ADD = tf.nn.bias_add


@contextlib.contextmanager
def whole_sums() -> Iterator[None]:
    """Within the context, what Keras' layers add their biases by has the right gradient in bfloat16; nothing else changes.

    Steps must be traced within it.
    """
    before = tf.nn.bias_add
    tf.nn.bias_add = _add
    try:
        yield
    finally:
        tf.nn.bias_add = before


def _add(value, bias, data_format=None, name=None):
    if value.dtype != tf.bfloat16:
        return ADD(value, bias, data_format, name)
    last = not (data_format or "").startswith("NC")

    @tf.custom_gradient
    def add(value, bias):
        def gradient(upstream):
            upstream = tf.ensure_shape(upstream, value.shape)  # what is behind may not say how many channels there are
            return upstream, _summed(upstream, last)

        return ADD(value, bias, data_format, name), gradient

    return add(value, bias)


def _summed(upstream, last: bool):
    """Sums over all axes but that of the channels, which is the last one or the second."""
    if not last:
        return tf.reduce_sum(upstream, [axis for axis in range(upstream.shape.rank) if axis != 1])
    channels = upstream.shape[-1]
    rows = tf.reshape(upstream, (-1, channels))
    # `reduce_sum`, which adds up in float32 as well, takes up to four times as long.
    return tf.reshape(tf.matmul(tf.ones((1, tf.shape(rows)[0]), rows.dtype), rows), (channels,))
