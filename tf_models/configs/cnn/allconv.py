"""Recipes of `tf_models/cnn/allconv.py`."""

from tf_models.configs.recipe import ADAM, Original, Recipe

CNN_ALLCONV = Recipe(
    id="cnn-allconv",
    section="cnn",
    title="Convolutions only: strides instead of pooling (Springenberg et al. 2014)",
    builder="allconv",
    model={"input_shape": (28, 28, 1), "filters": (4, 8, 16), "classes": 10},
    dataset="mnist",
    task="classify",
    optimizer="adam",
    learning_rate=1e-3,
    optimizer_options=ADAM,
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
