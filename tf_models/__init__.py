"""Keras models of the topics, and the recipes that train them.

>>> import tf_models
>>> len(tf_models.recipes()) > 0
True
"""

from tf_models.keras_import import register_with_keras
from tf_models.recipe import Recipe
from tf_models.recipes import recipes

__all__ = ["Recipe", "build", "load", "recipes"]

register_with_keras()


def build(id: str, seed: int | None = None, **arguments):
    """The recipe's `keras.Model`, uncompiled.

    Args:
        id: a recipe's id, as `recipes()` lists them.
        seed: of the initial weights and of dropout; default the recipe's own. Equal seeds give equal models.
        arguments: replace arguments of the recipe's builder, for instance `classes=100`.

    Raises:
        InputError: an unknown id, or an argument that the builder does not have.
    """
    from tf_models.recipes import get
    from tf_models.training.building import build_model

    return build_model(get(id), seed=seed, **arguments)


def load(run_dir):
    """The trained `keras.Model` of a run directory. Raises `InputError` where there is none or it is damaged."""
    from tf_models.training.run_directory import RunDirectory

    return RunDirectory.open(run_dir).load_model()
