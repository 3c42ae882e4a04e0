"""Losses and metrics that Keras does not have."""

from tf_models.losses.bits import bits
from tf_models.losses.contrastive import ContrastiveLoss, pair_accuracy
from tf_models.losses.pixels import OutputAsLoss, PixelLoss, squared_error
from tf_models.losses.sigmoid_squared import SigmoidSquaredError
from tf_models.losses.smoothed import SmoothedCrossentropy

__all__ = [
    "ContrastiveLoss",
    "OutputAsLoss",
    "PixelLoss",
    "SigmoidSquaredError",
    "SmoothedCrossentropy",
    "bits",
    "pair_accuracy",
    "squared_error",
]
