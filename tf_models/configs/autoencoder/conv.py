"""Recipes of `tf_models/autoencoder/conv.py`."""

from dataclasses import replace

from tf_models.configs.recipe import ADAM, Original, Recipe

LINEAR_END = (
    "The original applies leaky ReLU before the last sigmoid, so that dark pixels need inputs around -500; here the "
    "last layer is linear."
)

PRINTED = "The original prints the loss of its last training batches; ours is that of all test samples."

AE_DECONV = Recipe(
    id="ae-deconv",
    section="autoencoder",
    title="Convolutions and pooling down, transposed convolutions up",
    builder="conv_autoencoder",
    model={"input_shape": (28, 28, 1), "encoder_filters": (4, 8), "decoder_filters": (4,)},
    dataset="mnist",
    task="reconstruct",
    task_options={"loss": "cross-entropy"},
    optimizer="adam",
    learning_rate=5e-3,
    optimizer_options=ADAM,
    batch_size=128,
    epochs=10,
    seed=456,
    parameters=665,
    embedded={"epochs": 60, "batch_size": 32},
    original=Original("pytorch_ipynb/autoencoder/ae-deconv.ipynb", {"train_loss": 0.0959}),
    notes=(LINEAR_END, PRINTED),
)

AE_DECONV_NOPOOL = replace(
    AE_DECONV,
    id="ae-deconv-nopool",
    title="ae-deconv with strides instead of pooling",
    model={"input_shape": (28, 28, 1), "encoder_filters": (4, 8), "decoder_filters": (4,), "downsampling": "stride"},
    original=Original("pytorch_ipynb/autoencoder/ae-deconv-nopool.ipynb", {"train_loss": 0.1026, "minutes": 1.18}),
    notes=(LINEAR_END, PRINTED),
)

AE_DECONV_JACCARD = replace(
    AE_DECONV,
    id="ae-deconv-jaccard",
    title="ae-deconv trained with the continuous Jaccard distance",
    task_options={"loss": "jaccard"},
    original=Original("pytorch_ipynb/autoencoder/ae-deconv-jaccard.ipynb", {"train_loss": 0.1785, "minutes": 1.32}),
    notes=(LINEAR_END, PRINTED),
)

AE_NNEIGHBOR = replace(
    AE_DECONV,
    id="ae-nneighbor",
    title="Nearest neighbours and convolutions up, which leaves no checkerboard",
    model={"input_shape": (28, 28, 1), "encoder_filters": (4, 8), "decoder_filters": (4,), "upsampling": "nearest"},
    learning_rate=0.05,
    seed=123,
    original=Original("pytorch_ipynb/autoencoder/ae-conv-nneighbor.ipynb", {"train_loss": 0.0818, "minutes": 1.19}),
    notes=(LINEAR_END, PRINTED),
)

AE_NNEIGHBOR_QUICKDRAW = replace(
    AE_DECONV,
    id="ae-nneighbor-quickdraw",
    title="ae-nneighbor on drawings, with squared error",
    model={"input_shape": (28, 28, 1), "encoder_filters": (4, 8), "decoder_filters": (4,), "upsampling": "nearest"},
    dataset="quickdraw",
    task_options={"loss": "squared-error"},
    learning_rate=5e-4,
    epochs=50,
    seed=123,
    embedded={},
    original=Original(
        "pytorch_ipynb/autoencoder/ae-conv-nneighbor-quickdraw-1.ipynb", {"train_loss": 0.018, "minutes": 46.89}
    ),
    notes=(LINEAR_END, PRINTED, "The original takes ten classes; here all that are in the folder, or data.classes."),
)

AE_DECONV_TF1 = Recipe(
    id="ae-deconv-tf1",
    section="autoencoder",
    title="ae-deconv as the TensorFlow 1 notebook has it",
    builder="conv_autoencoder",
    model={
        "input_shape": (28, 28, 1),
        "encoder_filters": (8, 4),
        "decoder_filters": (8, 8),
        "same": True,
        "head": True,
        "activation": "relu",
    },
    dataset="mnist",
    task="reconstruct",
    task_options={"loss": "cross-entropy"},
    optimizer="adam",
    learning_rate=1e-3,
    optimizer_options=ADAM,
    batch_size=128,
    epochs=5,
    seed=123,
    parameters=1_325,
    embedded={"epochs": 60, "batch_size": 32},
    original=Original("tensorflow1_ipynb/autoencoder/ae-deconv.ipynb", {"train_loss": 0.084}),
    notes=(PRINTED,),
)

AE_NNEIGHBOR_TF1 = replace(
    AE_DECONV_TF1,
    id="ae-nneighbor-tf1",
    title="ae-nneighbor as the TensorFlow 1 notebook has it",
    model={
        "input_shape": (28, 28, 1),
        "encoder_filters": (8, 4),
        "decoder_filters": (8, 8),
        "head": True,
        "activation": "relu",
        "upsampling": "nearest",
    },
    original=Original("tensorflow1_ipynb/autoencoder/ae-conv-nneighbor.ipynb", {"train_loss": 0.083}),
    notes=(PRINTED,),
)
