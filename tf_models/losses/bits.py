"""Bits a character, the score of models that continue a text."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tf_models")
def bits(y_true, y_pred):
    """The bits that the right next character costs, from logits: `(batch, characters)`."""
    nats = ops.cast(keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True), "float32")
    return nats / math.log(2)
