"""Recipes of autoencoders and variational autoencoders.

Losses of the variational originals were summed over batches of 128; here they are divided by 128: nats a sample.
"""

from dataclasses import replace

from tf_models.recipe import Original, Recipe

LINEAR_END = (
    "The original applies leaky ReLU before the last sigmoid, so that dark pixels need inputs around -500; here the "
    "last layer is linear."
)
PRINTED = "The original prints the loss of its last training batches; ours is that of all test samples."

AE_BASIC = Recipe(
    id="ae-basic",
    section="autoencoder",
    title="An autoencoder of two dense layers, 784-32-784",
    builder="tf_models.autoencoder.dense:dense_autoencoder",
    model={"input_shape": (28, 28, 1), "latent_dim": 32, "activation": "leaky_relu", "initializer": "normal"},
    dataset="mnist",
    task="reconstruct",
    task_options={"loss": "cross-entropy"},
    optimizer="adam",
    learning_rate=5e-3,
    batch_size=256,
    epochs=5,
    seed=123,
    parameters=50_992,
    embedded={"epochs": 30, "batch_size": 64},
    original=Original("pytorch_ipynb/autoencoder/ae-basic.ipynb", {"train_loss": 0.0935, "minutes": 0.52}),
    notes=(
        "The original initialises the encoder twice and the decoder never; here both start from N(0, 0.1).",
        PRINTED,
    ),
)

AE_BASIC_TF1 = replace(
    AE_BASIC,
    id="ae-basic-tf1",
    title="ae-basic with the TensorFlow 1 notebook's settings",
    model={"input_shape": (28, 28, 1), "latent_dim": 32, "activation": "relu", "initializer": "truncated_normal"},
    learning_rate=0.01,
    batch_size=128,
    original=Original("tensorflow1_ipynb/autoencoder/ae-basic.ipynb", {"train_loss": 0.107}),
    notes=(PRINTED,),
)

AE_DECONV = replace(
    AE_BASIC,
    id="ae-deconv",
    title="Convolutions and pooling down, transposed convolutions up",
    builder="tf_models.autoencoder.conv:conv_autoencoder",
    model={"input_shape": (28, 28, 1), "encoder_filters": (4, 8), "decoder_filters": (4,)},
    batch_size=128,
    epochs=10,
    seed=456,
    parameters=665,
    embedded={"epochs": 60, "batch_size": 32},
    original=Original("pytorch_ipynb/autoencoder/ae-deconv.ipynb", {"train_loss": 0.0959}),
    notes=(LINEAR_END, PRINTED),
)

TF1_SHAPE = {
    "input_shape": (28, 28, 1),
    "encoder_filters": (8, 4),
    "decoder_filters": (8, 8),
    "same": True,
    "head": True,
    "activation": "relu",
}

AE_DECONV_TF1 = replace(
    AE_DECONV,
    id="ae-deconv-tf1",
    title="ae-deconv as the TensorFlow 1 notebook has it",
    model=TF1_SHAPE,
    learning_rate=1e-3,
    epochs=5,
    seed=123,
    parameters=1_325,
    original=Original("tensorflow1_ipynb/autoencoder/ae-deconv.ipynb", {"train_loss": 0.084}),
    notes=(PRINTED,),
)

AE_DECONV_NOPOOL = replace(
    AE_DECONV,
    id="ae-deconv-nopool",
    title="ae-deconv with strides instead of pooling",
    model={**AE_DECONV.model, "downsampling": "stride"},
    original=Original("pytorch_ipynb/autoencoder/ae-deconv-nopool.ipynb", {"train_loss": 0.1026, "minutes": 1.18}),
)

AE_DECONV_JACCARD = replace(
    AE_DECONV,
    id="ae-deconv-jaccard",
    title="ae-deconv trained with the continuous Jaccard distance",
    task_options={"loss": "jaccard"},
    original=Original("pytorch_ipynb/autoencoder/ae-deconv-jaccard.ipynb", {"train_loss": 0.1785, "minutes": 1.32}),
)

AE_NNEIGHBOR = replace(
    AE_DECONV,
    id="ae-nneighbor",
    title="Nearest neighbours and convolutions up, which leaves no checkerboard",
    model={**AE_DECONV.model, "upsampling": "nearest"},
    learning_rate=0.05,
    seed=123,
    original=Original("pytorch_ipynb/autoencoder/ae-conv-nneighbor.ipynb", {"train_loss": 0.0818, "minutes": 1.19}),
)

AE_NNEIGHBOR_TF1 = replace(
    AE_DECONV_TF1,
    id="ae-nneighbor-tf1",
    title="ae-nneighbor as the TensorFlow 1 notebook has it",
    model={**{name: value for name, value in TF1_SHAPE.items() if name != "same"}, "upsampling": "nearest"},
    original=Original("tensorflow1_ipynb/autoencoder/ae-conv-nneighbor.ipynb", {"train_loss": 0.083}),
)

