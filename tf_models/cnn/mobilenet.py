"""MobileNets 2 (Sandler et al. 2018, arXiv 1801.04381) and 3 (Howard et al. 2019, arXiv 1905.02244), as torchvision's."""

import math

import keras
from keras import initializers, layers

from tf_models.layers.torch_like import TF1_BATCH_NORM, TORCH_BATCH_NORM, conv2d, dense, depthwise_conv2d, require_size

# Expansion, channels, repetitions and stride of the first of them (table 2 of the paper).
V2_BLOCKS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
# Kernel size, expanded channels, channels, squeeze and excite, activation and stride (tables 1 and 2 of the paper).
V3_BLOCKS = {
    "large": (
        (3, 16, 16, False, "relu", 1),
        (3, 64, 24, False, "relu", 2),
        (3, 72, 24, False, "relu", 1),
        (5, 72, 40, True, "relu", 2),
        (5, 120, 40, True, "relu", 1),
        (5, 120, 40, True, "relu", 1),
        (3, 240, 80, False, "hard_silu", 2),
        (3, 200, 80, False, "hard_silu", 1),
        (3, 184, 80, False, "hard_silu", 1),
        (3, 184, 80, False, "hard_silu", 1),
        (3, 480, 112, True, "hard_silu", 1),
        (3, 672, 112, True, "hard_silu", 1),
        (5, 672, 160, True, "hard_silu", 2),
        (5, 960, 160, True, "hard_silu", 1),
        (5, 960, 160, True, "hard_silu", 1),
    ),
    "small": (
        (3, 16, 16, True, "relu", 2),
        (3, 72, 24, False, "relu", 2),
        (3, 88, 24, False, "relu", 1),
        (5, 96, 40, True, "hard_silu", 2),
        (5, 240, 40, True, "hard_silu", 1),
        (5, 240, 40, True, "hard_silu", 1),
        (5, 120, 48, True, "hard_silu", 1),
        (5, 144, 48, True, "hard_silu", 1),
        (5, 288, 96, True, "hard_silu", 2),
        (5, 576, 96, True, "hard_silu", 1),
        (5, 576, 96, True, "hard_silu", 1),
    ),
}
V3_HIDDEN = {"large": 1280, "small": 1024}
V3_BATCH_NORM = TF1_BATCH_NORM  # torchvision takes over TensorFlow's constants for this network only


def mobilenet_v2(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classes: int = 10,
    *,
    width: float = 1.0,
    blocks: tuple[tuple, ...] = V2_BLOCKS,
    dropout: float = 0.2,
    name: str = "mobilenet_v2",
) -> keras.Model:
    """Inverted residuals: few channels are expanded, filtered one by one and projected without an activation.

    Layers are called `stem_conv`, `block3_expand_conv`, `block3_depthwise_conv`, `block3_project_conv`, `last_conv`,
    `logits`, their batch norms `norm` in place of `conv`. Convolutions have no bias; activations are ReLU6.

    Args:
        input_shape: Image size `(height, width, channels)`; the sides shrink 32 times, rounding up.
        classes: Number of outputs.
        width: Multiplier of all channels, which are rounded to multiples of 8; for the last convolution it is at
            least 1.
        blocks: Rows `(expansion, channels, repetitions, stride)`, for a network of another size.
        dropout: Fraction of the averaged channels dropped before the last layer, 0 <= dropout < 1.
        name: Name of the model.

    Returns:
        A model from `(batch, height, width, channels)` to logits `(batch, classes)`.

    Raises:
        ValueError: The width is not positive, the dropout is out of range, or the image is too small for the strides.

    >>> mobilenet_v2(input_shape=(64, 64, 3), width=0.25).output_shape
    (None, 10)
    """
    _check(width, dropout)
    require_size(input_shape, _smallest_side(row[3] for row in blocks), "MobileNet-V2")
    inputs = keras.Input(input_shape, name="image")
    x = _conv_norm(inputs, _divisible(32 * width), 3, "stem", "relu6", TORCH_BATCH_NORM, strides=2)
    number = 0
    for expansion, channels, repetitions, stride in blocks:
        for repetition in range(repetitions):
            number += 1
            strides = stride if repetition == 0 else 1
            expanded = expansion * x.shape[-1]
            x = _inverted_residual(
                x, expanded, _divisible(channels * width), 3, strides, "relu6", f"block{number}", TORCH_BATCH_NORM
            )
    x = _conv_norm(x, _divisible(1280 * max(1.0, width)), 1, "last", "relu6", TORCH_BATCH_NORM)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return _classifier(inputs, x, classes, dropout, name)


