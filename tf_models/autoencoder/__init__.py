"""Autoencoders and variational autoencoders: functional models with the sub-models `encoder` and `decoder`."""

from tf_models.autoencoder.conv import conv_autoencoder
from tf_models.autoencoder.deep import deep_autoencoder
from tf_models.autoencoder.dense import dense_autoencoder
from tf_models.autoencoder.vae import conv_vae, dense_vae

__all__ = [
    "conv_autoencoder",
    "conv_vae",
    "deep_autoencoder",
    "dense_autoencoder",
    "dense_vae",
]
