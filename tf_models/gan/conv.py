"""Convolutional GANs (after Radford, Metz and Chintala 2015, arXiv 1511.06434)."""

import keras
from keras import layers

from tf_models.gan.model import GAN
from tf_models.layers.torch_like import TORCH_BATCH_NORM, conv2d, conv2d_transpose, dense


def conv_gan(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    *,
    latent_dim: int = 100,
    filters: tuple[int, ...] = (8, 32),
    negative_slope: float = 1e-4,
    name: str = "conv_gan",
    **settings,
) -> keras.Model:
    """A `GAN`: transposed convolutions from a quarter of the sides to images, and strided convolutions back to one score.

    Args:
        input_shape: Size `(height, width, channels)` of the images; the sides are multiples of 4.
        latent_dim: Number of dimensions of the noise.
        filters: Filters of the discriminator's convolutions, with stride 2 each.
        negative_slope: Slope of the leaky ReLU below zero.
        name: Name of the model.
        settings: Arguments of `GAN`: objective, label_smoothing, critic_steps, clip, gradient_penalty, noise, seed.

    Returns:
        A `GAN`, from noise `(batch, latent_dim)` to images.

    Raises:
        ValueError: A side is no multiple of 4, or `GAN` refuses the settings.

    >>> gan = conv_gan()
    >>> [sum(w.value.numpy().size for w in part.trainable_variables) for part in (gan.generator, gan.discriminator)]
    [344208, 4025]
    """
    height, width = _divided(input_shape, 4)
    noise = keras.Input((latent_dim,), name="noise")
    x = dense(noise, height * width * 64, name="generator_dense", initializer="torch", use_bias=False)
    x = layers.Reshape((height, width, 64), name="generator_reshape")(_norm(x, "generator_stage0", negative_slope))
    for number, (maps, strides, crop) in enumerate(((32, 2, 1), (16, 2, 1), (8, 1, 0)), 1):
        stage = f"generator_stage{number}"
        x = conv2d_transpose(x, maps, 3, name=f"{stage}_conv", strides=strides, crop=crop, use_bias=False)
        x = _norm(x, stage, negative_slope)
    x = conv2d_transpose(x, input_shape[2], 2, name="generator_pixels", use_bias=False, activation="tanh")
    generator = keras.Model(noise, x, name="generator")

    image = keras.Input(input_shape, name="image")
    x = image
    for number, maps in enumerate(filters, 1):
        stage = f"discriminator_stage{number}"
        x = _norm(conv2d(x, maps, 3, name=f"{stage}_conv", strides=2, use_bias=False), stage, negative_slope)
    x = layers.Flatten(name="discriminator_flatten")(x)
    score = dense(x, 1, name="discriminator_score", initializer="torch")
    return GAN(generator, keras.Model(image, score, name="discriminator"), name=name, **settings)


def dcgan(
    input_shape: tuple[int, int, int] = (64, 64, 3),
    *,
    latent_dim: int = 100,
    filters: int = 64,
    negative_slope: float = 0.2,
    name: str = "dcgan",
    **settings,
) -> keras.Model:
    """A `GAN`: four doublings from a sixteenth of the sides to images, and four halvings back; inner kernels are 4x4.

    The paper's images of 64x64 begin and end with 4x4 places.

    Args:
        input_shape: Size `(height, width, channels)` of the images; the sides are multiples of 16.
        latent_dim: Number of dimensions of the noise.
        filters: Filters of the generator's last and the discriminator's first hidden layer; the deepest has 8 times as
            many.
        negative_slope: Slope of the leaky ReLU below zero.
        name: Name of the model.
        settings: Arguments of `GAN`: objective, label_smoothing, critic_steps, clip, gradient_penalty, noise, seed.

    Returns:
        A `GAN`, from noise `(batch, latent_dim)` to images.

    Raises:
        ValueError: A side is no multiple of 16, or `GAN` refuses the settings.

    >>> gan = dcgan(filters=4)
    >>> gan.generator.output_shape, gan.discriminator.output_shape
    ((None, 64, 64, 3), (None, 1))
    """
    places = _divided(input_shape, 16)
    noise = keras.Input((latent_dim,), name="noise")
    x = layers.Reshape((1, 1, latent_dim), name="generator_reshape")(noise)
    for number, factor in enumerate((8, 4, 2, 1)):
        stage = f"generator_stage{number}"
        kernel, grow = (4, {"strides": 2, "crop": 1}) if number else (places, {})
        x = conv2d_transpose(x, factor * filters, kernel, name=f"{stage}_conv", use_bias=False, **grow)
        x = _norm(x, stage, negative_slope)
    x = conv2d_transpose(
        x, input_shape[2], 4, name="generator_pixels", strides=2, crop=1, use_bias=False, activation="tanh"
    )
    generator = keras.Model(noise, x, name="generator")

    image = keras.Input(input_shape, name="image")
    x = image
    for number, factor in enumerate((1, 2, 4, 8)):
        stage = f"discriminator_stage{number}"
        first = number == 0
        x = conv2d(x, factor * filters, 4, name=f"{stage}_conv", strides=2, padding=1, use_bias=first)
        x = (
            layers.LeakyReLU(negative_slope, name=f"{stage}_activation")(x)
            if first
            else _norm(x, stage, negative_slope)
        )
    x = conv2d(x, 1, places, name="discriminator_score", padding=0)
    score = layers.Flatten(name="discriminator_flatten")(x)
    return GAN(generator, keras.Model(image, score, name="discriminator"), name=name, **settings)


def _divided(input_shape: tuple[int, int, int], by: int) -> tuple[int, int]:
    """Height and width of the first map, of which doublings make images of `input_shape`."""
    height, width = input_shape[:2]
    if height % by or width % by or min(height, width) < by:
        raise ValueError(f"sides must be multiples of {by}, not {height}x{width}")
    return height // by, width // by


def _norm(x, stage: str, negative_slope: float):
    x = layers.BatchNormalization(**TORCH_BATCH_NORM, name=f"{stage}_norm")(x)
    return layers.LeakyReLU(negative_slope, name=f"{stage}_activation")(x)
