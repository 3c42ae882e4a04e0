"""Random numbers and losses of replicas: together they are those of one device with the whole batch.

Keras' generators give each replica the same numbers: two halves of a batch would get the same dropout. Here each
replica draws for the whole batch, as one device would, and keeps what belongs to its rows. Keras also divides losses by
the number of replicas, which is right only where all hold equally many rows; that is left to the training loop.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator

import tensorflow as tf
from keras.src.losses import loss as keras_loss

from tf_models.replicas import rows, total

SHAPED = ("normal", "uniform", "truncated_normal", "randint")  # draws whose first argument is a shape


@contextlib.contextmanager
def divided() -> Iterator[None]:
    """Within the context, what replicas trace draws and adds up as one device would; whoever is alone sees no change."""
    from keras.src.backend.tensorflow import random  # not before: Keras may run on another backend

    changes = [(random, name, _of_whole_batch) for name in SHAPED]
    changes += [(random, "dropout", _dropout), (keras_loss, "reduce_values", _sums)]
    changes += [(keras_loss, f"{kind}_loss_for_distribution", _left) for kind in ("scale", "unscale")]
    before = [(module, name, getattr(module, name)) for module, name, _ in changes]
    try:
        for module, name, change in changes:
            setattr(module, name, change(getattr(module, name)))
        yield
    finally:
        for module, name, function in before:
            setattr(module, name, function)


def _of_whole_batch(draw: Callable) -> Callable:
    @functools.wraps(draw)
    def drawn(shape, *arguments, **named):
        held = rows()
        if held is None:
            return draw(shape, *arguments, **named)
        first, *rest = tf.unstack(shape) if isinstance(shape, tf.Tensor) else shape
        # Whatever is not drawn row by row would come out wrong without a word.
        check = tf.debugging.assert_equal(first, tf.maximum(held.held, 1), "a draw that is none of a row each")
        with tf.control_dependencies([check] if check is not None else []):
            return held.take(draw([held.whole, *rest], *arguments, **named))

    return drawn


def _dropout(drop: Callable) -> Callable:
    @functools.wraps(drop)
    def dropped(inputs, rate, noise_shape=None, seed=None):
        held = rows()
        if held is None or rate in (0.0, 1.0):
            return drop(inputs, rate, noise_shape, seed)
        if noise_shape is not None and noise_shape[0] != 1:
            noise_shape = [None, *noise_shape[1:]]  # its first size is that of the rows held here
        ones = tf.ones([held.whole, *tf.unstack(tf.shape(inputs))[1:]], inputs.dtype)
        kept = held.take(drop(ones, rate, noise_shape, seed))
        return tf.ensure_shape(inputs * kept, inputs.shape)

    return dropped


def _sums(reduce_values: Callable) -> Callable:
    @functools.wraps(reduce_values)
    def reduced(values, sample_weight=None, reduction="sum_over_batch_size"):
        found = reduce_values(values, sample_weight, reduction)
        return total(found) if reduction == "sum" else found

    return reduced


def _left(scale: Callable) -> Callable:
    @functools.wraps(scale)
    def left(value):
        return scale(value) if rows() is None else value

    return left
