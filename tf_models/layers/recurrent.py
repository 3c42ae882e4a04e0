"""LSTM and GRU with a gradient written out, several times faster on CPUs; TensorFlow is imported late.

Keras computes a step's input product inside the loop, and lets TensorFlow derive the loop backwards, which keeps every
intermediate value and makes the weights' gradients of each step one by one. Here the input products of all steps are
one product, and so are the gradients of each weight; the loops keep what only they can do. Products are made in the
layer's compute type, states and sums over steps in float32 at least. The results are Keras' own but for rounding.

`tf.raw_ops.BlockLSTMV2` would be shorter, and its gradients are wrong on CPUs (TensorFlow 2.21).
"""

import keras


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


def replaceable(layer: keras.layers.RNN) -> bool:
    """Whether `inner_loop` below computes what an LSTM or GRU does: the usual activations, no dropout of states.

    With a GPU Keras calls cuDNN, which is faster still.
    """
    if keras.backend.backend() != "tensorflow" or not isinstance(layer, (keras.layers.LSTM, keras.layers.GRU)):
        return False
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        return False
    cell = layer.cell
    usual = (cell.activation, cell.recurrent_activation) == (keras.activations.tanh, keras.activations.sigmoid)
    masks = cell.implementation == 2 or not cell.dropout  # the other implementation drops each gate's inputs apart
    return usual and masks and not (cell.recurrent_dropout or layer.unroll) and getattr(cell, "reset_after", True)


def inner_loop(layer: keras.layers.RNN, sequences, initial_state, mask, training: bool = False) -> tuple:
    """What `layer.inner_loop` computes.

    Args:
        layer: An LSTM or GRU that is `replaceable`.
        sequences: `(batch, steps, features)`, of one step at least.
        initial_state: States `(batch, units)`, two of an LSTM.
        mask: Which steps count, `(batch, steps)`, or None; at the others states and outputs stay.
        training: Whether inputs are dropped.

    Returns:
        The last output, all outputs `(batch, steps, units)`, and the last states.
    """
    import tensorflow as tf

    cell = layer.cell
    if isinstance(mask, (list, tuple)):
        mask = mask[0]
    states = list(initial_state) if isinstance(initial_state, (list, tuple)) else [initial_state]
    if training and cell.dropout:
        sequences = sequences * cell.get_dropout_mask(sequences[:, 0, :])[:, None, :]
    x = tf.transpose(tf.convert_to_tensor(sequences), (1, 0, 2))
    mask = None if mask is None else tf.transpose(tf.cast(mask, tf.bool))[..., None]
    if layer.go_backwards:
        x, mask = x[::-1], None if mask is None else mask[::-1]
    kept = tf.float32 if x.dtype.size < 4 else x.dtype
    kernel, recurrent = (
        tf.cast(tf.convert_to_tensor(weight), x.dtype) for weight in (cell.kernel, cell.recurrent_kernel)
    )
    gates = kernel.shape[-1]
    bias = tf.zeros((gates,), kept) if cell.bias is None else tf.cast(tf.convert_to_tensor(cell.bias), kept)
    states = [tf.cast(state, kept) for state in states]
    if len(states) == 2:
        hidden, carry = _lstm(x, mask, *states, kernel, recurrent, bias)
        ends = [hidden[-1], carry]
    else:
        biases = tf.reshape(bias, (-1, gates)) if cell.bias is not None else tf.zeros((2, gates), kept)
        hidden = _gru(x, mask, states[0], kernel, recurrent, biases[0], biases[1])
        ends = [hidden[-1]]
    outputs = hidden
    if mask is not None:
        # Before the first step that counts the output is zero, whatever the state.
        shown = mask if layer.zero_output_for_mask else tf.cumsum(tf.cast(mask, tf.int32)) > 0
        outputs = tf.where(shown, hidden, tf.zeros((), kept))
    outputs = tf.cast(tf.transpose(outputs, (1, 0, 2)), x.dtype)
    outputs.set_shape((*sequences.shape[:2], layer.units))
    return outputs[:, -1], outputs, [tf.cast(state, x.dtype) for state in ends]


