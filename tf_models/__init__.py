"""Keras models of the topics, and the recipes that train them.

>>> import tf_models
>>> len(tf_models.recipes()) > 0
True
"""

import importlib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from tf_models.builders import register_builder
from tf_models.configs import recipes, register
from tf_models.configs.recipe import Original, Recipe
from tf_models.keras_import import register_with_keras

if TYPE_CHECKING:
    from os import PathLike

    import keras
    import tensorflow as tf

    from tf_data.dataset import BaseSplit
    from tf_data.epochs import Epochs

__all__ = [
    "Original",
    "Recipe",
    "batches",
    "build",
    "epochs",
    "list_models",
    "load",
    "recipes",
    "register",
    "register_builder",
]
# Found by name when somebody asks for them: most load Keras.
SUBPACKAGES = (
    "autoencoder",
    "basic_ml",
    "cnn",
    "gan",
    "layers",
    "losses",
    "metric",
    "metrics",
    "mlp",
    "optimizers",
    "ordinal",
    "rnn",
    "schedules",
    "tasks",
    "transformer",
)

register_with_keras()


def __getattr__(name: str):
    if name in SUBPACKAGES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *SUBPACKAGES])


def list_models(*patterns: str) -> list[str]:
    """Ids of recipes, as `build` and `train` take them.

    Args:
        patterns: As file names are matched, for instance `"*resnet*"`; a recipe that any of them matches is listed. A
            pattern may also be of the dataset or of the builder. None lists all.

    >>> list_models("cnn-vgg*", "svhn")
    ['cnn-vgg16-cifar10', 'cnn-vgg19-cifar10', 'cnn-vgg16-cifar10-fast', 'cnn-vgg16-celeba', 'cnn-vgg16-celeba-small']
    """

    def matches(recipe: Recipe) -> bool:
        names = (recipe.id, recipe.dataset, recipe.builder)
        return any(fnmatchcase(name, pattern) for pattern in patterns for name in names)

    return [recipe.id for recipe in recipes() if not patterns or matches(recipe)]


def build(id: str, seed: int | None = None, **arguments) -> "keras.Model":
    """The recipe's `keras.Model`, uncompiled.

    Args:
        id: Id of a recipe, as `recipes()` lists them.
        seed: Seed of the initial weights and of dropout; default the recipe's own. Equal seeds give equal models.
        arguments: Arguments of the builder in place of the recipe's, for instance `classes=100`.

    Raises:
        InputError: The id is unknown, the seed is no whole number from 0 on, or the builder has no such argument; it
            names those that there are.
    """
    from tf_models.configs import get
    from tf_models.training.building import build_model

    return build_model(get(id), seed=seed, **arguments)


def load(run_dir: "str | PathLike") -> "keras.Model":
    """The trained `keras.Model` of a run directory. Raises `InputError` where there is none or it is damaged."""
    from tf_models.training.run_directory import RunDirectory

    return RunDirectory.open(run_dir).load_model()


def batches(
    source: "str | PathLike",
    split: "BaseSplit",
    batch_size: int,
    *,
    shuffle: bool = False,
    seed: int = 0,
    epoch: int = 0,
) -> "tf.data.Dataset":
    """A split's batches as the model of a run, or of a recipe, takes them: `tf_models.load(run).evaluate(...)` scores them.

    The whole transform is in them: crop, size, scale, and what a run's transform learned.

    Args:
        source: A run directory, or a recipe's id.
        split: For instance `tf_data.load("mnist").test`.
        batch_size: Samples in a batch; the last batch may be smaller.
        shuffle: Whether to take the order of training, with its random changes of samples.
        seed: Seed of that order and of those changes.
        epoch: Which epoch's order it is.

    Returns:
        A `tf.data.Dataset` of inputs and targets.

    Raises:
        InputError: There is no such run or recipe, or the recipe's transform has to learn first.
    """
    return _batches(source, split, batch_size, shuffle, seed).dataset(epoch)


def epochs(source: "str | PathLike", split: "BaseSplit", batch_size: int, *, seed: int = 0, epoch: int = 0) -> "Epochs":
    """A split's batches for `fit(epochs=n)` as the model of a run, or of a recipe, takes them.

    Each epoch has an order and random changes of samples of its own; `len` of it are `fit`'s steps.

    Args:
        source, split, batch_size, seed: As in `batches`.
        epoch: The first epoch.

    Raises:
        InputError: As `batches` does.
    """
    from tf_data.epochs import Epochs

    return Epochs(_batches(source, split, batch_size, True, seed), epoch)


def _batches(source, split, batch_size: int, shuffle: bool, seed: int):
    from tf_data.pipeline import Batches
    from tf_models.training.building import task_of

    task = task_of(source)
    prepare = task.prepare_training if shuffle else task.prepare
    return Batches(split, batch_size, seed=seed, shuffle=shuffle, prepare=prepare)
