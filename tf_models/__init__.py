"""Keras models of the topics, and the recipes that train them.

>>> import tf_models
>>> len(tf_models.recipes()) > 0
True
"""

from tf_models.builders import register_builder
from tf_models.configs import recipes, register
from tf_models.configs.recipe import Original, Recipe
from tf_models.keras_import import register_with_keras

__all__ = ["Original", "Recipe", "batches", "build", "load", "recipes", "register", "register_builder"]

register_with_keras()


def build(id: str, seed: int | None = None, **arguments):
    """The recipe's `keras.Model`, uncompiled.

    Args:
        id: Id of a recipe, as `recipes()` lists them.
        seed: Seed of the initial weights and of dropout; default the recipe's own. Equal seeds give equal models.
        arguments: Arguments of the builder in place of the recipe's, for instance `classes=100`.

    Raises:
        InputError: The id is unknown, or the builder does not have such an argument.
    """
    from tf_models.configs import get
    from tf_models.training.building import build_model

    return build_model(get(id), seed=seed, **arguments)


def load(run_dir):
    """The trained `keras.Model` of a run directory. Raises `InputError` where there is none or it is damaged."""
    from tf_models.training.run_directory import RunDirectory

    return RunDirectory.open(run_dir).load_model()


def batches(source, split, batch_size: int, *, shuffle: bool = False, seed: int = 0, epoch: int = 0):
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
    from tf_data.pipeline import Batches
    from tf_models.training.building import task_of

    task = task_of(source)
    prepare = task.prepare_training if shuffle else task.prepare
    return Batches(split, batch_size, seed=seed, shuffle=shuffle, prepare=prepare).dataset(epoch)
