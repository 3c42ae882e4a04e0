"""The cross-entropy of pixels in fewer passes over memory.

TensorFlow differentiates each operation of `max(x, 0) - x t + log(1 + exp(-|x|))` by itself, that of an absolute value by
four more. `softplus(x) - x t` is the same number, with the gradient `sigmoid(x) - t` (`python -m benchmarks layers` times both).
"""

import functools

import keras
import tensorflow as tf

from tf_models.losses import PixelLoss


def replacements(model: keras.Model) -> list[tuple]:
    """`(loss, "call", function)` for each cross-entropy of pixels that `model` was compiled with."""
    losses = [loss for loss in keras.tree.flatten(model.loss) if isinstance(loss, PixelLoss)]
    return [(loss, "call", functools.partial(_call, loss)) for loss in losses if loss.kind == "cross-entropy"]


def _call(loss: PixelLoss, y_true, y_pred):
    axes = tuple(range(1, len(y_pred.shape)))
    losses = _cross_entropy(y_pred, y_true, axes)
    return losses / tf.cast(tf.reduce_prod(tf.shape(y_pred)[1:]), losses.dtype) if loss.pixels == "mean" else losses


def _cross_entropy(logits, targets, axes: tuple[int, ...]):
    """The sums over `axes`, `(batch,)`."""

    @tf.custom_gradient
    def summed(logits, targets):
        def gradient(upstream):
            upstream = tf.reshape(upstream, (-1, *(1 for _ in axes)))
            return upstream * (tf.sigmoid(logits) - targets), -upstream * logits

        return tf.reduce_sum(tf.math.softplus(logits) - logits * targets, axes), gradient

    return summed(logits, targets)
