"""The one place where operations of layers, losses and optimizers are replaced by faster ones, for a while."""

import contextlib
from collections.abc import Iterator

import keras
import tensorflow as tf

from tf_models.training import state
from tf_models.training.fast import activations, borders, convolutions, depthwise, losses, norms, recurrent, updates

# In these Keras keeps what it has traced, replaced operations included.
TRACED = ("train_function", "test_function", "predict_function")


@contextlib.contextmanager
def accelerated(model: keras.Model, jit: bool | None = None) -> Iterator[None]:
    """Within the context, `model` computes faster what this package has faster operations for; nothing changes but rounding.

    At the end all is put back, whatever happened, and what Keras traced meanwhile is forgotten. What stands replaced
    already is left to whoever did it, so contexts may be nested. Under `tf.distribute` nothing is replaced: its
    variables are not those that the faster operations take.

    Args:
        model: A compiled model. Updates of optimizers whose variables are not built stay as they are.
        jit: Whether XLA compiles the steps, which fuses norms and updates itself; default: what `model` was compiled
            with.
    """
    if tf.distribute.has_strategy() or model._distribute_strategy is not None:
        yield
        return
    jit = model.jit_compile if jit is None else jit
    replaced = [*convolutions.replacements(model), *depthwise.replacements(model), *recurrent.replacements(model)]
    if not jit:
        for kind in (norms, activations, borders, losses):
            replaced += kind.replacements(model)
        for optimizer in state.optimizers(model):
            replaced += updates.replacements(optimizer)
    with contextlib.ExitStack() as stack:
        for part in model._flatten_layers():
            if isinstance(part, keras.Model):
                stack.callback(_put_back, part, {name: getattr(part, name) for name in TRACED})
                _put_back(part, dict.fromkeys(TRACED))
        for owner, name, function in replaced:
            if name not in vars(owner):
                setattr(owner, name, function)
                stack.callback(delattr, owner, name)
        yield


def _put_back(model: keras.Model, functions: dict) -> None:
    for name, function in functions.items():
        setattr(model, name, function)
