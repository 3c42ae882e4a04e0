"""Recipes of `tf_models/autoencoder/dense.py`."""

from dataclasses import replace

from tf_models.configs.recipe import ADAM, Original, Recipe

PRINTED = "The original prints the loss of its last training batches; ours is that of all test samples."

AE_BASIC = Recipe(
    id="ae-basic",
    section="autoencoder",
    title="An autoencoder of two dense layers, 784-32-784",
    builder="dense_autoencoder",
    model={"input_shape": (28, 28, 1), "latent_dim": 32, "activation": "leaky_relu", "initializer": "normal"},
    dataset="mnist",
    task="reconstruct",
    task_options={"loss": "cross-entropy"},
    optimizer="adam",
    learning_rate=5e-3,
    optimizer_options=ADAM,
    batch_size=256,
    epochs=5,
    seed=123,
    parameters=50_992,
    embedded={"epochs": 30, "batch_size": 64},
    original=Original("pytorch_ipynb/autoencoder/ae-basic.ipynb", {"train_loss": 0.0935, "minutes": 0.52}),
    notes=(
        "The original initialises the encoder twice and the decoder never; here both start from N(0, 0.1).",
        PRINTED,
    ),
)

AE_BASIC_TF1 = replace(
    AE_BASIC,
    id="ae-basic-tf1",
    title="ae-basic with the TensorFlow 1 notebook's settings",
    model={"input_shape": (28, 28, 1), "latent_dim": 32, "activation": "relu", "initializer": "truncated_normal"},
    learning_rate=0.01,
    batch_size=128,
    original=Original("tensorflow1_ipynb/autoencoder/ae-basic.ipynb", {"train_loss": 0.107}),
    notes=(PRINTED,),
)
