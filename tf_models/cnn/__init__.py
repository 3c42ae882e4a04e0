"""Convolutional networks."""

from tf_models.cnn.allconv import allconv
from tf_models.cnn.basic import cnn
from tf_models.cnn.fc_to_conv import dense_to_conv, fully_convolutional
from tf_models.cnn.residual_blocks import residual_blocks
from tf_models.cnn.resnet import resnet

__all__ = ["allconv", "cnn", "dense_to_conv", "fully_convolutional", "residual_blocks", "resnet"]
