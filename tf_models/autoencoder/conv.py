"""Small convolutional autoencoders: pooling or strides on the way down, transposed convolutions or nearest neighbours up."""

import keras
from keras import layers

from tf_models.autoencoder.parts import activation_layer, autoencoder
from tf_models.layers.torch_like import conv2d, conv2d_transpose

DOWN = ("pool", "stride")
UP = ("transpose", "nearest")


def conv_autoencoder(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    *,
    encoder_filters: tuple[int, ...] = (4, 8),
    decoder_filters: tuple[int, ...] = (4,),
    downsampling: str = "pool",
    upsampling: str = "transpose",
    same: bool = False,
    head: bool = False,
    activation: str = "leaky_relu",
    initializer: str = "torch",
    name: str = "conv_autoencoder",
) -> keras.Model:
    """Halve the image in every encoder stage, double it in every decoder stage; all kernels are 3x3.

    Args:
        input_shape: Image size `(height, width, channels)`.
        encoder_filters: Filters of each encoder stage; the last number is the code's channels.
        decoder_filters: Filters of each decoder stage. Without `head` one more stage ends in the image's channels.
        downsampling: `pool` (convolution, activation, 2x2 max pooling) or `stride` (convolution with stride 2, the
            first one unpadded, activation).
        upsampling: `transpose` (transposed convolution with stride 2) or `nearest` (nearest neighbours, convolution;
            Odena et al. 2016).
        same: Whether transposed convolutions double exactly. Otherwise `n` places become `2n + 1`, as in PyTorch
            without padding, and the result is cropped to the image's size.
        head: Whether to end with a convolution to the image's channels.
        activation: `relu`, or `leaky_relu` with a negative slope of 0.01; the last layer has none.
        initializer: Kind of initial weights, see `tf_models.layers.torch_like.initializer_arguments`; the normal kinds
            have a standard deviation of 0.01.
        name: Name of the model.

    Returns:
        A model from `(batch, *input_shape)`, 0..1, to logits of the pixels in the same shape, with the sub-models
        `encoder` and `decoder`.

    Raises:
        ValueError: A kind is unknown, the stages do not match, or the image does not divide evenly where it must.

    >>> conv_autoencoder().count_params()
    665
    """
    if downsampling not in DOWN or upsampling not in UP:
        raise ValueError(f"downsampling must be one of {DOWN} and upsampling of {UP}, not {downsampling}, {upsampling}")
    stages = len(encoder_filters)
    if len(decoder_filters) + (not head) != stages:
        raise ValueError(f"{stages} encoder stages need {stages - (not head)} decoder filters, not {decoder_filters}")
    step = 2**stages
    if (upsampling == "nearest" or same) and any(side % step for side in input_shape[:2]):
        raise ValueError(f"{stages} stages need sides that are multiples of {step}, not {input_shape[:2]}")
    if min(input_shape[:2]) < 2 * step:
        raise ValueError(f"{stages} stages need images of {2 * step}x{2 * step} or more, not {input_shape[:2]}")

    image = keras.Input(input_shape, name="image")
    x = image
    for number, maps in enumerate(encoder_filters, 1):
        stage = f"encoder_stage{number}"
        if downsampling == "pool":
            x = conv2d(x, maps, 3, name=f"{stage}_conv", initializer=initializer)
        elif number == 1:
            x = conv2d(x, maps, 3, name=f"{stage}_conv", initializer=initializer, strides=2, padding=0)
        else:
            x = conv2d(x, maps, 3, name=f"{stage}_conv", initializer=initializer, strides=2)
        x = activation_layer(activation, f"{stage}_activation")(x)
        if downsampling == "pool":
            x = layers.MaxPooling2D(2, name=f"{stage}_pool")(x)
    encoder = keras.Model(image, x, name="encoder")

    code = keras.Input(encoder.output_shape[1:], name="code")
    x = code
    filters = (*decoder_filters, *(() if head else (input_shape[-1],)))
    for number, maps in enumerate(filters, 1):
        stage = f"decoder_stage{number}"
        if upsampling == "nearest":
            x = layers.UpSampling2D(2, interpolation="nearest", name=f"{stage}_upsample")(x)
            x = conv2d(x, maps, 3, name=f"{stage}_conv", initializer=initializer)
        else:
            padding = {"padding": "same"} if same else {}
            x = conv2d_transpose(x, maps, 3, name=f"{stage}_conv", strides=2, initializer=initializer, **padding)
        if head or number < len(filters):
            x = activation_layer(activation, f"{stage}_activation")(x)
    if head:
        x = conv2d(x, input_shape[-1], 3, name="decoder_pixels", initializer=initializer)
    excess = [x.shape[1 + axis] - input_shape[axis] for axis in (0, 1)]
    if any(excess):
        # The originals keep rows 2..29 of 31 after pooling, 1..28 after strides.
        before = [(extra + (downsampling == "pool")) // 2 for extra in excess]
        cropping = tuple((first, extra - first) for first, extra in zip(before, excess, strict=True))
        x = layers.Cropping2D(cropping, name="decoder_crop")(x)
    return autoencoder(encoder, keras.Model(code, x, name="decoder"), name)