AE_NNEIGHBOR_CELEBA = replace(
    AE_NNEIGHBOR,
    id="ae-nneighbor-celeba",
    title="A deep convolutional autoencoder of faces, 128x128, with a code of 1,000",
    builder="tf_models.autoencoder.deep:deep_autoencoder",
    model={"input_shape": (128, 128, 3), "filters": (32, 64, 128, 256, 512), "latent_dim": 1000},
    dataset="celeba",
    task_options={"loss": "squared-error", "crop": 178, "resize": 128},
    learning_rate=1e-4,
    epochs=20,
    parameters=21_971_243,
    embedded={},
    original=Original("pytorch_ipynb/autoencoder/ae-conv-nneighbor-celeba.ipynb"),
    notes=("The original prints no losses and shows training images; here scores and figures are of test images.",),
)

AE_NNEIGHBOR_QUICKDRAW = replace(
    AE_NNEIGHBOR,
    id="ae-nneighbor-quickdraw",
    title="ae-nneighbor on drawings, with squared error",
    dataset="quickdraw",
    task_options={"loss": "squared-error"},
    learning_rate=5e-4,
    epochs=50,
    embedded={},
    original=Original(
        "pytorch_ipynb/autoencoder/ae-conv-nneighbor-quickdraw-1.ipynb", {"train_loss": 0.0180, "minutes": 46.89}
    ),
    notes=(LINEAR_END, PRINTED, "The original takes ten classes; here all that are in the folder, or data.classes."),
)

AE_VAE = replace(
    AE_BASIC,
    id="ae-vae",
    title="A dense variational autoencoder with 15 latent dimensions",
    builder="tf_models.autoencoder.vae:dense_vae",
    model={"input_shape": (28, 28, 1), "hidden": 500, "latent_dim": 15},
    task="variational",
    task_options={},
    learning_rate=1e-3,
    batch_size=128,
    epochs=50,
    seed=0,
    parameters=808_314,
    embedded={"epochs": 60},
    original=Original("pytorch_ipynb/autoencoder/ae-var.ipynb", {"train_loss": 13_272.7 / 128}),
    notes=(PRINTED,),
)

AE_CONV_VAE = replace(
    AE_VAE,
    id="ae-conv-vae",
    title="A convolutional variational autoencoder with 15 latent dimensions",
    builder="tf_models.autoencoder.vae:conv_vae",
    model={"latent_dim": 15},
    parameters=45_887,
    original=Original("pytorch_ipynb/autoencoder/ae-conv-var.ipynb", {"train_loss": 13_924.5 / 128, "minutes": 7.01}),
    notes=(LINEAR_END, PRINTED),
)

LABEL_LOSS = (
    "The original's loss also counts how well the decoder repeats the label that it was told; the ELBO here does not, "
    "and `label_loss` shows that part."
)

AE_CVAE = replace(
    AE_VAE,
    id="ae-cvae",
    title="A dense conditional variational autoencoder that also repeats its label",
    model={**AE_VAE.model, "latent_dim": 35, "classes": 10, "label_output": True, "slope": 0.01},
    parameters=853_364,
    original=Original("pytorch_ipynb/autoencoder/ae-cvae.ipynb", {"train_loss": 12_190.8 / 128, "minutes": 6.0}),
    notes=(LABEL_LOSS, PRINTED),
)

AE_CVAE_NO_OUT_CONCAT = replace(
    AE_CVAE,
    id="ae-cvae-no-out-concat",
    title="A dense conditional variational autoencoder",
    model={**AE_CVAE.model, "label_output": False},
    parameters=848_354,
    original=Original("pytorch_ipynb/autoencoder/ae-cvae_no-out-concat.ipynb", {"train_loss": 12_618.8 / 128}),
    notes=(PRINTED,),
)

AE_CONV_CVAE = replace(
    AE_CONV_VAE,
    id="ae-conv-cvae",
    title="A convolutional conditional variational autoencoder that also repeats its label's planes",
    model={"latent_dim": 50, "classes": 10, "label_output": True},
    parameters=86_927,
    original=Original("pytorch_ipynb/autoencoder/ae-cnn-cvae.ipynb", {"train_loss": 22_728.8 / 128, "minutes": 7.85}),
    notes=(LINEAR_END, LABEL_LOSS, PRINTED),
)

AE_CONV_CVAE_NO_OUT_CONCAT = replace(
    AE_CONV_CVAE,
    id="ae-conv-cvae-no-out-concat",
    title="A convolutional conditional variational autoencoder",
    model={"latent_dim": 50, "classes": 10},
    parameters=81_157,
    original=Original(
        "pytorch_ipynb/autoencoder/ae-cnn-cvae_no-out-concat.ipynb", {"train_loss": 13_997.9 / 128, "minutes": 7.33}
    ),
    notes=(LINEAR_END, PRINTED),
)

RECIPES = (
    AE_BASIC,
    AE_BASIC_TF1,
    AE_DECONV,
    AE_DECONV_TF1,
    AE_DECONV_NOPOOL,
    AE_DECONV_JACCARD,
    AE_NNEIGHBOR,
    AE_NNEIGHBOR_TF1,
    AE_NNEIGHBOR_CELEBA,
    AE_NNEIGHBOR_QUICKDRAW,
    AE_VAE,
    AE_CONV_VAE,
    AE_CVAE,
    AE_CVAE_NO_OUT_CONCAT,
    AE_CONV_CVAE,
    AE_CONV_CVAE_NO_OUT_CONCAT,
)
