"""Recipes of training tricks."""

from dataclasses import replace

from tf_models.recipe import Original, Recipe

NOTEBOOK = "pytorch_ipynb/tricks/cyclical-learning-rate.ipynb"
FROZEN = (
    "The original's learning rate never cycles: its step counter stands still and its base rate is overwritten after "
    "each epoch, so that the rate creeps from .09 to .175 once, the same in all three runs. Here it cycles."
)

TRICKS_CYCLICAL_LR = Recipe(
    id="tricks-cyclical-lr",
    section="tricks",
    title="A learning rate that rises and falls in cycles of ten epochs, on CIFAR-10",
    builder="tf_models.cnn.basic:cnn",
    model={"input_shape": (32, 32, 3), "filters": (6, 12, 18, 24, 30), "classes": 10, "initializer": "torch"},
    dataset="cifar10",
    task="classify",
    optimizer="sgd",
    learning_rate=0.175,
    schedule={"name": "cyclical", "base": 0.09, "half_cycle": 5.0, "policy": "triangular"},
    batch_size=128,
    epochs=150,
    seed=1,
    validation=1_000,
    parameters=13_522,
    original=Original(NOTEBOOK, {"test_accuracy": 0.6145, "validation_accuracy": 0.5960, "train_accuracy": 0.6991}),
    notes=(
        FROZEN,
        "The original reads both rates off a range test of ten epochs, from .01 to .2: --find-lr --lr-rise linear "
        "--lr-range 0.01 0.2 --lr-steps 3830 repeats it, with the accuracy of batches in place of the validation's.",
        "Half a cycle is five epochs for all three policies, so that 150 epochs end at the lowest rate.",
    ),
)

TRICKS_CYCLICAL_LR_TRIANGULAR2 = replace(
    TRICKS_CYCLICAL_LR,
    id="tricks-cyclical-lr-triangular2",
    title="A cyclical learning rate whose height halves with each cycle, on CIFAR-10",
    schedule={"name": "cyclical", "base": 0.09, "half_cycle": 5.0, "policy": "triangular2"},
    original=Original(NOTEBOOK, {"test_accuracy": 0.6169, "validation_accuracy": 0.6270, "train_accuracy": 0.7022}),
)

TRICKS_CYCLICAL_LR_EXP_RANGE = replace(
    TRICKS_CYCLICAL_LR,
    id="tricks-cyclical-lr-exp-range",
    title="A cyclical learning rate whose height shrinks with each step, on CIFAR-10",
    schedule={"name": "cyclical", "base": 0.09, "half_cycle": 5.0, "policy": "exp_range", "gamma": 0.99998},
    original=Original(NOTEBOOK, {"test_accuracy": 0.5981, "validation_accuracy": 0.5950, "train_accuracy": 0.6817}),
)

TRICKS_CYCLICAL_LR_FAST = replace(
    TRICKS_CYCLICAL_LR,
    id="tricks-cyclical-lr-fast",
    title="The same network with a single cycle that ends near 0 (Smith and Topin 2018) and mirror images, on CIFAR-10",
    task_options={"augment": {"flip": True}},
    learning_rate=0.34,
    schedule={"name": "one-cycle", "rise": 0.3},
    epochs=30,
    notes=(
        "The original sees each picture 150 times, this recipe 30 times: its rate never falls below .09, which keeps the "
        "weights in motion.",
        "The highest rate is what --find-lr --lr-rise linear --lr-range 0.01 2 --lr-steps 1500 suggests. Without mirror "
        "images the validation accuracy stays at 61% while 69% of the training pictures are right.",
    ),
)

RECIPES = (
    TRICKS_CYCLICAL_LR,
    TRICKS_CYCLICAL_LR_TRIANGULAR2,
    TRICKS_CYCLICAL_LR_EXP_RANGE,
    TRICKS_CYCLICAL_LR_FAST,
)
