"""Recipes of `tf_models/basic_ml/perceptron.py`."""

from dataclasses import replace

from tf_models.configs.recipe import Original, Recipe

TWICE = "The original shuffles its rows once, by applying one permutation twice, and keeps that order in all epochs."
POINTS = (
    "The original's 100 points are read from perceptron_toydata.txt where that is there (folder perceptron of the data "
    "directory); without it points are generated, whose figures do not compare."
)

PERCEPTRON = Recipe(
    id="perceptron",
    section="basic_ml",
    title="Rosenblatt's perceptron on two clouds of points",
    builder="perceptron",
    model={"features": 2, "standardize": True},
    dataset="toy-2d",
    transform={"name": "features"},
    task="classify",
    optimizer="sgd",
    learning_rate=1.0,
    batch_size=10,
    epochs=5,
    seed=123,
    shuffle=False,
    parameters=3,
    original=Original("tensorflow1_ipynb/basic-ml/perceptron.ipynb", {"train_accuracy": 1.0}),
    notes=(
        "The original prints the weights 2.0293 and 0.5933 and the bias -1, and no test accuracy; from its points ours "
        "are the same.",
        POINTS,
        TWICE,
        "The rule has no learning rate; 1.0 states that. Any batch size gives the same updates, one sample at a time.",
    ),
)

PERCEPTRON_PYTORCH = replace(
    PERCEPTRON,
    id="perceptron-pytorch",
    title="Rosenblatt's perceptron, which calls a net input of 0 class 0",
    model={"features": 2, "standardize": True, "strict": True},
    original=Original("pytorch_ipynb/basic-ml/perceptron.ipynb", {"test_accuracy": 0.9333}),
    notes=(
        "The original prints the weights 1.2734 and 1.3464 and the bias -1; from its points ours are the same. What a "
        "net input of 0 predicts is all that differs from the TensorFlow 1 notebook: it decides the first update.",
        POINTS,
        TWICE,
    ),
)
