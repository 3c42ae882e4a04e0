"""`python -m legacy_tf1.optimizers`: each TensorFlow 1 optimizer beside its Keras counterpart, step by step.

Both descend one problem in float64 from the same start, first with arguments that look the same, then with those that make
them equal. Exit code 1 where the second way parts."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from tf_data import columns
from tf_data.command import Parser, import_tensorflow, run
from tf_data.errors import InputError

STEPS = 200
EQUAL = 1e-12  # between weights of about 1; float64 rounds at 1e-16, and 200 steps add up


@dataclass(frozen=True)
class Pairing:
    """A TensorFlow 1 optimizer and its counterpart.

    All numbers that are given are sums of powers of two, which float32 holds as well: what is left are the mathematics.

    Attributes:
        name: Name for tables.
        then: Makes the training operation from `tf.compat.v1`, the loss, its variables, and the counter of steps.
        now: Makes the Keras optimizer whose arguments look the same.
        equal: Makes the one that computes the same; None where `now` does.
        how: What makes them equal, in words.
        start: Called with the built optimizer before the first step.
        penalty: The penalty of the weights: TensorFlow 1's, and Keras' regulariser for `now` and for `equal`.
    """

    name: str
    then: Callable[..., Any]
    now: Callable[..., Any]
    equal: Callable[..., Any] | None = None
    how: str = ""
    start: Callable[[Any], None] | None = None
    penalty: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Row:
    """How far a pair is apart.

    Attributes:
        name: Name of the pairing.
        steps: Number of steps.
        same_arguments: The largest difference of any weight at any step with arguments that look the same.
        made_equal: The same with arguments that make them equal.
        how: What makes them equal; empty where nothing is needed.
    """

    name: str
    steps: int
    same_arguments: float
    made_equal: float
    how: str

    @property
    def equal(self) -> bool:
        """Whether nothing but rounding is left."""
        return self.made_equal <= EQUAL


def _minimizes(make: Callable[..., Any]) -> Callable[..., Any]:
    return lambda tf1, loss, variables, step: exact(make(tf1)).minimize(loss, global_step=step)


def exact(optimizer):
    """Make an optimizer of TensorFlow 1 or Keras compute with its numbers in float64; to be called before it is built.

    Both make float32 constants of Python's numbers before they cast: 1e-8 is then off by 6e-10 of itself, and 0.1 by 1.5e-8.
    NumPy's keep their type. Returns the optimizer.
    """
    import numpy as np

    for name, value in vars(optimizer).items():
        if type(value) is float:
            setattr(optimizer, name, np.float64(value))
    return optimizer


def _clipped(tf1, loss, variables, step):
    gradients, _ = tf1.clip_by_global_norm(tf1.gradients(loss, variables), 0.0625)
    pairs = zip(gradients, variables, strict=True)
    return tf1.train.GradientDescentOptimizer(0.125).apply_gradients(pairs, global_step=step)


def _decayed(tf1, loss, variables, step):
    rate = tf1.train.exponential_decay(0.25, step, decay_steps=16, decay_rate=0.5, staircase=True)
    return tf1.train.GradientDescentOptimizer(rate).minimize(loss, global_step=step)


def _ones(optimizer) -> None:
    for variable in optimizer._velocities:
        variable.assign(variable * 0 + 1)


def pairings() -> tuple[Pairing, ...]:
    """All of them. Importing Keras is left to the call."""
    from keras import optimizers as keras

    rmsprop = {"learning_rate": 0.0625, "rho": 0.875}
    both = {**rmsprop, "momentum": 0.5, "centered": True}
    ftrl = {"learning_rate": 0.25, "l1_regularization_strength": 0.0078125, "l2_regularization_strength": 0.03125}
    mean_square = "epsilon=1e-10, and the first mean square 1: assign ones to the velocities after build"
    return (
        Pairing(
            "GradientDescent",
            _minimizes(lambda tf1: tf1.train.GradientDescentOptimizer(0.125)),
            lambda: keras.SGD(0.125),
        ),
        Pairing(
            "Momentum",
            _minimizes(lambda tf1: tf1.train.MomentumOptimizer(0.125, 0.875)),
            lambda: keras.SGD(0.125, momentum=0.875),
        ),
        Pairing(
            "Momentum, use_nesterov",
            _minimizes(lambda tf1: tf1.train.MomentumOptimizer(0.125, 0.875, use_nesterov=True)),
            lambda: keras.SGD(0.125, momentum=0.875, nesterov=True),
        ),
        Pairing(
            "Adagrad",
            _minimizes(lambda tf1: tf1.train.AdagradOptimizer(0.125)),
            lambda: keras.Adagrad(0.125),
            lambda: keras.Adagrad(0.125, epsilon=0.0),
            "epsilon=0: TensorFlow 1 has none",
        ),
        Pairing(
            "Adagrad, initial accumulator",
            _minimizes(lambda tf1: tf1.train.AdagradOptimizer(0.125, initial_accumulator_value=0.5)),
            lambda: keras.Adagrad(0.125),
            lambda: keras.Adagrad(0.125, initial_accumulator_value=0.5, epsilon=0.0),
            "initial_accumulator_value=0.5, epsilon=0; both start at 0.1 otherwise",
        ),
        Pairing(
            "Adadelta",
            _minimizes(lambda tf1: tf1.train.AdadeltaOptimizer(1.0, rho=0.875)),
            lambda: keras.Adadelta(1.0, rho=0.875),
            lambda: keras.Adadelta(1.0, rho=0.875, epsilon=1e-8),
            "epsilon=1e-8",
        ),
        Pairing(
            "RMSProp",
            _minimizes(lambda tf1: tf1.train.RMSPropOptimizer(0.0625, decay=0.875)),
            lambda: keras.RMSprop(**rmsprop),
            lambda: keras.RMSprop(**rmsprop, epsilon=1e-10),
            mean_square,
            start=_ones,
        ),
        Pairing(
            "RMSProp, centered, momentum",
            _minimizes(lambda tf1: tf1.train.RMSPropOptimizer(0.0625, decay=0.875, momentum=0.5, centered=True)),
            lambda: keras.RMSprop(**both),
            lambda: keras.RMSprop(**both, epsilon=1e-10),
            mean_square,
            start=_ones,
        ),
        Pairing(
            "Ftrl",
            _minimizes(lambda tf1: tf1.train.FtrlOptimizer(**ftrl)),
            lambda: keras.Ftrl(**ftrl),
        ),
        Pairing(
            "Adam",
            _minimizes(lambda tf1: tf1.train.AdamOptimizer(0.0625, beta1=0.875, beta2=0.9375)),
            lambda: keras.Adam(0.0625, beta_1=0.875, beta_2=0.9375),
            lambda: keras.Adam(0.0625, beta_1=0.875, beta_2=0.9375, epsilon=1e-8),
            "epsilon=1e-8",
        ),
        Pairing(
            "exponential_decay, staircase",
            _decayed,
            lambda: keras.SGD(keras.schedules.ExponentialDecay(0.25, 16, 0.5)),
            lambda: keras.SGD(keras.schedules.ExponentialDecay(0.25, 16, 0.5, staircase=True)),
            "ExponentialDecay(staircase=True)",
        ),
        Pairing(
            "clip_by_global_norm",
            _clipped,
            lambda: keras.SGD(0.125, clipnorm=0.0625),
            lambda: keras.SGD(0.125, global_clipnorm=0.0625),
            "global_clipnorm; clipnorm is of each gradient by itself",
        ),
        Pairing(
            "REGULARIZATION_LOSSES, l2",
            _minimizes(lambda tf1: tf1.train.GradientDescentOptimizer(0.125)),
            lambda: keras.SGD(0.125),
            lambda: keras.SGD(0.125),
            "half the number: l2_regularizer(s) is s/2 times the squares, keras.regularizers.L2(s) is s times",
            penalty=(0.25, 0.25, 0.125),
        ),
    )


def compare_all(steps: int = STEPS) -> list[Row]:
    """Every pair on the problem of `_problem`. Leaves Keras' float type as it was."""
    from tf_models.training.devices import precision

    rows = []
    with precision("float64"):
        for pairing in pairings():
            then = _tensorflow1(pairing, steps)
            now = _keras(pairing, pairing.now(), steps, equal=False)
            equal = _keras(pairing, (pairing.equal or pairing.now)(), steps, equal=True)
            rows.append(Row(pairing.name, steps, _apart(then, now), _apart(then, equal), pairing.how))
    return rows


