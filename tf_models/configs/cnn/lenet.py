"""Recipes of `tf_models/cnn/lenet.py`."""

from dataclasses import replace

from tf_models.configs.recipe import ADAM, Original, Recipe

TANH = "The original's text says that ReLU replaces tanh; its code keeps tanh, and so does this."

CNN_LENET5_MNIST = Recipe(
    id="cnn-lenet5-mnist",
    section="cnn",
    title="LeNet-5 on MNIST, scaled to 32x32",
    builder="lenet",
    model={"classes": 10, "input_shape": (32, 32, 1)},
    dataset="mnist",
    transform={"name": "image", "resize": 32},
    task="classify",
    optimizer="adam",
    learning_rate=1e-3,
    optimizer_options=ADAM,
    batch_size=128,
    epochs=10,
    seed=1,
    parameters=61_706,
    embedded={"epochs": 20, "batch_size": 64},
    original=Original(
        "pytorch_ipynb/cnn/cnn-lenet5-mnist.ipynb", {"test_accuracy": 0.9893, "train_accuracy": 0.9984, "minutes": 2.97}
    ),
    notes=(TANH,),
)

CNN_LENET5_CIFAR10 = replace(
    CNN_LENET5_MNIST,
    id="cnn-lenet5-cifar10",
    title="LeNet-5, three times as wide, on CIFAR-10",
    model={"classes": 10, "input_shape": (32, 32, 3), "width": 3},
    dataset="cifar10",
    transform={"name": "image"},
    parameters=548_878,
    embedded={},
    original=Original(
        "pytorch_ipynb/cnn/cnn-lenet5-cifar10.ipynb",
        {"test_accuracy": 0.673, "train_accuracy": 0.8853, "minutes": 1.51},
    ),
    notes=(TANH,),
)
