"""AlexNet (Krizhevsky et al. 2012), with the channels of its one-GPU version (Krizhevsky 2014, arXiv 1404.5997)."""

import keras
from keras import layers

from tf_models.layers.torch_like import conv2d, dense, pool2d, require_size

# Filters (in units of `filters`), kernel size, strides and padding of each convolution, and whether pooling follows.
CONVOLUTIONS = ((2, 11, 4, 2, True), (6, 5, 1, 2, True), (12, 3, 1, 1, False), (8, 3, 1, 1, False), (8, 3, 1, 1, True))
SMALLEST_SIDE = 63  # gives a last feature map of 1x1
HEAD_MAP = 6


def alexnet(
    input_shape: tuple[int, int, int] = (64, 64, 3),
    classes: int = 10,
    *,
    groups: int = 1,
    hidden: tuple[int, ...] = (4096, 4096),
    filters: int = 32,
    dropout: float = 0.5,
    name: str = "alexnet",
) -> keras.Model:
    """Five convolutions, three of them followed by 3x3 max pooling of stride 2, and three dense layers.

    Layers are called `conv1`, `relu1`, `pool1`, `hidden1`, `logits` and so on; weights start as PyTorch's do.

    Args:
        input_shape: Image size `(height, width, channels)`. The last feature map is averaged to 6x6, its size for
            images of 224x224; smaller ones are repeated, so that the dense layers are the same for every image size.
        classes: Number of outputs.
        groups: Number of groups in the second to fifth convolution; the first AlexNet had 2, on two GPUs.
        hidden: Units of each ReLU layer before the logits.
        filters: Half the filters of the first convolution; the others grow with it.
        dropout: Fraction of activations dropped before each hidden layer, 0 <= dropout < 1.
        name: Name of the model.

    Returns:
        A model from `(batch, height, width, channels)` to logits `(batch, classes)`.

    Raises:
        ValueError: The image is too small, the dropout is out of range, or the groups do not divide the channels.

    >>> alexnet(hidden=(32, 32), filters=4).output_shape
    (None, 10)
    """
    require_size(input_shape, SMALLEST_SIDE, "AlexNet")
    if groups < 1 or 2 * filters % groups:
        raise ValueError(f"groups must divide {2 * filters}, the filters of the first convolution; {groups} does not")
    inputs = keras.Input(input_shape, name="image")
    x = inputs
    for number, (times, size, strides, padding, pooled) in enumerate(CONVOLUTIONS, 1):
        parts = groups if number > 1 else 1
        x = conv2d(x, times * filters, size, strides=strides, padding=padding, groups=parts, name=f"conv{number}")
        x = layers.ReLU(name=f"relu{number}")(x)
        if pooled:
            x = pool2d(x, 3, strides=2, name=f"pool{number}")
    if 1 in x.shape[1:3]:  # such a side Keras 3.15 cannot average in a compiled function
        x = layers.UpSampling2D([HEAD_MAP if side == 1 else 1 for side in x.shape[1:3]], name="head_repeat")(x)
    if x.shape[1:3] != (HEAD_MAP, HEAD_MAP):
        x = layers.AdaptiveAveragePooling2D(HEAD_MAP, name="head_average")(x)
    x = layers.Flatten(name="flatten")(x)
    for number, units in enumerate(hidden, 1):
        x = layers.Dropout(dropout, name=f"hidden{number}_dropout")(x)
        x = dense(x, units, name=f"hidden{number}")
        x = layers.ReLU(name=f"hidden{number}_relu")(x)
    return keras.Model(inputs, dense(x, classes, name="logits"), name=name)
