"""A GAN of dense layers."""

import math

import keras
from keras import layers

from tf_models.gan.model import GAN
from tf_models.layers.torch_like import dense


def dense_gan(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    *,
    latent_dim: int = 100,
    hidden: int = 128,
    dropout: float = 0.5,
    negative_slope: float = 0.01,
    name: str = "dense_gan",
    **settings,
) -> keras.Model:
    """A `GAN` whose parts have one hidden layer with leaky ReLU and dropout each.

    Args:
        input_shape: Size `(height, width, channels)` of the images.
        latent_dim: Number of dimensions of the noise.
        hidden: Units of each hidden layer.
        dropout: Fraction of hidden activations dropped in training, 0 <= dropout < 1.
        negative_slope: Slope of the leaky ReLU below zero.
        name: Name of the model.
        settings: Arguments of `GAN`: objective, label_smoothing, critic_steps, clip, gradient_penalty, noise, seed.

    Returns:
        A `GAN`, from noise `(batch, latent_dim)` to images.

    Raises:
        ValueError: The dropout is out of range, or `GAN` refuses the settings.

    >>> gan = dense_gan()
    >>> gan.generator.count_params(), gan.discriminator.count_params()
    (114064, 100609)
    """
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1), not {dropout}")
    noise = keras.Input((latent_dim,), name="noise")
    x = _hidden(noise, "generator", hidden, negative_slope, dropout)
    x = dense(x, math.prod(input_shape), name="generator_pixels", initializer="torch", activation="tanh")
    generator = keras.Model(noise, layers.Reshape(input_shape, name="generator_reshape")(x), name="generator")

    image = keras.Input(input_shape, name="image")
    x = layers.Flatten(name="discriminator_flatten")(image)
    x = _hidden(x, "discriminator", hidden, negative_slope, dropout)
    score = dense(x, 1, name="discriminator_score", initializer="torch")
    return GAN(generator, keras.Model(image, score, name="discriminator"), name=name, **settings)


def _hidden(x, part: str, units: int, negative_slope: float, dropout: float):
    x = dense(x, units, name=f"{part}_hidden", initializer="torch")
    x = layers.LeakyReLU(negative_slope, name=f"{part}_activation")(x)
    return layers.Dropout(dropout, name=f"{part}_dropout")(x) if dropout else x
