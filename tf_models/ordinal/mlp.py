"""A multilayer perceptron for ordered labels of feature vectors."""

import keras
from keras import layers

from tf_models.layers.torch_like import TORCH_BATCH_NORM, dense
from tf_models.ordinal.heads import ordinal_head


def ordinal_mlp(
    input_shape: tuple[int] = (8,),
    classes: int = 5,
    *,
    head: str = "coral",
    hidden: tuple[int, ...] = (300, 300),
    dropout: float = 0.2,
    negative_slope: float = 0.01,
    name: str = "ordinal_mlp",
) -> keras.Model:
    """Hidden layers of `Dense -> leaky ReLU -> dropout -> batch norm`, and an ordinal head.

    Args:
        input_shape: Number of features, `(features,)`.
        classes: Number of ranks, 2 or more.
        head: Kind of the head, see `tf_models.ordinal.ordinal_head`.
        hidden: Units of each hidden layer, which has no bias, in order.
        dropout: Fraction of activations dropped in each hidden layer, 0 <= dropout < 1.
        negative_slope: Slope of the leaky ReLU below 0.
        name: Name of the model.

    Returns:
        A model from `(batch, features)` to the outputs of the head.

    Raises:
        ValueError: The dropout is out of range, or the head refuses its arguments.

    >>> ordinal_mlp(head="coral").output_shape
    (None, 4)
    """
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1), not {dropout}")
    inputs = keras.Input(input_shape, name="features")
    x = inputs
    for number, units in enumerate(hidden, 1):
        x = dense(x, units, use_bias=False, name=f"hidden{number}")
        x = layers.LeakyReLU(negative_slope, name=f"hidden{number}_relu")(x)
        x = layers.Dropout(dropout, name=f"hidden{number}_dropout")(x)
        x = layers.BatchNormalization(**TORCH_BATCH_NORM, name=f"hidden{number}_norm")(x)
    return keras.Model(inputs, ordinal_head(x, classes, head), name=name)
