"""Model builders by name, so that recipes and run directories need no Python path. Importing this loads no TensorFlow."""

from collections.abc import Callable

from tf_data import tables
from tf_data.errors import InputError

# `module:function`, or a function that `register_builder` was given.
BUILDERS: dict[str, str | Callable] = {
    "perceptron": "tf_models.basic_ml.perceptron:perceptron",
    "logistic_regression": "tf_models.basic_ml.logistic_regression:logistic_regression",
    "softmax_regression": "tf_models.basic_ml.softmax_regression:softmax_regression",
    "mlp": "tf_models.mlp.mlp:mlp",
    "backprop_mlp": "tf_models.mlp.backprop_scratch:backprop_mlp",
    "cnn": "tf_models.cnn.basic:cnn",
    "fully_convolutional": "tf_models.cnn.fc_to_conv:fully_convolutional",
    "allconv": "tf_models.cnn.allconv:allconv",
    "alexnet": "tf_models.cnn.alexnet:alexnet",
    "vgg": "tf_models.cnn.vgg:vgg",
    "nin": "tf_models.cnn.nin:nin",
    "lenet": "tf_models.cnn.lenet:lenet",
    "residual_blocks": "tf_models.cnn.residual_blocks:residual_blocks",
    "resnet": "tf_models.cnn.resnet:resnet",
    "densenet": "tf_models.cnn.densenet:densenet",
    "airbench": "tf_models.cnn.airbench:airbench",
    "compact_cnn": "tf_models.cnn.compact:compact_cnn",
    "mobilenet_v2": "tf_models.cnn.mobilenet:mobilenet_v2",
    "mobilenet_v3": "tf_models.cnn.mobilenet:mobilenet_v3",
    "siamese_mlp": "tf_models.metric.siamese:siamese_mlp",
    "dense_autoencoder": "tf_models.autoencoder.dense:dense_autoencoder",
    "conv_autoencoder": "tf_models.autoencoder.conv:conv_autoencoder",
    "deep_autoencoder": "tf_models.autoencoder.deep:deep_autoencoder",
    "dense_vae": "tf_models.autoencoder.vae:dense_vae",
    "conv_vae": "tf_models.autoencoder.vae:conv_vae",
    "dense_gan": "tf_models.gan.dense:dense_gan",
    "conv_gan": "tf_models.gan.conv:conv_gan",
    "dcgan": "tf_models.gan.conv:dcgan",
    "char_rnn": "tf_models.rnn.characters:char_rnn",
    "sentiment_rnn": "tf_models.rnn.sentiment:sentiment_rnn",
    "voting_rnn": "tf_models.rnn.voting:voting_rnn",
    "vit": "tf_models.transformer.vit:vit",
    "ordinal_mlp": "tf_models.ordinal.mlp:ordinal_mlp",
    "ordinal_resnet": "tf_models.ordinal.vision:ordinal_resnet",
    "ordinal_alexnet": "tf_models.ordinal.vision:ordinal_alexnet",
}


def require(name: str) -> None:
    """Raise `InputError`, naming the nearest, unless there is a builder of this name."""
    tables.require("builder", name, BUILDERS, "; one of your own is made known by tf_models.register_builder")


def get(name: str) -> Callable:
    """The builder of this name. Raises `InputError` naming the nearest when there is none."""
    require(name)
    return tables.load(BUILDERS[name])


def register_builder(name: str, function: Callable) -> None:
    """Make a builder of your own known by a name, for recipes and the run directories that they leave.

    A run directory holds the name alone: whoever opens it must have registered the builder before.

    Args:
        name: A name that is not taken yet.
        function: Returns a `keras.Model` for keyword arguments.

    Raises:
        InputError: The name is taken.
    """
    if name in BUILDERS:
        raise InputError(f"there is a builder {name!r} already; choose another name")
    BUILDERS[name] = function
