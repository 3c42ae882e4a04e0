"""`python -m tf_models.mechanics.clipping`: gradients kept within bounds, four ways.

In PyTorch somebody clips between `backward` and `step`, or registers a hook on each parameter. A Keras optimizer takes
`clipvalue` (each number), `clipnorm` (each variable's norm) and `global_clipnorm` (the norm of all gradients together);
whatever else is to happen to gradients stands in an optimizer's `apply`, as below.
"""

import sys
from typing import TYPE_CHECKING

from tf_data.command import Parser, import_tensorflow, run
from tf_data.errors import InputError
from tf_models.mechanics import digits

if TYPE_CHECKING:
    import keras

# Test accuracy that the original prints after 10 epochs; it has no run without clipping.
ORIGINAL = {"none": None, "value 1": 0.9680, "hook [-0.1, 1]": 0.8694, "norm 1": 0.9689}


def optimizers(learning_rate: float = 0.01) -> "dict[str, keras.optimizers.Optimizer]":
    """Adam without and with each kind of clipping, by the names of `ORIGINAL`."""
    import keras
    from keras import ops

    class Bounded(keras.optimizers.Adam):
        """Adam on gradients each number of which was put between -0.1 and 1, which pushes weights one way."""

        def apply(self, grads, trainable_variables=None):
            super().apply([ops.clip(gradient, -0.1, 1.0) for gradient in grads], trainable_variables)

    settings = {"learning_rate": learning_rate, "epsilon": 1e-8}  # PyTorch's epsilon
    return {
        "none": keras.optimizers.Adam(**settings),
        "value 1": keras.optimizers.Adam(**settings, clipvalue=1.0),
        "hook [-0.1, 1]": Bounded(**settings),
        "norm 1": keras.optimizers.Adam(**settings, global_clipnorm=1.0),
    }


def parser() -> Parser:
    parser = Parser(prog="python -m tf_models.mechanics.clipping", description=__doc__)
    add = parser.add_argument
    digits.add_option(parser)
    add("--epochs", type=int, default=10, help="default 10, as the original")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    if arguments.epochs < 1:
        raise InputError(f"--epochs must be at least 1, not {arguments.epochs}")
    import_tensorflow()
    import keras

    from tf_models.mlp import mlp
    from tf_models.seeding import seeded

    data = digits.load(arguments.data_dir)
    print(f"{data.source} digits, {arguments.epochs} epochs; test accuracy of {len(data.test):,}")
    for name, optimizer in optimizers().items():
        with seeded(1):
            model = mlp((28, 28, 1), 10, hidden=(256, 128, 64, 32), initializer="torch")
        accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer, loss, metrics=[accuracy], jit_compile=False)
        for epoch in range(arguments.epochs):
            model.fit(data.train.batches(64, seed=1, epoch=epoch), shuffle=False, verbose=0)
        scores = model.evaluate(data.test.batches(1000), verbose=0, return_dict=True)
        theirs = "" if ORIGINAL[name] is None else f"  (the original's {ORIGINAL[name]:.2%})"
        print(f"{name:16}{scores['accuracy']:.2%}{theirs}", flush=True)


if __name__ == "__main__":
    sys.exit(run(main))
