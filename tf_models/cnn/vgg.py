"""VGG networks (Simonyan and Zisserman 2014, arXiv 1409.1556)."""

import keras
from keras import layers

from tf_models.layers.torch_like import TORCH_BATCH_NORM, conv2d, dense, pool2d, require_size

# Convolutions of each block; depth counts them and the three dense layers.
DEPTHS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


def vgg(
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    *,
    depth: int = 16,
    hidden: tuple[int, ...] = (4096, 4096),
    filters: int = 64,
    batch_norm: bool = False,
    dropout: float = 0.0,
    initializer: str = "he_uniform",
    stddev: float = 0.01,
    name: str | None = None,
) -> keras.Model:
    """Five blocks of 3x3 convolutions with 1, 2, 4, 8 and 8 times `filters` filters, 2x2 max pooling, then dense layers.

    Layers are called `block3_conv2`, `block3_norm2`, `block3_pool`, `hidden1`, `logits` and so on.

    Args:
        input_shape: Image size `(height, width, channels)`; each block halves the sides, rounding down.
        classes: Number of outputs.
        depth: Number of convolutions and dense layers: 11, 13, 16 or 19.
        hidden: Units of each ReLU layer between the last feature map and the logits.
        filters: Filters of the first block.
        batch_norm: Whether to normalise between each convolution and its ReLU; such convolutions have no use for their
            bias but keep it, as PyTorch's do.
        dropout: Fraction of each hidden layer's activations dropped, 0 <= dropout < 1.
        initializer: Kind of initial weights, see `tf_models.layers.torch_like.initializer_arguments`.
        stddev: Standard deviation of the normal initialisers.
        name: Name of the model; default `vgg` and the depth.

    Returns:
        A model from `(batch, height, width, channels)` to logits `(batch, classes)`.

    Raises:
        ValueError: The depth or the initialiser is unknown, the dropout is out of range, or the image is too small for
            the blocks.

    >>> vgg(depth=11, hidden=(64, 64), filters=8).output_shape
    (None, 10)
    """
    if depth not in DEPTHS:
        raise ValueError(f"depth must be one of {', '.join(map(str, DEPTHS))}, not {depth}")
    require_size(input_shape, 2 ** len(DEPTHS[depth]), f"VGG-{depth}")
    weights = {"initializer": initializer, "stddev": stddev}
    inputs = keras.Input(input_shape, name="image")
    x = inputs
    for block, (count, times) in enumerate(zip(DEPTHS[depth], (1, 2, 4, 8, 8), strict=True), 1):
        for number in range(1, count + 1):
            x = conv2d(x, times * filters, 3, name=f"block{block}_conv{number}", **weights)
            if batch_norm:
                x = layers.BatchNormalization(**TORCH_BATCH_NORM, name=f"block{block}_norm{number}")(x)
            x = layers.ReLU(name=f"block{block}_relu{number}")(x)
        x = pool2d(x, 2, strides=2, name=f"block{block}_pool")
    x = layers.Flatten(name="flatten")(x)
    for number, units in enumerate(hidden, 1):
        x = dense(x, units, name=f"hidden{number}", **weights)
        x = layers.ReLU(name=f"hidden{number}_relu")(x)
        x = layers.Dropout(dropout, name=f"hidden{number}_dropout")(x)
    return keras.Model(inputs, dense(x, classes, name="logits", **weights), name=name or f"vgg{depth}")
