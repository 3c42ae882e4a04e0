"""`python -m tf_models.mechanics.three_ways`: one training written three ways, which must end with the same weights.

Gradients by hand and the step by hand; gradients from TensorFlow's tape and the step by hand; `compile` and `fit`. First
logistic regression on two species of iris, as the original's PyTorch notebook shows it, then a network with one hidden
layer on digits, whose gradients are those of `tf_models.mlp.BackpropMLP`.
"""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tf_data.command import Parser, import_tensorflow, run
from tf_models.mechanics import digits

if TYPE_CHECKING:
    import keras

# The original's: the summed loss after the first and the tenth step, both weights and the bias.
ORIGINAL = {"first": 5.581, "last": 2.758, "weights": (4.2267, -2.9613, 0.0994)}
WAYS = ("by hand", "tape", "fit")


class Way(NamedTuple):
    """What one way of training came to: the loss after each step, and the weights after the last."""

    losses: list[float]
    weights: list[np.ndarray]


def three_ways(
    model: "keras.Model",
    loss: "keras.losses.Loss",
    by_hand: Callable[..., Sequence],
    x: np.ndarray,
    y: np.ndarray,
    rate: float,
    steps: int,
) -> dict[str, Way]:
    """Train a model by gradient descent on all samples at once, three times from the same weights.

    Args:
        model: The model; it ends with the weights with which it began.
        loss: The loss of targets and outputs.
        by_hand: Function of `(x, y)` that returns the loss's gradients in the order of `model.trainable_variables`.
        x: Samples `(n, ...)`.
        y: Targets `(n, ...)`.
        rate: Learning rate.
        steps: Number of steps.

    Returns:
        By the names in `WAYS` what each came to.
    """
    import keras
    import tensorflow as tf

    begin, variables = model.get_weights(), model.trainable_variables
    x, y = tf.convert_to_tensor(x), tf.convert_to_tensor(y)

    def after() -> float:
        return float(loss(y, model(x)))

    def hand() -> None:
        for variable, gradient in zip(variables, by_hand(x, y), strict=True):
            variable.assign(variable - rate * gradient)

    def tape() -> None:
        with tf.GradientTape() as recorded:
            value = loss(y, model(x))
        gradients = recorded.gradient(value, [variable.value for variable in variables])
        for variable, gradient in zip(variables, gradients, strict=True):
            variable.assign(variable - rate * gradient)

    plain = keras.Model(model.inputs, model.outputs)  # a model with a step of its own would make that one
    plain.compile(keras.optimizers.SGD(rate), loss, jit_compile=False)

    def fit() -> None:
        plain.fit(x, y, batch_size=len(x), epochs=1, shuffle=False, verbose=0)

    found = {}
    for name, step in zip(WAYS, (hand, tape, fit), strict=True):
        model.set_weights(begin)
        losses = []
        for _ in range(steps):
            step()
            losses.append(after())
        found[name] = Way(losses, model.get_weights())
    model.set_weights(begin)
    return found


def apart(found: dict[str, Way]) -> float:
    """The largest difference of any weight between the ways."""
    first, *others = found.values()
    return max(float(np.abs(a - b).max()) for way in others for a, b in zip(first.weights, way.weights, strict=True))


def logistic_regression() -> dict[str, Way]:
    """The original's run: 75 iris of two species, two lengths standardised, summed cross-entropy, 10 steps of rate 0.1."""
    import keras
    from keras import ops

    from tf_models.configs import get
    from tf_models.training.building import load_data
    from tf_models.training.options import Options

    train = load_data(get("logistic-regression"), Options()).train
    x = ((train.x - train.x.mean(axis=0)) / train.x.std(axis=0)).astype(np.float32)
    y = train.y[:, None].astype(np.float32)
    inputs = keras.Input((2,), name="features")
    model = keras.Model(inputs, keras.layers.Dense(1, kernel_initializer="zeros", name="logit")(inputs))

    def by_hand(x, y):
        wrong = ops.sigmoid(model(x)) - y  # what the cross-entropy's derivative by the logit comes to
        return ops.matmul(ops.transpose(x), wrong), ops.sum(wrong, axis=0)

    loss = keras.losses.BinaryCrossentropy(from_logits=True, reduction="sum")
    return three_ways(model, loss, by_hand, x, y, rate=0.1, steps=10)


def hidden_layer(data_dir: str | None = None, steps: int = 20) -> dict[str, Way]:
    """A network of 50 hidden units on the first 1,000 digits, mean cross-entropy, steps of rate 0.5."""
    import keras

    from tf_models.mlp import backprop_mlp
    from tf_models.seeding import seeded

    train = digits.load(data_dir, 1000).train
    with seeded(1):
        model = backprop_mlp(hidden=50)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(loss=loss)
    x = (train.x / 255).astype(np.float32)
    return three_ways(model, loss, lambda x, y: model.gradients(x, y)[0], x, train.y, rate=0.5, steps=steps)


def parser() -> Parser:
    parser = Parser(prog="python -m tf_models.mechanics.three_ways", description=__doc__)
    digits.add_option(parser)
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    import_tensorflow()
    found = logistic_regression()
    _show("logistic regression on 75 iris", found)
    weights = np.concatenate([weight.ravel() for weight in found["fit"].weights])
    print(f"  weights and bias: {np.array2string(weights, precision=4)}; the original's {ORIGINAL['weights']}")
    print(f"  the original's loss: {ORIGINAL['first']} after 1 step, {ORIGINAL['last']} after 10")
    _show("one hidden layer on 1,000 digits", hidden_layer(arguments.data_dir))


def _show(title: str, found: dict[str, Way]) -> None:
    print(title)
    for name, way in found.items():
        print(f"  {name:8} loss {way.losses[0]:.4f} after 1 step, {way.losses[-1]:.4f} after {len(way.losses)}")
    print(f"  weights apart by {apart(found):.1e} at most")


if __name__ == "__main__":
    sys.exit(run(main))
