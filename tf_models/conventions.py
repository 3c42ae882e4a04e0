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
    """PyTorch's default for biases: the same bounds as the weights of the layer."""
    bound = 1 / math.sqrt(fan_in)
    return initializers.RandomUniform(-bound, bound)


def initializer_arguments(kind: str, fan_in: int, stddev: float = 0.01) -> dict:
    """Layer arguments `kernel_initializer` and `bias_initializer`.

    Args:
        kind: `torch` (PyTorch's defaults), `he_normal`, `normal` or `truncated_normal` (both with `stddev` and
            zero biases).
        fan_in: inputs of one unit; a convolution has kernel height x width x input channels.
        stddev: of the normal kinds.

    Raises:
        ValueError: an unknown kind.
    """
    kernels = {
        "torch": torch_kernel,
        "he_normal": initializers.HeNormal,
        "normal": lambda: initializers.RandomNormal(stddev=stddev),
        "truncated_normal": lambda: initializers.TruncatedNormal(stddev=stddev),
    }
    if kind not in kernels:
        raise ValueError(f"initializer must be one of {', '.join(kernels)}, not {kind!r}")
    bias = torch_bias(fan_in) if kind == "torch" else initializers.Zeros()
    return {"kernel_initializer": kernels[kind](), "bias_initializer": bias}


def conv2d(
    x,
    filters: int,
    kernel_size: int,
    *,
    name: str,
    strides: int = 1,
    padding: str = "symmetric",
    initializer: str = "torch",
    **kwargs,
):
    """A convolution of `x` whose zero padding of `kernel_size // 2` is the same on all sides, as in PyTorch.

    Keras' `same` pads a strided convolution more at the bottom and right. `padding="valid"` pads nothing.
    """
    fan_in = kernel_size**2 * x.shape[-1]
    if padding == "symmetric" and strides == 1:
        padding = "same"
    elif padding == "symmetric":
        if kernel_size > 1:
            x = layers.ZeroPadding2D(kernel_size // 2, name=f"{name}_pad")(x)
        padding = "valid"
    arguments = initializer_arguments(initializer, fan_in) | kwargs
    return layers.Conv2D(filters, kernel_size, strides=strides, padding=padding, name=name, **arguments)(x)


def dense(x, units: int, *, name: str, initializer: str = "torch", stddev: float = 0.01, **kwargs):
    """A dense layer of `x` with one of the initialisers of `initializer_arguments`."""
    arguments = initializer_arguments(initializer, x.shape[-1], stddev) | kwargs
    return layers.Dense(units, name=name, **arguments)(x)


def conv2d_transpose(
    x,
    filters: int,
    kernel_size: int,
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
    arguments = initializer_arguments(initializer, kernel_size**2 * filters) | kwargs  # PyTorch counts fan_in so
    x = layers.Conv2DTranspose(filters, kernel_size, strides=strides, padding=padding, name=name, **arguments)(x)
    return layers.Cropping2D(crop, name=f"{name}_crop")(x) if crop else x
