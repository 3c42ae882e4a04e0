"""The contrastive loss of pairs, and how often a distance tells them apart.

Hadsell, Chopra and LeCun 2006, "Dimensionality Reduction by Learning an Invariant Mapping".
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tf_models")
class ContrastiveLoss(keras.losses.Loss):
    """Half the squared distance of equal pairs, half the square of what other pairs lack of the margin.

    `y_true` is 1 for pairs of the same class and 0 for others, `y_pred` their distance, both `(batch, 1)`
    (Hadsell et al. 2006, equation 4, where the labels are the other way round).

    Args:
        margin: How far apart different samples should be; a positive number.
        name: Name of the loss.

    Raises:
        ValueError: The margin is not positive.
    """

    def __init__(self, margin: float = 1.0, name: str = "contrastive", **kwargs):
        if not margin > 0:
            raise ValueError(f"margin must be positive, not {margin}")
        super().__init__(name=name, **kwargs)
        self.margin = margin

    def call(self, y_true, y_pred):
        same = ops.cast(ops.reshape(y_true, ops.shape(y_pred)), y_pred.dtype)
        lacking = ops.maximum(self.margin - y_pred, 0.0)
        return ops.mean(same * ops.square(y_pred) + (1 - same) * ops.square(lacking), axis=-1) / 2

    def get_config(self):
        return {**super().get_config(), "margin": self.margin}


@keras.saving.register_keras_serializable(package="tf_models")
def pair_accuracy(y_true, y_pred, margin: float = 1.0):
    """Whether a distance below half the margin means the same class, for each pair `(batch,)`."""
    near = ops.cast(y_pred < margin / 2, "float32")
    return ops.mean(ops.cast(ops.equal(near, ops.cast(y_true, "float32")), "float32"), axis=-1)
