"""Training on Keras' other backends, JAX and PyTorch: their own steps, on the same batches, with the same checkpoints.

Samples come from TensorFlow's input pipeline all the same. What tasks score and draw is theirs on TensorFlow, so a
process of its own does that with the saved model, which knows no backend (`tf_models.training.finishing`).
"""

import os
import subprocess
import sys

import keras
import numpy as np
import tensorflow as tf

from tf_data.errors import InputError, TrainingError
from tf_data.pipeline import Batches
from tf_models.training.loop import ENDLESS, Loop
from tf_models.training.run_directory import RunDirectory


class BackendLoop(Loop):
    """The train function of Keras' present backend, a step a call."""

    records_first_steps = False  # there is no step outside of Keras' `fit`

    def __init__(self, model: keras.Model, batches: Batches):
        super().__init__(model, batches)
        # Creates the metrics' variables, which a checkpoint sets before the first step.
        first = next(iter(batches.host_dataset()))
        model._symbolic_build(data_batch=tf.nest.map_structure(lambda part: part.numpy(), first))
        model.make_train_function(force=True)
        self._step, model.train_function = model.train_function, None
        self._passed = 0  # steps of the first epoch that were made before this loop began

    def calibrate(self) -> None:
        """There is no choice: `block` is 1."""

    def run(self, epoch: int, start: int, stop: int) -> dict:
        raise NotImplementedError("the steps of other backends are made within fit")

    def settle(self) -> None:
        if hasattr(self.model, "jax_state_sync"):  # on JAX `fit` holds the state, and the model none
            self.model.jax_state_sync()

    def _data(self) -> tf.data.Dataset:
        # From the beginning of the epoch: PyTorch's `fit` reads what belongs to the steps that are passed over.
        epoch, self._passed = self._next()
        return self.batches.host_dataset(epoch, 0, ENDLESS)

    def _train_function(self, *arguments):
        stateful = keras.backend.backend() == "jax"  # takes the state and an iterator, and gives a new state besides
        if self._passed:
            self._passed -= 1
            if not stateful:
                return {}
            next(arguments[1])
            return {}, arguments[0]
        if distribution := keras.distribution.distribution():
            arguments = arguments[0], map(distribution.divided, arguments[1])
        # What is followed has no form on JAX, whose `fit` holds the metrics: there a GAN does not train.
        found = self._step(*arguments) if stateful else self._alone(lambda: self._step(*arguments))
        epoch, step = self._next()
        logs = found[0] if stateful else found
        self._moved(epoch, step + 1, all(np.isfinite(float(value)) for value in logs.values()))
        return found


def require(backend: str) -> None:
    """Raise `InputError` unless this is the backend that Keras runs on."""
    if keras.backend.backend() != backend:
        raise InputError(
            f"training needs KERAS_BACKEND={backend}, not {keras.backend.backend()}; set it, or start a new process"
        )


def finish_on_tensorflow(run_directory: RunDirectory) -> None:
    """Have another process score a saved model, draw its figures and write the report.

    Raises:
        TrainingError: It failed; it has said why.
    """
    command = [sys.executable, "-m", "tf_models.training.finishing", str(run_directory.path)]
    sys.stdout.flush()
    done = subprocess.run(command, env={**os.environ, "KERAS_BACKEND": "tensorflow"})
    if done.returncode:
        raise TrainingError(f"{run_directory.path} has been trained, but scoring it failed; see above")
    run_directory.info = RunDirectory.open(run_directory.path).info
