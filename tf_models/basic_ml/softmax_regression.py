"""Softmax regression: multinomial logistic regression."""

import keras
from keras import layers


def softmax_regression(
    input_shape: tuple[int, ...] = (28, 28, 1), classes: int = 10, *, name: str = "softmax_regression"
) -> keras.Model:
    """One linear unit for each class; all weights start at zero.

    Args:
        input_shape: Shape of one sample, which is flattened.
        classes: Number of outputs.
        name: Name of the model.

    Returns:
        A model from `(batch, *input_shape)` to logits `(batch, classes)`.

    >>> softmax_regression().count_params()
    7850
    """
    inputs = keras.Input(input_shape, name="image")
    x = layers.Flatten(name="flatten")(inputs)
    logits = layers.Dense(classes, kernel_initializer="zeros", bias_initializer="zeros", name="logits")(x)
    return keras.Model(inputs, logits, name=name)
