"""LSTM, GRU and SimpleRNN with a gradient written out, faster on CPUs; TensorFlow is imported late.

Keras computes a step's input product inside the loop, and lets TensorFlow derive the loop backwards, which keeps every
intermediate value and makes the weights' gradients of each step one by one. Here the input products of all steps are
one product, and so are the gradients of each weight; the loops keep what only they can do. In them

- what a step does beside its product is one function that XLA compiles, whose shapes know nothing of the number of
  steps, so that texts of any length share it;
- the two halves of a batch run as two loops, because a step's tensors are too small to share among cores: handing them
  over takes longer than computing them;
- the backward product meets weights that were transposed once, not in each step.

Products are made in the layer's compute type, states and sums over steps in float32 at least. The results are Keras'
own but for rounding. `tf.raw_ops.BlockLSTMV2` would be shorter, and its gradients are wrong on CPUs (TensorFlow 2.21).
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import keras

HALVED = 16  # rows from which a batch is cut in two; of a smaller one the second half is empty


class _Fast:
    """A recurrent layer's loop, exchanged where that is possible."""

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if not replaceable(self):
            return super().inner_loop(sequences, initial_state, mask, training)
        return inner_loop(self, sequences, initial_state, mask, training)


@keras.saving.register_keras_serializable(package="tf_models")
class FastLSTM(_Fast, keras.layers.LSTM):
    """`keras.layers.LSTM`, faster on TensorFlow; arguments and results are the same."""


@keras.saving.register_keras_serializable(package="tf_models")
class FastGRU(_Fast, keras.layers.GRU):
    """`keras.layers.GRU`, faster on TensorFlow; arguments and results are the same."""


