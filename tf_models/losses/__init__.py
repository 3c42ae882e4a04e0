"""Losses and metrics that Keras does not have."""

from tf_models.losses.bits import bits
from tf_models.losses.contrastive import ContrastiveLoss, pair_accuracy
from tf_models.losses.levels import (
    labels_from_levels,
    labels_from_outputs,
    levels_from_labels,
    levels_from_outputs,
    probabilities_from_levels,
)
from tf_models.losses.ordinal import (
    ClassDistanceLoss,
    CoralLoss,
    CornLoss,
    EarthMoverLoss,
    NiuLoss,
    RankSquaredError,
    SoftLabelLoss,
    class_distance_loss,
    coral_loss,
    corn_loss,
    earth_mover_loss,
    niu_loss,
    rank_squared_error,
    soft_label_loss,
    soft_labels,
)
from tf_models.losses.pixels import OutputAsLoss, PixelLoss, squared_error
from tf_models.losses.sigmoid_squared import SigmoidSquaredError
from tf_models.losses.smoothed import SmoothedCrossentropy

__all__ = [
    "ClassDistanceLoss",
    "ContrastiveLoss",
    "CoralLoss",
    "CornLoss",
    "EarthMoverLoss",
    "NiuLoss",
    "OutputAsLoss",
    "PixelLoss",
    "RankSquaredError",
    "SigmoidSquaredError",
    "SmoothedCrossentropy",
    "SoftLabelLoss",
    "bits",
    "class_distance_loss",
    "coral_loss",
    "corn_loss",
    "earth_mover_loss",
    "labels_from_levels",
    "labels_from_outputs",
    "levels_from_labels",
    "levels_from_outputs",
    "niu_loss",
    "pair_accuracy",
    "probabilities_from_levels",
    "rank_squared_error",
    "soft_label_loss",
    "soft_labels",
    "squared_error",
]
