"""Variational autoencoders, dense and convolutional, optionally conditional on a label.

Kingma and Welling 2013 (arXiv 1312.6114); conditional: Sohn, Lee and Yan 2015.
"""

import math

import keras
from keras import layers

from tf_models.autoencoder.parts import activation_layer
from tf_models.layers.sampling import GaussianKL, Sampling
from tf_models.layers.torch_like import conv2d, conv2d_transpose, dense, require_size

SMALLEST_SIDE = 18  # of which the encoder's last convolution still sees one place


def dense_vae(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    classes: int = 0,
    *,
    hidden: int = 500,
    latent_dim: int = 15,
    label_output: bool = False,
    negative_slope: float = 1e-4,
    name: str = "dense_vae",
) -> keras.Model:
    """One hidden layer on each side of a Gaussian code.

    Args:
        input_shape: Image size `(height, width, channels)`.
        classes: Number of labels that encoder and decoder are given; 0 for a model without labels.
        hidden: Units of each hidden layer.
        latent_dim: Number of dimensions of the code.
        label_output: Whether the decoder repeats the label as a further output.
        negative_slope: Slope of the leaky ReLU below zero.
        name: Name of the model.

    Returns:
        See `tf_models.autoencoder.vae.assemble`.

    Raises:
        ValueError: There is `label_output` without classes.

    >>> dense_vae().count_params()
    808314
    """
    inputs = _encoder_inputs(input_shape, classes, label_output)
    x = layers.Flatten(name="encoder_flatten")(inputs[0])
    if classes:
        x = layers.Concatenate(name="encoder_concat")([x, one_hot(inputs[1], classes, "encoder_one_hot")])
    x = dense(x, hidden, name="encoder_hidden", initializer="torch")
    x = activation_layer("leaky_relu", "encoder_activation", negative_slope)(x)
    encoder = _encoder(inputs, x, latent_dim)

    inputs, x = _decoder_inputs(latent_dim, classes)
    x = dense(x, hidden, name="decoder_hidden", initializer="torch")
    x = activation_layer("leaky_relu", "decoder_activation", negative_slope)(x)
    pixels = dense(x, math.prod(input_shape), name="decoder_pixels", initializer="torch")
    outputs = [layers.Reshape(input_shape, name="decoder_reshape")(pixels)]
    if label_output:
        outputs.append(dense(x, classes, name="decoder_label", initializer="torch"))
    return assemble(encoder, keras.Model(inputs, outputs, name="decoder"), classes, label_output, name)


