"""Every recipe trains in 16 bits: a step moves the weights as one of 32 bits does, by losses that are scaled."""

import backends
import divided
import numpy as np
import pytest
from runs import first_of_each

import tf_models
from tf_models.configs.overrides import override
from tf_models.training import building
from tf_models.training.options import Options

# How far a step's movement may be from that in 32 bits, as a fraction of its length.
CLOSE = {"mixed_float16": 0.1, "mixed_bfloat16": 0.5}
OWN_STEPS = ("perceptron", "backprop_mlp")  # written by hand, beside those of a task
RECIPES = sorted(tf_models.recipes(), key=lambda recipe: recipe.parameters)


def kind(recipe) -> tuple:
    """What is in every run: each kind of step, of loss, and of what a model ends in."""
    return recipe.task, recipe.model.get("head"), recipe.builder if recipe.builder in OWN_STEPS else ""


def step(id: str, precision: str) -> tuple[np.ndarray, np.ndarray]:
    """How far one step of plain gradient descent moves all that learns, and its losses."""
    recipe = override(divided.small(id), ["optimizer=sgd"])
    recipe, _, data = backends.prepared(recipe, 2 * backends.BATCH)
    task = building.build(recipe, Options(quiet=True, precision=precision, jit="off"), data)
    model = task.model
    backends.without_dropout(model)
    for optimizer in {model.optimizer, getattr(model, "discriminator_optimizer", model.optimizer)}:
        if hasattr(optimizer, "initial_scale"):
            optimizer.initial_scale = 16.0  # its own is too large for sums over pixels, and leaves such a step out
    before = [weight.numpy() for weight in model.trainable_variables]
    with backends.same_draws():
        batch = next(iter(building.training_batches(recipe, task).host_dataset(0, 0, 1000)))
        logs = model.train_on_batch(*batch, return_dict=True)
    moved = [(weight.numpy() - old).ravel() for weight, old in zip(model.trainable_variables, before, strict=True)]
    return np.concatenate(moved), np.array([value for name, value in sorted(logs.items()) if "loss" in name])


@pytest.mark.parametrize("precision", CLOSE)
@pytest.mark.parametrize("recipe", first_of_each(RECIPES, kind))
def test_a_step_in_16_bits_moves_weights_as_one_in_32_does(recipe, precision):
    (moved, losses), (expected, right) = step(recipe.id, precision), step(recipe.id, "float32")
    assert np.linalg.norm(expected) > 0
    assert np.linalg.norm(moved - expected) < CLOSE[precision] * np.linalg.norm(expected)
    np.testing.assert_allclose(losses, right, rtol=CLOSE[precision], atol=CLOSE[precision])
