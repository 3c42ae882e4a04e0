"""Label smoothing for integer labels, which Keras has for one-hot ones only."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tf_models")
class SmoothedCrossentropy(keras.losses.Loss):
    """Cross-entropy of logits with a fraction of each label spread over all classes (Szegedy et al. 2015, 1512.00567).

    Args:
        label_smoothing: That fraction, 0 <= label_smoothing < 1.
        reduction: Kind of mean or sum over the batch, as in every Keras loss.
        name: Name of the loss.

    Raises:
        ValueError: The fraction is out of range.

    >>> logits = ops.zeros((1, 2))
    >>> round(float(SmoothedCrossentropy(0.2)([0], logits)), 4)
    0.6931
    """

    def __init__(self, label_smoothing: float, reduction="sum_over_batch_size", name="smoothed_crossentropy", **kwargs):
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"label_smoothing must be in [0, 1), not {label_smoothing}")
        super().__init__(reduction=reduction, name=name, **kwargs)
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        """Losses `(batch,)` from labels `(batch,)` and logits `(batch, classes)`."""
        targets = ops.one_hot(ops.cast(ops.reshape(y_true, (-1,)), "int32"), y_pred.shape[-1], dtype=y_pred.dtype)
        return keras.losses.categorical_crossentropy(
            targets, y_pred, from_logits=True, label_smoothing=self.label_smoothing
        )

    def get_config(self):
        return {**super().get_config(), "label_smoothing": self.label_smoothing}
