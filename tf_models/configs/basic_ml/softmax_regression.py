"""Recipes of `tf_models/basic_ml/softmax_regression.py`."""

from dataclasses import replace

from tf_models.configs.recipe import LAST_HELD_OUT, Original, Recipe

SOFTMAX_REGRESSION = Recipe(
    id="softmax-regression",
    section="basic_ml",
    title="Softmax regression on MNIST",
    builder="softmax_regression",
    model={"input_shape": (28, 28, 1), "classes": 10},
    dataset="mnist",
    task="classify",
    optimizer="sgd",
    learning_rate=0.1,
    batch_size=256,
    epochs=10,
    seed=123,
    parameters=7_850,
    embedded={"epochs": 60, "batch_size": 64},
    original=Original(
        "pytorch_ipynb/basic-ml/softmax-regression.ipynb", {"test_accuracy": 0.9177, "train_accuracy": 0.914}
    ),
)

SOFTMAX_REGRESSION_TF1 = replace(
    SOFTMAX_REGRESSION,
    id="softmax-regression-tf1",
    title="Softmax regression with the TensorFlow 1 notebook's settings",
    learning_rate=0.5,
    epochs=30,
    validation=5_000,
    embedded={"epochs": 60, "batch_size": 64, "learning_rate": 0.1, "validation": 0},
    original=Original(
        "tensorflow1_ipynb/basic-ml/softmax-regression.ipynb", {"test_accuracy": 0.925, "train_accuracy": 0.929}
    ),
    notes=(
        "The original's bias is one shared scalar of 10, which a softmax ignores; here each class has its own, from 0.",
        LAST_HELD_OUT,
    ),
)
