"""The two layers that make an autoencoder variational (Kingma and Welling 2013, arXiv 1312.6114)."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tf_models")
class Sampling(keras.layers.Layer):
    """`mean + exp(log_variance / 2) * noise` in training; the mean otherwise, so that predictions repeat.

    Args:
        seed: Seed of the layer's own noise; None draws one where the layer is made.
    """

    def __init__(self, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=False):
        mean, log_variance = inputs
        if not training:
            return mean
        noise = keras.random.normal(ops.shape(mean), dtype=mean.dtype, seed=self.seed_generator)
        return mean + ops.exp(log_variance / 2) * noise

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable(package="tf_models")
class GaussianKL(keras.layers.Layer):
    """KL divergence of N(mean, exp(log_variance)) from N(0, 1), summed over the dimensions: nats a sample, `(batch,)`.

    Closed form of Kingma and Welling 2013, appendix B.
    """

    def call(self, inputs):
        mean, log_variance = inputs
        return 0.5 * ops.sum(ops.square(mean) + ops.exp(log_variance) - log_variance - 1, axis=-1)

    def compute_output_shape(self, input_shape):
        return input_shape[0][:1]
