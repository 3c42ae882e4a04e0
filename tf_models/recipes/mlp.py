"""Recipes of multilayer perceptrons."""

from dataclasses import replace

from tf_models.recipe import Original, Recipe

SMALL_SAMPLE = {"epochs": 60}

MLP_BASIC = Recipe(
    id="mlp-basic",
    section="mlp",
    title="Multilayer perceptron 784-128-256-10 on MNIST",
    builder="tf_models.mlp.mlp:mlp",
    model={"input_shape": (28, 28, 1), "hidden": (128, 256), "classes": 10, "kernel_stddev": 0.1},
    dataset="mnist",
    task="classify",
    optimizer="sgd",
    learning_rate=0.1,
    batch_size=64,
    epochs=10,
    seed=1,
    parameters=136_074,
    embedded=SMALL_SAMPLE,
    original=Original(
        "pytorch_ipynb/mlp/mlp-basic.ipynb", {"test_accuracy": 0.9754, "train_accuracy": 0.9900, "minutes": 2.23}
    ),
)

MLP_DROPOUT = replace(
    MLP_BASIC,
    id="mlp-dropout",
    title="Multilayer perceptron with dropout 0.5 after each hidden layer",
    model={"input_shape": (28, 28, 1), "hidden": (128, 256), "classes": 10, "dropout": 0.5, "kernel_stddev": 0.1},
    original=Original(
        "pytorch_ipynb/mlp/mlp-dropout.ipynb", {"test_accuracy": 0.9671, "train_accuracy": 0.9752, "minutes": 2.20}
    ),
)

MLP_DROPOUT_TF1 = replace(
    MLP_DROPOUT,
    id="mlp-dropout-tf1",
    title="Multilayer perceptron with dropout, trained as long as in the TensorFlow 1 notebook",
    epochs=20,
    seed=123,
    original=Original("tensorflow1_ipynb/mlp/mlp-dropout.ipynb", {"test_accuracy": 0.974, "train_accuracy": 0.985}),
    notes=("The original's layers version feeds its second dropout from the first layer and so skips 256 units.",),
)

MLP_BATCHNORM = replace(
    MLP_BASIC,
    id="mlp-batchnorm",
    title="Multilayer perceptron with batch normalisation before each ReLU",
    model={"input_shape": (28, 28, 1), "hidden": (128, 256), "classes": 10, "batch_norm": True, "kernel_stddev": 0.1},
    parameters=136_458,
    original=Original(
        "pytorch_ipynb/mlp/mlp-batchnorm.ipynb", {"test_accuracy": 0.9782, "train_accuracy": 0.9961, "minutes": 2.20}
    ),
    notes=(
        "Layers before a batch norm have no bias, as in the TensorFlow 1 notebook (test accuracy 0.977); "
        "the PyTorch one keeps 384 redundant biases (136,842 parameters).",
    ),
)

MLP_BACKPROP_SCRATCH = Recipe(
    id="mlp-backprop-scratch",
    section="mlp",
    title="Backpropagation written by hand: sigmoid hidden layer, softmax, cross-entropy",
    builder="tf_models.mlp.backprop_scratch:backprop_mlp",
    model={"input_shape": (28, 28, 1), "hidden": 128, "classes": 10, "output": "softmax", "kernel_stddev": 0.1},
    dataset="mnist",
    task="classify",
    optimizer="sgd",
    learning_rate=0.1,
    batch_size=64,
    epochs=10,
    seed=123,
    parameters=101_770,
    embedded={"epochs": 100},
    original=Original("tensorflow1_ipynb/mlp/mlp-lowlevel.ipynb", {"test_accuracy": 0.945, "train_accuracy": 0.946}),
)

MLP_BACKPROP_SCRATCH_SIGMOID_MSE = replace(
    MLP_BACKPROP_SCRATCH,
    id="mlp-backprop-scratch-sigmoid-mse",
    title="Backpropagation written by hand: sigmoid on both layers, squared error",
    model={"input_shape": (28, 28, 1), "hidden": 50, "classes": 10, "output": "sigmoid", "kernel_stddev": 0.1},
    task_options={"loss": "sigmoid-squared-error"},
    batch_size=100,
    epochs=50,
    seed=1,
    parameters=39_760,
    embedded={"epochs": 200, "batch_size": 20},
    original=Original(
        "pytorch_ipynb/mlp/mlp-fromscratch__sigmoid-mse.ipynb", {"test_accuracy": 0.9449, "train_accuracy": 0.9472}
    ),
    notes=(
        "The original prints an error averaged over the 10 classes but descends the gradient of their sum, ten times "
        "as steep; here the loss is that sum, so loss, gradient and learning rate belong together.",
    ),
)

RECIPES = (
    MLP_BASIC,
    MLP_DROPOUT,
    MLP_DROPOUT_TF1,
    MLP_BATCHNORM,
    MLP_BACKPROP_SCRATCH,
    MLP_BACKPROP_SCRATCH_SIGMOID_MSE,
)