def _problem(steps: int):
    """Samples and targets of each step, and first weights: a layer of tanh that is to reach noisy targets.

    Each step has samples of its own, so that no gradient ever vanishes: where it does, RMSProp divides nothing by nothing,
    and the last bit decides about the next step.
    """
    import numpy as np

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(steps, 8, 5)), rng.uniform(-1, 1, size=(steps, 8, 3))
    return list(zip(x, y, strict=True)), [rng.normal(0, 0.5, (5, 3)), np.zeros(3)]


def _tensorflow1(pairing: Pairing, steps: int) -> list:
    """All weights after each step, of a session."""
    import tensorflow as tf

    from legacy_tf1.deprecations import deprecations_silenced

    tf1 = tf.compat.v1
    batches, start = _problem(steps)
    with deprecations_silenced(), tf.Graph().as_default(), tf1.Session() as session:
        regularizer = None
        if pairing.penalty:
            regularizer = lambda w: pairing.penalty[0] * tf.nn.l2_loss(w)  # noqa: E731 - what l2_regularizer gave
        kernel = tf1.get_variable("kernel", initializer=start[0], regularizer=regularizer)
        bias = tf1.get_variable("bias", initializer=start[1])
        x, y = (tf1.placeholder(tf.float64, (8, size)) for size in kernel.shape)
        loss = tf.reduce_mean(tf.square(tf.tanh(tf.matmul(x, kernel) + bias) - y))
        if penalties := tf1.losses.get_regularization_losses():
            loss += tf.add_n(penalties)
        train = pairing.then(tf1, loss, [kernel, bias], tf1.train.get_or_create_global_step())
        session.run(tf1.global_variables_initializer())
        weights = []
        for samples, targets in batches:
            session.run(train, {x: samples, y: targets})
            weights.append(session.run([kernel, bias]))
        return weights


