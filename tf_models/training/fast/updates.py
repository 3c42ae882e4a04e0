"""Updates in one pass over each variable.

TensorFlow runs each operation of Keras' Adam over all weights before the next one: a dozen passes over memory, a third
of which suffices in one operation. Gradient descent and Adam are such operations in TensorFlow itself; others are compiled
by XLA where there are many weights (`python -m benchmarks layers` times updates).

TensorFlow's own change weights and slots where they stand. What XLA compiles writes new ones before the old are let go: so
each variable is updated by itself there, one after the other. What is held twice is then one variable at most, and a
gradient is let go when it has been used.
"""

import functools
import math
from collections.abc import Callable

import keras
import tensorflow as tf
from keras import ops

LARGE = 1_000_000  # weights of a network; with fewer, calling XLA costs what it saves
LARGE_VARIABLE = 100_000  # weights of a variable, likewise


def replacements(optimizer: keras.optimizers.Optimizer) -> list[tuple]:
    """`(optimizer, "_backend_update_step", function)`, in a list that is empty where Keras' own updates stay.

    Those stay of optimizers without variables, of such as scale losses, which decide at each step whether to update, and of
    sparse gradients; where TensorFlow has no operation, also of small networks and small variables.
    """
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return []
    own = _operation(optimizer)
    weights = sum(math.prod(variable.shape) for variable in getattr(optimizer, "_trainable_variables", ()))
    if weights < (1 if own else LARGE):
        return []
    by_xla = _compiled(optimizer)

    def update_each(grads, trainable_variables, learning_rate):
        update, before = own and own(), []
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            variable = getattr(variable, "value", variable)  # Keras' variable holds TensorFlow's
            if not isinstance(gradient, tf.Tensor):
                optimizer.update_step(gradient, variable, learning_rate)
            elif update:
                rate = tf.cast(learning_rate, variable.dtype)
                update(variable, tf.cast(gradient, variable.dtype), rate)
            elif math.prod(variable.shape) < LARGE_VARIABLE:
                optimizer.update_step(gradient, variable, learning_rate)
            else:
                with tf.control_dependencies(before):
                    gradient = tf.identity(gradient)  # a call itself would not wait
                before = [by_xla(variable, gradient, tf.convert_to_tensor(learning_rate))]

    return [(optimizer, "_backend_update_step", update_each)]


def _operation(optimizer: keras.optimizers.Optimizer) -> Callable | None:
    """Makes, for one step, `update(variable, gradient, learning_rate)` of TensorFlow's operation; None without one."""
    if "update_step" in vars(optimizer):  # somebody's own, as rates of single layers
        return None
    formula = type(optimizer).update_step  # a subclass may have another
    if formula is keras.optimizers.SGD.update_step:
        return lambda: _descent(optimizer)
    if formula is keras.optimizers.Adam.update_step and not optimizer.amsgrad:
        return lambda: _adam(optimizer)
    return None


def _descent(optimizer: keras.optimizers.SGD) -> Callable:
    def update(variable, gradient, learning_rate):
        if optimizer.momentum == 0:
            tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=learning_rate, delta=gradient)
            return
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=_slot(optimizer, optimizer.momentums, variable),
            lr=learning_rate,
            grad=gradient,
            momentum=ops.cast(optimizer.momentum, variable.dtype),
            use_nesterov=optimizer.nesterov,
        )

    return update


def _adam(optimizer: keras.optimizers.Adam) -> Callable:
    betas = optimizer.beta_1, optimizer.beta_2
    step = tf.convert_to_tensor(optimizer.iterations) + 1

    @functools.cache  # all variables of a step share them
    def powers(dtype):
        # Keras' conversion is by way of float32, whose rounding shows in float64.
        return [tf.pow(ops.cast(beta, dtype), tf.cast(step, dtype)) for beta in betas]

    def update(variable, gradient, learning_rate):
        beta_1, beta_2 = (tf.constant(beta, variable.dtype) for beta in betas)
        beta_1_power, beta_2_power = powers(variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=_slot(optimizer, optimizer._momentums, variable),
            v=_slot(optimizer, optimizer._velocities, variable),
            beta1_power=beta_1_power,
            beta2_power=beta_2_power,
            lr=learning_rate,
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.constant(optimizer.epsilon, variable.dtype),
            grad=gradient,
        )

    return update


def _slot(optimizer: keras.optimizers.Optimizer, slots: list, variable: tf.Variable) -> tf.Tensor:
    return slots[optimizer._get_variable_index(variable)].value.handle


def _compiled(optimizer: keras.optimizers.Optimizer) -> Callable:
    """`update(variable, gradient, learning_rate)` by XLA; gives a number that stands for its end."""
    compiled = {}

    def compiled_for(variable: tf.Variable):
        # An argument could be the variable, but not the slots that the optimizer has for it.
        def update(gradient, learning_rate):
            optimizer.update_step(gradient, variable, learning_rate)
            return tf.zeros(())

        return tf.function(update, jit_compile=True, autograph=False)

    def update(variable, gradient, learning_rate):
        if variable.ref() not in compiled:
            compiled[variable.ref()] = compiled_for(variable)
        return compiled[variable.ref()](gradient, learning_rate)

    return update
