"""Recipes of `tf_models/autoencoder/deep.py`."""

from tf_models.configs.recipe import ADAM, Original, Recipe

AE_NNEIGHBOR_CELEBA = Recipe(
    id="ae-nneighbor-celeba",
    section="autoencoder",
    title="A deep convolutional autoencoder of faces, 128x128, with a code of 1,000",
    builder="deep_autoencoder",
    model={"input_shape": (128, 128, 3), "filters": (32, 64, 128, 256, 512), "latent_dim": 1000},
    dataset="celeba",
    # What the originals do to the aligned faces of 218x178 pixels.
    transform={"name": "image", "crop": 178, "resize": 128},
    task="reconstruct",
    task_options={"loss": "squared-error"},
    optimizer="adam",
    learning_rate=1e-4,
    optimizer_options=ADAM,
    batch_size=128,
    epochs=20,
    seed=123,
    parameters=21_971_243,
    original=Original("pytorch_ipynb/autoencoder/ae-conv-nneighbor-celeba.ipynb"),
    notes=("The original prints no losses and shows training images; here scores and figures are of test images.",),
)
