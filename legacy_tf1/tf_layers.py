"""A drop-in for `tf.layers`, which went with Keras 3: old programs run after two lines.

    import tensorflow.compat.v1 as tf
    from legacy_tf1 import tf_cells, tf_layers
    tf.layers, tf.nn.rnn_cell = tf_layers, tf_cells

Functions, arguments and their order, defaults, names of variables and operations, reuse by scopes and collections are
TensorFlow 1's. Where a program fetches a variable by name, `session.run("dense/kernel:0")`, call
`tf.disable_resource_variables()` first: TensorFlow 2's variables give a handle there, which is no number.
"""

import contextlib
from collections.abc import Callable

import tensorflow as tf

tf1 = tf.compat.v1

UPDATE_OPS = tf1.GraphKeys.UPDATE_OPS
CHANNELS = {"channels_last": "NHWC", "channels_first": "NCHW"}


def dense(
    inputs,
    units,
    activation=None,
    use_bias=True,
    kernel_initializer=None,
    bias_initializer=tf1.zeros_initializer(),
    kernel_regularizer=None,
    bias_regularizer=None,
    activity_regularizer=None,
    kernel_constraint=None,
    bias_constraint=None,
    trainable=True,
    name=None,
    reuse=None,
):
    """`activation(inputs kernel + bias)` over the last axis."""
    inputs = tf.convert_to_tensor(inputs)
    with _scope(name, "dense", reuse):
        size = inputs.shape[-1]
        kernel = _variable(
            "kernel", (size, units), inputs, kernel_initializer, kernel_regularizer, kernel_constraint, trainable
        )
        if inputs.shape.rank == 2:
            outputs = tf.matmul(inputs, kernel)
        else:
            outputs = tf.tensordot(inputs, kernel, [[inputs.shape.rank - 1], [0]])
            outputs.set_shape((*inputs.shape[:-1], units))
        if use_bias:
            bias = _variable("bias", (units,), inputs, bias_initializer, bias_regularizer, bias_constraint, trainable)
            outputs = tf.nn.bias_add(outputs, bias)
        return _finish(outputs, activation, activity_regularizer)


def conv2d(
    inputs,
    filters,
    kernel_size,
    strides=(1, 1),
    padding="valid",
    data_format="channels_last",
    dilation_rate=(1, 1),
    activation=None,
    use_bias=True,
    kernel_initializer=None,
    bias_initializer=tf1.zeros_initializer(),
    kernel_regularizer=None,
    bias_regularizer=None,
    activity_regularizer=None,
    kernel_constraint=None,
    bias_constraint=None,
    trainable=True,
    name=None,
    reuse=None,
):
    """A convolution of images; the kernel is (height, width, in, out)."""
    inputs = tf.convert_to_tensor(inputs)
    with _scope(name, "conv2d", reuse):
        channels = inputs.shape[_channel_axis(data_format)]
        shape = (*_two(kernel_size), channels, filters)
        kernel = _variable(
            "kernel", shape, inputs, kernel_initializer, kernel_regularizer, kernel_constraint, trainable
        )
        outputs = tf.nn.conv2d(
            inputs,
            kernel,
            strides=_two(strides),
            padding=padding.upper(),
            data_format=CHANNELS[data_format],
            dilations=_two(dilation_rate),
        )
        if use_bias:
            bias = _variable("bias", (filters,), inputs, bias_initializer, bias_regularizer, bias_constraint, trainable)
            outputs = tf.nn.bias_add(outputs, bias, data_format=CHANNELS[data_format])
        return _finish(outputs, activation, activity_regularizer)


def conv2d_transpose(
    inputs,
    filters,
    kernel_size,
    strides=(1, 1),
    padding="valid",
    data_format="channels_last",
    activation=None,
    use_bias=True,
    kernel_initializer=None,
    bias_initializer=tf1.zeros_initializer(),
    kernel_regularizer=None,
    bias_regularizer=None,
    activity_regularizer=None,
    kernel_constraint=None,
    bias_constraint=None,
    trainable=True,
    name=None,
    reuse=None,
):
    """A transposed convolution of images; the kernel is (height, width, out, in)."""
    inputs = tf.convert_to_tensor(inputs)
    with _scope(name, "conv2d_transpose", reuse):
        axis = _channel_axis(data_format)
        kernel_size, strides = _two(kernel_size), _two(strides)
        shape = (*kernel_size, filters, inputs.shape[axis])
        kernel = _variable(
            "kernel", shape, inputs, kernel_initializer, kernel_regularizer, kernel_constraint, trainable
        )
        places = (1, 2) if axis == -1 else (2, 3)
        # Sizes may be known only when the graph runs.
        known, dynamic = inputs.shape, tf.shape(inputs)
        grown = [
            _grown(dynamic[place] if known[place] is None else known[place], size, stride, padding)
            for place, size, stride in zip(places, kernel_size, strides, strict=True)
        ]
        result = [dynamic[0], *grown, filters] if axis == -1 else [dynamic[0], filters, *grown]
        outputs = tf.nn.conv2d_transpose(
            inputs, kernel, tf.stack(result), strides, padding=padding.upper(), data_format=CHANNELS[data_format]
        )
        outputs.set_shape([known[0], *(size if isinstance(size, int) else None for size in result[1:])])
        if use_bias:
            bias = _variable("bias", (filters,), inputs, bias_initializer, bias_regularizer, bias_constraint, trainable)
            outputs = tf.nn.bias_add(outputs, bias, data_format=CHANNELS[data_format])
        return _finish(outputs, activation, activity_regularizer)


