"""Metrics that Keras does not have; those of ordered labels."""

from tf_models.metrics.ordinal import (
    AverageMAE,
    MaximumMAE,
    QuadraticKappa,
    RankAccuracy,
    RankedProbabilityScore,
    RankInconsistencies,
    RankMAE,
    RankRMSE,
    confusion,
    rank_inconsistencies,
    ranked_probability_score,
)

__all__ = [
    "AverageMAE",
    "MaximumMAE",
    "QuadraticKappa",
    "RankAccuracy",
    "RankInconsistencies",
    "RankMAE",
    "RankRMSE",
    "RankedProbabilityScore",
    "confusion",
    "rank_inconsistencies",
    "ranked_probability_score",
]
