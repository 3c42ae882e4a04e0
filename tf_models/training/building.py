"""From a recipe to a model that is ready to train."""

import keras
import numpy as np

from tf_data.dataset import Split
from tf_data.errors import InputError
from tf_data.transforms import first_samples, statistics
from tf_models.recipe import Recipe
from tf_models.seeding import seeded
from tf_models.training import schedules
from tf_models.weight_decay import exempt_from_decay

ADAPTED = 5_000  # samples


def build_model(recipe: Recipe, seed: int | None = None, **arguments) -> keras.Model:
    """The recipe's model, uncompiled. Raises `InputError` for arguments that the builder refuses."""
    with seeded(recipe.seed if seed is None else seed):
        try:
            return recipe.load_builder()(**{**recipe.model, **arguments})
        except (TypeError, ValueError) as error:
            raise InputError(f"{recipe.id}: {error}") from error


def build_optimizer(recipe: Recipe, steps: int | None = None) -> keras.optimizers.Optimizer:
    """The recipe's optimizer, whose weight decay spares biases and batch norms.

    Args:
        recipe: as it is trained.
        steps: batches in an epoch, which a schedule must know.

    Raises:
        InputError: an unknown optimizer or schedule, or options that it refuses.
    """
    rate = schedules.build(recipe, steps) or recipe.learning_rate
    config = {"learning_rate": rate, **recipe.optimizer_options}
    try:
        return exempt_from_decay(keras.optimizers.get({"class_name": recipe.optimizer, "config": config}))
    except (TypeError, ValueError) as error:
        raise InputError(f"optimizer {recipe.optimizer} with {config}: {str(error).splitlines()[0]}") from error


def adapt_layers(model: keras.Model, train: Split) -> None:
    """Show the training samples to the layers that must see them before training begins.

    A `Normalization` layer takes mean and standard deviation of all of them; any other layer with a method `adapt`, as
    `tf_models.layers.PatchWhitening` has it, is given some.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            found = statistics(train)
            layer.adapt_mean.assign(found.mean)
            layer.adapt_variance.assign(np.square(found.sd))
            layer.finalize_state()
        elif hasattr(layer, "adapt"):
            layer.adapt(first_samples(train, ADAPTED))
