"""The contract between the trainer and a task."""

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from tf_data.dataset import BaseSplit, Data, Split
from tf_data.errors import InputError
from tf_data.order import Buckets, Order
from tf_data.pipeline import Batches
from tf_data.transform import Transform

SCORED_AT_ONCE = 1000  # samples
SCORED_VALUES = 2**22  # and numbers in them, which keeps the maps of large images in memory


@dataclass(frozen=True)
class About:
    """What a task must know of a dataset, also where its samples are not at hand.

    Attributes:
        name: The dataset's name.
        classes: Label names in the order of their numbers.
        shape: The shape of a stored sample; None where an old run does not say.
        dtype: The type of a stored sample.
    """

    name: str
    classes: tuple[str, ...] = ()
    shape: tuple[int, ...] | None = None
    dtype: str = "uint8"

    @classmethod
    def of(cls, data: Data) -> "About":
        """What is known from loaded data."""
        samples = data.train.samples
        return cls(data.name, tuple(data.classes), tuple(samples.shape[1:]), samples.dtype.name)

    @classmethod
    def of_run(cls, data: Mapping[str, Any]) -> "About":
        """What is known from the entry `data` of a `run.json`."""
        return cls(data["name"], tuple(data["classes"]), tuple(data["shape"]) if "shape" in data else None)


