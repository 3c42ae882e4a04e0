"""Recipes of `tf_models/mlp/backprop_scratch.py`."""

from dataclasses import replace

from tf_models.configs.recipe import LAST_HELD_OUT, Original, Recipe

MLP_BACKPROP_SCRATCH = Recipe(
    id="mlp-backprop-scratch",
    section="mlp",
    title="Backpropagation written by hand: sigmoid hidden layer, softmax, cross-entropy",
    builder="backprop_mlp",
    model={"input_shape": (28, 28, 1), "hidden": 128, "classes": 10, "output": "softmax", "stddev": 0.1},
    dataset="mnist",
    task="classify",
    optimizer="sgd",
    learning_rate=0.1,
    batch_size=64,
    epochs=10,
    seed=123,
    validation=5_000,
    parameters=101_770,
    embedded={"epochs": 100, "validation": 0},
    original=Original("tensorflow1_ipynb/mlp/mlp-lowlevel.ipynb", {"test_accuracy": 0.945, "train_accuracy": 0.946}),
    notes=(LAST_HELD_OUT,),
)

MLP_BACKPROP_SCRATCH_SIGMOID_MSE = replace(
    MLP_BACKPROP_SCRATCH,
    id="mlp-backprop-scratch-sigmoid-mse",
    title="Backpropagation written by hand: sigmoid on both layers, squared error",
    model={"input_shape": (28, 28, 1), "hidden": 50, "classes": 10, "output": "sigmoid", "stddev": 0.1},
    task_options={"loss": "sigmoid-squared-error"},
    batch_size=100,
    epochs=50,
    seed=1,
    validation=0,
    parameters=39_760,
    embedded={"epochs": 200, "batch_size": 20},
    original=Original(
        "pytorch_ipynb/mlp/mlp-fromscratch__sigmoid-mse.ipynb", {"test_accuracy": 0.9449, "train_accuracy": 0.9472}
    ),
    notes=(
        "The original prints an error averaged over the 10 classes but descends the gradient of their sum, ten "
        "times as steep; here the loss is that sum, so loss, gradient and learning rate belong together.",
    ),
)
