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

from tf_models.layers.recurrent_steps import CELLS, Cell

KINDS = tuple(CELLS)
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
    """Whether `inner_loop` below computes what a layer does: the usual activations, steps in a loop.

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
    # Of rates of 1 Keras' SimpleRNN drops all, its LSTM and GRU nothing.
    below = max(cell.dropout, cell.recurrent_dropout) < 1
    return usual and below and not layer.unroll and getattr(cell, "reset_after", True)


def inner_loop(layer: keras.layers.RNN, sequences, initial_state, mask, training: bool = False) -> tuple:
    """What `layer.inner_loop` computes.

    Args:
        layer: An LSTM, GRU or SimpleRNN that is `replaceable`.
        sequences: `(batch, steps, features)`, of one step at least.
        initial_state: States `(batch, units)`, two of an LSTM.
        mask: Which steps count, `(batch, steps)`, or None; at the others states and outputs stay.
        training: Whether inputs and states are dropped, and gradients wanted soon.

    Returns:
        The last output, all outputs `(batch, steps, units)`, and the last states.
    """
    import tensorflow as tf

    cell = layer.cell
    kind = next(kind for keras_layer, kind in CELLS.items() if isinstance(layer, keras_layer))
    if isinstance(mask, (list, tuple)):
        mask = mask[0]
    states = list(initial_state) if isinstance(initial_state, (list, tuple)) else [initial_state]
    drops = _drops(cell, sequences, states) if training else _Drops([], [])
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
        # As slices, each would get a gradient of all rows.
        return [None, None] if whole is None else tf.split(whole, [half, rows - half])

    whole = (x, None if mask is None else tf.cast(mask, tf.bool)[..., None], drops, states)
    parts = (tf.nest.pack_sequence_as(whole, part) for part in zip(*map(halves, tf.nest.flatten(whole)), strict=True))
    found = [_outputs(kind, layer, *part, weights, training) for part in parts]
    last, outputs, *ends = (tf.concat(both, 0) for both in zip(*found, strict=True))
    outputs.set_shape((*sequences.shape[:2], layer.units))
    return last, outputs, [tf.cast(state, x.dtype) for state in ends]


class _Drops(NamedTuple):
    """What dropout multiplies `inputs` and `states` by, `(batch, n)`, the same in all steps.

    Each is a list: empty for no dropout, of one mask, or of one for each gate.
    """

    inputs: list
    states: list


def _drops(cell, sequences, states) -> _Drops:
    """The masks that Keras drew for this call."""
    drawn = cell.get_dropout_mask(sequences[:, 0, :]), cell.get_recurrent_dropout_mask(states[0])
    return _Drops(*([] if masks is None else keras.tree.flatten(masks) for masks in drawn))


def _outputs(kind: Cell, layer: keras.layers.RNN, x, mask, drops, states, weights, training: bool) -> list:
    """The last output, all outputs `(batch, steps, units)` and the last states of some rows; the rest as `_recurrence`."""
    import tensorflow as tf

    def by_step(part):
        steps_first = tf.transpose(part, (1, 0, 2))
        return steps_first[::-1] if layer.go_backwards else steps_first

    x, mask = by_step(x), None if mask is None else by_step(mask)
    outputs, *ends = _recurrence(kind, x, mask, drops, states, weights, training)
    last = tf.cast(ends[0], x.dtype)
    if mask is not None:
        # Before the first step that counts the output is zero, whatever the state.
        shown = mask if layer.zero_output_for_mask else tf.cumsum(tf.cast(mask, tf.int32)) > 0
        zero = tf.zeros((), x.dtype)
        outputs, last = tf.where(shown, outputs, zero), tf.where(shown[-1], last, zero)
    return [last, tf.transpose(outputs, (1, 0, 2)), *ends]


@functools.cache
def _compiled(cell: Cell) -> tuple[Callable, Callable]:
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


def _recurrence(cell: Cell, x, mask, drops: _Drops, states, weights, training: bool) -> tuple:
    """All steps of a cell.

    Args:
        cell: What a step does.
        x: `(steps, batch, features)`.
        mask: `(steps, batch, 1)`, or None.
        drops: Dropout of inputs and states.
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
        kernel = _Product(tf.cast(kernel, narrow), drops.inputs)
        recurrent = _Product(tf.cast(recurrent, narrow), drops.states)
        projected = kernel(x)

        def step_forward(step, output, states, stacks):
            product = recurrent(output)
            states, output, saved = forward(projected[step], product, biases, states, shown(step))
            return [output, states, _pushed(stacks, saved) if training else stacks], [output]

        first = tf.cast(states[0], narrow)
        stacks = _stacks(cell.saved if training else 0, first.shape, kept, steps)
        (_, ends, stacks), (outputs,) = _loop(steps, step_forward, [first, states, stacks], [(narrow, units)])
        outputs = tf.reshape(outputs.stack(), (steps, rows, units))

        def gradient(doutputs, *slopes):
            slope, input_slope = recurrent.slope(), kernel.slope()

            def step_backward(step, product, slopes, stacks):
                stacks, saved = _popped(stacks, first.shape, kept)
                gradients, slopes = backward(doutputs[step], product, slopes, saved, shown(step))
                return [slope(gradients[-1]), slopes, stacks], gradients

            begin = [tf.zeros_like(first), list(slopes), stacks]
            kinds = [(narrow, gates)] * cell.biases  # as many gradients as biases
            (product, slopes, _), found = _loop(steps, step_backward, begin, kinds, backwards=True)
            slopes[0] = slopes[0] + tf.cast(product, kept)
            found = [tf.reshape(array.stack(), (steps, rows, gates)) for array in found]
            before = tf.concat([first[None], outputs[:-1]], 0)
            ones = tf.ones((1, steps * rows), narrow)
            dx = input_slope(found[0])
            biases = (tf.matmul(ones, tf.reshape(one, (-1, gates)))[0] for one in found)
            sums = kernel.sums(x, found[0]), recurrent.sums(before, found[-1]), *biases
            # As in `tf_models.steps.after`: dx reads the kernel, whose update must not come first.
            with tf.control_dependencies([dx]):
                return dx, *slopes, *(tf.identity(tf.cast(one, kept)) for one in sums)

        return (outputs, *ends), gradient

    if training:
        return tf.custom_gradient(compute)(x, *states, *weights)
    return compute(x, *states, *weights)[0]