def _products(x, weight, kept):
    """`x` `(steps, batch, n)` times `weight` `(n, m)`, in the type `kept`."""
    import tensorflow as tf

    shape = tf.shape(x)
    flat = tf.matmul(tf.reshape(x, (-1, x.shape[-1])), weight)
    return tf.reshape(tf.cast(flat, kept), (shape[0], shape[1], weight.shape[-1]))


def _sums(x, dz):
    """The gradient of a weight that `x` `(steps, batch, n)` was multiplied by, from that of the product."""
    import tensorflow as tf

    return tf.matmul(tf.reshape(x, (-1, x.shape[-1])), tf.reshape(dz, (-1, dz.shape[-1])), transpose_a=True)


def _loop(steps, body, carried, kinds, backwards: bool = False) -> tuple[list, list]:
    """Run `body(step, *carried) -> (carried, written)` for each step.

    Args:
        steps: Number of steps.
        body: Makes a step.
        carried: What the first step gets.
        kinds: Type and shape of each tensor that a step writes.
        backwards: Whether the last step comes first.

    Returns:
        What the last step handed on, and for each of `kinds` what all steps have written, stacked in their order.
    """
    import tensorflow as tf

    arrays = [tf.TensorArray(kind, steps, element_shape=shape) for kind, shape in kinds]

    def one(number, carried, arrays):
        step = steps - 1 - number if backwards else number
        carried, written = body(step, *carried)
        return number + 1, carried, [array.write(step, value) for array, value in zip(arrays, written, strict=True)]

    _, carried, arrays = tf.while_loop(
        lambda number, *_: number < steps, one, (0, list(carried), arrays), maximum_iterations=steps
    )
    return carried, [array.stack() for array in arrays]


def _lstm(x, mask, h0, c0, kernel, recurrent, bias):
    """Hidden states `(steps, batch, units)` and the last carry, of gates in Keras' order: input, forget, new, output."""
    import tensorflow as tf

    kept, units, steps = h0.dtype, h0.shape[-1], tf.shape(x)[0]
    shape = tf.TensorShape((None, units))

    @tf.custom_gradient
    def compute(x, h0, c0, kernel, recurrent, bias):
        projected = _products(x, kernel, kept) + bias

        def forward(step, h, c):
            z = projected[step] + tf.cast(tf.matmul(tf.cast(h, x.dtype), recurrent), kept)
            i, f, g, o = tf.split(z, 4, axis=1)
            i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
            c_new = f * c + i * g
            h_new = o * tf.tanh(c_new)
            if mask is not None:
                h_new, c_new = tf.where(mask[step], h_new, h), tf.where(mask[step], c_new, c)
            return [h_new, c_new], [h_new, c_new, i, f, g, o]

        (_, last), (hs, cs, i, f, g, o) = _loop(steps, forward, [h0, c0], [(kept, shape)] * 6)

        def gradient(dhs, dlast):
            earlier = tf.concat([c0[None], cs[:-1]], 0)

            def backward(step, dh, dc):
                dh = dh + dhs[step]
                stay_h, stay_c = tf.zeros((), kept), tf.zeros((), kept)
                if mask is not None:
                    zero = tf.zeros((), kept)
                    stay_h, stay_c = tf.where(mask[step], zero, dh), tf.where(mask[step], zero, dc)
                    dh, dc = tf.where(mask[step], dh, zero), tf.where(mask[step], dc, zero)
                it, ft, gt, ot = i[step], f[step], g[step], o[step]
                tanh = tf.tanh(cs[step])
                dc = dc + dh * ot * (1 - tanh * tanh)
                dz = tf.concat(
                    [
                        dc * gt * it * (1 - it),
                        dc * earlier[step] * ft * (1 - ft),
                        dc * it * (1 - gt * gt),
                        dh * tanh * ot * (1 - ot),
                    ],
                    axis=1,
                )
                dh = tf.cast(tf.matmul(tf.cast(dz, x.dtype), recurrent, transpose_b=True), kept)
                return [dh + stay_h, dc * ft + stay_c], [dz]

            wide = tf.TensorShape((None, 4 * units))
            (dh0, dc0), (dz,) = _loop(steps, backward, [tf.zeros_like(h0), dlast], [(kept, wide)], backwards=True)
            before = tf.concat([h0[None], hs[:-1]], 0)
            narrow = tf.cast(dz, x.dtype)
            dx = tf.cast(_products(narrow, tf.transpose(kernel), kept), x.dtype)
            weights = _sums(x, narrow), _sums(tf.cast(before, x.dtype), narrow)
            return dx, dh0, dc0, *weights, tf.reduce_sum(dz, (0, 1))

        return (hs, last), gradient

    return compute(x, h0, c0, kernel, recurrent, bias)


