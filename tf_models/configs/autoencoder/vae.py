"""Recipes of `tf_models/autoencoder/vae.py`.

Losses of the originals were summed over batches of 128; here they are divided by 128: nats a sample.
"""

from dataclasses import replace

from tf_models.configs.recipe import ADAM, Original, Recipe

PRINTED = "The original prints the loss of its last training batches; ours is that of all test samples."

LINEAR_END = (
    "The original applies leaky ReLU before the last sigmoid, so that dark pixels need inputs around -500; here the "
    "last layer is linear."
)

LABEL_LOSS = (
    "The original's loss also counts how well the decoder repeats the label that it was given; the ELBO here does "
    "not, and `label_loss` shows that part."
)

AE_VAE = Recipe(
    id="ae-vae",
    section="autoencoder",
    title="A dense variational autoencoder with 15 latent dimensions",
    builder="dense_vae",
    model={"input_shape": (28, 28, 1), "hidden": 500, "latent_dim": 15},
    dataset="mnist",
    task="variational",
    optimizer="adam",
    learning_rate=1e-3,
    optimizer_options=ADAM,
    batch_size=128,
    epochs=50,
    seed=0,
    parameters=808_314,
    embedded={"epochs": 60},
    original=Original("pytorch_ipynb/autoencoder/ae-var.ipynb", {"train_loss": 13_272.7 / 128}),
    notes=(PRINTED,),
)

AE_CVAE = replace(
    AE_VAE,
    id="ae-cvae",
    title="A dense conditional variational autoencoder that also repeats its label",
    model={
        "input_shape": (28, 28, 1),
        "hidden": 500,
        "latent_dim": 35,
        "classes": 10,
        "label_output": True,
        "negative_slope": 0.01,
    },
    parameters=853_364,
    original=Original("pytorch_ipynb/autoencoder/ae-cvae.ipynb", {"train_loss": 12_190.8 / 128, "minutes": 6.0}),
    notes=(LABEL_LOSS, PRINTED),
)

AE_CVAE_NO_OUT_CONCAT = replace(
    AE_VAE,
    id="ae-cvae-no-out-concat",
    title="A dense conditional variational autoencoder",
    model={
        "input_shape": (28, 28, 1),
        "hidden": 500,
        "latent_dim": 35,
        "classes": 10,
        "label_output": False,
        "negative_slope": 0.01,
    },
    parameters=848_354,
    original=Original("pytorch_ipynb/autoencoder/ae-cvae_no-out-concat.ipynb", {"train_loss": 12_618.8 / 128}),
    notes=(PRINTED,),
)

AE_CONV_VAE = Recipe(
    id="ae-conv-vae",
    section="autoencoder",
    title="A convolutional variational autoencoder with 15 latent dimensions",
    builder="conv_vae",
    model={"latent_dim": 15},
    dataset="mnist",
    task="variational",
    optimizer="adam",
    learning_rate=1e-3,
    optimizer_options=ADAM,
    batch_size=128,
    epochs=50,
    seed=0,
    parameters=45_887,
    embedded={"epochs": 60},
    original=Original("pytorch_ipynb/autoencoder/ae-conv-var.ipynb", {"train_loss": 13_924.5 / 128, "minutes": 7.01}),
    notes=(LINEAR_END, PRINTED),
)

AE_CONV_CVAE = replace(
    AE_CONV_VAE,
    id="ae-conv-cvae",
    title="A convolutional conditional variational autoencoder that also repeats its label's planes",
    model={"latent_dim": 50, "classes": 10, "label_output": True},
    parameters=86_927,
    original=Original("pytorch_ipynb/autoencoder/ae-cnn-cvae.ipynb", {"train_loss": 22_728.8 / 128, "minutes": 7.85}),
    notes=(LINEAR_END, LABEL_LOSS, PRINTED),
)

AE_CONV_CVAE_NO_OUT_CONCAT = replace(
    AE_CONV_VAE,
    id="ae-conv-cvae-no-out-concat",
    title="A convolutional conditional variational autoencoder",
    model={"latent_dim": 50, "classes": 10},
    parameters=81_157,
    original=Original(
        "pytorch_ipynb/autoencoder/ae-cnn-cvae_no-out-concat.ipynb", {"train_loss": 13_997.9 / 128, "minutes": 7.33}
    ),
    notes=(LINEAR_END, PRINTED),
)
