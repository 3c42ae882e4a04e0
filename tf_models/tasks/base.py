"""The contract between the trainer and a task."""

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tf_data.dataset import Data, Split
from tf_data.errors import InputError

SCORED_AT_ONCE = 1000  # samples
SCORED_VALUES = 2**22  # and numbers in them, which keeps the maps of large pictures in memory


def scoring_batch(split: Split) -> int:
    """How many samples of a split to score at once."""
    return max(1, min(SCORED_AT_ONCE, SCORED_VALUES // math.prod(split.x.shape[1:])))


def require_shape(model: keras.Model, wanted: tuple, data: Data, found: tuple) -> None:
    """Raise `InputError` unless samples of shape `found` fit the `wanted` one, where None takes any size."""
    if len(wanted) != len(found) or any(size not in (None, here) for size, here in zip(wanted, found, strict=True)):
        raise InputError(
            f"model {model.name} takes images of {tuple(wanted)}, but {data.name} gives {tuple(found)}; "
            "set model.input_shape, or transform.resize"
        )


class Task:
    """What is learned from a batch. Subclasses are made from a recipe's `task_options`."""

    def prepare(self, x, y, position) -> tuple:
        """Turn stored samples into what `train_step` takes, `(x, y)` by default. TensorFlow operations.

        Args:
            x: samples as stored, `(batch, ...)`; pixels are uint8.
            y: targets or None.
            position: a `tf_data.pipeline.Position`; random changes draw from nothing else.
        """
        raise NotImplementedError

    def prepare_training(self, x, y, position) -> tuple:
        """As `prepare`, for training batches only: what is random happens here."""
        return self.prepare(x, y, position)

    def compile(self, model: keras.Model, optimizer, data: Data, jit: bool) -> None:
        """Compile the model with the task's loss and metrics."""
        raise NotImplementedError

    def callbacks(self, model: keras.Model, data: Data, run) -> list[keras.callbacks.Callback]:
        """What the task wants to do while `fit` runs, for instance draw samples after an epoch; default nothing.

        Args:
            run: the `RunDirectory`. Whatever is kept there must come out the same after an interruption.
        """
        return []

    def study(self, data: Data) -> None:
        """Learn from the training data what `evaluate` needs; called before it. Default: nothing."""

    def evaluate(self, model: keras.Model, split: Split, batch_size: int) -> dict[str, float]:
        """Scores on a whole split, with `samples`, the number they were computed on."""
        raise NotImplementedError

    def describe(self, results: dict[str, float]) -> str:
        """`evaluate`'s scores as one line for people."""
        raise NotImplementedError

    def predict(
        self,
        model: keras.Model,
        inputs: list[Any],
        classes: tuple[str, ...],
        invert: bool = False,
        out: Path | None = None,
        label: int | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> list[dict]:
        """Predictions for what a user names on the command line, a dictionary each, in order.

        Args:
            invert: exchange light and dark of pictures first.
            out: file for the picture that a task makes of them; None for none.
            label: the class of all pictures, for models that are told it.
            shape: of the samples that the model was trained on, as stored. Pictures are first fitted to it, and then
                cropped and scaled as those were; None fits them to the model.

        Raises:
            InputError: an input that cannot be read, or an option that the model has no use for.
        """
        raise NotImplementedError

    def sample(self, model: keras.Model, count: int, seed: int, label: int | None = None) -> np.ndarray:
        """New images float32 `(count, height, width, channels)`, 0..1. Raises `InputError` where a task draws none."""
        raise InputError(f"model {model.name} draws no samples; name inputs instead")

    def figures(self, model: keras.Model, data: Data, history: list[dict], folder: Path) -> list[str]:
        """Draw the task's figures into `folder` and return the file names, in the order to read them."""
        raise NotImplementedError
