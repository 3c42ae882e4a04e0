"""Recipes of convolutional networks."""

from dataclasses import replace

from tf_models.recipe import Original, Recipe

CNN_BASIC = Recipe(
    id="cnn-basic",
    section="cnn",
    title="Two convolutions, two poolings and a dense layer on MNIST",
    builder="tf_models.cnn.basic:cnn",
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
    parameters=9_098,
    embedded={"epochs": 60},
    original=Original("tensorflow1_ipynb/cnn/cnn-basic.ipynb", {"test_accuracy": 0.980, "train_accuracy": 0.978}),
    notes=(
        "The first original pools with stride 1, so nothing shrinks and its dense layer of 64 takes 12,544 inputs "
        "(804,778 parameters). Its later version, followed here, pools with stride 2 and has no dense layer of 64.",
    ),
)

CNN_HE_INIT = replace(
    CNN_BASIC,
    id="cnn-he-init",
    title="cnn-basic with He's initialisation",
    model={"input_shape": (28, 28, 1), "filters": (4, 8), "classes": 10, "initializer": "he_normal"},
    original=Original(
        "pytorch_ipynb/cnn/cnn-he-init.ipynb", {"test_accuracy": 0.9767, "train_accuracy": 0.9780, "minutes": 2.31}
    ),
)

CNN_FC_TO_CONV = replace(
    CNN_BASIC,
    id="cnn-fc-to-conv",
    title="cnn-basic whose dense layer is a convolution, so that it slides over larger images",
    builder="tf_models.cnn.fc_to_conv:fully_convolutional",
    original=None,
    notes=(
        "The original's notebook shows the equality on one 2x2 input and trains nothing (a test repeats its numbers); "
        "tf_models.cnn.dense_to_conv converts any trained model.",
    ),
)

CNN_ALLCONV = Recipe(
    id="cnn-allconv",
    section="cnn",
    title="Convolutions only: strides instead of pooling (Springenberg et al. 2014)",
    builder="tf_models.cnn.allconv:allconv",
    model={"input_shape": (28, 28, 1), "filters": (4, 8, 16), "classes": 10},
    dataset="mnist",
    task="classify",
    optimizer="adam",
    learning_rate=1e-3,
    batch_size=256,
    epochs=15,
    seed=1,
    parameters=6_006,
    embedded={"epochs": 100, "batch_size": 32},
    original=Original(
        "pytorch_ipynb/cnn/cnn-allconv.ipynb", {"test_accuracy": 0.9642, "train_accuracy": 0.9636, "minutes": 3.37}
    ),
    notes=(
        "The original applies ReLU to the class maps, which forbids negative logits; here the last layer is linear.",
    ),
)

RECIPES = (
    CNN_BASIC,
    CNN_BASIC_WIDE,
    CNN_BASIC_TF1,
    CNN_HE_INIT,
    CNN_FC_TO_CONV,
    CNN_ALLCONV,
)
