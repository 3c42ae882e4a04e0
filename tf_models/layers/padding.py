"""Padding that Keras does not have."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tf_models")
class ReplicatePadding2D(keras.layers.Layer):
    """Repeat the border of `(batch, height, width, channels)`.

    Args:
        before: Number of places added at the top and left.
        after: Number of places added at the bottom and right.
    """

    def __init__(self, before: int, after: int, **kwargs):
        super().__init__(**kwargs)
        self.before, self.after = before, after

    def call(self, inputs):
        x = inputs
        x = ops.concatenate([x[:, :1]] * self.before + [x] + [x[:, -1:]] * self.after, axis=1)
        return ops.concatenate([x[:, :, :1]] * self.before + [x] + [x[:, :, -1:]] * self.after, axis=2)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        more = self.before + self.after
        return (batch, height and height + more, width and width + more, channels)

    def get_config(self):
        return {**super().get_config(), "before": self.before, "after": self.after}
