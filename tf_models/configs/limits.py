"""What some recipes cannot do, and why; whoever asks for it is told so before any work. Loads no framework."""

from tf_data.errors import InputError

# By builder: why the rows of its batches cannot be divided among devices.
UNDIVIDED = {
    "perceptron": "Rosenblatt's rule takes one sample after the other, each with the weights that the one before left",
}


def check_divisible(recipe) -> None:
    """Raise `InputError` unless several devices can share the recipe's batches."""
    if recipe.builder in UNDIVIDED:
        raise InputError(f"{recipe.id} trains on one device: {UNDIVIDED[recipe.builder]}; leave --strategy away")
