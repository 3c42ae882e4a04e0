"""Tricks of training."""

from tf_models.tricks.cyclical import Cyclical, OneCycle

__all__ = ["Cyclical", "OneCycle"]
