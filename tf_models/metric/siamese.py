"""Siamese networks: two images through one and the same encoder (Bromley et al. 1993)."""

import keras
from keras import layers

from tf_models.layers import EuclideanDistance
from tf_models.layers.torch_like import dense


def siamese_mlp(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    hidden: tuple[int, ...] = (256, 256),
    embedding: int = 1,
    activation: str | None = None,
    initializer: str = "he_normal",
    stddev: float = 0.01,
    name: str = "siamese_mlp",
) -> keras.Model:
    """Two images, one encoder of dense ReLU layers for both, and the distance of the two embeddings.

    The part `encoder` is a model of its own, from `(batch, height, width, channels)` to `(batch, embedding)`.

    Args:
        input_shape: `(height, width, channels)`.
        hidden: units of each ReLU layer.
        embedding: dimensions of what the encoder gives.
        activation: of the embedding, for instance `relu`; None for none.
        initializer, stddev: see `tf_models.layers.torch_like.initializer_arguments`.
        name: of the model.

    Returns:
        A model from `{"first": images, "second": images}` to distances `(batch, 1)`.

    Raises:
        ValueError: an unknown initializer or activation.

    >>> siamese_mlp(embedding=2).count_params()
    267266
    """
    image = keras.Input(input_shape, name="image")
    x = layers.Flatten(name="flatten")(image)
    for number, units in enumerate(hidden, 1):
        x = dense(x, units, name=f"hidden{number}", activation="relu", initializer=initializer, stddev=stddev)
    x = dense(x, embedding, name="embedding", activation=activation, initializer=initializer, stddev=stddev)
    encoder = keras.Model(image, x, name="encoder")
    pair = {side: keras.Input(input_shape, name=side) for side in ("first", "second")}
    distance = EuclideanDistance(name="distance")([encoder(image) for image in pair.values()])
    return keras.Model(pair, distance, name=name)
