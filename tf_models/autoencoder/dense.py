"""An autoencoder of two dense layers."""

import math

import keras
from keras import layers

from tf_models.autoencoder.parts import activation_layer, autoencoder
from tf_models.layers.torch_like import dense


def dense_autoencoder(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    *,
    latent_dim: int = 32,
    activation: str = "leaky_relu",
    initializer: str = "normal",
    stddev: float = 0.1,
    name: str = "dense_autoencoder",
) -> keras.Model:
    """`image -> Dense code -> Dense image`.

    Args:
        input_shape: Image size `(height, width, channels)`.
        latent_dim: Number of dimensions of the code.
        activation: Activation of the code: `relu`, or `leaky_relu` with a negative slope of 0.01.
        initializer: Kind of initial weights, see `tf_models.layers.torch_like.initializer_arguments`.
        stddev: Standard deviation of the normal initialisers.
        name: Name of the model.

    Returns:
        A model from `(batch, *input_shape)`, 0..1, to logits of the pixels in the same shape. `get_layer("encoder")`
        gives codes `(batch, latent_dim)`, `get_layer("decoder")` logits from codes.

    Raises:
        ValueError: The activation or the initialiser is unknown.

    >>> dense_autoencoder().count_params()
    50992
    """
    arguments = {"initializer": initializer, "stddev": stddev}
    image = keras.Input(input_shape, name="image")
    x = layers.Flatten(name="encoder_flatten")(image)
    x = dense(x, latent_dim, name="encoder_code", **arguments)
    encoder = keras.Model(image, activation_layer(activation, "encoder_activation")(x), name="encoder")
    code = keras.Input((latent_dim,), name="code")
    x = dense(code, math.prod(input_shape), name="decoder_pixels", **arguments)
    decoder = keras.Model(code, layers.Reshape(input_shape, name="decoder_reshape")(x), name="decoder")
    return autoencoder(encoder, decoder, name)
