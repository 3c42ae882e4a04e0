"""Convolutional networks for ordered labels of images, for instance ages of faces."""

import keras

from tf_models.cnn import alexnet, resnet
from tf_models.ordinal.heads import ordinal_head


def ordinal_resnet(
    input_shape: tuple[int, int, int] = (120, 120, 3),
    classes: int = 22,
    *,
    head: str = "coral",
    depth: int = 34,
    filters: int = 64,
    blocks: tuple[int, int, int, int] | None = None,
    name: str = "ordinal_resnet",
) -> keras.Model:
    """`tf_models.cnn.resnet` up to its global average, and an ordinal head.

    Args:
        input_shape: Image size `(height, width, channels)`.
        classes: Number of ranks, 2 or more.
        head: Kind of the head, see `tf_models.ordinal.ordinal_head`.
        depth, filters, blocks: As in `tf_models.cnn.resnet`.
        name: Name of the model.

    Returns:
        A model from `(batch, height, width, channels)` to the outputs of the head.

    Raises:
        ValueError: The network or the head refuse their arguments.
    """
    body = resnet(input_shape, depth=depth, filters=filters, blocks=blocks)
    return _with_head(body, classes, head, name)


def ordinal_alexnet(
    input_shape: tuple[int, int, int] = (120, 120, 3),
    classes: int = 22,
    *,
    head: str = "niu",
    hidden: tuple[int, ...] = (4096, 4096),
    filters: int = 32,
    dropout: float = 0.5,
    name: str = "ordinal_alexnet",
) -> keras.Model:
    """`tf_models.cnn.alexnet` up to its last hidden layer, and an ordinal head.

    Args:
        input_shape: Image size `(height, width, channels)`.
        classes: Number of ranks, 2 or more.
        head: Kind of the head, see `tf_models.ordinal.ordinal_head`.
        hidden, filters, dropout: As in `tf_models.cnn.alexnet`.
        name: Name of the model.

    Returns:
        A model from `(batch, height, width, channels)` to the outputs of the head.

    Raises:
        ValueError: The network or the head refuse their arguments.
    """
    body = alexnet(input_shape, hidden=hidden, filters=filters, dropout=dropout)
    return _with_head(body, classes, head, name)


def _with_head(body: keras.Model, classes: int, head: str, name: str) -> keras.Model:
    """A classifier with an ordinal head in place of its last layer, `logits`."""
    features = body.get_layer("logits").input
    return keras.Model(body.input, ordinal_head(features, classes, head), name=name)
