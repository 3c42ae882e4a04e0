"""`python -m tf_models.mechanics.hooks`: what layers give, and gradients with respect to it, while a model runs.

PyTorch's `register_forward_hook` and `register_full_backward_hook` have no twin in Keras; `capture` does their work from
outside, also within `fit` and `predict`, whose steps are compiled graphs. Nothing is overwritten in place, so that a
captured pre-activation is one, where the original's showed what the ReLU after it had left.
"""

import contextlib
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tf_data.command import Parser, import_tensorflow, run
from tf_models.mechanics import digits

if TYPE_CHECKING:
    import keras


class Captured:
    """What `capture` saw.

    Attributes:
        outputs: For each layer the outputs of its last calls, oldest first, NumPy arrays `(batch, ...)`.
        gradients: For each layer the gradients with respect to its outputs, in the order in which they were computed.
    """

    def __init__(self, names: Sequence[str], keep: int | None):
        self.outputs = {name: deque(maxlen=keep) for name in names}
        self.gradients = {name: deque(maxlen=keep) for name in names}


@contextlib.contextmanager
def capture(
    model: "keras.Model",
    layers: str | Sequence[str],
    *,
    gradients: bool = False,
    before_activation: bool = False,
    keep: int | None = 1,
) -> Iterator[Captured]:
    """Within the context, record what layers of a model give, in `fit`, `predict`, `evaluate` or a plain call.

    Results do not change: each value is copied out on its way. TensorFlow backend, and not compiled by XLA.

    Args:
        model: The model; layers of models within it count too.
        layers: Names, or patterns as `hidden*`.
        gradients: Whether to record the gradients with respect to these values too, when they are computed.
        before_activation: Record what the layer's own activation is given in place of the layer's outputs.
        keep: How many of the last calls to keep for each layer; None keeps all, which may be much.

    Yields:
        A `Captured` that fills while the model runs.

    Raises:
        ValueError: No layer has such a name, a layer has no activation of its own, or XLA compiles the model's steps.

    >>> import keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="hidden")])
    >>> with capture(model, "hid*") as seen:
    ...     y = model.predict(np.ones((4, 2)), verbose=0)
    >>> bool(np.array_equal(seen.outputs["hidden"][-1], y))
    True
    """
    from tf_models.interception import intercepted, matching

    if getattr(model, "jit_compile", False) is True and model.compiled:
        raise ValueError(
            f"model {model.name} is compiled by XLA, which hands nothing out; compile with jit_compile=False"
        )
    chosen = matching(model, layers)
    seen = Captured([layer.name for layer in chosen], keep)

    def record(layer, value):
        return _watched(value, seen.outputs[layer.name], seen.gradients[layer.name] if gradients else None)

    with intercepted(model, chosen, record, "activation" if before_activation else "call"):
        yield seen


def _watched(value, outputs: deque, gradients: deque | None):
    """The value itself, copied into a list, and its gradient too when it is computed."""
    import tensorflow as tf

    def keep(where: deque, tensor) -> None:
        # Runs in eager mode and, as an operation of its own, in compiled graphs; half precision comes as float32.
        tf.py_function(lambda x: where.append(x.numpy()), [tensor], [])

    @tf.custom_gradient
    def passed_on(x):
        def backward(upstream):
            if gradients is not None:
                keep(gradients, upstream)
            return upstream

        return tf.identity(x), backward

    keep(outputs, value)
    return passed_on(value) if gradients is not None else value


def parser() -> Parser:
    parser = Parser(prog="python -m tf_models.mechanics.hooks", description=__doc__)
    digits.add_option(parser)
    parser.add_argument("--layers", nargs="+", default=["hidden2"], metavar="NAME", help="names or patterns")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    import_tensorflow()
    import keras

    import tf_models

    data = digits.load(arguments.data_dir, limit=4000)
    model = tf_models.build("mech-sequential-hooks")
    model.compile(
        keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False
    )
    with capture(model, arguments.layers, gradients=True) as seen:
        model.fit(data.train.batches(64, seed=1), shuffle=False, verbose=0)
    print("after one epoch, on its last batch:")
    for name, outputs in seen.outputs.items():
        value, gradient = outputs[-1], seen.gradients[name][-1]
        print(
            f"{name}: {value.shape}, from {value.min():.4f} to {value.max():.4f}, {np.mean(value < 0):.1%} negative; "
            f"norm of its gradient {np.linalg.norm(gradient):.3g}"
        )
        print(np.array2string(value[0].ravel()[:8], precision=4, suppress_small=True), "...")


if __name__ == "__main__":
    sys.exit(run(main))
