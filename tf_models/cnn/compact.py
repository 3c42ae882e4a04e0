"""A small network that learns digits in seconds: the first convolution halves the image, and every layer is normalised."""

import keras
from keras import layers

from tf_models.layers.torch_like import conv2d, dense, require_size

SMALLEST_SIDE = 19  # gives a last feature map of 1x1
# Few epochs leave no time for long averages: Keras' default is 0.99.
BATCH_NORM = {"momentum": 0.6, "epsilon": 1e-5}


def compact_cnn(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    classes: int = 10,
    *,
    filters: tuple[int, int, int] = (16, 32, 64),
    name: str = "compact_cnn",
) -> keras.Model:
    """A 5x5 convolution of stride 2, a 3x3 convolution, 2x2 max pooling, a 3x3 convolution and logits; nothing is padded.

    Each convolution is followed by batch norm and ReLU. Layers are called `conv1`, `norm1`, `relu1` and so on.

    Args:
        input_shape: Image size `(height, width, channels)`; 28x28 gives a last feature map of 3x3.
        classes: Number of outputs.
        filters: Filters of the three convolutions.
        name: Name of the model.

    Returns:
        A model from `(batch, height, width, channels)` to logits `(batch, classes)`.

    Raises:
        ValueError: The image is too small.

    >>> sum(weight.numpy().size for weight in compact_cnn().trainable_weights)
    29434
    """
    require_size(input_shape, SMALLEST_SIDE, "a compact network")
    inputs = x = keras.Input(input_shape, name="image")
    for number, (maps, size, strides) in enumerate(zip(filters, (5, 3, 3), (2, 1, 1), strict=True), 1):
        x = conv2d(
            x, maps, size, strides=strides, padding=0, use_bias=False, initializer="he_uniform", name=f"conv{number}"
        )
        x = layers.BatchNormalization(**BATCH_NORM, name=f"norm{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
        if number == 2:
            x = layers.MaxPooling2D(2, name="pool")(x)
    return keras.Model(inputs, dense(layers.Flatten(name="flatten")(x), classes, name="logits"), name=name)
