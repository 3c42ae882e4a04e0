"""Learning rates as functions of the optimizer's step. `tf_models.training.schedules` makes them of a recipe's words."""

from tf_models.schedules.cyclical import Cyclical
from tf_models.schedules.one_cycle import OneCycle

__all__ = ["Cyclical", "OneCycle"]
