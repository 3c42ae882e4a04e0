"""LeNet-5 (LeCun et al. 1998), with max pooling, all maps connected and plain logits."""

import keras
from keras import layers

from tf_models.layers.torch_like import conv2d, dense, pool2d, require_size

SMALLEST_SIDE = 16  # gives a last map of 1x1


def lenet(
    classes: int = 10,
    input_shape: tuple[int, int, int] = (32, 32, 1),
    width: int = 1,
    name: str = "lenet5",
) -> keras.Model:
    """Two unpadded 5x5 convolutions of 6 and 16 maps with tanh and 2x2 max pooling, dense layers of 120 and 84.

    Args:
        classes: number of outputs.
        input_shape: `(height, width, channels)`; 32x32 gives a last map of 5x5.
        width: multiplies all numbers of maps and units.
        name: of the model.

    Returns:
        A model from `(batch, height, width, channels)` to logits `(batch, classes)`.

    Raises:
        ValueError: an image too small.

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
