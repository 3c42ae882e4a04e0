"""From a recipe to a model that is ready to train."""

import keras
import numpy as np

from tf_data.dataset import Split
from tf_data.errors import InputError
from tf_data.transforms import statistics
from tf_models.recipe import Recipe
from tf_models.seeding import seeded


def build_model(recipe: Recipe, seed: int | None = None, **arguments) -> keras.Model:
    """The recipe's model, uncompiled. Raises `InputError` for arguments that the builder refuses."""
    with seeded(recipe.seed if seed is None else seed):
        try:
            return recipe.load_builder()(**{**recipe.model, **arguments})
        except (TypeError, ValueError) as error:
            raise InputError(f"{recipe.id}: {error}") from error


def build_optimizer(recipe: Recipe) -> keras.optimizers.Optimizer:
    """The recipe's optimizer. Raises `InputError` for an unknown one or options it refuses."""
    config = {"learning_rate": recipe.learning_rate, **recipe.optimizer_options}
    try:
        return keras.optimizers.get({"class_name": recipe.optimizer, "config": config})
    except (TypeError, ValueError) as error:
        raise InputError(f"optimizer {recipe.optimizer} with {config}: {str(error).splitlines()[0]}") from error


def adapt_normalization(model: keras.Model, train: Split) -> None:
    """Give the model's first `Normalization` layer mean and standard deviation of the training samples."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            found = statistics(train)
            layer.adapt_mean.assign(found.mean)
            layer.adapt_variance.assign(np.square(found.sd))
            layer.finalize_state()
            return
