"""Models that are ready to train, built from recipes."""

import inspect
from collections.abc import Callable, Iterable
from pathlib import Path

import keras
import numpy as np

from tf_data import datasets
from tf_data.dataset import Split
from tf_data.errors import InputError
from tf_data.order import require_seed
from tf_data.statistics import statistics
from tf_data.transform import Transform, make
from tf_models import builders, tasks
from tf_models.configs import get, recipes, schedules
from tf_models.configs.recipe import Recipe
from tf_models.seeding import seeded
from tf_models.tasks.base import About, Task
from tf_models.training.run_directory import RunDirectory
from tf_models.weight_decay import exempt_from_decay


def build_model(recipe: Recipe, seed: int | None = None, **arguments) -> keras.Model:
    """The recipe's model, uncompiled. Raises `InputError` for arguments that the builder refuses."""
    seed = recipe.seed if seed is None else seed
    require_seed(seed)
    builder = builders.get(recipe.builder)
    _require_known(recipe, builder, arguments)
    with seeded(seed):
        try:
            return builder(**{**recipe.model, **arguments})
        except (TypeError, ValueError) as error:
            raise InputError(f"{recipe.id}: {error}") from error


def _require_known(recipe: Recipe, builder: Callable, arguments: Iterable[str]) -> None:
    """Raise `InputError`, naming those that there are, for arguments that a builder does not have."""
    parameters = inspect.signature(builder).parameters.values()
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return  # it says itself what it takes, as what it passes them to does
    known = [parameter.name for parameter in parameters]
    for name in (*recipe.model, *arguments):
        if name not in known:
            raise InputError(f"{recipe.id}: {recipe.builder} takes no {name!r}, only {', '.join(known)}")


def load_task(run: RunDirectory) -> Task:
    """A run's task, bound to its trained model and to what its transform learned; it has no data.

    Raises:
        InputError: The model, or what the transform learned, is missing or damaged.
    """
    return tasks.make(run.recipe).bind(run.load_model(), run.load_transform(), About.of_run(run.info["data"]))


def task_of(source: str | Path) -> Task:
    """The task of a run directory, with its trained model, or of a recipe's id, with a new one.

    Raises:
        InputError: There is neither a run nor a recipe of this name.
    """
    if str(source) not in {recipe.id for recipe in recipes()}:
        return load_task(RunDirectory.open(source))
    recipe = get(str(source))
    about = About(recipe.dataset, datasets.get(recipe.dataset).classes)
    return tasks.make(recipe).bind(build_model(recipe), make(recipe.transform), about)


def build_optimizer(recipe: Recipe, steps: int | None = None) -> keras.optimizers.Optimizer:
    """The recipe's optimizer, whose weight decay spares biases and batch norms.

    Args:
        recipe: The recipe, with all that is set for this run.
        steps: Batches in an epoch, which a schedule must know.

    Raises:
        InputError: Optimizer or schedule are unknown, or refuse their options.
    """
    rate = schedules.build(recipe, steps) or recipe.learning_rate
    config = {"learning_rate": rate, **recipe.optimizer_options}
    try:
        return exempt_from_decay(keras.optimizers.get({"class_name": recipe.optimizer, "config": config}))
    except (TypeError, ValueError) as error:
        raise InputError(f"optimizer {recipe.optimizer} with {config}: {str(error).splitlines()[0]}") from error


def adapt_layers(model: keras.Model, train: Split, transform: Transform) -> None:
    """Show the training samples to the layers that must see them before training begins.

    A `Normalization` layer takes mean and standard deviation of all of them. Any other layer with a method `adapt` is
    given what the model takes of the first `adapt_samples`, an attribute of the layer, or of all where it has none.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            found = statistics(train)
            layer.adapt_mean.assign(found.mean)
            layer.adapt_variance.assign(np.square(found.sd))
            layer.finalize_state()
        elif hasattr(layer, "adapt"):
            count = min(getattr(layer, "adapt_samples", len(train)), len(train))
            layer.adapt(np.asarray(transform(train.samples.read(np.arange(count)))))