def _gru(x, mask, h0, kernel, recurrent, bias, recurrent_bias):
    """Hidden states `(steps, batch, units)`, of gates in Keras' order: update, reset, new, reset after the product."""
    import tensorflow as tf

    kept, units, steps = h0.dtype, h0.shape[-1], tf.shape(x)[0]
    shape = tf.TensorShape((None, units))

    @tf.custom_gradient
    def compute(x, h0, kernel, recurrent, bias, recurrent_bias):
        projected = _products(x, kernel, kept) + bias

        def forward(step, h):
            past = tf.cast(tf.matmul(tf.cast(h, x.dtype), recurrent), kept) + recurrent_bias
            xz, xr, xn = tf.split(projected[step], 3, axis=1)
            hz, hr, hn = tf.split(past, 3, axis=1)
            z, r = tf.sigmoid(xz + hz), tf.sigmoid(xr + hr)
            n = tf.tanh(xn + r * hn)
            h_new = z * h + (1 - z) * n
            if mask is not None:
                h_new = tf.where(mask[step], h_new, h)
            return [h_new], [h_new, z, r, n, hn]

        _, (hs, z, r, n, hn) = _loop(steps, forward, [h0], [(kept, shape)] * 5)

        def gradient(dhs):
            before = tf.concat([h0[None], hs[:-1]], 0)

            def backward(step, dh):
                dh = dh + dhs[step]
                stay = tf.zeros((), kept)
                if mask is not None:
                    stay, dh = tf.where(mask[step], stay, dh), tf.where(mask[step], dh, stay)
                zt, rt, nt = z[step], r[step], n[step]
                dn = dh * (1 - zt) * (1 - nt * nt)
                dz = dh * (before[step] - nt) * zt * (1 - zt)
                dr = dn * hn[step] * rt * (1 - rt)
                past = tf.concat([dz, dr, dn * rt], axis=1)
                dh = dh * zt + tf.cast(tf.matmul(tf.cast(past, x.dtype), recurrent, transpose_b=True), kept) + stay
                return [dh], [tf.concat([dz, dr, dn], axis=1), past]

            wide = tf.TensorShape((None, 3 * units))
            (dh0,), (dx, past) = _loop(steps, backward, [tf.zeros_like(h0)], [(kept, wide)] * 2, backwards=True)
            given, carried = tf.cast(dx, x.dtype), tf.cast(past, x.dtype)
            weights = _sums(x, given), _sums(tf.cast(before, x.dtype), carried)
            biases = tf.reduce_sum(dx, (0, 1)), tf.reduce_sum(past, (0, 1))
            return tf.cast(_products(given, tf.transpose(kernel), kept), x.dtype), dh0, *weights, *biases

        return hs, gradient

    return compute(x, h0, kernel, recurrent, bias, recurrent_bias)
