"""Reconstruction losses on logits of pixels."""

import keras
from keras import ops

from tf_models.replicas import total

KINDS = ("cross-entropy", "squared-error", "jaccard")


def pixel_losses(kind: str, x, logits):
    """The loss of every pixel, in the shape of `x`. Not for `jaccard`, which is no sum over pixels.

    Args:
        kind: `cross-entropy` (in nats, of pixels as probabilities) or `squared-error`.
        x: Pixels in 0..1.
        logits: Logits of the reconstruction.
    """
    if kind == "cross-entropy":
        return ops.maximum(logits, 0) - logits * x + ops.log1p(ops.exp(-ops.abs(logits)))
    return ops.square(ops.sigmoid(logits) - x)


@keras.saving.register_keras_serializable(package="tf_models")
def squared_error(images, logits):
    """Mean squared error over the pixels of each sample `(batch, height, width, channels)`; for a metric."""
    images = ops.convert_to_tensor(images)  # PyTorch's steps hand on the arrays that they are given
    # Metrics, unlike losses, get logits in the layers' precision.
    return ops.mean(pixel_losses("squared-error", images, ops.cast(logits, images.dtype)), axis=(1, 2, 3))


@keras.saving.register_keras_serializable(package="tf_models")
class PixelLoss(keras.losses.Loss):
    """How far a reconstruction is from the image.

    Args:
        kind: `cross-entropy` (nats), `squared-error` (of the sigmoid), or `jaccard`: 1 - sum(min) / sum(max) over all
            pixels of the batch together.
        pixels: `mean` over the pixels of a sample, or `sum`; samples are then averaged. No effect on `jaccard`.

    Raises:
        ValueError: The kind is unknown, or `pixels` is neither `mean` nor `sum`.
    """

    def __init__(self, kind: str = "cross-entropy", pixels: str = "mean", name: str = "pixel_loss", **kwargs):
        if kind not in KINDS or pixels not in ("mean", "sum"):
            raise ValueError(f"kind must be one of {', '.join(KINDS)} and pixels mean or sum, not {kind}, {pixels}")
        super().__init__(name=name, **kwargs)
        self.kind, self.pixels = kind, pixels

    def call(self, y_true, y_pred):
        if self.kind == "jaccard":
            x = ops.sigmoid(y_pred)
            return 1 - total(ops.sum(ops.minimum(x, y_true))) / total(ops.sum(ops.maximum(x, y_true)))
        losses = pixel_losses(self.kind, y_true, y_pred)
        axes = tuple(range(1, len(losses.shape)))
        return ops.mean(losses, axes) if self.pixels == "mean" else ops.sum(losses, axes)

    def get_config(self):
        return {**super().get_config(), "kind": self.kind, "pixels": self.pixels}


@keras.saving.register_keras_serializable(package="tf_models")
class OutputAsLoss(keras.losses.Loss):
    """The model's output is itself the loss of each sample; the target is ignored."""

    def call(self, y_true, y_pred):
        return y_pred
