"""Updates of large networks in one pass over each variable.

TensorFlow runs each operation of Keras' Adam over all weights before the next one: a dozen passes over memory, a third
of which suffices when XLA compiles them together. For AlexNet's 57 million weights that takes 49 ms in place of 159.

What XLA compiles writes new weights and slots before the old ones are let go. So each large variable is updated by itself,
one after the other: what is held twice is then one variable at most, and a gradient is let go when it has been used.
"""

import math

import keras
import tensorflow as tf

LARGE = 1_000_000  # weights of a network; with fewer, calling XLA costs what it saves
LARGE_VARIABLE = 100_000  # weights of a variable, likewise


def replacements(optimizer: keras.optimizers.Optimizer) -> list[tuple]:
    """`(optimizer, "_backend_update_step", function)`, in a list that is empty unless it is built for many weights.

    Left as they are: optimizers that scale losses, which decide at each step whether to update; sparse gradients, and
    small variables.
    """
    weights = sum(math.prod(variable.shape) for variable in getattr(optimizer, "_trainable_variables", ()))
    if weights < LARGE or isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return []
    compiled = {}

    def compiled_for(variable: tf.Variable):
        # An argument could be the variable, but not the slots that the optimizer has for it.
        def update(gradient, learning_rate):
            optimizer.update_step(gradient, variable, learning_rate)
            return tf.zeros(())

        return tf.function(update, jit_compile=True, autograph=False)

    def update_each(grads, trainable_variables, learning_rate):
        before = []
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            variable = getattr(variable, "value", variable)  # Keras' variable holds TensorFlow's
            if math.prod(variable.shape) < LARGE_VARIABLE or not isinstance(gradient, tf.Tensor):
                optimizer.update_step(gradient, variable, learning_rate)
                continue
            if variable.ref() not in compiled:
                compiled[variable.ref()] = compiled_for(variable)
            with tf.control_dependencies(before):
                gradient = tf.identity(gradient)  # a call itself would not wait
            before = [compiled[variable.ref()](gradient, tf.convert_to_tensor(learning_rate))]

    return [(optimizer, "_backend_update_step", update_each)]
