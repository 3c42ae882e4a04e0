"""Recipes that beat the originals' with fewer samples seen: one-cycle rates, flips and crops, smoothed labels."""

from dataclasses import replace

from tf_models.recipe import Recipe
from tf_models.recipes.cnn_zoo import (
    CNN_NIN_CIFAR10,
    CNN_RESNET18_MNIST,
    CNN_VGG16_CIFAR10,
)

# What CIFAR-10 bears: shifts by up to 2 pixels and mirror images.
SHIFT_AND_FLIP = {"crop": 32, "pad": 2, "reflect": True, "flip": True}

CNN_AIRBENCH_CIFAR10 = Recipe(
    id="cnn-airbench-cifar10",
    section="cnn",
    title="The best accuracy on CIFAR-10 that half an hour on two CPU cores gives",
    builder="tf_models.cnn.airbench:airbench",
    model={"widths": (64, 256, 256), "classes": 10, "input_shape": (32, 32, 3), "activation": "relu"},
    dataset="cifar10",
    task="classify",
    task_options={"augment": {**SHIFT_AND_FLIP, "alternate": True}, "label_smoothing": 0.2, "mirror": True},
    optimizer="sgd",
    learning_rate=0.75,
    optimizer_options={"momentum": 0.85, "nesterov": True, "weight_decay": 0.009},
    schedule={"name": "one-cycle", "rise": 0.25, "start": 5.0, "end": 100.0},
    batch_size=512,
    epochs=20,
    seed=1,
    parameters=1_971_352,
    notes=(
        "Widths and settings are the paper's, but for ReLU, batches of 512 with half of its rate, and no Lookahead; the "
        "epochs are what half an hour allows.",
        "With --precision mixed_bfloat16, CPUs with AVX-512 BF16 or AMX take two thirds of the time.",
    ),
)

# One cycle of SGD. Keras' decay is not driven by the momentum: this is what PyTorch calls 5e-4 with a momentum of 0.9.
ONE_CYCLE = {
    "optimizer": "sgd",
    "optimizer_options": {"momentum": 0.9, "nesterov": True, "weight_decay": 5e-3},
    "schedule": {"name": "one-cycle", "rise": 0.3},
}

CNN_VGG16_CIFAR10_FAST = replace(
    CNN_VGG16_CIFAR10,
    id="cnn-vgg16-cifar10-fast",
    title="VGG-16 with batch norm and one small dense layer on CIFAR-10, a one-cycle rate",
    model={
        "depth": 16,
        "classes": 10,
        "input_shape": (32, 32, 3),
        "hidden": (512,),
        "batch_norm": True,
        "initializer": "he_uniform",
    },
    task_options={"augment": SHIFT_AND_FLIP, "label_smoothing": 0.1},
    **ONE_CYCLE,
    learning_rate=0.04,
    epochs=5,
    parameters=14_990_922,
    notes=("The original sees each picture 10 times, this recipe 5 times.",),
)

CNN_NIN_CIFAR10_FAST = replace(
    CNN_NIN_CIFAR10,
    id="cnn-nin-cifar10-fast",
    title="Network in Network with batch norm on CIFAR-10, a one-cycle rate",
    model={"classes": 10, "input_shape": (32, 32, 3), "batch_norm": True, "dropout": 0.1},
    task_options={"augment": SHIFT_AND_FLIP, "label_smoothing": 0.1},
    **ONE_CYCLE,
    learning_rate=0.05,
    batch_size=128,
    epochs=10,
    parameters=968_394,
    notes=(
        *CNN_NIN_CIFAR10.notes,
        "The original sees each picture 100 times, this recipe 10 times.",
        "The rate stands where the loss of a range test is lowest (--find-lr).",
    ),
)

CNN_RESNET18_MNIST_FAST = replace(
    CNN_RESNET18_MNIST,
    id="cnn-resnet18-mnist-fast",
    title="ResNet-18 on MNIST, a one-cycle rate and shifts by 2 pixels",
    task_options={"augment": {"crop": 28, "pad": 2}, "label_smoothing": 0.1},
    **ONE_CYCLE,
    learning_rate=0.05,
    epochs=3,
    embedded={"epochs": 10, "batch_size": 64},
    notes=("The original sees each digit 10 times, this recipe 3 times.",),
)

RECIPES = (
    CNN_AIRBENCH_CIFAR10,
    CNN_VGG16_CIFAR10_FAST,
    CNN_NIN_CIFAR10_FAST,
    CNN_RESNET18_MNIST_FAST,
)
