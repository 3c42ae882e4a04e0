"""Learning rates that rise and fall over and over, as functions of the optimizer's step: nothing else has to be saved or resumed."""

import math

import keras
from keras import ops

POLICIES = ("triangular", "triangular2", "exp_range")


@keras.saving.register_keras_serializable(package="tf_models")
class Cyclical(keras.optimizers.schedules.LearningRateSchedule):
    """Straight up from `base` to `maximum` and down again, over and over (Smith 2017, arXiv 1506.01186).

    Args:
        base: The lowest rate, with which step 0 begins.
        maximum: The highest rate of the first cycle.
        half_cycle: Number of steps from one to the other.
        policy: `triangular`; `triangular2`, whose height halves with each cycle; or `exp_range`, whose height is
            multiplied by `gamma` with each step.
        gamma: Factor of each step with `exp_range`.
        name: Name of the schedule.

    Raises:
        ValueError: The policy is unknown, the rates are not 0 < base <= maximum, or half a cycle is below one step.

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