def max_pooling2d(inputs, pool_size, strides, padding="valid", data_format="channels_last", name=None):
    """The largest value of each window."""
    return _pool(tf.nn.max_pool2d, inputs, pool_size, strides, padding, data_format, name or "max_pooling2d")


def average_pooling2d(inputs, pool_size, strides, padding="valid", data_format="channels_last", name=None):
    """The mean of each window; padding does not count."""
    return _pool(tf.nn.avg_pool2d, inputs, pool_size, strides, padding, data_format, name or "average_pooling2d")


def batch_normalization(
    inputs,
    axis=-1,
    momentum=0.99,
    epsilon=1e-3,
    center=True,
    scale=True,
    beta_initializer=tf1.zeros_initializer(),
    gamma_initializer=tf1.ones_initializer(),
    moving_mean_initializer=tf1.zeros_initializer(),
    moving_variance_initializer=tf1.ones_initializer(),
    beta_regularizer=None,
    gamma_regularizer=None,
    beta_constraint=None,
    gamma_constraint=None,
    training=False,
    trainable=True,
    name=None,
    reuse=None,
    renorm=False,
    renorm_clipping=None,
    renorm_momentum=0.99,
    fused=None,
    virtual_batch_size=None,
    adjustment=None,
):
    """Batch normalisation over all axes but one (Ioffe and Szegedy 2015).

    The moving averages change only when somebody runs what this adds to the collection `UPDATE_OPS`. As in TensorFlow 1,
    images (rank 4) go through `fused_batch_norm` unless `fused` is False, and their moving variance is the unbiased one.

    Raises:
        NotImplementedError: Renormalisation, virtual batches or an adjustment, which are not here.
    """
    if renorm or virtual_batch_size is not None or adjustment is not None:
        raise NotImplementedError("batch_normalization here has neither renorm, nor virtual_batch_size, nor adjustment")
    inputs = tf.convert_to_tensor(inputs)
    rank = inputs.shape.rank
    axis = (axis[0] if isinstance(axis, (list, tuple)) else axis) % rank
    with _scope(name, "batch_normalization", reuse):
        shape = (inputs.shape[axis],)
        gamma = beta = None
        if scale:
            gamma = _variable("gamma", shape, inputs, gamma_initializer, gamma_regularizer, gamma_constraint, trainable)
        if center:
            beta = _variable("beta", shape, inputs, beta_initializer, beta_regularizer, beta_constraint, trainable)
        moving_mean = _variable("moving_mean", shape, inputs, moving_mean_initializer, trainable=False)
        moving_variance = _variable("moving_variance", shape, inputs, moving_variance_initializer, trainable=False)
        if fused if fused is not None else rank == 4 and axis in (1, 3):
            normalise = _fused(inputs, gamma, beta, moving_mean, moving_variance, epsilon, axis)
        else:
            normalise = _plain(inputs, gamma, beta, moving_mean, moving_variance, epsilon, axis)
        outputs, mean, variance = _by_switch(training, lambda: normalise(True), lambda: normalise(False))
        outputs.set_shape(inputs.shape)
        _update(training, momentum, (moving_mean, mean), (moving_variance, variance))
        return outputs


def dropout(inputs, rate=0.5, noise_shape=None, seed=None, training=False, name=None):
    """Drop a fraction of the inputs and scale the rest up, in training only (Srivastava et al. 2014)."""
    inputs = tf.convert_to_tensor(inputs)
    with tf1.name_scope(name or "dropout"):
        return _by_switch(training, lambda: tf.nn.dropout(inputs, rate, noise_shape, seed), lambda: tf.identity(inputs))


