"""What a step of an LSTM, GRU and SimpleRNN does beside its product, forwards and backwards; TensorFlow is imported late."""

from collections.abc import Callable
from typing import NamedTuple

import keras


class Cell(NamedTuple):
    """What a step does beside its product.

    Attributes:
        biases: Number of biases; the first goes with the inputs' product, a second with the states' product.
        saved: Number of tensors that a step saves for its gradient.
        forward: `(given, product, biases, states) -> (states, saved)`, of the inputs' product with its bias, the product
            of the state `(batch, units)` before, further biases, and all states before.
        backward: `(slopes, saved) -> (gradients, slopes)`, of the loss's slopes by the states afterwards. The gradients
            are those by `given` and by `product`, once where both are one; the slopes are those by the states before,
            without what comes through the product.
    """

    biases: int
    saved: int
    forward: Callable
    backward: Callable


def _lstm_forward(given, product, biases, states):
    """Gates in Keras' order: input, forget, new, output."""
    import tensorflow as tf

    i, f, g, o = tf.split(given + product, 4, axis=1)
    i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
    before = states[1]
    carry = f * before + i * g
    tanh = tf.tanh(carry)
    return [o * tanh, carry], [before, i, f, g, o, tanh]


def _lstm_backward(slopes, saved):
    import tensorflow as tf

    (dh, dc), (before, i, f, g, o, tanh) = slopes, saved
    dc = dc + dh * o * (1 - tanh * tanh)
    gates = [dc * g * i * (1 - i), dc * before * f * (1 - f), dc * i * (1 - g * g), dh * tanh * o * (1 - o)]
    return [tf.concat(gates, axis=1)], [tf.zeros_like(dh), dc * f]


def _gru_forward(given, product, biases, states):
    """Gates in Keras' order: update, reset, new; reset after the product."""
    import tensorflow as tf

    (before,) = states
    xz, xr, xn = tf.split(given, 3, axis=1)
    hz, hr, hn = tf.split(product + biases[0], 3, axis=1)
    z, r = tf.sigmoid(xz + hz), tf.sigmoid(xr + hr)
    n = tf.tanh(xn + r * hn)
    return [z * before + (1 - z) * n], [before, z, r, n, hn]


def _gru_backward(slopes, saved):
    import tensorflow as tf

    (dh,), (before, z, r, n, hn) = slopes, saved
    dn = dh * (1 - z) * (1 - n * n)
    dz = dh * (before - n) * z * (1 - z)
    dr = dn * hn * r * (1 - r)
    return [tf.concat([dz, dr, dn], axis=1), tf.concat([dz, dr, dn * r], axis=1)], [dh * z]


def _simple_forward(given, product, biases, states):
    import tensorflow as tf

    new = tf.tanh(given + product)
    return [new], [new]


def _simple_backward(slopes, saved):
    import tensorflow as tf

    (dh,), (new,) = slopes, saved
    return [dh * (1 - new * new)], [tf.zeros_like(dh)]


CELLS = {
    keras.layers.LSTM: Cell(1, 6, _lstm_forward, _lstm_backward),
    keras.layers.GRU: Cell(2, 5, _gru_forward, _gru_backward),
    keras.layers.SimpleRNN: Cell(1, 1, _simple_forward, _simple_backward),
}
