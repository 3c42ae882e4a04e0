"""Network in Network: 1x1 convolutions after each larger one, and class maps in place of dense layers.

Lin et al. 2013, arXiv 1312.4400.
"""

import keras
from keras import layers

from tf_models.layers.torch_like import TORCH_BATCH_NORM, conv2d, pool2d, require_size

POOLINGS = ("max", "average")
SMALLEST_SIDE = 3  # the second pooling still has something to halve


def nin(
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    *,
    filters: int = 192,
    kernel_sizes: tuple[int, int, int] = (5, 5, 3),
    bottleneck: tuple[int, int] = (160, 96),
    batch_norm: bool = False,
    dropout: float = 0.5,
    name: str = "nin",
) -> keras.Model:
    """Three blocks of a convolution and two 1x1 ones, pooling 3x3 of stride 2 and dropout between them, class maps.

    Layers are called `block2_conv1`, `block2_norm1`, `block2_pool`, `class_maps`, `logits` and so on.

    Args:
        input_shape: Image size `(height, width, channels)`; pooling halves the sides twice, rounding up.
        classes: Number of outputs; the last 1x1 convolution has as many filters, averaged over space. It has no ReLU.
        filters: Filters of all convolutions except those that `bottleneck` gives.
        kernel_sizes: Kernel size of each block's first convolution.
        bottleneck: Filters of the first block's two 1x1 convolutions.
        batch_norm: Whether to normalise between each convolution, which then has no bias, and its ReLU; the class
            maps are not normalised.
        dropout: Fraction of activations dropped after the first and second block, 0 <= dropout < 1.
        name: Name of the model.

    Returns:
        A model from `(batch, height, width, channels)` to logits `(batch, classes)`.

    Raises:
        ValueError: The image is too small, or the dropout is out of range.

    >>> nin().count_params()
    966986
    """
    require_size(input_shape, SMALLEST_SIDE, "Network in Network")
    inputs = keras.Input(input_shape, name="image")
    x = inputs
    for block, size in enumerate(kernel_sizes, 1):
        last = block == len(kernel_sizes)
        maps = (filters, *(bottleneck if block == 1 else (filters,) if last else (filters, filters)))
        for number, count in enumerate(maps, 1):
            convolution = f"block{block}_conv{number}"
            x = conv2d(x, count, size if number == 1 else 1, use_bias=not batch_norm, name=convolution)
            if batch_norm:
                x = layers.BatchNormalization(**TORCH_BATCH_NORM, name=f"block{block}_norm{number}")(x)
            x = layers.ReLU(name=f"block{block}_relu{number}")(x)
        if not last:
            x = pool2d(x, 3, strides=2, padding=1, kind=POOLINGS[block - 1], name=f"block{block}_pool")
            x = layers.Dropout(dropout, name=f"block{block}_dropout")(x)
    x = conv2d(x, classes, 1, name="class_maps")
    return keras.Model(inputs, layers.GlobalAveragePooling2D(name="logits")(x), name=name)
