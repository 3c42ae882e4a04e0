"""Batch norms of images as TensorFlow's fused operations, and on a CPU with sums that do not lose their last digits.

Keras makes one of a dozen operations, forwards and back, which each go over the whole batch; of a ResNet-18's training
on digits that takes an eighth.

On a CPU TensorFlow adds up a channel's numbers one after the other in float32, in Keras' operations as in the fused one,
so that outputs are off by up to 4e-5 of a batch of 256 x 32 x 32, and by more where a channel is nearly constant: the
logits of a small ResNet by 1e-3. Sums of parts first, and then of these, are off by 1e-6 to 2e-6. With 512-bit instructions, for
which oneDNN has a fast operation, the parts are columns of pixels, which that operation takes for so many channels more:
forwards it takes some six tenths of the time of sums of each image, by which other processors are faster.
"""

from collections.abc import Callable

import keras
import tensorflow as tf
from keras import ops

from tf_models.training import processor

BATCH_NORM = keras.layers.BatchNormalization


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
        # A GPU adds up in parts by itself, and of 16 bits rounding is the larger error.
        if x.dtype == tf.float32 and not tf.config.list_physical_devices("GPU"):
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
    samples, height, width, channels = (
        of if known is None else known for known, of in zip(x.shape, tf.unstack(tf.shape(x)), strict=True)
    )
    columns = width * channels
    _, mean, variance = _at_once(
        tf.reshape(x, (samples, height, 1, columns)), tf.ones((columns,)), tf.zeros((columns,)), 1e-3
    )
    means, variances = (tf.reshape(each, (width, channels)) for each in (mean, variance))
    mean = tf.reduce_mean(means, 0)
    # That of all is that within the parts and that between them (Chan, Golub and LeVeque 1979).
    return mean, tf.reduce_mean(variances + tf.math.squared_difference(means, mean), 0)


def _in_parts(x, scale, offset, epsilon: float, moments: Callable):
    """What `_at_once` gives, with the channels' `moments`."""

    @tf.custom_gradient
    def norm(x, scale, offset):
        mean, variance = moments(x)
        outputs, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x, scale=scale, offset=offset, mean=mean, variance=variance, epsilon=epsilon, is_training=False
        )

        def gradient(upstream, *_):
            return tf.raw_ops.FusedBatchNormGradV3(
                y_backprop=upstream,
                x=x,
                scale=scale,
                reserve_space_1=mean,
                reserve_space_2=variance,
                reserve_space_3=tf.zeros((0,)),
                epsilon=epsilon,
                is_training=True,
            )[:3]

        return (outputs, mean, variance), gradient

    return norm(x, scale, offset)
