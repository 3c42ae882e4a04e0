"""Recipes of `tf_models/cnn/basic.py`."""

from dataclasses import replace

from tf_models.configs.recipe import LAST_HELD_OUT, Original, Recipe

FROZEN = (
    "The original's learning rate never cycles: its step counter stands still and its base rate is overwritten "
    "after each epoch, so that the rate creeps from .09 to .175 once, the same in all three runs. Here it cycles."
)

RANGE_TEST = (
    "The original reads both rates off a range test of ten epochs, from .01 to .2: --find-lr --lr-rise linear "
    "--lr-range 0.01 0.2 --lr-steps 3830 repeats it, with the accuracy of batches in place of the validation's."
)

DRAWN = "The original draws its 1,000 validation images at random; here they are the last of the training files."

HALF_CYCLE = "Half a cycle is five epochs for all three policies, so that 150 epochs end at the lowest rate."

NOTEBOOK = "pytorch_ipynb/tricks/cyclical-learning-rate.ipynb"

CNN_BASIC = Recipe(
    id="cnn-basic",
    section="cnn",
    title="Two convolutions, two poolings and a dense layer on MNIST",
    builder="cnn",
    model={"input_shape": (28, 28, 1), "filters": (4, 8), "classes": 10, "initializer": "torch"},
    dataset="mnist",
    task="classify",
    optimizer="sgd",
    learning_rate=0.05,
    batch_size=128,
    epochs=10,
    seed=1,
    parameters=4_266,
    embedded={"epochs": 60, "batch_size": 32},
    original=Original(
        "pytorch_ipynb/cnn/cnn-basic.ipynb", {"test_accuracy": 0.9777, "train_accuracy": 0.9777, "minutes": 2.04}
    ),
)

CNN_BASIC_WIDE = replace(
    CNN_BASIC,
    id="cnn-basic-wide",
    title="cnn-basic with twice the maps, as the later original has it",
    model={"input_shape": (28, 28, 1), "filters": (8, 16), "classes": 10, "initializer": "normal"},
    parameters=9_098,
    original=Original(
        "pytorch_ipynb/cnn/cnn-basic.ipynb", {"test_accuracy": 0.9797, "train_accuracy": 0.9799, "minutes": 2.31}
    ),
    notes=(),
)

CNN_BASIC_TF1 = replace(
    CNN_BASIC,
    id="cnn-basic-tf1",
    title="cnn-basic with the TensorFlow 1 notebook's settings",
    model={"input_shape": (28, 28, 1), "filters": (8, 16), "classes": 10, "initializer": "truncated_normal"},
    learning_rate=0.1,
    batch_size=32,
    epochs=3,
    seed=123,
    validation=5_000,
    parameters=9_098,
    embedded={"epochs": 60, "validation": 0},
    original=Original("tensorflow1_ipynb/cnn/cnn-basic.ipynb", {"test_accuracy": 0.98, "train_accuracy": 0.978}),
    notes=(
        "The first original pools with stride 1, so nothing shrinks and its dense layer of 64 takes 12,544 inputs "
        "(804,778 parameters). Its later version, followed here, pools with stride 2 and has no dense layer of 64.",
        LAST_HELD_OUT,
    ),
)

CNN_HE_INIT = replace(
    CNN_BASIC,
    id="cnn-he-init",
    title="cnn-basic with He's initialisation",
    model={"input_shape": (28, 28, 1), "filters": (4, 8), "classes": 10, "initializer": "he_normal"},
    original=Original(
        "pytorch_ipynb/cnn/cnn-he-init.ipynb", {"test_accuracy": 0.9767, "train_accuracy": 0.978, "minutes": 2.31}
    ),
    notes=(),
)

MECH_STANDARDIZE_IMAGES = Recipe(
    id="mech-standardize-images",
    section="mechanics",
    title="cnn-basic on digits with mean 0 and standard deviation 1",
    builder="cnn",
    model={"input_shape": (28, 28, 1), "filters": (4, 8), "classes": 10, "initializer": "torch", "standardize": True},
    dataset="mnist",
    task="classify",
    optimizer="sgd",
    learning_rate=0.05,
    batch_size=128,
    epochs=10,
    seed=1,
    parameters=4_266,
    embedded={"epochs": 60, "batch_size": 32},
    original=Original(
        "pytorch_ipynb/cnn/cnn-standardized.ipynb", {"test_accuracy": 0.9807, "train_accuracy": 0.9818, "minutes": 2.69}
    ),
    notes=(
        "The original averages the deviations of batches (0.3077), which is too small; here the true one (0.3081) "
        "is computed in one pass and kept in the model's first layer.",
    ),
)

TRICKS_CYCLICAL_LR = Recipe(
    id="tricks-cyclical-lr",
    section="tricks",
    title="A learning rate that rises and falls in cycles of ten epochs, on CIFAR-10",
    builder="cnn",
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
    original=Original(NOTEBOOK, {"test_accuracy": 0.6145, "validation_accuracy": 0.596, "train_accuracy": 0.6991}),
    notes=(FROZEN, RANGE_TEST, HALF_CYCLE, DRAWN),
)

TRICKS_CYCLICAL_LR_TRIANGULAR2 = replace(
    TRICKS_CYCLICAL_LR,
    id="tricks-cyclical-lr-triangular2",
    title="A cyclical learning rate whose height halves with each cycle, on CIFAR-10",
    schedule={"name": "cyclical", "base": 0.09, "half_cycle": 5.0, "policy": "triangular2"},
    original=Original(NOTEBOOK, {"test_accuracy": 0.6169, "validation_accuracy": 0.627, "train_accuracy": 0.7022}),
    notes=(FROZEN, RANGE_TEST, HALF_CYCLE, DRAWN),
)

TRICKS_CYCLICAL_LR_EXP_RANGE = replace(
    TRICKS_CYCLICAL_LR,
    id="tricks-cyclical-lr-exp-range",
    title="A cyclical learning rate whose height shrinks with each step, on CIFAR-10",
    schedule={"name": "cyclical", "base": 0.09, "half_cycle": 5.0, "policy": "exp_range", "gamma": 0.99998},
    original=Original(NOTEBOOK, {"test_accuracy": 0.5981, "validation_accuracy": 0.595, "train_accuracy": 0.6817}),
    notes=(FROZEN, RANGE_TEST, HALF_CYCLE, DRAWN),
)

TRICKS_CYCLICAL_LR_FAST = replace(
    TRICKS_CYCLICAL_LR,
    id="tricks-cyclical-lr-fast",
    title="The same network with a single cycle that ends near 0 (Smith and Topin 2018) and mirror images, on CIFAR-10",
    transform={"name": "image", "augment": {"flip": True}},
    learning_rate=0.34,
    schedule={"name": "one-cycle", "rise": 0.3},
    epochs=30,
    original=Original(NOTEBOOK, {"test_accuracy": 0.6145, "validation_accuracy": 0.596, "train_accuracy": 0.6991}),
    notes=(
        "The original sees each image 150 times, this recipe 30 times: its rate never falls below .09, which "
        "keeps the weights in motion.",
        "The highest rate is what --find-lr --lr-rise linear --lr-range 0.01 2 --lr-steps 1500 suggests. Without "
        "mirror images the validation accuracy stays at 61% while 69% of the training images are right.",
        DRAWN,
    ),
)
