"""Recipes of `tf_models/basic_ml/perceptron.py`."""

from tf_models.configs.recipe import Original, Recipe

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
    parameters=3,
    original=Original("pytorch_ipynb/basic-ml/perceptron.ipynb", {"test_accuracy": 0.9333}),
    notes=(
        "The original's 100 points are not published with a licence; ours are generated, so accuracies do not compare.",
        "The original permutes its rows twice; here the order is drawn anew each epoch from the seed.",
        "The rule has no learning rate; 1.0 states that. Any batch size gives the same updates, one sample at a time.",
    ),
)
