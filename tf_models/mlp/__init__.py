"""Multilayer perceptrons."""

from tf_models.mlp.backprop_scratch import BackpropMLP, SigmoidSquaredError, backprop_mlp
from tf_models.mlp.mlp import mlp

__all__ = ["BackpropMLP", "SigmoidSquaredError", "backprop_mlp", "mlp"]
