"""Recipes of `tf_models/cnn/densenet.py`."""

from dataclasses import replace

from tf_models.configs.recipe import ADAM, Original, Recipe

ALL_TRAINED = "The original holds some training samples out for validation; here it trains on all."

CNN_DENSENET121_MNIST = Recipe(
    id="cnn-densenet121-mnist",
    section="cnn",
    title="DenseNet-121 on MNIST, scaled to 32x32",
    builder="densenet",
    model={"depth": 121, "classes": 10, "input_shape": (32, 32, 1)},
    dataset="mnist",
    transform={"name": "image", "resize": 32},
    task="classify",
    optimizer="adam",
    learning_rate=1e-4,
    optimizer_options=ADAM,
    batch_size=128,
    epochs=10,
    seed=1,
    parameters=6_957_834,
    embedded={"epochs": 20, "batch_size": 64},
    original=Original(
        "pytorch_ipynb/cnn/cnn-densenet121-mnist.ipynb",
        {"test_accuracy": 0.9895, "validation_accuracy": 0.988, "minutes": 10.63},
    ),
    notes=(ALL_TRAINED,),
)

CNN_DENSENET121_CIFAR10 = replace(
    CNN_DENSENET121_MNIST,
    id="cnn-densenet121-cifar10",
    title="DenseNet-121 on CIFAR-10",
    model={"depth": 121, "classes": 10, "input_shape": (32, 32, 3)},
    dataset="cifar10",
    transform={"name": "image"},
    learning_rate=1e-3,
    epochs=20,
    parameters=6_964_106,
    embedded={},
    original=Original(
        "pytorch_ipynb/cnn/cnn-densenet121-cifar10.ipynb",
        {"test_accuracy": 0.7497, "validation_accuracy": 0.767, "minutes": 18.9},
    ),
    notes=(ALL_TRAINED,),
)
