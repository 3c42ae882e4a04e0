"""A small network made for fast training on CIFAR-10, after airbench (Jordan 2024, arXiv 2404.00498)."""

import keras
from keras import layers

from tf_models.layers.bias import FastBias
from tf_models.layers.dirac import PartialDirac
from tf_models.layers.torch_like import conv2d, require_size
from tf_models.layers.whitening import PatchWhitening

# Few epochs leave no time for long averages: Keras' default is 0.99.
BATCH_NORM = {"momentum": 0.6, "epsilon": 1e-12, "center": False, "scale": False}
LOGIT_SCALE = 1 / 9


def airbench(
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    *,
    filters: tuple[int, ...] = (64, 256, 256),
    activation: str = "gelu",
    name: str = "airbench",
) -> keras.Model:
    """Whitened 2x2 patches, then blocks of `convolution -> 2x2 max pooling -> convolution`, the maximum, and logits.

    Each convolution is 3x3 without bias, starts as a partial identity, and is followed by batch norm and activation,
    the first of a block after its pooling. Layers are called `whitening`, `block2_conv1`, `block2_norm1` and so on.

    Args:
        input_shape: Image size `(height, width, channels)`; whitening takes one pixel off, each block halves the
            sides, rounding down.
        classes: Number of outputs.
        filters: Filters of each block's convolutions.
        activation: Name of an activation that Keras knows; the paper's is `gelu`, `relu` is faster on a CPU.
        name: Name of the model.

    Returns:
        A model from `(batch, height, width, channels)` to logits `(batch, classes)`. The trainer sets the layer
        `whitening` from the training images; elsewhere call its `adapt`.

    Raises:
        ValueError: The image is too small for the blocks.

    >>> sum(weight.numpy().size for weight in airbench(filters=(64, 256, 256)).trainable_weights)
    1971352
    """
    require_size(input_shape, 2 ** len(filters) + 1, f"a network of {len(filters)} blocks")
    inputs = keras.Input(input_shape, name="image")
    x = PatchWhitening(name="whitening")(inputs)
    x = layers.Activation(activation, name="whitening_activation")(x)
    for block, maps in enumerate(filters, 1):
        for number in (1, 2):
            prefix = f"block{block}_"
            x = conv2d(x, maps, 3, use_bias=False, kernel_initializer=PartialDirac(), name=f"{prefix}conv{number}")
            if number == 1:
                x = layers.MaxPooling2D(2, name=f"{prefix}pool")(x)
            x = layers.BatchNormalization(**BATCH_NORM, name=f"{prefix}norm{number}")(x)
            x = FastBias(name=f"{prefix}bias{number}")(x)
            x = layers.Activation(activation, name=f"{prefix}activation{number}")(x)
    x = layers.GlobalMaxPooling2D(name="pool")(x)
    x = layers.Rescaling(LOGIT_SCALE, name="scale")(x)
    return keras.Model(inputs, layers.Dense(classes, use_bias=False, name="logits")(x), name=name)
