"""A bias that learns faster than the weights beside it (Jordan 2024, arXiv 2404.00498)."""

import math

import keras
from keras import layers

SPEED = 64  # times the learning rate of the weights (section 3.4)


@keras.saving.register_keras_serializable(package="tf_models")
class FastBias(layers.Layer):
    """Adds a bias to each channel that learns `speed` times as fast as other weights under plain gradient descent.

    Args:
        speed: How many times as fast the bias learns; a positive number.
    """

    def __init__(self, speed: float = SPEED, **kwargs):
        super().__init__(**kwargs)
        self.speed = speed

    def build(self, input_shape):
        # Not called a bias, which weight decay would spare: what learns so fast must be held back (the paper's code).
        self.shift = self.add_weight((input_shape[-1],), initializer="zeros", name="shift")

    def call(self, x):
        # The factor acts twice: on the gradient and on what the step does.
        return x + math.sqrt(self.speed) * self.shift

    def get_config(self):
        return {**super().get_config(), "speed": self.speed}
