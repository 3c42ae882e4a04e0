"""The one-cycle policy, as a function of the optimizer's step: nothing else has to be saved or resumed."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tf_models")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """One rise and one long fall, both along a cosine (Smith and Topin 2017, arXiv 1708.07120).

    Args:
        maximum: The highest rate.
        steps: Number of steps in the whole training; the rate stays at its last value afterwards.
        rise: Fraction of the steps until the maximum.
        start: The first rate is the maximum divided by this.
        end: The last rate is the first one divided by this.
        name: Name of the schedule.

    Raises:
        ValueError: A rate or a divisor is not positive, there are fewer than two steps, or `rise` is outside of 0..1.

    >>> [round(float(OneCycle(1.0, steps=101, rise=0.3)(step)), 2) for step in (0, 30, 100)]
    [0.04, 1.0, 0.0]
    """

    def __init__(
        self,
        maximum: float,
        steps: int,
        rise: float = 0.3,
        start: float = 25.0,
        end: float = 1e4,
        name: str = "one_cycle",
    ):
        if min(maximum, start, end) <= 0:
            raise ValueError(f"maximum, start and end must be positive, not {maximum}, {start}, {end}")
        if steps < 2 or not 0 < rise < 1:
            raise ValueError(f"steps must be at least 2 and rise in (0, 1), not {steps} and {rise}")
        self.maximum, self.steps, self.rise = maximum, steps, rise
        self.start, self.end, self.name = start, end, name

    def __call__(self, step):
        fraction = ops.minimum(ops.cast(step, "float32") / (self.steps - 1), 1.0)
        first = self.maximum / self.start
        last = first / self.end
        up = _cosine(first, self.maximum, fraction / self.rise)
        down = _cosine(self.maximum, last, (fraction - self.rise) / (1 - self.rise))
        return ops.where(fraction < self.rise, up, down)

    def get_config(self):
        names = ("maximum", "steps", "rise", "start", "end", "name")
        return {name: getattr(self, name) for name in names}


def _cosine(first: float, last: float, fraction):
    """From `first` at fraction 0 to `last` at fraction 1."""
    return last + (first - last) * (1 + ops.cos(math.pi * fraction)) / 2
