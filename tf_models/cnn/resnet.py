"""Residual networks (He et al. 2015, arXiv 1512.03385), with the stride in the 3x3 convolution as PyTorch's have it."""

import keras
from keras import layers

from tf_models.layers.torch_like import TORCH_BATCH_NORM, conv2d, dense, pool2d, require_size

# Blocks of each stage, and the name of the block.
DEPTHS = {
    18: ((2, 2, 2, 2), "basic"),
    34: ((3, 4, 6, 3), "basic"),
    50: ((3, 4, 6, 3), "bottleneck"),
    101: ((3, 4, 23, 3), "bottleneck"),
    152: ((3, 8, 36, 3), "bottleneck"),
}
# The last stage's stride has something to halve from this side on.
SMALLEST_SIDE = 17


def resnet(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classes: int = 10,
    *,
    depth: int = 18,
    filters: int = 64,
    blocks: tuple[int, int, int, int] | None = None,
    name: str | None = None,
) -> keras.Model:
    """A stem, four stages of residual blocks with 1, 2, 4 and 8 times `filters` channels, and a global average.

    Layers are called `stem_conv`, `stage3_block2_conv1`, `stage3_block1_shortcut_conv`, `logits` and so on, their
    batch norms `norm` in place of `conv`. Convolutions have no bias and start at N(0, sqrt(2 / (k k out))).

    Args:
        input_shape: Image size `(height, width, channels)`; the sides shrink 32 times, rounding up.
        classes: Number of outputs.
        depth: Number of layers as the paper counts them: 18 or 34 (two 3x3 convolutions in a block), 50, 101 or 152
            (1x1, 3x3, and 1x1 to four times the channels).
        filters: Channels of the first stage.
        blocks: Number of blocks in each stage, for a network of another size made from the blocks of `depth`; default
            as `depth` says.
        name: Name of the model; default `resnet` and the depth.

    Returns:
        A model from `(batch, height, width, channels)` to logits `(batch, classes)`.

    Raises:
        ValueError: The depth is unknown, or the image is too small for the strides.

    >>> resnet(depth=18, classes=10, input_shape=(28, 28, 1), filters=8).output_shape
    (None, 10)
    """
    if depth not in DEPTHS:
        raise ValueError(f"depth must be one of {', '.join(map(str, DEPTHS))}, not {depth}")
    require_size(input_shape, SMALLEST_SIDE, f"ResNet-{depth}")
    usual, kind = DEPTHS[depth]
    block = {"basic": _basic_block, "bottleneck": _bottleneck_block}[kind]
    inputs = keras.Input(input_shape, name="image")
    x = _conv_norm(inputs, filters, 7, "stem_", strides=2)
    x = layers.ReLU(name="stem_relu")(x)
    x = pool2d(x, 3, strides=2, padding=1, name="stem_pool")
    for stage, count in enumerate(blocks or usual, 1):
        for number in range(1, count + 1):
            strides = 2 if stage > 1 and number == 1 else 1
            x = block(x, filters * 2 ** (stage - 1), strides, f"stage{stage}_block{number}")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, dense(x, classes, name="logits"), name=name or f"resnet{depth}")


def _conv_norm(x, filters: int, kernel_size: int, prefix: str, number: int | str = "", strides: int = 1):
    """A bias-free convolution `<prefix>conv<number>` and its batch norm `<prefix>norm<number>`."""
    x = conv2d(
        x,
        filters,
        kernel_size,
        strides=strides,
        initializer="he_fan_out",
        use_bias=False,
        name=f"{prefix}conv{number}",
    )
    return layers.BatchNormalization(**TORCH_BATCH_NORM, name=f"{prefix}norm{number}")(x)


def _basic_block(x, filters: int, strides: int, name: str):
    y = _conv_norm(x, filters, 3, f"{name}_", 1, strides)
    y = layers.ReLU(name=f"{name}_relu1")(y)
    y = _conv_norm(y, filters, 3, f"{name}_", 2)
    return _add(x, y, strides, name)


def _bottleneck_block(x, filters: int, strides: int, name: str):
    y = _conv_norm(x, filters, 1, f"{name}_", 1)
    y = layers.ReLU(name=f"{name}_relu1")(y)
    y = _conv_norm(y, filters, 3, f"{name}_", 2, strides)
    y = layers.ReLU(name=f"{name}_relu2")(y)
    y = _conv_norm(y, 4 * filters, 1, f"{name}_", 3)
    return _add(x, y, strides, name)


def _add(x, y, strides: int, name: str):
    """Add the shortcut of the block's input, by a 1x1 convolution where the shape changes."""
    if strides > 1 or x.shape[-1] != y.shape[-1]:
        x = _conv_norm(x, y.shape[-1], 1, f"{name}_shortcut_", strides=strides)
    y = layers.Add(name=f"{name}_add")([y, x])
    return layers.ReLU(name=f"{name}_relu")(y)
