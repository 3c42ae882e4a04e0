"""Names in `run.json` of format 1, and what format 2 calls them. A run that cannot be mapped is refused."""

from collections.abc import Mapping

from tf_data.errors import InputError

BUILDERS = {
    "tf_models.basic_ml.perceptron:perceptron": "perceptron",
    "tf_models.basic_ml.logistic_regression:logistic_regression": "logistic_regression",
    "tf_models.basic_ml.softmax_regression:softmax_regression": "softmax_regression",
    "tf_models.mlp.mlp:mlp": "mlp",
    "tf_models.mlp.backprop_scratch:backprop_mlp": "backprop_mlp",
    "tf_models.cnn.basic:cnn": "cnn",
    "tf_models.cnn.fc_to_conv:fully_convolutional": "fully_convolutional",
    "tf_models.cnn.allconv:allconv": "allconv",
    "tf_models.cnn.alexnet:alexnet": "alexnet",
    "tf_models.cnn.vgg:vgg": "vgg",
    "tf_models.cnn.nin:nin": "nin",
    "tf_models.cnn.lenet:lenet": "lenet",
    "tf_models.cnn.residual_blocks:residual_blocks": "residual_blocks",
    "tf_models.cnn.resnet:resnet": "resnet",
    "tf_models.cnn.densenet:densenet": "densenet",
    "tf_models.cnn.airbench:airbench": "airbench",
    "tf_models.cnn.mobilenet:mobilenet_v2": "mobilenet_v2",
    "tf_models.cnn.mobilenet:mobilenet_v3": "mobilenet_v3",
    "tf_models.metric.siamese:siamese_mlp": "siamese_mlp",
    "tf_models.autoencoder.dense:dense_autoencoder": "dense_autoencoder",
    "tf_models.autoencoder.conv:conv_autoencoder": "conv_autoencoder",
    "tf_models.autoencoder.deep:deep_autoencoder": "deep_autoencoder",
    "tf_models.autoencoder.vae:dense_vae": "dense_vae",
    "tf_models.autoencoder.vae:conv_vae": "conv_vae",
    "tf_models.gan.dense:dense_gan": "dense_gan",
    "tf_models.gan.conv:conv_gan": "conv_gan",
    "tf_models.gan.conv:dcgan": "dcgan",
}
# Arguments of builders, by builder, and what they are called since.
ARGUMENTS = {
    "mlp": {"kernel_stddev": "stddev"},
    "backprop_mlp": {"kernel_stddev": "stddev"},
    "dense_autoencoder": {"kernel_stddev": "stddev"},
    "alexnet": {"width": "filters"},
    "vgg": {"width": "filters"},
    "nin": {"width": "filters"},
    "resnet": {"width": "filters"},
    "airbench": {"widths": "filters"},
    "residual_blocks": {"channels": "filters"},
    "siamese_mlp": {"embedding": "embedding_dim"},
    "dense_vae": {"slope": "negative_slope"},
    "conv_vae": {"slope": "negative_slope"},
    "dense_gan": {"slope": "negative_slope"},
    "conv_gan": {"slope": "negative_slope"},
    "dcgan": {"slope": "negative_slope"},
}
# Keys of `--set` that no builder has a say in, likewise.
MOVED = {f"task.{name}": f"transform.{name}" for name in ("crop", "resize", "augment")}


def moved(key: str, builder: str) -> str | None:
    """What a key of `--set` is called since, None for one that was never renamed.

    A builder of one's own may well take an argument that another builder had before, hence the builder's name.
    """
    group, _, name = key.partition(".")
    renamed = ARGUMENTS.get(builder, {})
    return f"model.{renamed[name]}" if group == "model" and name in renamed else MOVED.get(key)


def upgrade(values: Mapping) -> dict:
    """A recipe of format 1 as format 2 writes it. Raises `InputError` naming a builder that is not in the table."""
    from tf_data import datasets

    try:
        builder, options = values["builder"], dict(values.get("task_options", {}))
        if builder not in BUILDERS:
            raise InputError(f"builder {builder!r} of format 1 is not among those that this version knows")
        steps = {name: options.pop(name) for name in ("crop", "resize", "augment") if name in options}
        renamed = ARGUMENTS.get(BUILDERS[builder], {})
        model = {renamed.get(name, name): value for name, value in values["model"].items()}
        transform = {"name": "image", **{name: value for name, value in steps.items() if value is not None}}
        if values["task"] == "generate":
            transform["value_range"] = (-1.0, 1.0)
        if len(datasets.get(values["dataset"]).shape) == 1:
            transform = {"name": "features"}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"not a recipe of format 1: {type(error).__name__} {error}") from None
    return {**values, "builder": BUILDERS[builder], "model": model, "task_options": options, "transform": transform}
