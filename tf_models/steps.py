"""Training steps that are written by hand, on each backend of Keras.

A step is written once, as TensorFlow takes it: it assigns to the model's variables, and gradients come from a tape.
"""

import contextlib
import functools
from collections.abc import Callable
from typing import Any

import keras


def stateless_on_jax(train_step: Callable) -> Callable:
    """A method `train_step(self, data)` in the form that Keras' trainer calls on the present backend.

    JAX's trainer hands the state in and takes a new one. There the step is made in a scope that keeps what is assigned;
    it may change no other variables than those of the model, its one optimizer and its metrics.

    Args:
        train_step: Method from a batch to the metrics by name, which assigns to variables.
    """
    if keras.backend.backend() != "jax":
        return train_step

    @functools.wraps(train_step)
    def stateless(self, state, data):
        groups = (
            self.trainable_variables,
            self.non_trainable_variables,
            self.optimizer.variables,
            self.metrics_variables,
        )
        pairs = [pair for variables, values in zip(groups, state) for pair in zip(variables, values, strict=True)]
        with keras.StatelessScope(state_mapping=pairs) as scope:
            logs = train_step(self, data)
        return logs, tuple([scope.get_current_value(variable) for variable in variables] for variables in groups)

    return stateless


def after(tensors: list) -> contextlib.AbstractContextManager:
    """A context in which nothing is assigned before all tensors are computed.

    Keras' optimizers pass all gradients through one operation, which TensorFlow's graph optimizer takes away. A kernel
    could then be updated, by its own gradient, before the product with its transpose was made, which gives another
    gradient: seen in one of 20 trainings on a busy machine (2.21). Other backends keep the order of the program.
    """
    if keras.backend.backend() != "tensorflow":
        return contextlib.nullcontext()
    from tensorflow import control_dependencies

    return control_dependencies(tensors)


def apply(optimizer: keras.optimizers.Optimizer, gradients: list, variables: list) -> None:
    """Have an optimizer change variables by their gradients, once all of these are computed.

    On JAX its state is handed in and taken back: one that scales losses decides inside a branch whether a step is made,
    and what is assigned there does not come out.
    """
    if keras.backend.backend() != "jax":
        with after(gradients):
            optimizer.apply(gradients, variables)
        return
    states = [variable.value for variable in optimizer.variables]
    found = optimizer.stateless_apply(states, gradients, [variable.value for variable in variables])
    for variable, value in zip([*variables, *optimizer.variables], [*found[0], *found[1]], strict=True):
        variable.assign(value)


def tape() -> Any:
    """TensorFlow's gradient tape, or on PyTorch what stands for it; neither is imported before.

    Raises:
        NotImplementedError: Keras runs on another backend.
    """
    backend = keras.backend.backend()
    if backend == "torch":
        return _TorchTape()
    if backend != "tensorflow":
        raise NotImplementedError(f"this step needs KERAS_BACKEND=tensorflow or torch, not {backend}")
    from tensorflow import GradientTape

    return GradientTape()


class _TorchTape:
    """The part of TensorFlow's tape that steps need; PyTorch records by itself."""

    _open = 0

    def __enter__(self):
        _TorchTape._open += 1
        return self

    def __exit__(self, *_):
        _TorchTape._open -= 1

    def watch(self, x) -> None:
        """Let `gradient` find one for a tensor, before anything is computed from it."""
        x.requires_grad_(True)

    def stop_recording(self):
        """Nothing is left out, because a step within may take gradients of its own."""
        return contextlib.nullcontext()

    def gradient(self, target, sources):
        """Gradients of the sum of `target` in the form of `sources`, a tensor or a list of variables."""
        import torch

        values = [getattr(source, "value", source) for source in keras.tree.flatten(sources)]
        # Within another tape a gradient is a part of what has one itself.
        found = torch.autograd.grad(target.sum(), values, create_graph=self._open > 0)
        return keras.tree.pack_sequence_as(sources, list(found))