@keras.saving.register_keras_serializable(package="tf_models")
class FastSimpleRNN(_Fast, keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN`, faster on TensorFlow; arguments and results are the same."""


def replaceable(layer: keras.layers.RNN) -> bool:
    """Whether `inner_loop` below computes what a layer does: the usual activations, no dropout of states.

    With a GPU Keras calls cuDNN, which is faster still.
    """
    if keras.backend.backend() != "tensorflow" or not isinstance(layer, KINDS):
        return False
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        return False
    cell = layer.cell
    gate = getattr(cell, "recurrent_activation", keras.activations.sigmoid)
    usual = (cell.activation, gate) == (keras.activations.tanh, keras.activations.sigmoid)
    # One implementation of dropout drops each gate's inputs apart.
    masks = getattr(cell, "implementation", 2) == 2 or not cell.dropout
    return usual and masks and not (cell.recurrent_dropout or layer.unroll) and getattr(cell, "reset_after", True)


def inner_loop(layer: keras.layers.RNN, sequences, initial_state, mask, training: bool = False) -> tuple:
    """What `layer.inner_loop` computes.

    Args:
        layer: An LSTM, GRU or SimpleRNN that is `replaceable`.
        sequences: `(batch, steps, features)`, of one step at least.
        initial_state: States `(batch, units)`, two of an LSTM.
        mask: Which steps count, `(batch, steps)`, or None; at the others states and outputs stay.
        training: Whether inputs are dropped, and gradients wanted soon.

    Returns:
        The last output, all outputs `(batch, steps, units)`, and the last states.
    """
    import tensorflow as tf

    cell = layer.cell
    kind = next(kind for keras_layer, kind in _CELLS.items() if isinstance(layer, keras_layer))
    if isinstance(mask, (list, tuple)):
        mask = mask[0]
    states = list(initial_state) if isinstance(initial_state, (list, tuple)) else [initial_state]
    if training and cell.dropout:
        sequences = sequences * cell.get_dropout_mask(sequences[:, 0, :])[:, None, :]
    x = tf.convert_to_tensor(sequences)
    kept = tf.float32 if x.dtype.size < 4 else x.dtype
    states = [tf.cast(state, kept) for state in states]
    kernel, recurrent = (tf.cast(tf.convert_to_tensor(one), kept) for one in (cell.kernel, cell.recurrent_kernel))
    gates = kernel.shape[-1]
    bias = tf.zeros((kind.biases, gates), kept) if cell.bias is None else tf.cast(tf.convert_to_tensor(cell.bias), kept)
    weights = [kernel, recurrent, *tf.unstack(tf.reshape(bias, (kind.biases, gates)))]

    rows = tf.shape(x)[0]
    half = tf.where(rows < HALVED, rows, rows // 2)

    def halves(whole) -> list:
        return tf.split(whole, [half, rows - half])  # as slices, each would get a gradient of all rows

    def by_step(part):
        steps_first = tf.transpose(part, (1, 0, 2))
        return steps_first[::-1] if layer.go_backwards else steps_first

    masks = [None, None] if mask is None else halves(tf.cast(mask, tf.bool)[..., None])
    found = []
    for part, masked, *before in zip(halves(x), masks, *map(halves, states), strict=True):
        masked = None if masked is None else by_step(masked)
        found.append(_outputs(kind, layer, by_step(part), masked, before, weights, training))
    last, outputs, *ends = (tf.concat(both, 0) for both in zip(*found, strict=True))
    outputs.set_shape((*sequences.shape[:2], layer.units))
    return last, outputs, [tf.cast(state, x.dtype) for state in ends]


def _outputs(kind: "_Cell", layer: keras.layers.RNN, x, mask, states, weights, training: bool) -> list:
    """The last output, all outputs `(batch, steps, units)` and the last states of some rows; the rest as `_recurrence`."""
    import tensorflow as tf

    outputs, *ends = _recurrence(kind, x, mask, states, weights, training)
    last = tf.cast(ends[0], x.dtype)
    if mask is not None:
        # Before the first step that counts the output is zero, whatever the state.
        shown = mask if layer.zero_output_for_mask else tf.cumsum(tf.cast(mask, tf.int32)) > 0
        zero = tf.zeros((), x.dtype)
        outputs, last = tf.where(shown, outputs, zero), tf.where(shown[-1], last, zero)
    return [last, tf.transpose(outputs, (1, 0, 2)), *ends]


class _Cell(NamedTuple):
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


_CELLS = {
    keras.layers.LSTM: _Cell(1, 6, _lstm_forward, _lstm_backward),
    keras.layers.GRU: _Cell(2, 5, _gru_forward, _gru_backward),
    keras.layers.SimpleRNN: _Cell(1, 1, _simple_forward, _simple_backward),
}
KINDS = tuple(_CELLS)


@functools.cache
def _compiled(cell: _Cell) -> tuple[Callable, Callable]:
    """A cell's two functions with masks and changes of type, each compiled by XLA as a whole."""
    import tensorflow as tf

    @functools.partial(tf.function, jit_compile=True, autograph=False)
    def forward(given, product, biases, states, mask):
        kept, narrow = states[0].dtype, product.dtype
        given = tf.cast(given, kept) + biases[0]
        new, saved = cell.forward(given, tf.cast(product, kept), biases[1:], states)
        if mask is not None:
            new = [tf.where(mask, one, before) for one, before in zip(new, states, strict=True)]
        return new, tf.cast(new[0], narrow), saved

    @functools.partial(tf.function, jit_compile=True, autograph=False)
    def backward(output, product, slopes, saved, mask):
        kept, narrow = slopes[0].dtype, product.dtype
        slopes = [slopes[0] + tf.cast(output, kept) + tf.cast(product, kept), *slopes[1:]]
        if mask is None:
            gradients, slopes = cell.backward(slopes, saved)
        else:
            zero = tf.zeros((), kept)
            gradients, inner = cell.backward([tf.where(mask, one, zero) for one in slopes], saved)
            slopes = [one + tf.where(mask, zero, stays) for one, stays in zip(inner, slopes, strict=True)]
        return [tf.cast(one, narrow) for one in gradients], slopes

    return forward, backward


def _recurrence(cell: _Cell, x, mask, states, weights, training: bool) -> tuple:
    """All steps of a cell.

    Args:
        cell: What a step does.
        x: `(steps, batch, features)`.
        mask: `(steps, batch, 1)`, or None.
        states: Before the first step, in the type that is kept.
        weights: Kernel, recurrent kernel and biases, in the same type.
        training: Whether to save what the gradient that is written out needs. Otherwise TensorFlow derives it, slowly;
            a SavedModel holds no gradient that refers to arrays.

    Returns:
        The outputs `(steps, batch, units)` in the type of `x`, and the last states in the type that is kept.
    """
    import tensorflow as tf

    narrow, kept, units = x.dtype, states[0].dtype, states[0].shape[-1]
    gates, count = weights[0].shape[-1], len(states)
    rows = tf.shape(x)[1]
    steps = tf.shape(x)[0]
    forward, backward = _compiled(cell)

    def shown(step):
        return None if mask is None else mask[step]

    def compute(x, *rest):
        states, (kernel, recurrent, *biases) = list(rest[:count]), rest[count:]
        kernel, recurrent = tf.cast(kernel, narrow), tf.cast(recurrent, narrow)
        projected = _products(x, kernel)

        def step_forward(step, output, *states):
            product = tf.matmul(output, recurrent)
            states, output, saved = forward(projected[step], product, biases, list(states), shown(step))
            return [output, *states], [output, *(saved if training else ())]

        first = tf.cast(states[0], narrow)
        kinds = [(narrow, units), *[(kept, units)] * (cell.saved if training else 0)]
        (_, *ends), (outputs, *saved) = _loop(steps, step_forward, [first, *states], kinds)
        outputs = tf.reshape(outputs.stack(), (steps, rows, units))

        def gradient(doutputs, *slopes):
            transposed = tf.transpose(recurrent)

            def step_backward(step, product, *slopes):
                read = [array.read(step) for array in saved]
                gradients, slopes = backward(doutputs[step], product, list(slopes), read, shown(step))
                return [tf.matmul(gradients[-1], transposed), *slopes], gradients

            kinds = [(narrow, gates)] * cell.biases  # as many gradients as biases
            (product, *slopes), found = _loop(
                steps, step_backward, [tf.zeros_like(first), *slopes], kinds, backwards=True
            )
            slopes[0] = slopes[0] + tf.cast(product, kept)
            found = [tf.reshape(array.stack(), (-1, gates)) for array in found]
            before = tf.concat([first[None], outputs[:-1]], 0)
            ones = tf.ones((1, tf.shape(found[0])[0]), narrow)
            dx = tf.reshape(tf.matmul(found[0], tf.transpose(kernel)), tf.shape(x))
            sums = _sums(x, found[0]), _sums(before, found[-1]), *(tf.matmul(ones, one)[0] for one in found)
            # As in `tf_models.steps.after`: dx reads the kernel, whose update must not come first.
            with tf.control_dependencies([dx]):
                return dx, *slopes, *(tf.identity(tf.cast(one, kept)) for one in sums)

        return (outputs, *ends), gradient

    if training:
        return tf.custom_gradient(compute)(x, *states, *weights)
    return compute(x, *states, *weights)[0]


def _products(x, weight):
    """`x` `(steps, batch, n)` times `weight` `(n, m)`."""
    import tensorflow as tf

    flat = tf.matmul(tf.reshape(x, (-1, x.shape[-1])), weight)
    return tf.reshape(flat, (*tf.unstack(tf.shape(x)[:2]), weight.shape[-1]))


def _sums(x, gradients):
    """The gradient of a weight that `x` `(steps, batch, n)` was multiplied by, of those of the products `(..., m)`."""
    import tensorflow as tf

    return tf.matmul(tf.reshape(x, (-1, x.shape[-1])), gradients, transpose_a=True)


def _loop(steps, body, carried, kinds, backwards: bool = False) -> tuple[list, list]:
    """Run `body(step, *carried) -> (carried, written)` for each step.

    Args:
        steps: Number of steps.
        body: Makes a step.
        carried: What the first step gets.
        kinds: Type and width of each tensor `(batch, width)` that a step writes.
        backwards: Whether the last step comes first.

    Returns:
        What the last step handed on, and for each of `kinds` an array of what the steps have written.
    """
    import tensorflow as tf

    arrays = [tf.TensorArray(kind, steps, element_shape=(None, width), clear_after_read=False) for kind, width in kinds]

    def one(number, carried, arrays):
        step = steps - 1 - number if backwards else number
        carried, written = body(step, *carried)
        return number + 1, carried, [array.write(step, value) for array, value in zip(arrays, written, strict=True)]

    _, carried, arrays = tf.while_loop(
        lambda number, *_: number < steps, one, (0, list(carried), arrays), maximum_iterations=steps
    )
    return carried, arrays
