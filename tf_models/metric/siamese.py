"""Siamese networks: two images through one and the same encoder (Bromley et al. 1993), and the contrastive loss.

Hadsell, Chopra and LeCun 2006, "Dimensionality Reduction by Learning an Invariant Mapping".
"""

import keras
from keras import layers, ops

from tf_models.conventions import dense


@keras.saving.register_keras_serializable(package="tf_models")
class EuclideanDistance(layers.Layer):
    """From two batches of vectors `(batch, dimensions)` to their distances `(batch, 1)`, each at least 1e-6."""

    def call(self, inputs):
        first, second = inputs
        squares = ops.sum(ops.square(first - second), axis=-1, keepdims=True)
        return ops.sqrt(squares + 1e-12)  # the root has no slope at 0

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], 1)


@keras.saving.register_keras_serializable(package="tf_models")
class ContrastiveLoss(keras.losses.Loss):
    """Half the squared distance of equal pairs, half the squared distance that others lack of the margin.

    `y_true` is 1 for pairs of the same class and 0 for others, `y_pred` their distance, both `(batch, 1)`
    (Hadsell et al. 2006, equation 4, where the labels are the other way round).

    Args:
        margin: how far apart different samples should be; a positive number.
        name: of the loss.

    Raises:
        ValueError: a margin that is not positive.
    """

    def __init__(self, margin: float = 1.0, name: str = "contrastive", **kwargs):
        if not margin > 0:
            raise ValueError(f"margin must be positive, not {margin}")
        super().__init__(name=name, **kwargs)
        self.margin = margin

    def call(self, y_true, y_pred):
        same = ops.cast(ops.reshape(y_true, ops.shape(y_pred)), y_pred.dtype)
        lacking = ops.maximum(self.margin - y_pred, 0.0)
        return ops.mean(same * ops.square(y_pred) + (1 - same) * ops.square(lacking), axis=-1) / 2

    def get_config(self):
        return {**super().get_config(), "margin": self.margin}


@keras.saving.register_keras_serializable(package="tf_models")
def pair_accuracy(y_true, y_pred, margin: float = 1.0):
    """Whether a distance below half the margin means the same class, for each pair `(batch,)`."""
    near = ops.cast(y_pred < margin / 2, "float32")
    return ops.mean(ops.cast(ops.equal(near, ops.cast(y_true, "float32")), "float32"), axis=-1)


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
        initializer, stddev: see `tf_models.conventions.initializer_arguments`.
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
