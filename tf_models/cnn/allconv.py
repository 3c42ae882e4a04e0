"""A network of convolutions only (Springenberg et al. 2014, arXiv 1412.6806)."""

import keras
from keras import layers

from tf_models.layers.torch_like import conv2d


def allconv(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    classes: int = 10,
    *,
    filters: tuple[int, ...] = (4, 8, 16),
    name: str = "allconv",
) -> keras.Model:
    """Pairs of 3x3 convolutions, the second with stride 2 in place of pooling; class maps averaged over space.

    Args:
        input_shape: Image size `(height, width, channels)`; each pair halves height and width, rounding up.
        classes: Number of outputs.
        filters: Filters of each pair.
        name: Name of the model.

    Returns:
        A model from `(batch, height, width, channels)` to logits `(batch, classes)`. Height and width may be None.

    >>> allconv().count_params()
    6006
    """
    inputs = keras.Input(input_shape, name="image")
    x = inputs
    for number, maps in enumerate(filters, 1):
        x = conv2d(x, maps, 3, name=f"pair{number}_conv1")
        x = layers.ReLU(name=f"pair{number}_relu1")(x)
        x = conv2d(x, maps, 3, strides=2, name=f"pair{number}_conv2")
        x = layers.ReLU(name=f"pair{number}_relu2")(x)
    x = conv2d(x, classes, 3, name="class_maps")
    logits = layers.GlobalAveragePooling2D(name="logits")(x)
    return keras.Model(inputs, logits, name=name)
