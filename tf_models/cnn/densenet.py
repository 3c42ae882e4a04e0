"""Densely connected networks (Huang et al. 2016, arXiv 1608.06993), with bottlenecks and compression: DenseNet-BC."""

import keras
from keras import layers

from tf_models.layers.torch_like import TORCH_BATCH_NORM, conv2d, dense, pool2d, require_size

# Number of layers in each block.
DEPTHS = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}
BOTTLENECK = 4  # filters of a layer's 1x1 convolution, in units of `growth`
SMALLEST_SIDE = 29  # gives a last feature map of 1x1


def densenet(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classes: int = 10,
    *,
    depth: int = 121,
    growth: int = 32,
    blocks: tuple[int, int, int, int] | None = None,
    name: str | None = None,
) -> keras.Model:
    """A stem, four blocks whose layers see the outputs of all layers before them, and a global average.

    Between blocks a 1x1 convolution halves the channels and an average pooling the sides. Layers are called
    `stem_conv`, `block2_layer5_conv1`, `transition1_conv`, `final_norm`, `logits` and so on, their batch norms `norm`
    in place of `conv`. Convolutions have no bias.

    Args:
        input_shape: Image size `(height, width, channels)`; the sides shrink 32 times.
        classes: Number of outputs.
        depth: Number of layers as the paper counts them: 121, 169 or 201.
        growth: Channels that each layer adds; the stem has twice as many.
        blocks: Number of layers in each block, for a network of another size; default as `depth` says.
        name: Name of the model; default `densenet` and the depth.

    Returns:
        A model from `(batch, height, width, channels)` to logits `(batch, classes)`.

    Raises:
        ValueError: The depth is unknown, or the image is too small for the strides.

    >>> densenet(input_shape=(32, 32, 3), growth=4, blocks=(1, 1, 1, 1)).output_shape
    (None, 10)
    """
    if depth not in DEPTHS:
        raise ValueError(f"depth must be one of {', '.join(map(str, DEPTHS))}, not {depth}")
    require_size(input_shape, SMALLEST_SIDE, f"DenseNet-{depth}")
    inputs = keras.Input(input_shape, name="image")
    x = conv2d(inputs, 2 * growth, 7, strides=2, initializer="he_normal", use_bias=False, name="stem_conv")
    x = _norm_relu(x, "stem_norm")
    x = pool2d(x, 3, strides=2, padding=1, name="stem_pool")
    for block, count in enumerate(blocks or DEPTHS[depth], 1):
        if block > 1:
            x = _norm_conv(x, x.shape[-1] // 2, 1, f"transition{block - 1}_norm", f"transition{block - 1}_conv")
            x = pool2d(x, 2, strides=2, kind="average", name=f"transition{block - 1}_pool")
        for number in range(1, count + 1):
            layer = f"block{block}_layer{number}"
            y = _norm_conv(x, BOTTLENECK * growth, 1, f"{layer}_norm1", f"{layer}_conv1")
            y = _norm_conv(y, growth, 3, f"{layer}_norm2", f"{layer}_conv2")
            x = layers.Concatenate(name=f"{layer}_concat")([x, y])
    x = _norm_relu(x, "final_norm")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, dense(x, classes, name="logits"), name=name or f"densenet{depth}")


def _norm_relu(x, name: str):
    x = layers.BatchNormalization(**TORCH_BATCH_NORM, name=name)(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _norm_conv(x, filters: int, kernel_size: int, norm: str, conv: str):
    """Batch norm and ReLU before a convolution."""
    return conv2d(_norm_relu(x, norm), filters, kernel_size, initializer="he_normal", use_bias=False, name=conv)
