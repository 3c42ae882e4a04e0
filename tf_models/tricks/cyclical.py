"""Learning rates that rise and fall, as functions of the optimizer's step: nothing else has to be saved or resumed."""

import math

import keras
from keras import ops

POLICIES = ("triangular", "triangular2", "exp_range")


@keras.saving.register_keras_serializable(package="tf_models")
class Cyclical(keras.optimizers.schedules.LearningRateSchedule):
    """Straight up from `base` to `maximum` and down again, over and over (Smith 2017, arXiv 1506.01186).

    Args:
        base: the lowest rate, with which step 0 begins.
        maximum: the highest rate of the first cycle.
        half_cycle: steps from one to the other.
        policy: `triangular`; `triangular2`, whose height halves with each cycle; or `exp_range`, whose height is
            multiplied by `gamma` with each step.
        gamma: of `exp_range`.
        name: of the schedule.

    Raises:
        ValueError: an unknown policy, rates that are not 0 < base <= maximum, or a half cycle below one step.

    >>> float(Cyclical(0.1, 0.5, half_cycle=10)(10)), float(Cyclical(0.1, 0.5, half_cycle=10)(20))
    (0.5, 0.10000000149011612)
    """

    def __init__(
        self,
        base: float,
        maximum: float,
        half_cycle: int,
        policy: str = "triangular",
        gamma: float = 0.99998,
        name: str = "cyclical",
    ):
        if policy not in POLICIES:
            raise ValueError(f"policy must be one of {', '.join(POLICIES)}, not {policy!r}")
        if not 0 < base <= maximum:
            raise ValueError(f"rates must be 0 < base <= maximum, not {base} and {maximum}")
        if half_cycle < 1:
            raise ValueError(f"half_cycle must be at least 1 step, not {half_cycle}")
        self.base, self.maximum, self.half_cycle = base, maximum, half_cycle
        self.policy, self.gamma, self.name = policy, gamma, name

    def __call__(self, step):
        # Whole steps stay exact: float32 would lose them after 16 million.
        number = ops.cast(step, "int64")
        cycle = ops.floor_divide(number, 2 * self.half_cycle)
        place = ops.cast(number - cycle * 2 * self.half_cycle, "float32") / self.half_cycle
        height = (self.maximum - self.base) * (1 - ops.abs(place - 1))
        if self.policy == "triangular2":
            height *= ops.power(0.5, ops.cast(cycle, "float32"))
        elif self.policy == "exp_range":
            height *= ops.exp(math.log(self.gamma) * ops.cast(number, "float32"))
        return self.base + height

    def get_config(self):
        names = ("base", "maximum", "half_cycle", "policy", "gamma", "name")
        return {name: getattr(self, name) for name in names}


@keras.saving.register_keras_serializable(package="tf_models")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """One rise and one long fall, both along a cosine (Smith and Topin 2017, arXiv 1708.07120).

    Args:
        maximum: the highest rate.
        steps: of the whole training; the rate stays at its last value afterwards.
        rise: share of the steps until the maximum.
        start: the first rate is the maximum divided by this.
        end: the last rate is the first one divided by this.
        name: of the schedule.

    Raises:
        ValueError: a rate or a divisor that is not positive, fewer than two steps, or a share outside of 0..1.

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
        share = ops.minimum(ops.cast(step, "float32") / (self.steps - 1), 1.0)
        first = self.maximum / self.start
        last = first / self.end
        up = _cosine(first, self.maximum, share / self.rise)
        down = _cosine(self.maximum, last, (share - self.rise) / (1 - self.rise))
        return ops.where(share < self.rise, up, down)

    def get_config(self):
        names = ("maximum", "steps", "rise", "start", "end", "name")
        return {name: getattr(self, name) for name in names}


def _cosine(first: float, last: float, share):
    """From `first` at share 0 to `last` at share 1."""
    return last + (first - last) * (1 + ops.cos(math.pi * share)) / 2
