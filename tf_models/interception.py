"""Change what layers of a model give, for a while; the model and its files stay as they are.

Keras has no hooks. A layer's `call`, or its `activation`, is exchanged on the instance within a context, and what Keras has
compiled of the model is made anew at both ends.
"""

import contextlib
import fnmatch
from collections.abc import Callable, Iterator, Sequence

import keras

from tf_data.command import nearest


def matching(model: keras.Model, layers: str | Sequence[str]) -> list[keras.Layer]:
    """The layers whose names match, in the model's order. Raises ValueError for a pattern that none matches."""
    every = [layer for layer in model._flatten_layers(include_self=False) if layer.name]
    names = [layer.name for layer in every]
    for pattern in [layers] if isinstance(layers, str) else layers:
        if not fnmatch.filter(names, pattern):
            raise ValueError(f"model {model.name} has no layer {pattern!r}{nearest(pattern, names)}")
    patterns = [layers] if isinstance(layers, str) else list(layers)
    return [layer for layer in every if any(fnmatch.fnmatchcase(layer.name, pattern) for pattern in patterns)]


@contextlib.contextmanager
def intercepted(
    model: keras.Model, layers: Sequence[keras.Layer], change: Callable, where: str = "call"
) -> Iterator[None]:
    """Within the context, `change(layer, value)` stands for what layers give.

    Args:
        model: The model, whose compiled functions are made anew at both ends.
        layers: The layers.
        change: Function that is called where the model's graph is made, and must return a tensor of the same shape.
        where: `call` for a layer's outputs, `activation` for what its own activation is given.

    Raises:
        ValueError: A layer has no activation of its own.
    """
    before = []
    for layer in layers:
        if where == "activation" and getattr(layer, "activation", None) is None:
            raise ValueError(f"layer {layer.name} has no activation of its own; its outputs are the values to capture")
    try:
        for layer in layers:
            before.append((layer, where in vars(layer), getattr(layer, where)))
            setattr(layer, where, _wrapped(layer, getattr(layer, where), change, where))
        _forget_functions(model)
        yield
    finally:
        for layer, own, function in before:
            if own:
                setattr(layer, where, function)
            else:
                delattr(layer, where)
        _forget_functions(model)


def _wrapped(layer, function: Callable, change: Callable, where: str) -> Callable:
    if where == "activation":
        return lambda x: function(change(layer, x))
    return lambda *args, **kwargs: change(layer, function(*args, **kwargs))


def _forget_functions(model) -> None:
    """Have Keras trace the model's steps again."""
    model.train_function = model.test_function = model.predict_function = None
