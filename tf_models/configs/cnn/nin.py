"""Recipes of `tf_models/cnn/nin.py`."""

from dataclasses import replace

from tf_models.configs.recipe import ADAM, Original, Recipe

LATER_VERSION = (
    "Settings and results are the original's later version's, since the first one never trained this network."
)

LINEAR_MAPS = "The original applies ReLU to the class maps, which forbids negative logits; here they are linear."

FOOTNOTE = (
    "The original's table says 70.67%, left over from a ResNet-34: it never trained this network. Its later version "
    "prints 80.20% of 1,000 validation images, with dropout on, and no test figure."
)

CNN_NIN_CIFAR10 = Recipe(
    id="cnn-nin-cifar10",
    section="cnn",
    title="Network in Network on CIFAR-10",
    builder="nin",
    model={"classes": 10, "input_shape": (32, 32, 3)},
    dataset="cifar10",
    task="classify",
    optimizer="adam",
    learning_rate=5e-4,
    optimizer_options=ADAM,
    batch_size=256,
    epochs=100,
    seed=1,
    validation=1_000,
    parameters=966_986,
    original=Original(
        "pytorch_ipynb/cnn/nin-cifar10.ipynb",
        {"validation_accuracy": 0.802, "train_accuracy": 0.9268, "minutes": 34.2},
        FOOTNOTE,
    ),
    notes=(LATER_VERSION, LINEAR_MAPS),
)

CNN_NIN_BATCHNORM = replace(
    CNN_NIN_CIFAR10,
    id="cnn-nin-batchnorm",
    title="Network in Network with batch normalisation before each ReLU, on CIFAR-10",
    model={"classes": 10, "input_shape": (32, 32, 3), "batch_norm": True},
    parameters=968_394,
    original=Original(
        "pytorch_ipynb/cnn/nin-cifar10_batchnorm.ipynb",
        {"validation_accuracy": 0.858, "train_accuracy": 0.9831, "minutes": 52.7},
    ),
    notes=(LINEAR_MAPS,),
)

CNN_NIN_CIFAR10_FAST = replace(
    CNN_NIN_CIFAR10,
    id="cnn-nin-cifar10-fast",
    title="Network in Network with batch norm on CIFAR-10, a one-cycle rate",
    model={"classes": 10, "input_shape": (32, 32, 3), "batch_norm": True, "dropout": 0.1},
    # What CIFAR-10 bears: shifts by up to 2 pixels and mirror images.
    transform={"name": "image", "augment": {"crop": 32, "pad": 2, "reflect": True, "flip": True}},
    task_options={"label_smoothing": 0.1},
    optimizer="sgd",
    learning_rate=0.05,
    # Keras' decay is not driven by the momentum: this is what PyTorch calls 5e-4 with a momentum of 0.9.
    optimizer_options={"momentum": 0.9, "nesterov": True, "weight_decay": 5e-3},
    schedule={"name": "one-cycle", "rise": 0.3},
    batch_size=128,
    epochs=10,
    parameters=968_394,
    original=Original(
        "pytorch_ipynb/cnn/nin-cifar10.ipynb",
        {"validation_accuracy": 0.802, "train_accuracy": 0.9268, "minutes": 34.2},
        FOOTNOTE,
    ),
    notes=(
        LATER_VERSION,
        LINEAR_MAPS,
        "The original sees each image 100 times, this recipe 10 times.",
        "The rate stands where the loss of a range test is lowest (--find-lr).",
    ),
)
