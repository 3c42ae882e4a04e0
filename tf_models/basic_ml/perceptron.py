"""Rosenblatt's perceptron (1958) with its own learning rule."""

import keras
from keras import layers, ops

from tf_models.steps import stateless_on_jax


@keras.saving.register_keras_serializable(package="tf_models")
class Perceptron(keras.Model):
    """A linear threshold unit that learns by Rosenblatt's rule, one sample after the other.

    After each sample, `w += (target - prediction) * x` and `b += target - prediction`, where the prediction is 1 when
    the net input is at least 0. This is the negative gradient of the perceptron criterion
    `(prediction - target) * net input` with the prediction held fixed, which is reported as the loss.

    The model's output is the net input. A batch is worked through sample by sample, so that its size changes nothing.
    """

    predicts_1 = staticmethod(ops.greater_equal)

    def _layers_in_order(self):
        *before, unit = [layer for layer in self.layers if not isinstance(layer, layers.InputLayer)]
        return before, unit

    @stateless_on_jax
    def train_step(self, data):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        before, unit = self._layers_in_order()
        features = x
        for layer in before:
            features = layer(features)
        features = ops.cast(features, unit.kernel.dtype)  # the rule is an update, which no precision shortens
        targets = ops.reshape(ops.cast(y, features.dtype), (-1,))

        def update(sample, state):
            kernel, bias, losses, nets = state
            row = features[sample]
            net = ops.sum(row * kernel[:, 0]) + bias[0]
            error = targets[sample] - ops.cast(self.predicts_1(net, 0.0), targets.dtype)
            return (
                kernel + error * row[:, None],
                bias + error,
                losses - error * net,
                ops.slice_update(nets, (sample,), ops.reshape(net, (1,))),
            )

        count = ops.shape(targets)[0]
        start = (
            ops.convert_to_tensor(unit.kernel),
            ops.convert_to_tensor(unit.bias),
            ops.zeros((), targets.dtype),
            ops.zeros_like(targets),
        )
        kernel, bias, losses, nets = ops.fori_loop(0, count, update, start)
        unit.kernel.assign(kernel)
        unit.bias.assign(bias)
        self._loss_tracker.update_state(losses / ops.cast(count, losses.dtype), sample_weight=count)
        return self.compute_metrics(x, y, nets[:, None])


@keras.saving.register_keras_serializable(package="tf_models")
class StrictPerceptron(Perceptron):
    """A `Perceptron` whose prediction, while it learns, is 1 only when the net input is above 0."""

    predicts_1 = staticmethod(ops.greater)


def perceptron(
    features: int = 2, *, standardize: bool = False, strict: bool = False, name: str = "perceptron"
) -> keras.Model:
    """A `Perceptron` whose weights start at zero.

    Args:
        features: Number of inputs, at least 1.
        standardize: Whether a `Normalization` layer comes first, to be adapted to the training samples.
        strict: Whether a net input of 0, as it is before the first mistake, predicts class 0 while learning, not 1.
        name: Name of the model.

    Returns:
        A model from `(batch, features)` to the net input `(batch, 1)`; class 1 where it is at least 0.

    >>> perceptron(features=2).count_params()
    3
    """
    inputs = keras.Input((features,), name="features")
    x = layers.Normalization(name="standardize")(inputs) if standardize else inputs
    net_input = layers.Dense(1, kernel_initializer="zeros", bias_initializer="zeros", name="unit")(x)
    return (StrictPerceptron if strict else Perceptron)(inputs, net_input, name=name)
