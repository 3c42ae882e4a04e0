"""A recipe: one topic ready to run, as data. Nothing here imports TensorFlow."""

import ast
import importlib
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tf_data.command import nearest
from tf_data.errors import InputError

GROUPS = {
    "model": "model",
    "data": "data",
    "task": "task_options",
    "transform": "transform",
    "optimizer": "optimizer_options",
    "schedule": "schedule",
}
SETTINGS = ("optimizer", "learning_rate", "batch_size", "epochs", "seed", "validation", "storage")
STORAGES = ("memory", "npz", "hdf5", "tfrecord", "images")


@dataclass(frozen=True)
class Original:
    """What the original notebook printed.

    Attributes:
        notebook: its path in the original collection.
        results: `test_accuracy` and the like, as fractions; `minutes` on the original's GPU.
        footnote: what is wrong with the figure that the original's own table gives.
    """

    notebook: str
    results: Mapping[str, float] = field(default_factory=dict)
    footnote: str = ""


@dataclass(frozen=True)
class Recipe:
    """Builder x dataset x task x settings, with the original's result.

    Attributes:
        id: the topic's id; variants append a word.
        section: the topic family, as the package below `tf_models` is called.
        title: one line for people.
        builder: `module:function` that returns the `keras.Model`.
        model: arguments of the builder.
        dataset: a name that `tf_data.load` knows.
        data: options of the dataset's reader.
        task: a name that `tf_models.tasks.get` knows.
        task_options: arguments of the task.
        optimizer: a name that `keras.optimizers.get` knows.
        learning_rate: a positive number; with a schedule, the highest rate.
        optimizer_options: further arguments of the optimizer.
        schedule: `name`, one that `tf_models.training.schedules` knows, and its arguments, lengths in epochs; empty for
            a constant rate.
        batch_size, epochs: of training.
        seed: decides initial weights, order, dropout and every other draw.
        validation: samples held out from the end of the training split; 0 for none.
        storage: `memory`, or the format that the samples are converted to in the run directory and trained from.
        parameters: trainable parameters that the model must have.
        embedded: settings that differ on the small embedded sample.
        original: what the notebook printed; None for a topic of our own.
        notes: what the original did wrong and how it is done here; what differs and why.
    """

    id: str
    section: str
    title: str
    builder: str
    model: Mapping[str, Any]
    dataset: str
    task: str
    optimizer: str
    learning_rate: float
    batch_size: int
    epochs: int
    seed: int
    parameters: int
    data: Mapping[str, Any] = field(default_factory=dict)
    task_options: Mapping[str, Any] = field(default_factory=dict)
    optimizer_options: Mapping[str, Any] = field(default_factory=dict)
    schedule: Mapping[str, Any] = field(default_factory=dict)
    validation: int = 0
    storage: str = "memory"
    embedded: Mapping[str, Any] = field(default_factory=dict)
    original: Original | None = None
    notes: tuple[str, ...] = ()
    transform: Mapping[str, Any] = field(default_factory=lambda: {"name": "image"})

    def __post_init__(self):
        moved = {k: v for k, v in self.task_options.items() if k in ("crop", "resize", "augment")}
        if moved:
            object.__setattr__(self, "transform", {**self.transform, **moved})
            object.__setattr__(self, "task_options", {k: v for k, v in self.task_options.items() if k not in moved})
        if self.task == "generate":
            object.__setattr__(self, "transform", {**self.transform, "value_range": (-1.0, 1.0)})
        if self.dataset in ("toy-2d", "iris"):
            object.__setattr__(self, "transform", {"name": "features"})
        for name, low in {"batch_size": 1, "epochs": 1, "seed": 0, "validation": 0}.items():
            if getattr(self, name) < low:
                raise InputError(f"{name} must be at least {low}, not {getattr(self, name)}")
        if self.storage not in STORAGES:
            raise InputError(f"storage must be one of {', '.join(STORAGES)}, not {self.storage!r}")
        if not self.learning_rate > 0:
            raise InputError(f"learning_rate must be positive, not {self.learning_rate}")

    def as_dict(self) -> dict:
        """Plain dictionaries and lists, ready for JSON; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping) -> "Recipe":
        """The recipe that `as_dict` described, after a way through JSON."""
        values = {name: _tuples(value) for name, value in values.items()}
        original = values.get("original")
        try:
            return cls(**{**values, "original": Original(**original) if original else None})
        except TypeError as error:
            raise InputError(f"not a recipe of this version: {error}") from None

    def for_source(self, source: str) -> "Recipe":
        """The recipe with its settings for this source of data."""
        return replace(self, **self.embedded) if source == "embedded" else self

    def load_builder(self):
        """Import and return the builder function."""
        module, function = self.builder.split(":")
        return getattr(importlib.import_module(module), function)

    def override(self, assignments: Iterable[str]) -> "Recipe":
        """The recipe with `key=value` texts applied.

        Keys are the settings of `SETTINGS` and `model.NAME`, `data.NAME`, `task.NAME`, `optimizer.NAME`,
        `schedule.NAME`. Values are Python literals, else text, and must be of the type of what they replace.
        `schedule.name` comes before the other arguments of the schedule that it names; `none` gives a constant rate.

        Raises:
            InputError: an unknown key (the nearest are named), or a value of the wrong type.
        """
        recipe = self
        for assignment in assignments:
            key, separator, text = assignment.partition("=")
            if not separator:
                raise InputError(f"--set {assignment}: write key=value")
            recipe = recipe._set(key.strip(), text.strip())
        return recipe

    def _set(self, key: str, text: str) -> "Recipe":
        if key in SETTINGS:
            # What is said for a run holds whatever the source of the data.
            small = {name: value for name, value in self.embedded.items() if name != key}
            return replace(self, embedded=small, **{key: _typed(key, text, getattr(self, key))})
        group, _, name = key.partition(".")
        arguments = self._arguments(group) if name and group in GROUPS else {}
        if name not in arguments:
            known = [*SETTINGS, *(f"{g}.{n}" for g in GROUPS for n in self._arguments(g))]
            raise InputError(f"--set {key}: unknown key{nearest(key, known) or '; known: ' + ', '.join(known)}")
        if key == "schedule.name" and text != arguments[name]:  # another schedule has other arguments
            return replace(self, schedule={} if text.lower() == "none" else {"name": text})
        values = {**getattr(self, GROUPS[group]), name: _typed(key, text, arguments[name])}
        return replace(self, **{GROUPS[group]: values})

    def _arguments(self, group: str) -> dict[str, Any]:
        """Names and present values of what a group takes; only a signature tells those the recipe leaves out."""
        stated = dict(getattr(self, GROUPS[group]))
        if group == "model":
            function = self.load_builder()
        elif group == "task":
            from tf_models.tasks import get

            function = get(self.task)
        elif group == "transform":
            from tf_data.transform import get

            function = get(self.transform["name"])
        elif group == "data":
            from tf_data.datasets import get

            dataset = get(self.dataset)
            function = dataset.official or dataset.embedded or dataset.generated
        elif group == "schedule":
            if not stated:
                return {"name": None}
            from tf_models.training.schedules import get

            function = get(stated["name"])
        else:
            import keras

            function = type(keras.optimizers.get(self.optimizer))
        kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        parameters = inspect.signature(function).parameters.values()
        defaults = {
            p.name: p.default
            for p in parameters
            if p.kind in kinds and p.default is not p.empty and p.name not in ("name", "learning_rate")
        }
        if group == "data":
            defaults["path"] = None  # of the folder itself, which `tf_data.load` takes for every dataset
        return {**defaults, **stated}


def _typed(key: str, text: str, present: Any) -> Any:
    """`text` as a value of the type of `present`."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = {"true": True, "false": False, "none": None}.get(text.lower(), text)
    if isinstance(present, bool) or isinstance(value, bool):
        fits = isinstance(value, bool) and isinstance(present, (bool, type(None)))
    elif isinstance(present, float):
        fits = isinstance(value, (int, float))
        value = float(value) if fits else value
    elif isinstance(present, tuple):
        value = tuple(value) if isinstance(value, (list, tuple)) else (value,)
        fits = not present or all(isinstance(item, type(present[0])) for item in value)
    elif isinstance(present, str):
        value, fits = text.strip("'\""), True
    else:
        fits = present is None or isinstance(value, type(present))
    if not fits:
        raise InputError(f"--set {key}={text}: expected {type(present).__name__} like {present!r}")
    return value


def _tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return value
