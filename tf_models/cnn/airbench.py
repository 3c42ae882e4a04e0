"""A small network made for fast training on CIFAR-10, after airbench (Jordan 2024, arXiv 2404.00498)."""

import math

import keras
import numpy as np
from keras import initializers, layers, ops

from tf_models.conventions import conv2d, require_size

# Few epochs leave no time for long averages: Keras' default is 0.99.
BATCH_NORM = {"momentum": 0.6, "epsilon": 1e-12, "center": False, "scale": False}
BIAS_SPEED = 64  # times the learning rate of the weights (section 3.4)
LOGIT_SCALE = 1 / 9
PATCH = 2  # pixels on a side of what is whitened
EPSILON = 5e-4  # of the mean variance, added to each


@keras.saving.register_keras_serializable(package="tf_models")
class PartialDirac(initializers.VarianceScaling):
    """The first output channels copy the input ones, the others start as PyTorch's (section 3.2)."""

    def __init__(self, seed=None):
        super().__init__(scale=1 / 3, mode="fan_in", distribution="uniform", seed=seed)

    def __call__(self, shape, dtype=None):
        height, width, inputs, outputs = shape
        copies = min(inputs, outputs)
        identity = np.zeros((height, width, inputs, copies), np.float32)
        identity[height // 2, width // 2] = np.eye(inputs, copies)
        drawn = super().__call__(shape, dtype=dtype)
        return ops.concatenate([ops.cast(identity, drawn.dtype), drawn[..., copies:]], axis=-1)

    def get_config(self):
        return {"seed": super().get_config()["seed"]}


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
        # Nearly constant directions, for instance of grey pictures, would be blown up.
        kernel = directions / np.sqrt(variances + EPSILON * variances.mean())
        kernel = np.concatenate([kernel, -kernel], axis=1)
        self.kernel.assign(kernel.reshape(self.kernel.shape))
        self.bias.assign(-mean @ kernel)


@keras.saving.register_keras_serializable(package="tf_models")
class FastBias(layers.Layer):
    """Adds a bias to each channel that learns `speed` times as fast as other weights under plain gradient descent.

    Args:
        speed: a positive number.
    """

    def __init__(self, speed: float = BIAS_SPEED, **kwargs):
        super().__init__(**kwargs)
        self.speed = speed

    def build(self, input_shape):
        self.bias = self.add_weight((input_shape[-1],), initializer="zeros", name="bias")

    def call(self, x):
        # The factor acts twice: on the gradient and on what the step does.
        return x + math.sqrt(self.speed) * self.bias

    def get_config(self):
        return {**super().get_config(), "speed": self.speed}


def airbench(
    widths: tuple[int, ...] = (64, 256, 256),
    classes: int = 10,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    activation: str = "gelu",
    name: str = "airbench",
) -> keras.Model:
    """Whitened 2x2 patches, then blocks of `convolution -> 2x2 max pooling -> convolution`, the maximum, and logits.

    Each convolution is 3x3 without bias, starts as a partial identity, and is followed by batch norm and activation,
    the first of a block after its pooling. Layers are called `whitening`, `block2_conv1`, `block2_norm1` and so on.

    Args:
        widths: maps of each block's convolutions.
        classes: number of outputs.
        input_shape: `(height, width, channels)`; whitening takes one pixel off, each block halves, rounding down.
        activation: a name that Keras knows; the paper's is `gelu`, `relu` is faster on a CPU.
        name: of the model.

    Returns:
        A model from `(batch, height, width, channels)` to logits `(batch, classes)`. The trainer sets the layer
        `whitening` from the training images; elsewhere call its `adapt`.

    Raises:
        ValueError: an image too small for the blocks.

    >>> sum(int(ops.size(weight)) for weight in airbench(widths=(64, 256, 256)).trainable_weights)
    1971352
    """
    require_size(input_shape, 2 ** len(widths) + 1, f"a network of {len(widths)} blocks")
    inputs = keras.Input(input_shape, name="image")
    x = PatchWhitening(name="whitening")(inputs)
    x = layers.Activation(activation, name="whitening_activation")(x)
    for block, filters in enumerate(widths, 1):
        for number in (1, 2):
            prefix = f"block{block}_"
            x = conv2d(x, filters, 3, use_bias=False, kernel_initializer=PartialDirac(), name=f"{prefix}conv{number}")
            if number == 1:
                x = layers.MaxPooling2D(2, name=f"{prefix}pool")(x)
            x = layers.BatchNormalization(**BATCH_NORM, name=f"{prefix}norm{number}")(x)
            x = FastBias(name=f"{prefix}bias{number}")(x)
            x = layers.Activation(activation, name=f"{prefix}activation{number}")(x)
    x = layers.GlobalMaxPooling2D(name="pool")(x)
    x = layers.Rescaling(LOGIT_SCALE, name="scale")(x)
    return keras.Model(inputs, layers.Dense(classes, use_bias=False, name="logits")(x), name=name)
