"""Layers whose values within are computed again for the gradient instead of being kept (Chen et al. 2016, arXiv 1604.06174)."""

import keras


@keras.saving.register_keras_serializable(package="tf_models")
class Recomputed(keras.layers.Layer):
    """Layers one after another that keep their first input only, and compute all else once more for the gradient.

    One segment of section 3 of the paper. Memory for the values within is needed for as long as this segment's gradient
    is computed; a step costs up to one more forward pass.

    Args:
        layers: Layers of one input and one output each. None may change its state in a call, as dropout and batch norm do:
            the second computation would draw another mask, and count a batch twice.
        arguments: As those of every layer.

    Raises:
        ValueError: There is no layer, or one that changes its state in a call.
    """

    def __init__(self, layers, **arguments):
        super().__init__(**arguments)
        if not layers:
            raise ValueError("there must be one layer at least to compute again")
        for layer in layers:
            if changes_state(layer):
                raise ValueError(f"{layer.name} ({type(layer).__name__}) changes its state in a call; leave it outside")
        self.layers = list(layers)

    def build(self, input_shape):
        for layer in self.layers:
            if not layer.built:
                layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)

    def call(self, inputs):
        def run(x):
            for layer in self.layers:
                x = layer(x)
            return x

        return keras.remat(run)(inputs)

    def compute_output_shape(self, input_shape):
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def get_config(self):
        return {**super().get_config(), "layers": [keras.saving.serialize_keras_object(layer) for layer in self.layers]}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "layers": [keras.saving.deserialize_keras_object(layer) for layer in config["layers"]]})


def changes_state(layer: keras.layers.Layer) -> bool:
    """Whether a layer has variables besides weights that may be trained, such as moving averages or a generator's state."""
    return bool(layer.non_trainable_variables)
