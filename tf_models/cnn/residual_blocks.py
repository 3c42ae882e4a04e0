"""Two residual blocks and a dense layer, to show identity and resizing shortcuts (He et al. 2015, arXiv 1512.03385)."""

import keras
from keras import layers

from tf_models.layers.torch_like import TORCH_BATCH_NORM, conv2d, dense

KINDS = ("resizing", "identity")


def residual_blocks(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    classes: int = 10,
    *,
    kind: str = "resizing",
    filters: tuple[tuple[int, int], ...] = ((4, 8), (16, 32)),
    name: str = "residual_blocks",
) -> keras.Model:
    """Blocks of `convolution -> batch norm -> ReLU -> convolution -> batch norm`, plus a shortcut, ReLU; then logits.

    Args:
        input_shape: Image size `(height, width, channels)`; each resizing block halves height and width, rounding up.
        classes: Number of outputs.
        kind: `resizing`: a 3x3 convolution of stride 2 and a 1x1, and a 1x1 of stride 2 with batch norm as shortcut.
            `identity`: a 1x1 and a 3x3 convolution that keep the shape, and the block's input as shortcut.
        filters: Filters of each block's two convolutions; with `identity` the second are as many as the image has
            channels.
        name: Name of the model.

    Returns:
        A model from `(batch, height, width, channels)` to logits `(batch, classes)`.

    Raises:
        ValueError: The kind is unknown, or an identity block would change the number of channels.

    >>> residual_blocks().count_params() - 2 * (4 + 8 + 8 + 16 + 32 + 32)  # less what batch norms only count
    17986
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    inputs = keras.Input(input_shape, name="image")
    x = inputs
    for number, (inner, outer) in enumerate(filters, 1):
        block = f"block{number}"
        if kind == "resizing":
            shortcut = conv2d(x, outer, 1, strides=2, name=f"{block}_shortcut_conv")
            shortcut = layers.BatchNormalization(**TORCH_BATCH_NORM, name=f"{block}_shortcut_norm")(shortcut)
        elif outer == x.shape[-1]:
            shortcut = x
        else:
            raise ValueError(f"an identity block keeps the {x.shape[-1]} channels of its input; it cannot give {outer}")
        kernels, strides = ((3, 1), 2) if kind == "resizing" else ((1, 3), 1)
        x = conv2d(x, inner, kernels[0], strides=strides, name=f"{block}_conv1")
        x = layers.BatchNormalization(**TORCH_BATCH_NORM, name=f"{block}_norm1")(x)
        x = layers.ReLU(name=f"{block}_relu1")(x)
        x = conv2d(x, outer, kernels[1], name=f"{block}_conv2")
        x = layers.BatchNormalization(**TORCH_BATCH_NORM, name=f"{block}_norm2")(x)
        x = layers.Add(name=f"{block}_add")([x, shortcut])
        x = layers.ReLU(name=f"{block}_relu")(x)
    x = layers.Flatten(name="flatten")(x)
    return keras.Model(inputs, dense(x, classes, name="logits"), name=name)
