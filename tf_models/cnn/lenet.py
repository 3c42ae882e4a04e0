"""LeNet-5 (LeCun et al. 1998), with max pooling, all feature maps connected and plain logits."""

import keras
from keras import layers

from tf_models.layers.torch_like import conv2d, dense, pool2d, require_size

SMALLEST_SIDE = 16  # gives a last feature map of 1x1


def lenet(
    input_shape: tuple[int, int, int] = (32, 32, 1),
    classes: int = 10,
    *,
    width: int = 1,
    name: str = "lenet5",
) -> keras.Model:
    """Two unpadded 5x5 convolutions of 6 and 16 filters with tanh and 2x2 max pooling, dense layers of 120 and 84.

    Args:
        input_shape: Image size `(height, width, channels)`; 32x32 gives a last feature map of 5x5.
        classes: Number of outputs.
        width: Multiplier of all numbers of filters and units.
        name: Name of the model.

    Returns:
        A model from `(batch, height, width, channels)` to logits `(batch, classes)`.

    Raises:
        ValueError: The image is too small.

    >>> lenet().count_params()
    61706
    """
    require_size(input_shape, SMALLEST_SIDE, "LeNet-5")
    inputs = keras.Input(input_shape, name="image")
    x = inputs
    for number, maps in enumerate((6, 16), 1):
        x = conv2d(x, maps * width, 5, padding=0, name=f"conv{number}")
        x = layers.Activation("tanh", name=f"tanh{number}")(x)
        x = pool2d(x, 2, strides=2, name=f"pool{number}")
    x = layers.Flatten(name="flatten")(x)
    for number, units in enumerate((120, 84), 1):
        x = dense(x, units * width, activation="tanh", name=f"hidden{number}")
    return keras.Model(inputs, dense(x, classes, name="logits"), name=name)
