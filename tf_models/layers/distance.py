"""How far apart two embeddings are."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="tf_models")
class EuclideanDistance(layers.Layer):
    """From two batches of vectors `(batch, dimensions)` to their distances `(batch, 1)`, each at least 1e-6."""

    def call(self, inputs):
        first, second = inputs
        squares = ops.sum(ops.square(first - second), axis=-1, keepdims=True)
        return ops.sqrt(squares + 1e-12)  # the root has no slope at 0

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], 1)
