"""Recipes of `tf_models/gan/conv.py`."""

from dataclasses import replace

from tf_models.configs.recipe import ADAM, Original, Recipe

ORDER = (
    "The original updates the generator first; here the discriminator comes first, and the generator learns from "
    "what it then says of the same images."
)

GAN_CONV_MNIST = Recipe(
    id="gan-conv-mnist",
    section="gan",
    title="A GAN of convolutions",
    builder="conv_gan",
    model={"latent_dim": 100, "filters": (8, 32), "negative_slope": 1e-4},
    dataset="mnist",
    transform={"name": "image", "value_range": (-1.0, 1.0)},
    task="generate",
    optimizer="adam",
    learning_rate=1e-4,
    optimizer_options=ADAM,
    batch_size=128,
    epochs=100,
    seed=123,
    parameters=348_233,
    original=Original(
        "pytorch_ipynb/gan/gan-conv.ipynb",
        {"train_generator_loss": 0.6977, "train_discriminator_loss": 0.698, "minutes": 11.18},
    ),
    notes=(ORDER,),
)

GAN_CONV_LABEL_SMOOTHING = replace(
    GAN_CONV_MNIST,
    id="gan-conv-label-smoothing",
    title="gan-conv-mnist with one-sided label smoothing (Salimans et al. 2016)",
    model={"latent_dim": 100, "filters": (8, 32), "negative_slope": 1e-4, "label_smoothing": 0.1},
    original=Original(
        "pytorch_ipynb/gan/gan-conv-smoothing.ipynb",
        {"train_generator_loss": 0.7863, "train_discriminator_loss": 0.6857, "minutes": 11.2},
    ),
    notes=(ORDER, "The original also smooths the generator's targets; here only the discriminator's real ones."),
)

GAN_WGAN_CONV_MNIST = replace(
    GAN_CONV_MNIST,
    id="gan-wgan-conv-mnist",
    title="A Wasserstein GAN of convolutions, weights clipped",
    model={
        "latent_dim": 100,
        "filters": (8, 16, 32),
        "negative_slope": 1e-4,
        "objective": "wasserstein",
        "critic_steps": 5,
        "clip": 0.01,
    },
    optimizer="rmsprop",
    learning_rate=5e-5,
    # PyTorch's constants; it adds 1e-8 to the root, Keras adds its epsilon below it.
    optimizer_options={"rho": 0.99, "epsilon": 1e-16},
    parameters=350_665,
    original=Original("pytorch_ipynb/gan/dc-wgan-1.ipynb", {"minutes": 39.57}),
    notes=("The original's five critic updates reuse one batch of fakes; here each has its own.",),
)

GAN_DCGAN_CELEBA = Recipe(
    id="gan-dcgan-celeba",
    section="gan",
    title="DCGAN: faces of 64x64 (Radford et al. 2015)",
    builder="dcgan",
    model={"latent_dim": 100, "filters": 64, "negative_slope": 0.2},
    dataset="celeba",
    transform={"name": "image", "crop": 178, "resize": 64, "augment": {"zoom": 0.05}, "value_range": (-1.0, 1.0)},
    task="generate",
    optimizer="adam",
    learning_rate=2e-4,
    optimizer_options={"beta_1": 0.5, "epsilon": 1e-8},
    batch_size=128,
    epochs=50,
    seed=42,
    parameters=6_342_337,
    original=Original(
        "pytorch_ipynb/gan/dcgan-celeba.ipynb",
        {"train_generator_loss": 5.2, "train_discriminator_loss": 0.17, "minutes": 122.33},
    ),
    notes=(ORDER, "The original's mild random crop, of 0.9 to 1 of the area, is augment.zoom here."),
)
