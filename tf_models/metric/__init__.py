"""Models that learn how alike two samples are."""

from tf_models.metric.siamese import siamese_mlp

__all__ = ["siamese_mlp"]
