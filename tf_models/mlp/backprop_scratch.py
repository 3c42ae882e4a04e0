"""Backpropagation written by hand, in matrices, for a network with one hidden layer."""

import keras
from keras import layers, ops

from tf_models.layers.torch_like import dense
from tf_models.losses.sigmoid_squared import SigmoidSquaredError, one_hot
from tf_models.steps import apply, stateless_on_jax


@keras.saving.register_keras_serializable(package="tf_models")
class BackpropMLP(keras.Model):
    """Layers `flatten`, `hidden` (sigmoid) and `logits`, trained by gradients that no framework derived.

    The loss decides the output's delta: softmax and cross-entropy, or sigmoid and squared error
    (`SigmoidSquaredError`). Both are means over the batch.
    """

    def gradients(self, x, y, scale=1.0) -> tuple[list, "keras.KerasTensor"]:
        """The gradients of the mean loss, in the order of `trainable_variables`, and the logits.

        Matrices are multiplied in the model's `compute_dtype`; the loss and the gradients have the variables' type.

        Args:
            x: Samples `(batch, ...)`.
            y: Labels `(batch,)`, integers.
            scale: Multiplies the loss, so that none of its gradients is too small for 16 bits.
        """
        hidden, output = self.get_layer("hidden"), self.get_layer("logits")
        narrow, wide = self.compute_dtype, self.variable_dtype
        w, b, v, c = (ops.cast(of, narrow) for of in (hidden.kernel, hidden.bias, output.kernel, output.bias))
        a = ops.cast(ops.reshape(x, (-1, hidden.kernel.shape[0])), narrow)  # (batch, inputs)
        h = ops.sigmoid(ops.matmul(a, w) + b)  # (batch, hidden)
        logits = ops.cast(ops.matmul(h, v) + c, wide)  # (batch, classes)
        targets = one_hot(y, logits.shape[-1], wide)
        count = ops.cast(ops.shape(logits)[0], wide)
        if isinstance(self.loss, SigmoidSquaredError):
            p = ops.sigmoid(logits)
            delta = 2 * (p - targets) * p * (1 - p) / count  # chain rule through the square and the sigmoid
        else:
            delta = (ops.softmax(logits) - targets) / count  # softmax and cross-entropy cancel to this
        delta = ops.cast(delta * scale, narrow)
        hidden_delta = ops.matmul(delta, ops.transpose(v)) * h * (1 - h)
        gradients = [
            ops.matmul(ops.transpose(a), hidden_delta),
            ops.sum(hidden_delta, axis=0),
            ops.matmul(ops.transpose(h), delta),
            ops.sum(delta, axis=0),
        ]
        return [ops.cast(gradient, wide) for gradient in gradients], logits

    @stateless_on_jax
    def train_step(self, data):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        scale = self.optimizer.scale_loss(ops.ones((), self.variable_dtype))
        gradients, logits = self.gradients(x, y, scale)  # the optimizer takes the scale back
        self._loss_tracker.update_state(self.compute_loss(x, y, logits), sample_weight=ops.shape(x)[0])
        apply(self.optimizer, gradients, self.trainable_variables)
        return self.compute_metrics(x, y, logits)


def backprop_mlp(
    input_shape: tuple[int, ...] = (28, 28, 1),
    classes: int = 10,
    *,
    hidden: int = 128,
    output: str = "softmax",
    stddev: float = 0.1,
    name: str = "backprop_mlp",
) -> keras.Model:
    """A `BackpropMLP`: one sigmoid layer, trained by hand-written backpropagation (Rumelhart et al. 1986).

    Args:
        input_shape: Shape of one sample, which is flattened.
        classes: Number of outputs.
        hidden: Units of the hidden layer.
        output: `softmax`, whose weights start from a truncated normal, or `sigmoid`, from a normal distribution.
            Compile the first with `SparseCategoricalCrossentropy(from_logits=True)`, the second with
            `SigmoidSquaredError()`.
        stddev: Standard deviation of the initial weights; biases start at 0.
        name: Name of the model.

    Returns:
        A model from `(batch, *input_shape)` to logits `(batch, classes)`.

    Raises:
        ValueError: The output is unknown.

    >>> backprop_mlp(hidden=128).count_params()
    101770
    """
    kinds = {"softmax": "truncated_normal", "sigmoid": "normal"}
    if output not in kinds:
        raise ValueError(f"output must be one of {', '.join(kinds)}, not {output!r}")
    arguments = {"initializer": kinds[output], "stddev": stddev}
    inputs = keras.Input(input_shape, name="image")
    x = layers.Flatten(name="flatten")(inputs)
    x = dense(x, hidden, name="hidden", activation="sigmoid", **arguments)
    logits = dense(x, classes, name="logits", **arguments)
    return BackpropMLP(inputs, logits, name=name)
