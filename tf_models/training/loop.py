"""What every form of a training loop shares: Keras' `fit` around it, its position, and what is kept of single batches."""

import abc
from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tf_data.errors import TrainingError
from tf_data.pipeline import Batches
from tf_models.training import state

ENDLESS = 10**6  # epochs that a data set reads ahead into, more than anybody asks for


class ByBatch(NamedTuple):
    """Values `(steps, metrics)` float32 of the batches of an epoch from `step` on, each without those before it."""

    epoch: int
    step: int
    values: np.ndarray


class Loop(abc.ABC):
    """Makes steps and knows how far it came.

    Attributes:
        epoch, step: Position after the last call: `step` batches of `epoch` are done.
        block: Number of steps that `fit` asks for at once.
        records_first_steps: Whether `run` can make steps outside of `fit`.
        seconds_before_fit: What the steps of the first epoch that were made before `fit` took.
        followed: Names of the metrics whose value on every single batch is kept: those that take a batch for one, as a
            GAN's losses.
    """

    block = 1
    records_first_steps = True

    def __init__(self, model: keras.Model, batches: Batches):
        self.model, self.batches = model, batches
        self.epoch = self.step = 0
        self.seconds_before_fit = 0.0
        self.followed = [metric.name for metric in getattr(model, "batch_metrics", ())]
        self._kept: list[ByBatch] = []
        self._stream = None

    @abc.abstractmethod
    def run(self, epoch: int, start: int, stop: int) -> dict:
        """Make the steps `start` to `stop` (exclusive) of an epoch.

        Returns:
            The metrics after the last one, by name.

        Raises:
            TrainingError: The metrics are not all finite; it names the first step after which they are not.
        """

    @abc.abstractmethod
    def _data(self) -> tf.data.Dataset:
        """What `fit` iterates over, without end, from the present position on."""

    @abc.abstractmethod
    def _train_function(self, iterator) -> dict:
        """What `fit` calls for each `block` of steps, those before the position at which it began included."""

    @abc.abstractmethod
    def calibrate(self) -> None:
        """Choose `block`; this may train some steps, which the caller undoes.

        The choice changes no result: blocks are the same steps in the same order.
        """

    def start(self, epoch: int, step: int) -> None:
        """Go on at the batch (epoch, step), from what the model holds now."""
        self.epoch, self.step = epoch, step
        self.seconds_before_fit = 0.0
        self._stream = None
        self._kept = []

    def taken(self) -> list["ByBatch"]:
        """What was `followed` since the last call of this or of `start`, in the order of the steps."""
        kept, self._kept = self._kept, []
        return kept

    def settle(self) -> None:  # noqa: B027 - most train the model itself
        """Bring the model to where the training stands, before somebody looks at its weights within an epoch."""

    def fit(
        self,
        epochs: int,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        validation: tf.data.Dataset | None = None,
        verbose: int = 0,
    ) -> None:
        """Train by Keras' `fit` from the present position to the end of the last of `epochs` epochs.

        Raises:
            TrainingError: The metrics are not finite any more.
        """
        if self.epoch >= epochs:
            return
        model = self.model
        model.steps_per_execution = self.block
        model.train_function = self._train_function
        # `fit` adds its own where there is none.
        progress = [_Progress(self.seconds_before_fit)] if verbose else []
        try:
            model.fit(
                self._data(),
                initial_epoch=self.epoch,
                epochs=epochs,
                steps_per_epoch=self.batches.steps,
                shuffle=False,  # what it iterates over comes in its order; the samples are shuffled within
                validation_data=validation,
                callbacks=[_MetricsSoFar(model, self.step > 0), *progress, *callbacks],
                verbose=verbose,
            )
        finally:
            model.steps_per_execution = 1
            model.train_function = model.test_function = None
        self.epoch, self.step = self._next()

    def _next(self) -> tuple[int, int]:
        """The position of the next step."""
        return (self.epoch + 1, 0) if self.step == self.batches.steps else (self.epoch, self.step)

    def _alone(self, step: Callable[[], dict]) -> dict:
        """The metrics after a step; what is followed is kept as it is on the step's batch alone."""
        if not self.followed:
            return step()
        variables = self.model.metrics_variables
        before = [state.copied(variable) for variable in variables]
        self.model.reset_metrics()
        logs = step()
        self._keep(*self._next(), [[float(logs[name]) for name in self.followed]])
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value + variable)
        return self.model.get_metrics_result()

    def _keep(self, epoch: int, step: int, values) -> None:
        if self.followed:
            self._kept.append(ByBatch(epoch, step, np.asarray(values, np.float32)))

    def _moved(self, epoch: int, step: int, finite: bool) -> None:
        self.epoch, self.step = epoch, step
        if not finite:
            raise TrainingError(f"the loss is not finite at epoch {epoch + 1}, step {step} of {self.batches.steps}")


class _MetricsSoFar(keras.callbacks.Callback):
    """Keeps metrics over the beginning of the first epoch, where `fit` resets them, when it is one that goes on midway."""

    def __init__(self, model: keras.Model, midway: bool):
        super().__init__()
        self._values = [(value, state.copied(value)) for value in model.metrics_variables] if midway else []

    def on_epoch_begin(self, epoch, logs=None):
        for variable, value in self._values:
            variable.assign(value)
        self._values = []


class _Progress(keras.callbacks.ProgbarLogger):
    """Keras' own lines, where the first epoch's time has the steps in it that were made before `fit`."""

    def __init__(self, seconds: float):
        super().__init__()
        self._before = seconds

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        self.progbar._start -= self._before
        self._before = 0.0
