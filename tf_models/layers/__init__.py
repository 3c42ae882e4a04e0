"""Layers and initialisers that Keras does not have; `tf_models.layers.torch_like` has PyTorch's choices for Keras' own."""

from tf_models.layers.bias import FastBias
from tf_models.layers.dirac import PartialDirac
from tf_models.layers.distance import EuclideanDistance
from tf_models.layers.ordinal import BeckhamHead, BinomialHead, CoralHead, CumulativeLinkHead, NiuHead
from tf_models.layers.padding import ReplicatePadding2D
from tf_models.layers.recomputed import Recomputed
from tf_models.layers.recurrent import FastGRU, FastLSTM, FastSimpleRNN
from tf_models.layers.sampling import GaussianKL, Sampling
from tf_models.layers.voting import WordVotes
from tf_models.layers.whitening import PatchWhitening

__all__ = [
    "BeckhamHead",
    "BinomialHead",
    "CoralHead",
    "CumulativeLinkHead",
    "EuclideanDistance",
    "FastBias",
    "FastGRU",
    "FastLSTM",
    "FastSimpleRNN",
    "GaussianKL",
    "NiuHead",
    "PartialDirac",
    "PatchWhitening",
    "Recomputed",
    "ReplicatePadding2D",
    "Sampling",
    "WordVotes",
]
