"""Choices against Keras' defaults, stated once: PyTorch's initialisers, padding and batch-norm constants."""

import math

import keras
from keras import initializers, layers

# PyTorch's running statistics keep 0.9 of the old value; Keras' default is 0.99. Epsilon likewise (Keras: 1e-3).
TORCH_BATCH_NORM = {"momentum": 0.9, "epsilon": 1e-5}
# tf.layers' constants, which the TensorFlow 1 notebooks use.
TF1_BATCH_NORM = {"momentum": 0.99, "epsilon": 1e-3}


def torch_kernel() -> keras.initializers.Initializer:
    """PyTorch's default for weights of dense and convolutional layers: U(-b, b) with b = 1/sqrt(fan_in)."""
    return initializers.VarianceScaling(scale=1 / 3, mode="fan_in", distribution="uniform")


def torch_bias(fan_in: int) -> keras.initializers.Initializer:
    """PyTorch's default for biases, with the same bounds as the weights of the layer."""
    bound = 1 / math.sqrt(fan_in)
    return initializers.RandomUniform(-bound, bound)


def initializer_arguments(kind: str, fan_in: int, stddev: float = 0.01) -> dict:
    """Layer arguments `kernel_initializer` and `bias_initializer`.

    Args:
        kind: `torch` (PyTorch's defaults); `he_normal`, `he_uniform`, `he_fan_out` (N(0, sqrt(2 / (kernel height x
            width x output channels)))), `normal` or `truncated_normal` (both with `stddev`), all with zero biases.
        fan_in: Inputs of one unit; a convolution has kernel height x width x input channels (of its group).
        stddev: Standard deviation of the normal kinds.

    Raises:
        ValueError: The kind is unknown.
    """
    kernels = {
        "torch": torch_kernel,
        "he_normal": initializers.HeNormal,
        "he_uniform": initializers.HeUniform,
        "he_fan_out": lambda: initializers.VarianceScaling(2.0, mode="fan_out", distribution="untruncated_normal"),
        "normal": lambda: initializers.RandomNormal(stddev=stddev),
        "truncated_normal": lambda: initializers.TruncatedNormal(stddev=stddev),
    }
    if kind not in kernels:
        raise ValueError(f"initializer must be one of {', '.join(kernels)}, not {kind!r}")
    bias = torch_bias(fan_in) if kind == "torch" else initializers.Zeros()
    return {"kernel_initializer": kernels[kind](), "bias_initializer": bias}


def torch_recurrent(cell: str, units: int) -> dict:
    """Layer arguments for PyTorch's default of a recurrent layer: all weights U(-b, b) with b = 1/sqrt(units).

    PyTorch adds two biases to each gate where Keras has one, but in a GRU; the one gets the variance of their sum.

    Args:
        cell: `simple`, `lstm` or `gru`.
        units: Size of the state.
    """
    bound = 1 / math.sqrt(units)
    wide = bound if cell == "gru" else math.sqrt(2) * bound
    arguments = {
        "kernel_initializer": initializers.RandomUniform(-bound, bound),
        "recurrent_initializer": initializers.RandomUniform(-bound, bound),
        "bias_initializer": initializers.RandomUniform(-wide, wide),
    }
    # Keras would put ones in place of the forget gate's random biases.
    return {**arguments, "unit_forget_bias": False} if cell == "lstm" else arguments


def conv2d(
    x,
    filters: int,
    kernel_size: int | tuple[int, int],
    *,
    name: str,
    strides: int = 1,
    padding: int | None = None,
    groups: int = 1,
    initializer: str = "torch",
    stddev: float = 0.01,
    **kwargs,
):
    """A convolution of `x` with zero padding that is the same on all sides, as in PyTorch.

    Keras' `same` pads a strided convolution more at the bottom and right.

    Args:
        padding: Number of zeros on each side; default `kernel_size // 2`, which one for both sides has.
        groups: Number of groups into which the channels are split, each convolved apart.
        initializer: Kind of initial weights, see `initializer_arguments`.
        stddev: Standard deviation of the normal initialisers.
        kwargs: Further arguments of `keras.layers.Conv2D`.
    """
    x, mode = _padded(x, kernel_size, strides, kernel_size // 2 if padding is None else padding, name)
    fan_in = math.prod(_pair(kernel_size)) * x.shape[-1] // groups
    arguments = initializer_arguments(initializer, fan_in, stddev) | kwargs
    return layers.Conv2D(filters, kernel_size, strides=strides, padding=mode, groups=groups, name=name, **arguments)(x)


def depthwise_conv2d(x, kernel_size: int, *, name: str, strides: int = 1, **kwargs):
    """A convolution of each channel of `x` by a kernel of its own, padded as `conv2d` does.

    Args:
        kwargs: Further arguments of `keras.layers.DepthwiseConv2D`.
    """
    x, mode = _padded(x, kernel_size, strides, kernel_size // 2, name)
    return layers.DepthwiseConv2D(kernel_size, strides=strides, padding=mode, name=name, **kwargs)(x)


def _pair(kernel_size: int | tuple[int, int]) -> tuple[int, int]:
    return (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size


def _padded(x, kernel_size: int | tuple[int, int], strides: int, padding: int, name: str):
    """`x` with zeros on each side, and the `padding` that its convolution then needs: Keras' own where it is the same."""
    if strides == 1 and all(side % 2 and padding == side // 2 for side in _pair(kernel_size)):
        return x, "same"
    return (layers.ZeroPadding2D(padding, name=f"{name}_pad")(x) if padding else x), "valid"


def pool2d(x, size: int, *, name: str, strides: int, padding: int = 0, kind: str = "max"):
    """Pooling of `x` by windows of `size`, with zeros on all sides, as in PyTorch; incomplete windows are left out.

    PyTorch pads maxima with minus infinity: zeros are the same only where `x` is never negative, as after a ReLU.
    Means count the zeros, as PyTorch's do.

    Args:
        kind: `max` or `average`.
    """
    if padding:
        x = layers.ZeroPadding2D(padding, name=f"{name}_pad")(x)
    pooling = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}[kind]
    return pooling(size, strides=strides, name=name)(x)


def require_size(input_shape: tuple[int, int, int], smallest: int, what: str) -> None:
    """Raise ValueError where images of this `(height, width, channels)` have a side below `smallest`."""
    height, width = input_shape[:2]
    if min(height, width) < smallest:
        raise ValueError(f"{what} needs images of {smallest}x{smallest} or more, not {height}x{width}")


def dense(x, units: int, *, name: str, initializer: str = "torch", stddev: float = 0.01, **kwargs):
    """A dense layer of `x` with one of the initialisers of `initializer_arguments`."""
    arguments = initializer_arguments(initializer, x.shape[-1], stddev) | kwargs
    return layers.Dense(units, name=name, **arguments)(x)


def conv2d_transpose(
    x,
    filters: int,
    kernel_size: int | tuple[int, int],
    *,
    name: str,
    strides: int = 1,
    crop: int = 0,
    padding: str = "valid",
    initializer: str = "torch",
    **kwargs,
):
    """A transposed convolution of `x`; `crop` takes as many places off each side as PyTorch's `padding` does.

    `n` places become `(n - 1) * strides + kernel_size - 2 * crop`, or `n * strides` with `padding="same"`.
    """
    # PyTorch counts fan_in like this.
    arguments = initializer_arguments(initializer, math.prod(_pair(kernel_size)) * filters) | kwargs
    x = layers.Conv2DTranspose(filters, kernel_size, strides=strides, padding=padding, name=name, **arguments)(x)
    return layers.Cropping2D(crop, name=f"{name}_crop")(x) if crop else x
