"""Generative adversarial networks: one model class, and builders of its two parts."""

from tf_models.gan.conv import conv_gan, dcgan
from tf_models.gan.dense import dense_gan
from tf_models.gan.model import GAN

__all__ = ["GAN", "conv_gan", "dcgan", "dense_gan"]
