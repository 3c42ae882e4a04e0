"""`BasicLSTMCell` and `GRUCell` as `tf.nn.rnn_cell` had them, for `tf.nn.dynamic_rnn`, which is still there.

Their base class went with Keras 2. Variables, their names and every default are TensorFlow 1's, so that checkpoints fit.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

tf1 = tf.compat.v1


class LSTMStateTuple(NamedTuple):
    """The state of an LSTM: the cell's memory and its output."""

    c: tf.Tensor
    h: tf.Tensor


class _Cell:
    """What `dynamic_rnn` asks of a cell: sizes, a first state, and a call.

    The variables are made at the first call, in the variable scope of that call and below it in one of the cell's name;
    a second call of the cell has the same ones.
    """

    def __init__(self, num_units: int, activation: Callable | None, reuse: bool | None, name: str | None, kind: str):
        self._units = num_units
        self._activation = activation or tf.tanh
        self._reuse = reuse
        self._name = name or kind
        self._scope = None

    @property
    def output_size(self) -> int:
        return self._units

    @property
    def graph(self):
        return tf1.get_default_graph()

    def __call__(self, inputs, state, scope=None):
        if self._scope is None:
            with tf1.variable_scope(scope or self._name, reuse=self._reuse) as made:
                self._scope = made
                return self.call(inputs, state)
        with tf1.variable_scope(self._scope, reuse=True, auxiliary_name_scope=False):
            return self.call(inputs, state)

    def zero_state(self, batch_size, dtype):
        """A state of zeros in the shape of `state_size`."""
        return tf.nest.map_structure(lambda size: tf.zeros((batch_size, size), dtype), self.state_size)

    def _linear(self, parts: list, units: int, bias_start: float = 0.0):
        """`[parts] kernel + bias` with the variables of the present scope."""
        x = tf.concat(parts, 1)
        kernel = tf1.get_variable("kernel", (x.shape[1], units), x.dtype)
        bias = tf1.get_variable("bias", (units,), x.dtype, initializer=tf1.constant_initializer(bias_start))
        return tf.nn.bias_add(tf.matmul(x, kernel), bias)


class BasicLSTMCell(_Cell):
    """A long short-term memory (Hochreiter and Schmidhuber 1997): `tf.nn.rnn_cell.BasicLSTMCell`.

    Args:
        num_units: Size of memory and output.
        forget_bias: Number that the forget gate adds at every step; no variable holds it.
        state_is_tuple: True as it has been the default since TensorFlow 1.0; False concatenates memory and output.
        activation: Function of what is written and read; None for tanh.
        reuse: Whether the cell's variable scope is reused.
        name: Name of that scope.
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Callable | None = None,
        reuse: bool | None = None,
        name: str | None = None,
    ):
        super().__init__(num_units, activation, reuse, name, "basic_lstm_cell")
        self._forget_bias, self._is_tuple = forget_bias, state_is_tuple

    @property
    def state_size(self):
        return LSTMStateTuple(self._units, self._units) if self._is_tuple else 2 * self._units

    def call(self, inputs, state):
        c, h = state if self._is_tuple else tf.split(state, 2, axis=1)
        gates = self._linear([inputs, h], 4 * self._units)
        entry, new, forget, out = tf.split(gates, 4, axis=1)
        kept = tf.sigmoid(forget + tf.constant(self._forget_bias, forget.dtype))
        c = c * kept + tf.sigmoid(entry) * self._activation(new)
        h = self._activation(c) * tf.sigmoid(out)
        return h, LSTMStateTuple(c, h) if self._is_tuple else tf.concat([c, h], 1)


class GRUCell(_Cell):
    """A gated recurrent unit (Cho et al. 2014, arXiv 1406.1078): `tf.nn.rnn_cell.GRUCell`.

    Args:
        num_units: Size of the state, which is the output.
        activation: Function of the candidate; None for tanh.
        reuse: Whether the cell's variable scope is reused.
        name: Name of that scope.
    """

    def __init__(
        self, num_units: int, activation: Callable | None = None, reuse: bool | None = None, name: str | None = None
    ):
        super().__init__(num_units, activation, reuse, name, "gru_cell")

    @property
    def state_size(self) -> int:
        return self._units

    def call(self, inputs, state):
        with tf1.variable_scope("gates"):
            gates = tf.sigmoid(self._linear([inputs, state], 2 * self._units, bias_start=1.0))
        reset, update = tf.split(gates, 2, axis=1)
        with tf1.variable_scope("candidate"):
            new = self._activation(self._linear([inputs, reset * state], self._units))
        state = update * state + (1 - update) * new
        return state, state