def mobilenet_v3(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classes: int = 10,
    *,
    size: str = "large",
    width: float = 1.0,
    blocks: tuple[tuple, ...] | None = None,
    dropout: float = 0.2,
    name: str | None = None,
) -> keras.Model:
    """Inverted residuals found by search, with hard swish, squeeze and excite, and a dense layer after the average.

    Layers are called as in `mobilenet_v2`, and `block4_squeeze_conv1`, `block4_squeeze_conv2`, `hidden`.

    Args:
        input_shape: Image size `(height, width, channels)`; the sides shrink 32 times, rounding up.
        classes: Number of outputs.
        size: `large` or `small`.
        width: Multiplier of all channels, which are rounded to multiples of 8.
        blocks: Rows `(kernel size, expanded channels, channels, squeeze, activation, stride)`, for a network of another
            size; default as `size` says.
        dropout: Fraction of the hidden units dropped, 0 <= dropout < 1.
        name: Name of the model; default `mobilenet_v3_large` or `mobilenet_v3_small`.

    Returns:
        A model from `(batch, height, width, channels)` to logits `(batch, classes)`.

    Raises:
        ValueError: The size is unknown, the width is not positive, the dropout is out of range, or the image is too
            small for the strides.

    >>> mobilenet_v3(size="small", input_shape=(64, 64, 3), width=0.25).output_shape
    (None, 10)
    """
    if size not in V3_BLOCKS:
        raise ValueError(f"size must be one of {', '.join(V3_BLOCKS)}, not {size!r}")
    _check(width, dropout)
    blocks = blocks or V3_BLOCKS[size]
    require_size(input_shape, _smallest_side(row[5] for row in blocks), f"MobileNet-V3 {size}")
    inputs = keras.Input(input_shape, name="image")
    x = _conv_norm(inputs, _divisible(16 * width), 3, "stem", "hard_silu", V3_BATCH_NORM, strides=2)
    for number, (kernel_size, expanded, channels, squeeze, activation, strides) in enumerate(blocks, 1):
        x = _inverted_residual(
            x,
            _divisible(expanded * width),
            _divisible(channels * width),
            kernel_size,
            strides,
            activation,
            f"block{number}",
            V3_BATCH_NORM,
            squeeze,
        )
    x = _conv_norm(x, 6 * x.shape[-1], 1, "last", "hard_silu", V3_BATCH_NORM)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = dense(x, _divisible(V3_HIDDEN[size] * width), name="hidden", initializer="normal", stddev=0.01)
    x = layers.Activation("hard_silu", name="hidden_activation")(x)
    return _classifier(inputs, x, classes, dropout, name or f"mobilenet_v3_{size}")


def _check(width: float, dropout: float) -> None:
    if not width > 0:
        raise ValueError(f"width must be positive, not {width}")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1), not {dropout}")


def _smallest_side(strides) -> int:
    """From this side on the last stride has something to halve; the stem has a stride of 2 itself."""
    return math.prod(strides) + 1


def _divisible(channels: float) -> int:
    """The nearest multiple of 8, at least 8, but never more than a tenth below."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def _conv_norm(x, filters: int, kernel_size: int, prefix: str, activation: str | None, norm: dict, strides: int = 1):
    """A bias-free convolution, its batch norm, and an activation or none."""
    name = f"{prefix}_conv"
    x = conv2d(x, filters, kernel_size, strides=strides, initializer="he_fan_out", use_bias=False, name=name)
    return _norm_activation(x, prefix, activation, norm)


def _norm_activation(x, prefix: str, activation: str | None, norm: dict):
    x = layers.BatchNormalization(**norm, name=f"{prefix}_norm")(x)
    return layers.Activation(activation, name=f"{prefix}_activation")(x) if activation else x


def _inverted_residual(
    x,
    expanded: int,
    channels: int,
    kernel_size: int,
    strides: int,
    activation: str,
    name: str,
    norm: dict,
    squeeze=False,
):
    y = x
    if expanded != x.shape[-1]:
        y = _conv_norm(y, expanded, 1, f"{name}_expand", activation, norm)
    # PyTorch counts the outputs of all channels, N(0, sqrt(2 / (k k channels))): of Keras' kernel that is the fan in.
    kernel = initializers.VarianceScaling(2.0, mode="fan_in", distribution="untruncated_normal")
    arguments = {"depthwise_initializer": kernel, "use_bias": False}
    y = depthwise_conv2d(y, kernel_size, strides=strides, name=f"{name}_depthwise_conv", **arguments)
    y = _norm_activation(y, f"{name}_depthwise", activation, norm)
    if squeeze:
        y = _squeeze_excite(y, f"{name}_squeeze")
    y = _conv_norm(y, channels, 1, f"{name}_project", None, norm)
    if strides == 1 and channels == x.shape[-1]:
        y = layers.Add(name=f"{name}_add")([y, x])
    return y


def _squeeze_excite(x, name: str):
    """Each channel times a factor in 0..1, computed from the means of all channels (Hu et al. 2017, arXiv 1709.01507)."""
    y = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_pool")(x)
    y = conv2d(y, _divisible(x.shape[-1] // 4), 1, initializer="he_fan_out", name=f"{name}_conv1")
    y = layers.ReLU(name=f"{name}_relu")(y)
    y = conv2d(y, x.shape[-1], 1, initializer="he_fan_out", name=f"{name}_conv2")
    y = layers.Activation("hard_sigmoid", name=f"{name}_factor")(y)
    return layers.Multiply(name=f"{name}_scale")([x, y])


def _classifier(inputs, x, classes: int, dropout: float, name: str) -> keras.Model:
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, dense(x, classes, name="logits", initializer="normal", stddev=0.01), name=name)
