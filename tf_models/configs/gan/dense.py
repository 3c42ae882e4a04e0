"""Recipes of `tf_models/gan/dense.py`."""

from dataclasses import replace

from tf_models.configs.recipe import ADAM, Original, Recipe

GAN_FC_MNIST = Recipe(
    id="gan-fc-mnist",
    section="gan",
    title="A GAN of dense layers",
    builder="dense_gan",
    model={"input_shape": (28, 28, 1), "latent_dim": 100, "hidden": 128, "dropout": 0.5, "negative_slope": 0.01},
    dataset="mnist",
    transform={"name": "image", "value_range": (-1.0, 1.0)},
    task="generate",
    optimizer="adam",
    learning_rate=1e-3,
    optimizer_options=ADAM,
    batch_size=128,
    epochs=100,
    seed=123,
    parameters=214_673,
    original=Original(
        "pytorch_ipynb/gan/gan.ipynb",
        {"train_generator_loss": 0.7877, "train_discriminator_loss": 0.6469, "minutes": 32.89},
    ),
    notes=(
        "The original updates the generator first; here the discriminator comes first, and the generator learns "
        "from what it then says of the same images.",
        "The TensorFlow 1 original never switches its dropout on; here it drops in both parts.",
    ),
)

GAN_WGAN_FC_MNIST = replace(
    GAN_FC_MNIST,
    id="gan-wgan-fc-mnist",
    title="A Wasserstein GAN of dense layers, weights clipped (Arjovsky et al. 2017)",
    model={
        "input_shape": (28, 28, 1),
        "latent_dim": 50,
        "hidden": 128,
        "dropout": 0.0,
        "negative_slope": 0.01,
        "objective": "wasserstein",
        "critic_steps": 5,
        "clip": 0.01,
    },
    learning_rate=5e-4,
    parameters=208_273,
    original=Original("pytorch_ipynb/gan/wgan-1.ipynb", {"minutes": 21.64}),
    notes=("The original's five critic updates reuse one batch of fakes; here each has its own.",),
)
