"""Batch norms of images as TensorFlow's fused operation.

Keras makes one of a dozen operations, forwards and back, which each go over the whole batch; of a ResNet-18's training
on digits that takes an eighth.
"""

import keras
import tensorflow as tf
from keras import ops

BATCH_NORM = keras.layers.BatchNormalization


def replacements(model: keras.Model) -> list[tuple]:
    """`(layer, attribute, function)` for each batch norm of `model` that can use the fused operation in training.

    Left as they are: normalisation over other axes or with masks, renormalisation, devices that share a batch, and
    statistics that are not kept in float32, as the operation gives them.
    """
    found = []
    for layer in model._flatten_layers():
        plain = type(layer).call is BATCH_NORM.call and not (layer.renorm or layer.synchronized)
        if plain and layer.variable_dtype == "float32":
            found.append((layer, "call", _call(layer)))
    return found


def _call(layer: BATCH_NORM):
    """What `layer.call` computes."""

    def call(inputs, training=None, mask=None):
        images = len(inputs.shape) == 4 and layer.axis in (-1, 3)
        if not (training and layer.trainable and images) or mask is not None:
            return BATCH_NORM.call(layer, inputs, training=training, mask=mask)
        x = ops.cast(inputs, layer.compute_dtype)  # of 16 bits, too: the sums are made in float32
        channels = inputs.shape[-1:]
        # The raw operation: the public one raises epsilon to 1.001e-5.
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x,
            scale=ops.cast(layer.gamma, "float32") if layer.scale else tf.ones(channels),
            offset=ops.cast(layer.beta, "float32") if layer.center else tf.zeros(channels),
            mean=tf.zeros((0,)),
            variance=tf.zeros((0,)),
            epsilon=layer.epsilon,
            is_training=True,
        )
        # It gives the unbiased variance; Keras keeps that of the batch as it is.
        count = tf.cast(tf.size(x) // channels[0], tf.float32)
        variance *= (count - 1) / count
        for moving, found in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
            moving.assign(moving * layer.momentum + found * (1 - layer.momentum))
        return outputs

    return call
