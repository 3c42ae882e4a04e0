"""Models that learn how alike two samples are."""

from tf_models.metric.siamese import ContrastiveLoss, EuclideanDistance, siamese_mlp

__all__ = ["ContrastiveLoss", "EuclideanDistance", "siamese_mlp"]
