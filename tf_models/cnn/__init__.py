"""Convolutional networks."""

from tf_models.cnn.airbench import airbench
from tf_models.cnn.alexnet import alexnet
from tf_models.cnn.allconv import allconv
from tf_models.cnn.basic import cnn
from tf_models.cnn.compact import compact_cnn
from tf_models.cnn.densenet import densenet
from tf_models.cnn.fc_to_conv import dense_to_conv, fully_convolutional
from tf_models.cnn.from_torch import load_torch_weights
from tf_models.cnn.lenet import lenet
from tf_models.cnn.mobilenet import mobilenet_v2, mobilenet_v3
from tf_models.cnn.nin import nin
from tf_models.cnn.residual_blocks import residual_blocks
from tf_models.cnn.resnet import resnet
from tf_models.cnn.vgg import vgg

__all__ = [
    "airbench",
    "alexnet",
    "allconv",
    "cnn",
    "compact_cnn",
    "dense_to_conv",
    "densenet",
    "fully_convolutional",
    "lenet",
    "load_torch_weights",
    "mobilenet_v2",
    "mobilenet_v3",
    "nin",
    "residual_blocks",
    "resnet",
    "vgg",
]
