"""Batch norms of images as TensorFlow's fused operations, and on a CPU with sums that do not lose their last digits.

Keras makes one of a dozen operations, forwards and back, which each go over the whole batch; of a ResNet-18's training
on digits that takes an eighth.

On a CPU TensorFlow adds up a channel's numbers one after the other in float32, in Keras' operations as in the fused one,
so that outputs are off by up to 4e-5 of a batch of 256 x 32 x 32, and by more where a channel is nearly constant: the
logits of a small ResNet by 1e-3. Sums of parts first, and then of these, are off by 1e-6 to 2e-6. With 512-bit instructions, for
which oneDNN has a fast operation, the parts are columns of pixels, which that operation takes for so many channels more:
forwards it takes some six tenths of the time of sums of each image, by which other processors are faster.

In bfloat16 oneDNN's operation takes multiples of 16 channels at a time, and where some are left over it is six to sixteen times as slow.
Columns of pixels mostly are such multiples, so that outputs are computed with them; gradients, which need sums of channels, in float32.
"""

from collections.abc import Callable

import keras
import tensorflow as tf
from keras import ops

from tf_models.training import processor

BATCH_NORM = keras.layers.BatchNormalization
VECTOR = 16  # channels that oneDNN's norm in bfloat16 takes at a time


def replacements(model: keras.Model) -> list[tuple]:
    """`(layer, attribute, function)` for each batch norm of `model` that can use the fused operation in training.

    Left as they are: normalisation over other axes or with masks, renormalisation, devices that share a batch, and
    statistics that are not kept in float32, as the operation gives them.
    """
    found, way = [], moments()
    for layer in model._flatten_layers():
        plain = type(layer).call is BATCH_NORM.call and not (layer.renorm or layer.synchronized)
        if plain and layer.variable_dtype == "float32":
            found.append((layer, "call", _call(layer, way)))
    return found


def _call(layer: BATCH_NORM, moments: Callable):
    """What `layer.call` computes, with the `moments` of channels where they are needed."""

    def call(inputs, training=None, mask=None):
        images = len(inputs.shape) == 4 and layer.axis in (-1, 3)
        if not (training and layer.trainable and images) or mask is not None:
            return BATCH_NORM.call(layer, inputs, training=training, mask=mask)
        x = ops.cast(inputs, layer.compute_dtype)
        channels = inputs.shape[-1:]
        scale = ops.cast(layer.gamma, "float32") if layer.scale else tf.ones(channels)
        offset = ops.cast(layer.beta, "float32") if layer.center else tf.zeros(channels)
        left_over = x.dtype == tf.bfloat16 and channels[0] % VECTOR and moments is _by_column
        # A GPU adds up in parts by itself, and of 16 bits rounding is the larger error.
        if (x.dtype == tf.float32 or left_over) and not tf.config.list_physical_devices("GPU"):
            outputs, mean, variance = _in_parts(x, scale, offset, layer.epsilon, moments)
        else:
            outputs, mean, variance = _at_once(x, scale, offset, layer.epsilon)
        for moving, found in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
            moving.assign(moving * layer.momentum + found * (1 - layer.momentum))
        return outputs

    return call


def _at_once(x, scale, offset, epsilon: float):
    """Outputs, and mean and variance of the channels."""
    # The raw operation: the public one raises epsilon to 1.001e-5.
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x,
        scale=scale,
        offset=offset,
        mean=tf.zeros((0,)),
        variance=tf.zeros((0,)),
        epsilon=epsilon,
        is_training=True,
    )
    # It gives the unbiased variance; Keras keeps that of the batch as it is.
    count = tf.cast(tf.size(x) // tf.size(scale), tf.float32)
    return outputs, mean, variance * (count - 1) / count


def moments() -> Callable:
    """What gives mean and variance of the channels of images in parts, the way that is faster on this processor."""
    return _by_column if processor.has("avx512f") and processor.onednn() else _by_image


def _by_image(x):
    mean = tf.reduce_mean(tf.reduce_mean(x, (1, 2)), 0)
    return mean, tf.reduce_mean(tf.reduce_mean(tf.math.squared_difference(x, mean), (1, 2)), 0)


def _by_column(x):
    channels = x.shape[3]
    _, mean, variance = _at_once(*_columns(x, tf.ones((channels,)), tf.zeros((channels,))), 1e-3)
    means, variances = (tf.reshape(each, (-1, channels)) for each in (mean, variance))
    mean = tf.reduce_mean(means, 0)
    # That of all is that within the parts and that between them (Chan, Golub and LeVeque 1979).
    return mean, tf.reduce_mean(variances + tf.math.squared_difference(means, mean), 0)


def _columns(x, *channels):
    """Images with columns of pixels for channels, `(batch, height, 1, width x channels)`, and what belongs to channels likewise."""
    height, width = (known or of for known, of in zip(x.shape[1:3], tf.unstack(tf.shape(x)[1:3]), strict=True))
    return tf.reshape(x, (-1, height, 1, width * x.shape[3])), *(tf.tile(each, [width]) for each in channels)


def _in_parts(x, scale, offset, epsilon: float, moments: Callable):
    """What `_at_once` gives, with the channels' `moments`."""

    @tf.custom_gradient
    def norm(x, scale, offset):
        whole = x.dtype == tf.float32 or (x.shape[2] or 1) * x.shape[3] % VECTOR == 0
        seen = x if whole else tf.cast(x, tf.float32)
        mean, variance = moments(seen)
        outputs = _applied(seen, scale, offset, mean, variance, epsilon)

        def gradient(upstream, *_):
            by_x, by_scale, by_offset, *_ = tf.raw_ops.FusedBatchNormGradV3(
                y_backprop=tf.cast(upstream, tf.float32),
                x=tf.cast(x, tf.float32),
                scale=scale,
                reserve_space_1=mean,
                reserve_space_2=variance,
                reserve_space_3=tf.zeros((0,)),
                epsilon=epsilon,
                is_training=True,
            )
            return tf.cast(by_x, x.dtype), by_scale, by_offset

        return (tf.cast(outputs, x.dtype), mean, variance), gradient

    return norm(x, scale, offset)


def _applied(x, scale, offset, mean, variance, epsilon: float):
    """Outputs with this mean and variance of the channels."""
    images, vectors = x, (scale, offset, mean, variance)
    if x.dtype != tf.float32:  # in which a ReLU behind is computed with the norm, unless the shape changes in between
        images, *vectors = _columns(x, *vectors)
    scale, offset, mean, variance = vectors
    outputs, *_ = tf.raw_ops.FusedBatchNormV3(
        x=images, scale=scale, offset=offset, mean=mean, variance=variance, epsilon=epsilon, is_training=False
    )
    return tf.reshape(outputs, tf.shape(x)) if images is not x else outputs
