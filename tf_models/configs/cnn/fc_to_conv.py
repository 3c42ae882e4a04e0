"""Recipes of `tf_models/cnn/fc_to_conv.py`."""

from tf_models.configs.recipe import Recipe

CNN_FC_TO_CONV = Recipe(
    id="cnn-fc-to-conv",
    section="cnn",
    title="cnn-basic whose dense layer is a convolution, so that it slides over larger images",
    builder="fully_convolutional",
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
    notes=(
        "The original's notebook shows the equality on one 2x2 input and trains nothing (a test repeats its "
        "numbers); tf_models.cnn.dense_to_conv converts any trained model.",
    ),
)
