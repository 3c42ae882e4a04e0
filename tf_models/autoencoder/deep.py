"""The deep convolutional autoencoder for faces: nearest neighbours and replicated borders in the decoder."""

import keras
from keras import layers

from tf_models.autoencoder.parts import activation_layer, autoencoder
from tf_models.layers.padding import ReplicatePadding2D
from tf_models.layers.torch_like import TORCH_BATCH_NORM, conv2d, dense

NEGATIVE_SLOPE = 0.2


def deep_autoencoder(
    input_shape: tuple[int, int, int] = (128, 128, 3),
    *,
    filters: tuple[int, ...] = (32, 64, 128, 256, 512),
    latent_dim: int = 1000,
    name: str = "deep_autoencoder",
) -> keras.Model:
    """Strided 4x4 convolutions to a dense code; nearest neighbours and 4x4 convolutions back.

    Args:
        input_shape: Image size `(height, width, channels)`, sides multiples of 2 to the number of stages.
        filters: Filters of each encoder stage; the decoder has them in reverse.
        latent_dim: Number of dimensions of the code.
        name: Name of the model.

    Returns:
        A model from `(batch, *input_shape)`, 0..1, to logits of the pixels in the same shape, with the sub-models
        `encoder` and `decoder`. All weights are drawn by He's rule.

    Raises:
        ValueError: The sides do not divide evenly.

    >>> deep_autoencoder((32, 32, 3), filters=(4, 8), latent_dim=5).get_layer("encoder").output_shape
    (None, 5)
    """
    step = 2 ** len(filters)
    if any(side % step for side in input_shape[:2]):
        raise ValueError(f"{len(filters)} stages need sides that are multiples of {step}, not {input_shape[:2]}")
    image = keras.Input(input_shape, name="image")
    x = image
    for number, maps in enumerate(filters, 1):
        stage = f"encoder_stage{number}"
        x = conv2d(x, maps, 4, name=f"{stage}_conv", strides=2, padding=1, initializer="he_normal")
        x = activation_layer("leaky_relu", f"{stage}_activation", NEGATIVE_SLOPE)(x)
        x = layers.BatchNormalization(**TORCH_BATCH_NORM, name=f"{stage}_norm")(x)
    places = x.shape[1:]
    x = layers.Flatten(name="encoder_flatten")(x)
    encoder = keras.Model(image, dense(x, latent_dim, name="encoder_code", initializer="he_normal"), name="encoder")

    code = keras.Input((latent_dim,), name="code")
    x = dense(code, places[0] * places[1] * places[2], name="decoder_dense", initializer="he_normal")
    x = activation_layer("leaky_relu", "decoder_activation", NEGATIVE_SLOPE)(x)
    x = layers.Reshape(places, name="decoder_reshape")(x)
    outputs = (*filters[-2::-1], input_shape[-1])
    for number, maps in enumerate(outputs, 1):
        stage = f"decoder_stage{number}"
        x = layers.UpSampling2D(2, interpolation="nearest", name=f"{stage}_upsample")(x)
        x = ReplicatePadding2D(2, 1, name=f"{stage}_pad")(x)
        x = conv2d(x, maps, 4, name=f"{stage}_conv", padding=0, initializer="he_normal")
        if number < len(outputs):
            x = activation_layer("leaky_relu", f"{stage}_activation", NEGATIVE_SLOPE)(x)
            x = layers.BatchNormalization(**TORCH_BATCH_NORM, name=f"{stage}_norm")(x)
    return autoencoder(encoder, keras.Model(code, x, name="decoder"), name)
