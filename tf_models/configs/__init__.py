"""Recipes: one file for each file of builders, and the doors to them. Importing this loads no TensorFlow."""

import functools
import importlib
import json
from importlib import resources

from tf_data.command import nearest
from tf_data.errors import InputError
from tf_models import builders
from tf_models.configs import topics
from tf_models.configs.recipe import Recipe

_registered: dict[str, Recipe] = {}


def recipes() -> tuple[Recipe, ...]:
    """Every recipe, in the order of the topics, and then those that were registered."""
    return (*map(get, topics.RECIPES), *_registered.values())


def get(id: str) -> Recipe:
    """The recipe of this id.

    Raises:
        InputError: There is no such recipe; it names the nearest ids, or the command of a topic without training.
    """
    if id in topics.RECIPES:
        return _of_file(topics.RECIPES[id])[id]
    if id in _registered:
        return _registered[id]
    if id in topics.OTHERS:
        raise InputError(f"{id} {topics.OTHERS[id].says}")
    known = (*topics.RECIPES, *topics.OTHERS, *_registered)
    raise InputError(f"unknown recipe {id!r}{nearest(id, known)} --list shows all")


def register(recipe: Recipe) -> None:
    """Make a recipe of your own known by its id, to `recipes`, `build` and the trainer.

    Raises:
        InputError: The id is taken, or its builder is not known; see `tf_models.register_builder`.
    """
    if recipe.id in topics.RECIPES or recipe.id in topics.OTHERS or recipe.id in _registered:
        raise InputError(f"there is a topic {recipe.id!r} already; choose another id")
    builders.require(recipe.builder)
    _registered[recipe.id] = recipe


@functools.cache
def measured() -> dict[str, dict]:
    """Our own results by recipe id, as `python -m benchmarks results` collected them from run directories."""
    return json.loads(resources.files(__package__).joinpath("measured.json").read_text(encoding="utf-8"))


@functools.cache
def _of_file(name: str) -> dict[str, Recipe]:
    module = importlib.import_module(f"{__package__}.{name}")
    return {value.id: value for value in vars(module).values() if isinstance(value, Recipe)}
