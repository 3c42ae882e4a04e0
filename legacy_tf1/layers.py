"""Layers of TensorFlow 1, from variable scopes and `get_variable`.

`tf.compat.v1.layers` was a wrapper of Keras 2 and is gone with Keras 3: its functions raise AttributeError. What the
notebooks wrote with it stands here in the operations below it. Each function builds into the default graph, in the
variable scope `scope`; opened again with `reuse`, a scope gives the same variables once more.
"""

from collections.abc import Callable

import tensorflow as tf

tf1 = tf.compat.v1

UPDATE_OPS = tf1.GraphKeys.UPDATE_OPS


def torch_uniform(fan_in: int):
    """U(-b, b) with b = 1/sqrt(fan_in), for weights and biases: `initializer="torch"` of the Keras builders."""
    bound = fan_in**-0.5
    return tf1.random_uniform_initializer(-bound, bound)


def activation(name: str | None) -> Callable:
    """The function that Keras knows by this name; None and `linear` change nothing."""
    return tf.identity if name in (None, "linear") else getattr(tf.nn, name)


def get_weights(
    shape: tuple[int, ...],
    initializer=None,
    bias: bool = True,
    bias_initializer=None,
    units: int | None = None,
    dtype=tf.float32,
):
    """The variables `weights` (and `biases`) of the present scope.

    Args:
        shape: Shape of the weights.
        initializer: Initializer of the weights; None for Glorot's uniform one, TensorFlow 1's default.
        bias: Whether there are biases.
        bias_initializer: None for zeros.
        units: Number of biases; default the last entry of `shape`.
    """
    weights = tf1.get_variable("weights", shape, dtype, initializer=initializer or tf1.glorot_uniform_initializer())
    if not bias:
        return weights, None
    zeros = tf1.zeros_initializer()
    return weights, tf1.get_variable("biases", (units or shape[-1],), dtype, initializer=bias_initializer or zeros)


def dense(x, units: int, scope: str, activation: Callable | None = None, **variables):
    """`activation(x W + b)` of `x` `(batch, inputs)`; `variables` as `get_weights` takes them."""
    with tf1.variable_scope(scope):
        weights, biases = get_weights((x.shape[-1], units), dtype=x.dtype, **variables)
        return _finish(tf.matmul(x, weights), biases, activation)


def conv2d(
    x,
    filters: int,
    kernel_size: int,
    scope: str,
    strides: int = 1,
    activation: Callable | None = None,
    **variables,
):
    """A convolution of `x` `(batch, height, width, channels)` with `kernel_size // 2` zeros on all sides.

    TensorFlow's own `SAME` pads a strided convolution more at the bottom and right than at the top and left.
    """
    half = kernel_size // 2
    with tf1.variable_scope(scope):
        weights, biases = get_weights((kernel_size, kernel_size, x.shape[-1], filters), dtype=x.dtype, **variables)
        if strides > 1:
            x = tf.pad(x, [[0, 0], [half, half], [half, half], [0, 0]])
        padding = "VALID" if strides > 1 else "SAME"
        return _finish(tf.nn.conv2d(x, weights, strides=strides, padding=padding), biases, activation)


def conv2d_transpose(
    x,
    filters: int,
    kernel_size: int,
    scope: str,
    strides: int = 1,
    padding: str = "VALID",
    activation: Callable | None = None,
    **variables,
):
    """A transposed convolution: `n` places become `(n - 1) * strides + kernel_size`, or `n * strides` with `SAME`."""
    height, width, channels = x.shape[1:]
    grown = [n * strides if padding == "SAME" else (n - 1) * strides + kernel_size for n in (height, width)]
    with tf1.variable_scope(scope):
        # The filter's last two entries are (out, in), the other way round than a convolution's.
        shape = (kernel_size, kernel_size, filters, channels)
        weights, biases = get_weights(shape, units=filters, dtype=x.dtype, **variables)
        size = tf.stack([tf.shape(x)[0], *grown, filters])
        y = tf.nn.conv2d_transpose(x, weights, size, strides=strides, padding=padding)
        y.set_shape((None, *grown, filters))
        return _finish(y, biases, activation)


def max_pool(x, size: int = 2):
    """The maxima of windows `size` x `size` that do not overlap; incomplete windows are left out."""
    return tf.nn.max_pool2d(x, ksize=size, strides=size, padding="VALID")


def batch_norm(x, training, scope: str, momentum: float = 0.99, epsilon: float = 1e-3):
    """Batch normalisation over all axes but the last (Ioffe and Szegedy 2015).

    The moving averages change only when somebody runs their updates, which stand in the collection `UPDATE_OPS`: the
    training operation has to depend on them. Where a scope is used again, its updates run in the order of building.

    Args:
        training: Bool scalar; False normalises with the moving averages.
        momentum: Fraction that the averages keep of themselves at each update. tf.layers has 0.99.
        epsilon: Number added to the variance. tf.layers has 1e-3.
    """
    with tf1.variable_scope(scope):
        shape = (x.shape[-1],)
        gamma = tf1.get_variable("gamma", shape, x.dtype, initializer=tf1.ones_initializer())
        beta = tf1.get_variable("beta", shape, x.dtype, initializer=tf1.zeros_initializer())
        averages = {"initializer": tf1.zeros_initializer(), "trainable": False}
        moving_mean = tf1.get_variable("moving_mean", shape, x.dtype, **averages)
        moving_variance = tf1.get_variable(
            "moving_variance", shape, x.dtype, **averages | {"initializer": tf1.ones_initializer()}
        )
        mean, variance = tf.nn.moments(x, axes=list(range(len(x.shape) - 1)))
        collection = f"{UPDATE_OPS}/{moving_mean.op.name}"
        with tf.control_dependencies(tf1.get_collection(collection)):
            updates = [_approach(moving_mean, mean, momentum), _approach(moving_variance, variance, momentum)]
        for update in updates:
            tf1.add_to_collection(UPDATE_OPS, update)
            tf1.add_to_collection(collection, update)
        mean, variance = tf.cond(training, lambda: (mean, variance), lambda: (moving_mean + 0, moving_variance + 0))
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)


def _approach(average, new, momentum: float):
    with tf1.name_scope(
        "AssignMovingAvg"
    ):  # the name by which a meta graph shows the momentum, as those of tf.layers do
        decay = tf.constant(1 - momentum, average.dtype.base_dtype, name="decay")
        return tf1.assign_sub(average, (average - new) * decay)


def dropout(x, rate: float, training, name: str):
    """Drop a fraction of `x` and scale the rest up, in training only (Srivastava et al. 2014).

    Returns:
        The result, and what is kept: 0 or 1 in the shape of `x`, drawn from the graph's seed or fed.
    """
    drawn = tf.cast(tf.random.uniform(tf.shape(x)) >= rate, x.dtype)
    kept = tf1.placeholder_with_default(drawn, x.shape, name=name)
    return tf.cond(training, lambda: x * kept / (1 - rate), lambda: x), kept


def _finish(x, biases, activation: Callable | None):
    x = x if biases is None else tf.nn.bias_add(x, biases)
    return activation(x) if activation else x
