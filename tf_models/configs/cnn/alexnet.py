"""Recipes of `tf_models/cnn/alexnet.py`."""

from dataclasses import replace

from tf_models.configs.recipe import ADAM, Original, Recipe

COPIES = (
    "At 64x64 pixels the last map is 1x1, and averaging it 'to 6x6' copies its 256 numbers 36 times: of the 9,216 "
    "inputs of the first dense layer 8,960 are redundant. Kept, so that the parameters are the original's."
)

LAST_OF_TRAINING = (
    "The original draws its 5,000 validation images at random; here they are the last of the training files."
)

CNN_ALEXNET_CIFAR10 = Recipe(
    id="cnn-alexnet-cifar10",
    section="cnn",
    title="AlexNet on CIFAR-10, scaled to 64x64",
    builder="alexnet",
    model={"classes": 10, "input_shape": (64, 64, 3)},
    dataset="cifar10",
    transform={"name": "image", "resize": 64},
    task="classify",
    optimizer="adam",
    learning_rate=1e-4,
    optimizer_options=ADAM,
    batch_size=256,
    epochs=20,
    seed=1,
    validation=5_000,
    parameters=57_044_810,
    original=Original(
        "pytorch_ipynb/cnn/cnn-alexnet-cifar10.ipynb",
        {"test_accuracy": 0.6663, "validation_accuracy": 0.669, "train_accuracy": 0.91998, "minutes": 3.95},
    ),
    notes=(COPIES, LAST_OF_TRAINING),
)

CNN_ALEXNET_GROUPED_CIFAR10 = replace(
    CNN_ALEXNET_CIFAR10,
    id="cnn-alexnet-grouped-cifar10",
    title="AlexNet with convolutions in two groups on CIFAR-10, random crops",
    model={"classes": 10, "input_shape": (64, 64, 3), "groups": 2},
    transform={"name": "image", "resize": 64, "augment": {"resize": 70, "crop": 64}},
    epochs=40,
    parameters=55_822_154,
    original=Original(
        "pytorch_ipynb/cnn/cnn-alexnet-cifar10-grouped.ipynb",
        {"test_accuracy": 0.7093, "validation_accuracy": 0.7194, "train_accuracy": 0.898, "minutes": 41.36},
    ),
    notes=(
        COPIES,
        LAST_OF_TRAINING,
        "The original tests on the middle 64x64 pixels of images scaled to 70x70; here on the whole image.",
    ),
)
