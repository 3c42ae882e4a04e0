"""Tricks of training."""

from tf_models.tricks.cyclical import Cyclical, OneCycle
from tf_models.tricks.smoothing import SmoothedCrossentropy

__all__ = ["Cyclical", "OneCycle", "SmoothedCrossentropy"]