class _Product:
    """The product of inputs or states `(..., batch, n)` with their weight.

    Args:
        weight: `(n, gates)`.
        masks: What dropout multiplies the inputs by, `(batch, n)`: none, one, or one for each gate's part of `weight`.
    """

    def __init__(self, weight, masks: list):
        import tensorflow as tf

        self._masks = masks
        self._parts = tf.split(weight, len(masks), axis=1) if masks else [weight]

    def _dropped(self, x) -> list:
        return [x * mask for mask in self._masks] or [x]

    def _by_gate(self, gradients) -> list:
        import tensorflow as tf

        return tf.split(gradients, len(self._masks), axis=-1) if self._masks else [gradients]

    def __call__(self, x):
        """`(..., batch, gates)`."""
        return _joined([_matmul(one, part) for one, part in zip(self._dropped(x), self._parts, strict=True)])

    def slope(self) -> Callable:
        """A function from the gradients by the product to those by the inputs."""
        import tensorflow as tf

        transposed = [tf.transpose(part) for part in self._parts]

        def slope(gradients):
            found = [_matmul(one, part) for one, part in zip(self._by_gate(gradients), transposed, strict=True)]
            if not self._masks:
                return found[0]
            return tf.add_n([one * mask for one, mask in zip(found, self._masks, strict=True)])

        return slope

    def sums(self, x, gradients):
        """The gradient by the weight, of the inputs and the gradients by the product, of all steps."""
        import tensorflow as tf

        def flat(part):
            return tf.reshape(part, (-1, part.shape[-1]))

        pairs = zip(self._dropped(x), self._by_gate(gradients), strict=True)
        return _joined([tf.matmul(flat(one), flat(part), transpose_a=True) for one, part in pairs])


def _joined(parts: list):
    import tensorflow as tf

    return tf.concat(parts, -1) if len(parts) > 1 else parts[0]


def _matmul(x, weight):
    """`x` `(..., n)` times `weight` `(n, m)`, as one product."""
    import tensorflow as tf

    if x.shape.rank == 2:
        return tf.matmul(x, weight)
    flat = tf.matmul(tf.reshape(x, (-1, x.shape[-1])), weight)
    return tf.reshape(flat, (*tf.unstack(tf.shape(x)[:-1]), weight.shape[-1]))


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
        before = tf.nest.flatten(carried)
        carried, written = body(step, *carried)
        for now, then in zip(tf.nest.flatten(carried), before, strict=True):
            now.set_shape(then.shape)  # of no row or one TensorFlow does not see that there are as many afterwards
        return number + 1, carried, [array.write(step, value) for array, value in zip(arrays, written, strict=True)]

    _, carried, arrays = tf.while_loop(
        lambda number, *_: number < steps, one, (0, list(carried), arrays), maximum_iterations=steps
    )
    return carried, arrays


def _stacks(count: int, shape, kind, most) -> list:
    """Empty stacks for `most` tensors each. What is popped is let go, while an array holds all until its end."""
    import tensorflow as tf

    empty = functools.partial(tf.raw_ops.EmptyTensorList, element_dtype=kind, max_num_elements=most)
    return [empty(element_shape=_element(shape)) for _ in range(count)]


def _element(shape):
    import tensorflow as tf

    return tf.constant([-1 if size is None else size for size in shape])


def _pushed(stacks: list, values: list) -> list:
    import tensorflow as tf

    push = tf.raw_ops.TensorListPushBack
    return [push(input_handle=stack, tensor=value) for stack, value in zip(stacks, values, strict=True)]


def _popped(stacks: list, shape, kind) -> tuple[list, list]:
    """The stacks without their last tensors, and these."""
    import tensorflow as tf

    pop = functools.partial(tf.raw_ops.TensorListPopBack, element_dtype=kind)
    found = [pop(input_handle=stack, element_shape=_element(shape)) for stack in stacks]
    return [one.output_handle for one in found], [tf.ensure_shape(one.tensor, shape) for one in found]
