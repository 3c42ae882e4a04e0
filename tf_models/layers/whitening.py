"""A first layer that whitens small patches (Jordan 2024, arXiv 2404.00498)."""

import keras
import numpy as np
from keras import layers, ops

PATCH = 2  # pixels on a side of what is whitened
EPSILON = 5e-4  # fraction of the mean variance that is added to each variance


@keras.saving.register_keras_serializable(package="tf_models")
class PatchWhitening(layers.Layer):
    """A convolution that makes the parts of small patches uncorrelated, each with both signs (section 3.1).

    Its kernel is not trained: `adapt` finds it; before that it is random. The bias is trained.
    """

    adapt_samples = 5_000  # training images that the trainer hands to `adapt`

    def build(self, input_shape):
        values = PATCH**2 * input_shape[-1]
        shape = (PATCH, PATCH, input_shape[-1], 2 * values)
        self.kernel = self.add_weight(shape, initializer="orthogonal", trainable=False, name="kernel")
        self.bias = self.add_weight((2 * values,), initializer="zeros", name="bias")

    def call(self, images):
        return ops.conv(images, ops.cast(self.kernel, images.dtype), padding="valid") + self.bias

    def adapt(self, images: np.ndarray) -> None:
        """Set the kernel from images float32 `(n, height, width, channels)`, and the bias so that outputs are centred."""
        windows = np.lib.stride_tricks.sliding_window_view(images, (PATCH, PATCH), axis=(1, 2))
        patches = np.moveaxis(windows, 3, -1).reshape(-1, PATCH**2 * images.shape[-1]).astype(np.float64)
        mean = patches.mean(axis=0)
        variances, directions = np.linalg.eigh(np.cov(patches, rowvar=False))
        # Nearly constant directions, for instance of grey images, would be blown up.
        kernel = directions / np.sqrt(variances + EPSILON * variances.mean())
        kernel = np.concatenate([kernel, -kernel], axis=1)
        self.kernel.assign(kernel.reshape(self.kernel.shape))
        self.bias.assign(-mean @ kernel)
