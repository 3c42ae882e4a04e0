"""`python -m tf_models.mechanics.gradients`: gradients with respect to anything on the way.

PyTorch keeps them on request (`retain_grad`) or hands them to hooks; TensorFlow's `GradientTape` gives them for whatever
it watches. `gradients_of` watches for you: values that a function marks, or layers of a model.
"""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tf_data.command import Parser, import_tensorflow, nearest, run

if TYPE_CHECKING:
    import keras


def gradients_of(target: "Callable | keras.Model", *inputs, at: Sequence[str], loss: Callable | None = None) -> dict:
    """Gradients of a scalar with respect to intermediate values, by name. TensorFlow backend.

    Args:
        target: A model; or a function of `mark` and the inputs that returns a tensor and passes each value of
            interest through `mark(name, value)`, which gives it back.
        inputs: What the model or the function takes.
        at: Names of marks; for a model names or patterns of layers, whose outputs are meant.
        loss: Function from the outputs to a scalar; the default is their sum.

    Returns:
        Gradients by name, in the order of `at` or of the model's layers; tensors of the values' shapes, zeros where the
        scalar does not depend on a value. Of a layer that is called several times the gradients are added up.

    Raises:
        ValueError: There is no such mark or layer.

    >>> found = gradients_of(lambda mark, x: mark("square", x * x) * 3.0, 2.0, at=["square"])
    >>> float(found["square"])
    3.0
    """
    import keras
    import tensorflow as tf

    from tf_models.interception import intercepted, matching

    marked: dict[str, list] = {}
    with tf.GradientTape() as tape:

        def mark(name, value):
            value = tf.identity(tf.convert_to_tensor(value))
            tape.watch(value)
            marked.setdefault(name, []).append(value)
            return value

        if isinstance(target, keras.Model):
            layers = matching(target, at)
            with intercepted(target, layers, lambda layer, value: mark(layer.name, value)):
                outputs = target(*inputs)
            names = [layer.name for layer in layers]
        else:
            outputs = target(mark, *inputs)
            names = list(at)
        for name in names:
            if name not in marked:
                raise ValueError(f"nothing was marked as {name!r}{nearest(name, marked)}")
        scalar = tf.reduce_sum(outputs) if loss is None else loss(outputs)
    found = tape.gradient(scalar, {name: marked[name] for name in names}, unconnected_gradients="zero")
    return {name: tf.add_n(found[name]) for name in names}


def example(mark, x, w, b):
    """a = relu(x w + b) of the original, by way of u = x w and v = u + b."""
    import tensorflow as tf

    u = mark("u", mark("x", x) * mark("w", w))
    return tf.nn.relu(mark("v", u + mark("b", b)))


def parser() -> Parser:
    parser = Parser(prog="python -m tf_models.mechanics.gradients", description=__doc__)
    for name, value in {"x": 3.0, "w": 2.0, "b": 1.0}.items():
        parser.add_argument(f"--{name}", type=float, default=value, help=f"default {value:g}")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    import_tensorflow()
    print(f"a = relu(v), v = u + b, u = x w with x {arguments.x:g}, w {arguments.w:g}, b {arguments.b:g}")
    found = gradients_of(example, arguments.x, arguments.w, arguments.b, at=["x", "w", "b", "u", "v"])
    for name, gradient in found.items():
        print(f"da/d{name} = {float(gradient) + 0.0:g}")  # no negative zeros


if __name__ == "__main__":
    sys.exit(run(main))