def conv_vae(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    classes: int = 0,
    *,
    latent_dim: int = 15,
    label_output: bool = False,
    negative_slope: float = 0.01,
    name: str = "conv_vae",
) -> keras.Model:
    """Three strided convolutions down and three transposed ones up.

    From `n` places the decoder makes 18n - 8 pixels. Of a side that is none of these it begins with more places, and
    crops.

    The label enters the encoder as constant planes, one for each class, and the decoder beside the code.

    Args:
        classes: Number of labels that encoder and decoder are given; 0 for a model without labels.
        input_shape: Image size `(height, width, channels)`, 18 pixels or more on each side.
        latent_dim: Number of dimensions of the code.
        label_output: Whether the decoder repeats the label as a further output, in planes.
        negative_slope: Slope of the leaky ReLU below zero.
        name: Name of the model.

    Returns:
        See `tf_models.autoencoder.vae.assemble`.

    Raises:
        ValueError: There is `label_output` without classes, or the images are too small.

    >>> conv_vae().count_params()
    45887
    """
    require_size(input_shape, SMALLEST_SIDE, "a convolutional VAE")
    *size, channels = input_shape
    inputs = _encoder_inputs(input_shape, classes, label_output)
    x = inputs[0]
    if classes:
        planes = one_hot(inputs[1], classes, "encoder_one_hot")
        planes = layers.Reshape((1, 1, classes), name="encoder_label_reshape")(planes)
        planes = layers.UpSampling2D(tuple(size), interpolation="nearest", name="encoder_label_planes")(planes)
        x = layers.Concatenate(name="encoder_concat")([x, planes])
    for number, (filters, kernel) in enumerate(((16, 6), (32, 4), (64, 2)), 1):
        x = conv2d(x, filters, kernel, name=f"encoder_conv{number}", strides=2, padding=0)
        x = activation_layer("leaky_relu", f"encoder_activation{number}", negative_slope)(x)
    encoder = _encoder(inputs, layers.Flatten(name="encoder_flatten")(x), latent_dim)

    places = [-(-(side + 8) // 18) for side in size]
    inputs, x = _decoder_inputs(latent_dim, classes)
    x = dense(x, math.prod(places) * 64, name="decoder_dense", initializer="torch")
    x = layers.Reshape((*places, 64), name="decoder_reshape")(x)
    for number, (filters, kernel, strides, crop) in enumerate(((32, 2, 2, 0), (16, 4, 3, 1)), 1):
        x = conv2d_transpose(x, filters, kernel, name=f"decoder_conv{number}", strides=strides, crop=crop)
        x = activation_layer("leaky_relu", f"decoder_activation{number}", negative_slope)(x)
    # Two heads are the channels of one convolution, apart.
    heads = {"decoder_pixels": channels, **({"decoder_label": classes} if label_output else {})}
    excess = [18 * count - 8 - side for count, side in zip(places, size)]
    outputs = []
    for head, maps in heads.items():
        y = conv2d_transpose(x, maps, 6, name=head, strides=3, crop=4)
        if any(excess):
            y = layers.Cropping2D([(more // 2, more - more // 2) for more in excess], name=f"{head}_crop")(y)
        outputs.append(y)
    return assemble(encoder, keras.Model(inputs, outputs, name="decoder"), classes, label_output, name)


def assemble(encoder: keras.Model, decoder: keras.Model, classes: int, label_output: bool, name: str) -> keras.Model:
    """The whole model from its parts.

    Args:
        encoder: Model from an image, or `[image, label]`, to `[mean, log_variance]`, `(batch, latent_dim)` each.
        decoder: Model from a code, or `[code, label]`, to logits of the pixels and, with `label_output`, of the label.
        classes: Number of labels, as in `dense_vae`.
        label_output: Whether the decoder has a second output, the label.
        name: Name of the model.

    Returns:
        A model from `{"image"}`, 0..1, and with classes `{"label"}`, `(batch, 1)` integers, to a dictionary:
        `reconstruction`, logits `(batch, height, width, channels)`; `kl`, nats `(batch,)`; with `label_output` also
        `label`, logits. `get_layer("encoder")` and `get_layer("decoder")` are the parts.
    """
    shape = encoder.inputs[0].shape[1:]
    inputs = {"image": keras.Input(shape, name="image")}
    if classes:
        inputs["label"] = keras.Input((1,), dtype="int32", name="label")
    label = list(inputs.values())[1:]
    moments = encoder([inputs["image"], *label] if label else inputs["image"])
    code = Sampling(name="sampling")(moments)
    decoded = decoder([code, *label] if label else code)
    decoded = decoded if isinstance(decoded, (list, tuple)) else [decoded]
    outputs = {"reconstruction": decoded[0], "kl": GaussianKL(name="kl")(moments)}
    if label_output:
        outputs["label"] = decoded[1]
    return keras.Model(inputs, outputs, name=name)


def one_hot(label, classes: int, name: str):
    """Integer labels `(batch, 1)` as one-hot vectors `(batch, classes)`."""
    return layers.CategoryEncoding(classes, output_mode="one_hot", name=name)(label)


def _encoder_inputs(shape: tuple[int, int, int], classes: int, label_output: bool) -> list:
    if label_output and not classes:
        raise ValueError("label_output needs classes")
    label = [keras.Input((1,), dtype="int32", name="label")] if classes else []
    return [keras.Input(shape, name="image"), *label]


def _encoder(inputs: list, x, latent_dim: int) -> keras.Model:
    mean = dense(x, latent_dim, name="encoder_mean", initializer="torch")
    log_variance = dense(x, latent_dim, name="encoder_log_variance", initializer="torch")
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], [mean, log_variance], name="encoder")


def _decoder_inputs(latent_dim: int, classes: int) -> tuple:
    code = keras.Input((latent_dim,), name="code")
    if not classes:
        return code, code
    label = keras.Input((1,), dtype="int32", name="label")
    joined = layers.Concatenate(name="decoder_concat")([code, one_hot(label, classes, "decoder_one_hot")])
    return [code, label], joined
