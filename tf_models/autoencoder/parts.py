"""Parts that all autoencoders use."""

import keras
from keras import layers


def activation_layer(kind: str, name: str, negative_slope: float = 0.01) -> keras.layers.Layer:
    """A layer `relu`, or `leaky_relu` with PyTorch's negative slope unless another is given (Keras' own is 0.3).

    Raises:
        ValueError: The kind is unknown.
    """
    if kind == "relu":
        return layers.ReLU(name=name)
    if kind == "leaky_relu":
        return layers.LeakyReLU(negative_slope, name=name)
    raise ValueError(f"activation must be relu or leaky_relu, not {kind!r}")


def autoencoder(encoder: keras.Model, decoder: keras.Model, name: str) -> keras.Model:
    """The functional model `decoder(encoder(image))`; both remain usable alone."""
    image = keras.Input(encoder.input_shape[1:], name="image")
    return keras.Model(image, decoder(encoder(image)), name=name)
