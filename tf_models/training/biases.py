"""Gradients of biases in bfloat16, added up so that nothing is lost.

TensorFlow's operation for them (`BiasAddGrad`, 2.21) adds bfloat16 numbers up in bfloat16 on a CPU. That has eight binary
digits, so that a sum stands still where it is some 256 times what comes to it: of the gradient of a convolution's bias over
128 images of 32 x 32 pixels a twentieth may be left. `tf.reduce_sum` adds up in float32, and is faster where there is much to
add.
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
    channels = 1 if (data_format or "").startswith("NC") else value.shape.rank - 1
    others = [axis for axis in range(value.shape.rank) if axis != channels]

    @tf.custom_gradient
    def add(value, bias):
        return ADD(value, bias, data_format, name), lambda upstream: (upstream, tf.reduce_sum(upstream, others))

    return add(value, bias)
