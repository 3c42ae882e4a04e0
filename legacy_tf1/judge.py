"""What a comparison of both sides found, and whether that is more than rounding. Loads no TensorFlow."""

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass

# How far both sides may part. Losses, weights and moving averages, and outputs on held-out samples (in units of the largest
# where that is above 1) by their largest difference; metrics by the mean difference over all steps, because one sample whose
# two best logits are equal but for rounding changes an accuracy by a whole sample.
TOLERANCES = {
    "float32": {"loss": 2e-5, "metrics": 1e-4, "weights": 1e-4, "outputs": 1e-4},
    "float64": {"loss": 2e-6, "metrics": 2e-6, "weights": 1e-8, "outputs": 1e-8},
}


@dataclass(frozen=True)
class Row:
    """What a comparison found.

    Attributes:
        topic: Id of the topic.
        precision: Number type of the comparison; times are those of float32.
        steps: Training steps that both sides made.
        loss_difference: The largest difference of their losses at any step or in the evaluations, nan where one was not
            finite.
        metric_difference: The mean difference over the steps, or the difference in an evaluation, of the metric that differs
            most; 0 where there is no metric besides losses.
        weight_difference: The largest difference of any weight or moving average after the last step.
        output_difference: The largest difference of the outputs on held-out samples, before the first and after the last
            step, in units of the largest output where that is above 1.
        worst: The variable of `weight_difference`, and the metric of `metric_difference`.
        tf1_ms, tf2_ms: Milliseconds a step, medians over rounds; None where they were not timed.
        tf1_spread, tf2_spread: Half of what lies between their quartiles.
        ratio: TensorFlow 1's time over TensorFlow 2's, of the medians.
        parted: Which of loss, metrics, weights and outputs are further apart than the tolerance.
    """

    topic: str
    precision: str
    steps: int
    loss_difference: float
    metric_difference: float
    weight_difference: float
    output_difference: float
    worst: tuple[str, str]
    tf1_ms: float | None
    tf1_spread: float | None
    tf2_ms: float | None
    tf2_spread: float | None
    ratio: float | None
    parted: tuple[str, ...]

    @property
    def differences(self) -> dict[str, float]:
        """The four differences by the names that tolerances have for them."""
        found = self.loss_difference, self.metric_difference, self.weight_difference, self.output_difference
        return dict(zip(TOLERANCES[self.precision], found, strict=True))

    @property
    def equal(self) -> bool:
        """Whether nothing parted."""
        return not self.parted


def tolerances(precision: str, one: float | None = None) -> dict[str, float]:
    """The tolerances of a precision, or one number for all."""
    return TOLERANCES[precision] if one is None else dict.fromkeys(TOLERANCES[precision], one)


def parted(found: Mapping[str, float], allowed: Mapping[str, float]) -> tuple[str, ...]:
    """The names of what is too far apart; nan always is."""
    return tuple(name for name, difference in found.items() if not difference <= allowed[name])


def largest(differences: Mapping[str, float]) -> tuple[str, float]:
    """The name and size of the largest difference, of nan before all others; ("", 0) where there is none."""
    if not differences:
        return "", 0.0
    name = max(differences, key=lambda name: math.inf if math.isnan(differences[name]) else differences[name])
    return name, differences[name]


def of_steps(curves: Mapping[str, list[tuple[float, float]]]) -> dict[str, list[float]]:
    """The differences at each step by metric, nan where one side is not finite."""
    return {
        name: [abs(one - two) if math.isfinite(one) and math.isfinite(two) else math.nan for one, two in points]
        for name, points in curves.items()
    }


def times(rounds: list[tuple[float, float]]) -> tuple[float, float, float, float, float]:
    """Median and spread of both sides' milliseconds, and the ratio of the medians."""
    (one, first), (two, second) = (_median_and_spread(side) for side in zip(*rounds))
    return one, first, two, second, one / two


def _median_and_spread(values: tuple[float, ...]) -> tuple[float, float]:
    if len(values) < 2:
        return values[0], 0.0
    quarter, _, three_quarters = statistics.quantiles(values, n=4, method="inclusive")
    return statistics.median(values), (three_quarters - quarter) / 2
