"""Recipes of `tf_models/metric/siamese.py`."""

from dataclasses import replace

from tf_models.configs.recipe import ADAM, Original, Recipe

BALANCED = "The original pairs two random batches, so that one pair in ten is of one class; here it is one in two."

METRIC_SIAMESE_MLP = Recipe(
    id="metric-siamese-mlp",
    section="metric",
    title="A siamese network puts digits on a line",
    builder="siamese_mlp",
    model={"input_shape": (28, 28, 1), "hidden": (256, 256), "embedding_dim": 1, "initializer": "he_normal"},
    dataset="mnist",
    task="compare",
    task_options={"margin": 1.0, "neighbours": 5},
    optimizer="sgd",
    learning_rate=0.1,
    batch_size=100,
    epochs=5,
    seed=0,
    parameters=267_009,
    embedded={"epochs": 20},
    original=Original("tensorflow1_ipynb/metric/siamese-1.ipynb", {"train_loss": 0.25}),
    notes=(
        "The original's loss does not use the labels: it ends at 0.25, half the squared margin, where all digits "
        "lie on one point. Here pairs of one class attract and others repel each other (Hadsell et al. 2006).",
        "The original starts at weights of N(0, 0.001), with ReLU on the embedding and learning rate 0.001: the "
        "digits stay on one point with any loss. Here He's weights, a linear embedding and rate 0.1; "
        "model.initializer=truncated_normal, model.stddev=0.001, model.activation=relu, learning_rate=0.001 bring "
        "it back.",
        BALANCED,
        "Ten classes on a line must push past each other, which is why two dimensions (metric-siamese-mlp-2d) do "
        "better.",
    ),
)

METRIC_SIAMESE_MLP_2D = replace(
    METRIC_SIAMESE_MLP,
    id="metric-siamese-mlp-2d",
    title="A siamese network puts digits on a plane",
    model={"input_shape": (28, 28, 1), "hidden": (256, 256), "embedding_dim": 2, "initializer": "he_normal"},
    optimizer="adam",
    learning_rate=1e-3,
    optimizer_options=ADAM,
    epochs=10,
    parameters=267_266,
    original=None,
    notes=(BALANCED,),
)

METRIC_SIAMESE_MLP_16D = replace(
    METRIC_SIAMESE_MLP,
    id="metric-siamese-mlp-16d",
    title="A siamese network puts digits into 16 dimensions",
    model={"input_shape": (28, 28, 1), "hidden": (256, 256), "embedding_dim": 16, "initializer": "he_normal"},
    optimizer="adam",
    learning_rate=1e-3,
    optimizer_options=ADAM,
    epochs=10,
    parameters=270_864,
    original=None,
    notes=(BALANCED,),
)
