"""What some recipes cannot do, and why; whoever asks for it is told so before any work. Loads no framework."""

import importlib.util

from tf_data.errors import InputError

# By builder: why the rows of its batches cannot be divided among devices.
UNDIVIDED = {
    "perceptron": "Rosenblatt's rule takes one sample after the other, each with the weights that the one before left",
}


def check_divisible(recipe) -> None:
    """Raise `InputError` unless several devices can share the recipe's batches."""
    if recipe.builder in UNDIVIDED:
        raise InputError(f"{recipe.id} trains on one device: {UNDIVIDED[recipe.builder]}; leave --strategy away")


# By backend and builder: why the model's steps cannot be made there.
BACKENDS = {
    "jax": dict.fromkeys(
        ("dense_gan", "conv_gan", "dcgan"), "it has two optimizers, and JAX's trainer hands in the state of one"
    ),
    "torch": {},
}
PACKAGES = {"jax": "jax", "torch": "torch"}


def check_backend(recipe, backend: str) -> None:
    """Raise `InputError` unless a backend of Keras is installed and can make the steps of the recipe's model."""
    if backend == "tensorflow":
        return
    if reason := BACKENDS[backend].get(recipe.builder):
        raise InputError(f"{recipe.id} cannot train on {backend}: {reason}; leave --backend away")
    if not importlib.util.find_spec(PACKAGES[backend]):
        raise InputError(f"--backend {backend} needs a package; pip install {PACKAGES[backend]}")
