"""Recipes of `tf_models/transformer/vit.py`."""

from tf_models.configs.recipe import ADAM, Recipe

VIT_MNIST = Recipe(
    id="vit-mnist",
    section="transformer",
    title="A small vision transformer reads digits in 16 squares",
    builder="vit",
    model={"input_shape": (16, 49), "classes": 10, "dim": 64, "blocks": 4, "heads": 4, "hidden": 128, "dropout": 0.1},
    dataset="mnist",
    transform={"name": "patches", "size": 7},
    task="classify",
    optimizer="adam",
    learning_rate=1e-3,
    optimizer_options=ADAM,
    batch_size=128,
    epochs=15,
    seed=1,
    parameters=138_826,
    embedded={"epochs": 40, "batch_size": 32},
    notes=("Not among the originals: the worked example of CONTRIBUTING.md.",),
)
