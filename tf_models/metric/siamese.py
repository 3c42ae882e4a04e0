"""Siamese networks: two images through one and the same encoder (Bromley et al. 1993)."""

import keras
from keras import layers

from tf_models.layers.distance import EuclideanDistance
from tf_models.layers.torch_like import dense


def siamese_mlp(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    *,
    hidden: tuple[int, ...] = (256, 256),
    embedding_dim: int = 1,
    activation: str | None = None,
    initializer: str = "he_normal",
    stddev: float = 0.01,
    name: str = "siamese_mlp",
) -> keras.Model:
    """Two images, one encoder of dense ReLU layers for both, and the distance of the two embeddings.

    The part `encoder` is a model of its own, from `(batch, height, width, channels)` to `(batch, embedding_dim)`.

    Args:
        input_shape: Image size `(height, width, channels)`.
        hidden: Units of each ReLU layer.
        embedding_dim: Number of dimensions of the embedding, the encoder's output.
        activation: Activation of the embedding, for instance `relu`; None for none.
        initializer: Kind of initial weights, see `tf_models.layers.torch_like.initializer_arguments`.
        stddev: Standard deviation of the normal initialisers.
        name: Name of the model.

    Returns:
        A model from `{"first": images, "second": images}` to distances `(batch, 1)`.

    Raises:
        ValueError: The initialiser or the activation is unknown.

    >>> siamese_mlp(embedding_dim=2).count_params()
    267266
    """
    image = keras.Input(input_shape, name="image")
    x = layers.Flatten(name="flatten")(image)
    for number, units in enumerate(hidden, 1):
        x = dense(x, units, name=f"hidden{number}", activation="relu", initializer=initializer, stddev=stddev)
    x = dense(x, embedding_dim, name="embedding", activation=activation, initializer=initializer, stddev=stddev)
    encoder = keras.Model(image, x, name="encoder")
    pair = {side: keras.Input(input_shape, name=side) for side in ("first", "second")}
    distance = EuclideanDistance(name="distance")([encoder(image) for image in pair.values()])
    return keras.Model(pair, distance, name=name)
