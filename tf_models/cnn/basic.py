"""The small convolutional network of the first lessons."""

import keras
from keras import layers

from tf_models.layers.torch_like import conv2d
from tf_models.layers.torch_like import dense as dense_layer


def cnn(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    classes: int = 10,
    *,
    filters: tuple[int, ...] = (4, 8),
    dense: int = 0,
    dropout: float = 0.0,
    initializer: str = "torch",
    standardize: bool = False,
    name: str = "cnn",
) -> keras.Model:
    """Blocks of `3x3 convolution -> ReLU -> 2x2 max pooling`, then logits.

    Args:
        input_shape: Image size `(height, width, channels)`; each block halves height and width, rounding down.
        classes: Number of outputs.
        filters: Filters of each block's convolution.
        dense: Units of a ReLU layer before the logits; 0 for none.
        dropout: Fraction of that layer's activations dropped, 0 <= dropout < 1.
        initializer: Kind of initial weights, see `tf_models.layers.torch_like.initializer_arguments`; the normal kinds
            have a standard deviation of 0.01.
        standardize: Whether a `Normalization` layer comes first, to be adapted to the training samples.
        name: Name of the model.

    Returns:
        A model from `(batch, height, width, channels)` to logits `(batch, classes)`.

    Raises:
        ValueError: The image is too small for so many blocks, or there is dropout without a dense layer.

    >>> cnn(filters=(4, 8)).count_params()
    4266
    """
    smallest = 2 ** len(filters)
    if min(input_shape[:2]) < smallest:
        raise ValueError(f"{len(filters)} blocks need images of {smallest}x{smallest} or more, not {input_shape}")
    if dropout and not dense:
        raise ValueError(f"dropout {dropout} applies to the dense layer; set dense")
    inputs = keras.Input(input_shape, name="image")
    x = layers.Normalization(name="standardize")(inputs) if standardize else inputs
    for number, maps in enumerate(filters, 1):
        x = conv2d(x, maps, 3, name=f"block{number}_conv", initializer=initializer)
        x = layers.ReLU(name=f"block{number}_relu")(x)
        x = layers.MaxPooling2D(2, name=f"block{number}_pool")(x)
    x = layers.Flatten(name="flatten")(x)
    if dense:
        x = dense_layer(x, dense, name="hidden", activation="relu", initializer=initializer)
        x = layers.Dropout(dropout, name="hidden_dropout")(x)
    logits = dense_layer(x, classes, name="logits", initializer=initializer)
    return keras.Model(inputs, logits, name=name)