def flatten(inputs, name=None, data_format="channels_last"):
    """All axes but the first as one; channels go last first."""
    inputs = tf.convert_to_tensor(inputs)
    with tf1.name_scope(name or "flatten"):
        if data_format == "channels_first" and (inputs.shape.rank or 0) > 1:
            inputs = tf.transpose(inputs, [0, *range(2, inputs.shape.rank), 1])
        size = inputs.shape[1:].num_elements()
        outputs = tf.reshape(inputs, (tf.shape(inputs)[0], -1 if size is None else size))
        outputs.set_shape((inputs.shape[0], size))
        return outputs


@contextlib.contextmanager
def _scope(name: str | None, kind: str, reuse):
    """The layer's variable scope: of its name, else the first free one of `dense`, `dense_1`, ... in the present scope."""
    if name is not None or reuse:
        with tf1.variable_scope(name or kind, reuse=reuse) as scope:
            yield scope
    else:
        with tf1.variable_scope(None, default_name=kind) as scope:
            yield scope


def _variable(name, shape, like, initializer, regularizer=None, constraint=None, trainable=True):
    """`get_variable` in the layer's scope; a regulariser's loss goes into the collection `REGULARIZATION_LOSSES`."""
    if None in shape:
        raise ValueError(f"the size of the last axis of {like.name} must be known to make {name}; it is {like.shape}")
    return tf1.get_variable(
        name, shape, like.dtype, initializer, regularizer=regularizer, trainable=trainable, constraint=constraint
    )


def _finish(outputs, activation: Callable | None, activity_regularizer: Callable | None):
    outputs = outputs if activation is None else activation(outputs)
    if activity_regularizer is not None:
        tf1.add_to_collection(tf1.GraphKeys.REGULARIZATION_LOSSES, activity_regularizer(outputs))
    return outputs


def _pool(operation, inputs, pool_size, strides, padding, data_format, name):
    return operation(
        inputs, _two(pool_size), _two(strides), padding.upper(), data_format=CHANNELS[data_format], name=name
    )


def _fused(inputs, gamma, beta, moving_mean, moving_variance, epsilon: float, axis: int) -> Callable:
    ones, zeros = tf.ones_like(moving_mean), tf.zeros_like(moving_mean)

    def normalise(training: bool):
        outputs, mean, variance = tf1.nn.fused_batch_norm(
            inputs,
            ones if gamma is None else gamma,
            zeros if beta is None else beta,
            None if training else moving_mean,
            None if training else moving_variance,
            epsilon=epsilon,
            data_format="NCHW" if axis == 1 else "NHWC",
            is_training=training,
        )
        return outputs, mean, variance

    return normalise


def _plain(inputs, gamma, beta, moving_mean, moving_variance, epsilon: float, axis: int) -> Callable:
    others = [number for number in range(inputs.shape.rank) if number != axis]
    last = axis == inputs.shape.rank - 1
    shape = [1 if number in others else inputs.shape[axis] for number in range(inputs.shape.rank)]

    def along(value):
        return value if value is None or last else tf.reshape(value, shape)

    def normalise(training: bool):
        mean, variance = tf.nn.moments(inputs, others) if training else (moving_mean + 0, moving_variance + 0)
        outputs = tf.nn.batch_normalization(
            inputs, along(mean), along(variance), along(beta), along(gamma), epsilon, name="batchnorm"
        )
        return outputs, mean, variance

    return normalise


def _update(training, momentum: float, *pairs) -> None:
    """Add the updates of the moving averages to `UPDATE_OPS`; in evaluation they change nothing."""
    if training is False or (isinstance(training, int) and not training):
        return
    for average, new in pairs:
        with tf1.name_scope("AssignMovingAvg"):
            decay = tf.constant(1 - momentum, average.dtype.base_dtype, name="decay")
            decay = _by_switch(
                training, lambda decay=decay: tf.identity(decay), lambda decay=decay: tf.zeros_like(decay)
            )
            tf1.add_to_collection(UPDATE_OPS, tf1.assign_sub(average, (average - new) * decay))


def _by_switch(switch, then: Callable, otherwise: Callable):
    """One branch for a Python value, else `tf.cond`."""
    if not tf.is_tensor(switch) and not isinstance(switch, tf1.Variable):
        return then() if switch else otherwise()
    return tf.cond(tf.cast(switch, tf.bool), then, otherwise)


def _channel_axis(data_format: str) -> int:
    if data_format not in CHANNELS:
        raise ValueError(f"data_format must be one of {', '.join(CHANNELS)}, not {data_format!r}")
    return -1 if data_format == "channels_last" else 1


def _two(size) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else tuple(size)


def _grown(size, kernel: int, stride: int, padding: str):
    return size * stride + (max(kernel - stride, 0) if padding.lower() == "valid" else 0)