class Task(ABC):
    """What is learned from a batch. Subclasses are made from a recipe's `task_options`, and bound once before use.

    Attributes:
        model: The `keras.Model`.
        transform: Turns stored samples into what the model takes.
        about: What is known of the dataset.
        data: The samples; None where a task only predicts.
        pretrained: With whose weights the model began; see `tf_models.training.pretrained.prepare`.
        vectors: Which word vectors the model's embedding began with, and how many of how many words they had.
        mixes: Whether what `batch` makes of a sample depends on the batch's other ones.
    """

    reference = False  # whether all inputs of a prediction are compared with the first
    mixes = False
    model: keras.Model
    transform: Transform
    about: About
    data: Data | None = None
    vectors: Mapping[str, Any] = MappingProxyType({})
    pretrained: Mapping[str, Any] = MappingProxyType({})

    def bind(self, model: keras.Model, transform: Transform, about: About, data: Data | None = None) -> "Task":
        """The same task for this model, transform and data."""
        bound = copy.copy(self)
        bound.model, bound.transform, bound.about, bound.data = model, transform, about, data
        bound.look()
        return bound

    def on(self, data: Data) -> "Task":
        """The same task with samples at hand, or with the same samples at another place."""
        moved = copy.copy(self)
        moved.data = data
        return moved

    def look(self) -> None:  # noqa: B027 - most have no need to
        """See once what the model takes and gives. The default has no need to."""

    def batch(self, x, y, position) -> tuple:
        """What `train_step` takes, `(x, y)` by default. TensorFlow operations.

        Args:
            x: Transformed samples, `(batch, ...)`.
            y: Targets as stored, or None.
            position: A `tf_data.pipeline.Position`; random choices draw from nothing else.
        """
        return x, y

    def prepare(self, x, y, position) -> tuple:
        """Turn stored samples into a batch for scoring; only what `batch` draws is random."""
        return self.batch(self.transform(x, position), y, position)

    def prepare_training(self, x, y, position) -> tuple:
        """Like `prepare`, with the transform's random changes of training batches."""
        return self.batch(self.transform(x, position, training=True), y, position)

    def prepare_shard(self, x, y, position, shard: tuple[int, int]) -> tuple:
        """Like `prepare_training` of a whole batch, of which the rows of one worker are kept."""
        index, count = shard
        return keras.tree.map_structure(lambda rows: rows[index::count], self.prepare_training(x, y, position))

    def order(self, split: BaseSplit) -> Callable[..., Order] | None:
        """What orders a split's batches, as `Batches` takes it; None leaves it to the split.

        By default texts and sequences of any length come in batches of about equal length.
        """
        lengths = split.samples.lengths
        return None if lengths is None else partial(Buckets, lengths)

    def transformed(self, split: Split, batch_size: int | None = None):
        """A split in its order as a `tf.data.Dataset` of `(x, y)`, transformed; y is None where there are no labels."""
        size = batch_size or scoring_batch(split)
        return Batches(split, size, shuffle=False, prepare=self.with_labels).dataset()

    def outputs(
        self, split: Split, batch_size: int | None = None, change: Callable[[Any], Any] | None = None
    ) -> np.ndarray:
        """The model's outputs on a whole split in its order, float32 `(samples, ...)`.

        Args:
            split: The samples.
            batch_size: How many to score at once; None for `scoring_batch`.
            change: Function of transformed samples whose results the model is given in their place.
        """
        order = self.order(split)
        size = batch_size or scoring_batch(split)
        batches = Batches(split, size, shuffle=False, prepare=self.with_labels, order=order)
        inputs = batches.dataset().map(lambda x, y: x if change is None else change(x))
        found = self.model.predict(inputs, verbose=0).astype(np.float32)
        assert len(found) == len(split), f"scored {len(found)} of {len(split)} samples"
        if order is None:
            return found
        in_order = np.empty_like(found)
        in_order[np.concatenate([batches.order.indices(0, step) for step in range(batches.steps)])] = found
        return in_order

    def with_labels(self, x, y, position) -> tuple:
        """Transformed samples and their targets as stored, whatever `batch` makes of both."""
        return self.transform(x, position), y

    def require_shape(self, wanted: tuple) -> None:
        """Raise `InputError` unless transformed samples fit the `wanted` shape, where None takes any size."""
        for training in (False, True):
            found = self.transform.shape(self.about.shape, self.about.dtype, training)
            if len(wanted) != len(found) or any(a not in (None, b) for a, b in zip(wanted, found, strict=True)):
                raise InputError(
                    f"model {self.model.name} takes samples of {tuple(wanted)}, but {self.about.name} gives {found}; "
                    "set model.input_shape, or transform.resize where the transform has one"
                )

    @abstractmethod
    def compile(self, optimizer: keras.optimizers.Optimizer, jit: bool) -> None:
        """Compile the model with the task's loss and metrics. Raises `InputError` where data and model do not fit."""

    def callbacks(self, run) -> list[keras.callbacks.Callback]:
        """What the task wants to do while `fit` runs, for instance draw samples after an epoch; default nothing.

        Args:
            run: The `RunDirectory`. Whatever is kept there must come out the same after an interruption.
        """
        return []

    @abstractmethod
    def evaluate(self, split: Split, batch_size: int | None = None) -> dict[str, float]:
        """Scores on a whole split, with `samples`, the number they were computed on.

        Args:
            batch_size: Samples that are scored at once; the default depends on their size.
        """

    @abstractmethod
    def describe(self, results: dict[str, float]) -> str:
        """`evaluate`'s scores as one line for people."""

    @property
    def taken(self) -> tuple[int | None, ...]:
        """The shape of a transformed sample. Raises `InputError` where the model takes none."""
        return tuple(self.model.inputs[0].shape[1:])

    def predict(self, inputs: np.ndarray, names: list[str], **options) -> list[dict]:
        """Predictions for samples, a dictionary each, in order, with its name as `input`.

        Args:
            inputs: Samples as `transform.read` gives them.
            names: Names of the inputs in the results.
            options: As `predicts` in the task's entry in `tf_models.tasks.TASKS` declares them.

        Raises:
            InputError: The task predicts nothing, or an option that this model has no use for.
        """
        raise NotImplementedError

    def describe_prediction(self, row: dict, **options) -> str:
        """One of `predict`'s rows as a line for people."""
        text = ", ".join(f"{name} {value:.5g}" for name, value in row.items() if name != "input")
        return f"{row['input']}: {text}"

    def sample(self, count: int, seed: int = 0, label: int | None = None) -> np.ndarray:
        """New images float32 `(count, height, width, channels)`, 0..1. Raises `InputError` where a task draws none."""
        raise InputError(f"model {self.model.name} draws no samples; name inputs instead")

    @abstractmethod
    def figures(self, history: list[dict], folder: Path) -> list[str]:
        """Draw the task's figures into `folder` and return the file names, in the order to read them."""


def scoring_batch(split: Split) -> int:
    """How many samples of a split to score at once."""
    lengths = split.samples.lengths
    longest = 1 if lengths is None else max(1, int(lengths.max(initial=1)))
    values = longest * math.prod(size or 1 for size in split.samples.shape[1:])
    return max(1, min(SCORED_AT_ONCE, SCORED_VALUES // values))
