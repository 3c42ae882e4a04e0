"""The squared error of sigmoid outputs, for integer labels."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tf_models")
class SigmoidSquaredError(keras.losses.Loss):
    """Squared error between the sigmoid of the logits and the one-hot label, summed over the classes.

    Args:
        reduction: Kind of mean or sum over the batch, as in every Keras loss.
        name: Name of the loss.
    """

    def __init__(self, reduction="sum_over_batch_size", name="sigmoid_squared_error", **kwargs):
        super().__init__(reduction=reduction, name=name, **kwargs)

    def call(self, y_true, y_pred):
        targets = one_hot(y_true, y_pred.shape[-1], y_pred.dtype)
        return ops.sum(ops.square(ops.sigmoid(y_pred) - targets), axis=-1)


def one_hot(labels, classes: int, dtype: str = "float32"):
    """Integer labels `(batch,)` or `(batch, 1)` as `(batch, classes)` of a type."""
    return ops.one_hot(ops.reshape(ops.cast(labels, "int32"), (-1,)), classes, dtype=dtype)
