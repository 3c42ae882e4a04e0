"""The cross-entropy of pixels in fewer passes over memory.

TensorFlow differentiates each operation of `max(x, 0) - x t + log(1 + exp(-|x|))` by itself, that of an absolute value by
four more. `softplus(x) - x t` is the same number, and its gradient one operation (`python -m benchmarks layers` times both).
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
    losses = tf.math.softplus(y_pred) - y_pred * y_true
    axes = tuple(range(1, len(losses.shape)))
    return tf.reduce_mean(losses, axes) if loss.pixels == "mean" else tf.reduce_sum(losses, axes)
