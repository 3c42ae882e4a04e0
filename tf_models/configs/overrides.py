"""What is set for one run, by flags and by `--set`: read once, and above all other settings.

The precedence is a recipe's own settings, above them those for the small embedded sample, above both what is set for
the run: `override` takes that out of the sample's settings, `for_source` puts what is left of these in force.
"""

import ast
import inspect
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tf_data import datasets, transform
from tf_data.command import import_tensorflow, nearest
from tf_data.errors import InputError
from tf_models import builders, tasks
from tf_models.configs import schedules
from tf_models.configs.format1 import moved
from tf_models.configs.recipe import ADAM, SETTINGS, Recipe

GROUPS = {
    "model": "model",
    "data": "data",
    "transform": "transform",
    "task": "task_options",
    "optimizer": "optimizer_options",
    "schedule": "schedule",
}
# What these take stands in signatures that come with TensorFlow.
SLOW = ("model", "task", "optimizer")


def for_source(recipe: Recipe, source: str) -> Recipe:
    """The recipe as it is trained on data of this source."""
    return replace(recipe, **recipe.embedded) if source == "embedded" else recipe


def override(recipe: Recipe, settings: Iterable[str] = (), **flags) -> Recipe:
    """The recipe with `key=value` texts applied, whatever the source of its data.

    Keys are `recipe.SETTINGS` and `model.NAME`, `data.NAME`, `transform.NAME`, `task.NAME`, `optimizer.NAME`,
    `schedule.NAME`. Values are Python literals, else text, and must be of the type of what they replace.
    `schedule.name` comes before the other arguments of the schedule that it names; `none` gives a constant rate.
    Another optimizer or schedule begins with its own arguments, not with those of the one that it replaces.

    Args:
        recipe: The recipe to change.
        settings: Texts `key=value`; the last one of a key holds.
        flags: Settings with flags of their own, None for those not given; a text of the same key goes above them.

    Raises:
        InputError: A key is unknown (it names the nearest ones), or a value has the wrong type.
    """
    given = [f"{name}={value}" for name, value in flags.items() if value is not None]
    pairs = [_split(text) for text in (*given, *settings)]
    # What can be checked at once need not wait for TensorFlow.
    for key, text in sorted(pairs, key=lambda pair: pair[0].partition(".")[0] in SLOW and "." in pair[0]):
        recipe = _set(recipe, key, text)
    return recipe


def fine_tuned(recipe: Recipe, weights: str | None, freeze: list[str] | None, rates: list[str] | None) -> Recipe:
    """The recipe that begins with weights of another training; None leaves what it says itself.

    Args:
        recipe: The recipe.
        weights: Path of the weights; the recipe keeps the absolute one.
        freeze: Patterns of layers; see `tf_models.training.pretrained.matching`.
        rates: Texts `pattern=fraction`.

    Raises:
        InputError: There is no such file, or a rate is no fraction.
    """
    changed: dict[str, Any] = {}
    if weights is not None:
        if not Path(weights).exists():
            raise InputError(f"--weights {weights} does not exist")
        changed["weights"] = str(Path(weights).absolute())
    if freeze is not None:
        changed["freeze"] = tuple(freeze)
    if rates is not None:
        changed["rates"] = {}
        for text in rates:
            pattern, _, fraction = text.rpartition("=")
            try:
                changed["rates"][pattern] = float(fraction)
            except ValueError:
                pattern = ""
            if not pattern:
                raise InputError(f"--rate {text}: write LAYERS=FRACTION, for instance stage1=0.1")
    return replace(recipe, **changed)


def _split(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator:
        raise InputError(f"--set {text}: write key=value")
    return key.strip(), value.strip()


def _set(recipe: Recipe, key: str, text: str) -> Recipe:
    if key in SETTINGS:
        small = {name: value for name, value in recipe.embedded.items() if name != key}
        changed = {key: _typed(key, text, getattr(recipe, key))}
        if key == "optimizer" and changed[key] != recipe.optimizer:  # another optimizer has other arguments
            changed["optimizer_options"] = ADAM if changed[key] == "adam" else {}
        return replace(recipe, embedded=small, **changed)
    if now := moved(key, recipe.builder):
        raise InputError(f"--set {key}: it is {now} now")
    group, _, name = key.partition(".")
    if group not in GROUPS or not name:
        raise _unknown(key, [*SETTINGS, *(f"{g}.{n}" for g in GROUPS for n in _stated(recipe, g))])
    arguments = _stated(recipe, group)
    if name not in arguments:
        arguments = _arguments(recipe, group)
    if name not in arguments:
        raise _unknown(key, [f"{group}.{n}" for n in arguments])
    if key == "schedule.name" and text != arguments[name]:  # another schedule has other arguments
        if text.lower() == "none":
            return replace(recipe, schedule={})
        schedules.get(text)
        return replace(recipe, schedule={"name": text})
    values = {**getattr(recipe, GROUPS[group]), name: _typed(key, text, arguments[name])}
    return replace(recipe, **{GROUPS[group]: values})


def _unknown(key: str, known: list[str]) -> InputError:
    return InputError(f"--set {key}: unknown key{nearest(key, known) or '; known: ' + (', '.join(known) or 'none')}")


def _stated(recipe: Recipe, group: str) -> dict[str, Any]:
    """Names and values of a group's arguments as the recipe has them."""
    fixed = "name" if group == "transform" else ""
    return {name: value for name, value in getattr(recipe, GROUPS[group]).items() if name != fixed}


def _arguments(recipe: Recipe, group: str) -> dict[str, Any]:
    """Names and present values of all that a group takes; a signature tells those that the recipe leaves out."""
    stated = _stated(recipe, group)
    if group == "schedule" and not stated:
        return {"name": None}
    parameters = inspect.signature(_function(recipe, group)).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    defaults = {
        p.name: p.default
        for p in parameters
        if p.kind in kinds and p.default is not p.empty and p.name not in ("name", "learning_rate")
    }
    if group == "data":
        defaults["path"] = None  # of the folder itself, which `tf_data.load` takes for every dataset
    return {**defaults, **stated}


def _function(recipe: Recipe, group: str):
    """What takes the arguments of a group."""
    if group == "transform":
        return transform.get(recipe.transform["name"])
    if group == "schedule":
        return schedules.get(recipe.schedule["name"])
    if group == "data":
        dataset = datasets.get(recipe.dataset)
        return dataset.official or dataset.embedded or dataset.generated
    import_tensorflow()
    if group == "model":
        return builders.get(recipe.builder)
    if group == "task":
        return tasks.get(recipe.task)
    import keras

    from tf_models.optimizers import registered_name

    try:
        return type(keras.optimizers.get(registered_name(recipe.optimizer)))
    except ValueError:
        raise InputError(f"unknown optimizer {recipe.optimizer!r}") from None


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
