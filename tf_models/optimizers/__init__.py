"""Optimizers that Keras does not have."""

from tf_models.optimizers.muon import MuonSGD

__all__ = ["MuonSGD", "registered_name"]

_OWN = {"muonsgd": "tf_models>MuonSGD"}


def registered_name(name: str) -> str:
    """What `keras.optimizers.get` knows an optimizer by: those of this package are registered under longer names."""
    return _OWN.get(name.lower(), name)
