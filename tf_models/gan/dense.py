"""A GAN of dense layers."""

import math

import keras
from keras import layers

from tf_models.gan.model import GAN
from tf_models.layers.torch_like import dense


def dense_gan(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    latent_dim: int = 100,
    hidden: int = 128,
    dropout: float = 0.5,
    slope: float = 0.01,
    name: str = "dense_gan",
    **settings,
) -> GAN:
    """One hidden layer with leaky ReLU and dropout in each part.

    Args:
        input_shape: of an image, `(height, width, channels)`.
        latent_dim: dimensions of the noise.
        hidden: units of each hidden layer.
        dropout: share of hidden activations dropped in training, 0 <= dropout < 1.
        slope: of the leaky ReLU.
        name: of the model.
        settings: of `GAN`: objective, label_smoothing, critic_steps, clip, gradient_penalty, noise.

    Raises:
        ValueError: dropout out of range, or settings that `GAN` refuses.

    >>> gan = dense_gan()
    >>> gan.generator.count_params(), gan.discriminator.count_params()
    (114064, 100609)
    """
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1), not {dropout}")
    noise = keras.Input((latent_dim,), name="noise")
    x = _hidden(noise, "generator", hidden, slope, dropout)
    x = dense(x, math.prod(input_shape), name="generator_pixels", initializer="torch", activation="tanh")
    generator = keras.Model(noise, layers.Reshape(input_shape, name="generator_reshape")(x), name="generator")

    image = keras.Input(input_shape, name="image")
    x = layers.Flatten(name="discriminator_flatten")(image)
    x = _hidden(x, "discriminator", hidden, slope, dropout)
    score = dense(x, 1, name="discriminator_score", initializer="torch")
    return GAN(generator, keras.Model(image, score, name="discriminator"), name=name, **settings)


def _hidden(x, part: str, units: int, slope: float, dropout: float):
    x = dense(x, units, name=f"{part}_hidden", initializer="torch")
    x = layers.LeakyReLU(slope, name=f"{part}_activation")(x)
    return layers.Dropout(dropout, name=f"{part}_dropout")(x) if dropout else x
