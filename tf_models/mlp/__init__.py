"""Multilayer perceptrons."""

from tf_models.mlp.backprop_scratch import BackpropMLP, backprop_mlp
from tf_models.mlp.mlp import mlp

__all__ = ["BackpropMLP", "backprop_mlp", "mlp"]
