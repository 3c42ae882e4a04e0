"""Multilayer perceptrons with ReLU, optionally with dropout or batch normalisation."""

import keras
from keras import layers

from tf_models.layers.torch_like import TORCH_BATCH_NORM, dense


def mlp(
    input_shape: tuple[int, ...] = (28, 28, 1),
    classes: int = 10,
    *,
    hidden: tuple[int, ...] = (128, 256),
    dropout: float = 0.0,
    batch_norm: bool = False,
    initializer: str = "normal",
    stddev: float = 0.1,
    name: str = "mlp",
) -> keras.Model:
    """Hidden layers of `Dense -> [batch norm] -> ReLU -> [dropout]`, and a dense layer of logits.

    Args:
        input_shape: Shape of one sample, which is flattened.
        classes: Number of outputs.
        hidden: Units of each hidden layer, in order.
        dropout: Fraction of activations dropped after each ReLU (Srivastava et al. 2014), 0 <= dropout < 1.
        batch_norm: Whether to normalise before each ReLU (Ioffe and Szegedy 2015); the dense layer then has no bias.
        initializer: Kind of initial weights, see `tf_models.layers.torch_like.initializer_arguments`.
        stddev: Standard deviation of the normal initialisers.
        name: Name of the model.

    Returns:
        A model from `(batch, *input_shape)` to logits `(batch, classes)`.

    Raises:
        ValueError: The dropout is out of range, or the initialiser is unknown.

    >>> mlp(hidden=(128, 256)).count_params()
    136074
    """
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1), not {dropout}")
    arguments = {"initializer": initializer, "stddev": stddev}
    inputs = keras.Input(input_shape, name="image")
    x = layers.Flatten(name="flatten")(inputs)
    for number, units in enumerate(hidden, 1):
        x = dense(x, units, name=f"hidden{number}", use_bias=not batch_norm, **arguments)
        if batch_norm:
            x = layers.BatchNormalization(**TORCH_BATCH_NORM, name=f"hidden{number}_norm")(x)
        x = layers.ReLU(name=f"hidden{number}_relu")(x)
        if dropout:
            x = layers.Dropout(dropout, name=f"hidden{number}_dropout")(x)
    logits = dense(x, classes, name="logits", **arguments)
    return keras.Model(inputs, logits, name=name)
