"""Recipes of `tf_models/basic_ml/logistic_regression.py`."""

from dataclasses import replace

from tf_models.configs.recipe import Original, Recipe

LOGISTIC_REGRESSION = Recipe(
    id="logistic-regression",
    section="basic_ml",
    title="Logistic regression on two lengths of two iris species, full batch",
    builder="logistic_regression",
    model={"features": 2, "standardize": True},
    dataset="iris",
    data={"classes": 2, "features": (0, 1), "test": 25, "seed": 1, "version": "uci"},
    transform={"name": "features"},
    task="classify",
    task_options={"reduction": "sum"},
    optimizer="sgd",
    learning_rate=0.1,
    batch_size=75,
    epochs=10,
    seed=123,
    parameters=3,
    original=Original(
        "pytorch_ipynb/basic-ml/logistic-regression.ipynb", {"test_accuracy": 1.0, "train_accuracy": 1.0}
    ),
    notes=(
        "Loss and gradient are sums over the batch, as in the original.",
        "The flowers are those of UCI's file with its two wrong rows, which the original reads: weights and bias come out "
        "as 4.2267, -2.9613 and 0.0994, as it prints them.",
        "The original's first variant prints a train accuracy of 0 because of an integer division.",
    ),
)

LOGISTIC_REGRESSION_TF1 = replace(
    LOGISTIC_REGRESSION,
    id="logistic-regression-tf1",
    title="Logistic regression with minibatches, as the TensorFlow 1 notebook trains it",
    learning_rate=0.05,
    batch_size=10,
    epochs=15,
    original=Original("tensorflow1_ipynb/basic-ml/logistic-regression.ipynb", {"test_accuracy": 1.0}),
    notes=(
        "The original repeats one order in every epoch, calls its test set 'Valid' and never resets its cost "
        "counter; here the order differs by epoch and the test set is used once.",
        "The original drops the last 5 of 75 rows; here the last batch is smaller.",
    ),
)
