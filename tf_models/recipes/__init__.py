"""Every recipe, one module a section or a part of it. Importing this loads no TensorFlow."""

import functools
import json
from importlib import resources

from tf_data.command import nearest
from tf_data.errors import InputError
from tf_models.recipe import Recipe
from tf_models.recipes import (
    autoencoder,
    basic_ml,
    cnn,
    cnn_faces,
    cnn_fast,
    cnn_mobile,
    cnn_zoo,
    gan,
    mechanics,
    metric,
    mlp,
    tricks,
)

SECTIONS = (basic_ml, mlp, cnn, cnn_zoo, cnn_fast, cnn_faces, cnn_mobile, metric, autoencoder, gan, mechanics, tricks)


@functools.cache
def _by_id() -> dict[str, Recipe]:
    every = [recipe for section in SECTIONS for recipe in section.RECIPES]
    by_id = {recipe.id: recipe for recipe in every}
    assert len(by_id) == len(every), "two recipes share an id"
    return by_id


def recipes() -> tuple[Recipe, ...]:
    """Every recipe, in the order of the topics."""
    return tuple(_by_id().values())


def get(id: str) -> Recipe:
    """The recipe of this id. Raises `InputError` naming the nearest ids when there is none."""
    try:
        return _by_id()[id]
    except KeyError:
        raise InputError(f"unknown recipe {id!r}{nearest(id, _by_id())} --list shows all") from None


@functools.cache
def measured() -> dict[str, dict]:
    """Our own results by recipe id, as `python -m benchmarks.results` collected them from run directories."""
    return json.loads(resources.files(__package__).joinpath("measured.json").read_text(encoding="utf-8"))
