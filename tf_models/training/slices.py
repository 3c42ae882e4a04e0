"""Gradients of embeddings, added up before an optimizer sees them.

TensorFlow gives an embedding's gradient as slices, one for each place of a batch, and a word stands at many. Keras 3.15
squares each slice by itself, so that Adam, RMSprop and Adagrad divide a frequent word's step by too little: by the root
of the sum of its slices' squares, and not by that of their sum's square, as the papers, TensorFlow 1 and PyTorch do.
Norms that gradients are clipped by are those of the slices, too.
"""

import contextlib
from collections.abc import Iterator

import keras
import tensorflow as tf

from tf_models.training import state


@contextlib.contextmanager
def added_up(model: keras.Model) -> Iterator[None]:
    """Within the context, the optimizers of a compiled model get one gradient for each row of an embedding."""
    with contextlib.ExitStack() as stack:
        for optimizer in state.optimizers(model):
            apply = optimizer.apply
            if "apply" in vars(optimizer):  # it is replaced already; see `tf_models.training.fast`
                stack.callback(setattr, optimizer, "apply", apply)
            else:
                stack.callback(delattr, optimizer, "apply")
            optimizer.apply = _of_sums(apply)
        yield


def _of_sums(apply):
    def of_sums(grads, trainable_variables=None):
        return apply([dense(gradient) for gradient in grads], trainable_variables)

    return of_sums


def dense(gradient):
    """A gradient with one number for each of its variable's; slices of one row are added up."""
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    rows = tf.cast(gradient.dense_shape[0], gradient.indices.dtype)
    return tf.math.unsorted_segment_sum(gradient.values, gradient.indices, rows)
