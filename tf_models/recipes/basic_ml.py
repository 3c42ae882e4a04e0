"""Recipes of traditional machine learning."""

from dataclasses import replace

from tf_models.recipe import Original, Recipe

PERCEPTRON = Recipe(
    id="perceptron",
    section="basic_ml",
    title="Rosenblatt's perceptron on two clouds of points",
    builder="tf_models.basic_ml.perceptron:perceptron",
    model={"features": 2, "standardize": True},
    dataset="toy-2d",
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

LOGISTIC_REGRESSION = Recipe(
    id="logistic-regression",
    section="basic_ml",
    title="Logistic regression on two lengths of two iris species, full batch",
    builder="tf_models.basic_ml.logistic_regression:logistic_regression",
    model={"features": 2, "standardize": True},
    dataset="iris",
    data={"classes": 2, "features": (0, 1), "test": 25, "seed": 1},
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
        "The original repeats one order in every epoch, calls its test set 'Valid' and never resets its cost counter; "
        "here the order differs by epoch and the test set is used once.",
        "The original drops the last 5 of 75 rows; here the last batch is smaller.",
    ),
)

SOFTMAX_REGRESSION = Recipe(
    id="softmax-regression",
    section="basic_ml",
    title="Softmax regression on MNIST",
    builder="tf_models.basic_ml.softmax_regression:softmax_regression",
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
        "pytorch_ipynb/basic-ml/softmax-regression.ipynb", {"test_accuracy": 0.9177, "train_accuracy": 0.9140}
    ),
)

SOFTMAX_REGRESSION_TF1 = replace(
    SOFTMAX_REGRESSION,
    id="softmax-regression-tf1",
    title="Softmax regression with the TensorFlow 1 notebook's settings",
    learning_rate=0.5,
    epochs=30,
    embedded={"epochs": 60, "batch_size": 64, "learning_rate": 0.1},
    original=Original(
        "tensorflow1_ipynb/basic-ml/softmax-regression.ipynb", {"test_accuracy": 0.925, "train_accuracy": 0.929}
    ),
    notes=(
        "The original's bias is one shared scalar of 10, which a softmax ignores; here each class has its own, from 0.",
        "The original trains on 55,000 of the 60,000 digits; here on all.",
    ),
)

RECIPES = (
    PERCEPTRON,
    LOGISTIC_REGRESSION,
    LOGISTIC_REGRESSION_TF1,
    SOFTMAX_REGRESSION,
    SOFTMAX_REGRESSION_TF1,
)
