"""Logistic regression."""

import keras
from keras import layers


def logistic_regression(
    features: int = 2, *, standardize: bool = False, name: str = "logistic_regression"
) -> keras.Model:
    """One linear unit that starts at zero; its output is the logit of class 1.

    Args:
        features: Number of inputs, at least 1.
        standardize: Whether a `Normalization` layer comes first, to be adapted to the training samples.
        name: Name of the model.

    Returns:
        A model from `(batch, features)` to `(batch, 1)`.

    >>> logistic_regression(features=2).count_params()
    3
    """
    inputs = keras.Input((features,), name="features")
    x = layers.Normalization(name="standardize")(inputs) if standardize else inputs
    logits = layers.Dense(1, kernel_initializer="zeros", bias_initializer="zeros", name="logits")(x)
    return keras.Model(inputs, logits, name=name)