def _keras(pairing: Pairing, optimizer, steps: int, equal: bool) -> list:
    """All weights after each step, of a Keras optimizer."""
    import keras
    import tensorflow as tf

    batches, start = _problem(steps)
    regularizer = keras.regularizers.L2(pairing.penalty[1 + equal]) if pairing.penalty else None
    layer = keras.layers.Dense(3, activation="tanh", kernel_regularizer=regularizer)
    layer.build(batches[0][0].shape)
    layer.set_weights(start)
    exact(optimizer)
    optimizer.build(layer.trainable_variables)
    if equal and pairing.start:
        pairing.start(optimizer)
    weights = []
    for x, y in batches:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(layer(x) - y))
            loss += sum(layer.losses)
        variables = [variable.value for variable in layer.trainable_variables]
        optimizer.apply(tape.gradient(loss, variables), layer.trainable_variables)
        weights.append(layer.get_weights())
    return weights


def _apart(one: list, two: list) -> float:
    import numpy as np

    return max(float(np.abs(a - b).max()) for pair in zip(one, two, strict=True) for a, b in zip(*pair, strict=True))


def show(rows: list[Row]) -> str:
    """Rows as a table."""
    head = ("TensorFlow 1", "same arguments", "made equal", "by")
    cells = [(row.name, f"{row.same_arguments:.0e}", f"{row.made_equal:.0e}", row.how or "nothing") for row in rows]
    return columns.text([head, *cells], right=(1, 2))


def main(argv: list[str] | None = None) -> int:
    parser = Parser(prog="python -m legacy_tf1.optimizers", description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS, metavar="N", help=f"steps (default {STEPS})")
    parser.add_argument("--json", action="store_true", help="print rows as JSON")
    arguments = parser.parse_args(argv)
    if arguments.steps < 1:
        raise InputError(f"--steps must be at least 1, not {arguments.steps}")
    import_tensorflow()
    rows = compare_all(arguments.steps)
    print(json.dumps([asdict(row) for row in rows], indent=2) if arguments.json else show(rows))
    return 0 if all(row.equal for row in rows) else 1


if __name__ == "__main__":
    sys.exit(run(main))
