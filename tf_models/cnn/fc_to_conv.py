"""Dense layers as convolutions, so that a classifier slides over larger images (Long et al. 2015, arXiv 1411.4038, section 3.1)."""

import keras
from keras import layers

from tf_models.cnn.basic import cnn


def fully_convolutional(
    input_shape: tuple[int, int, int] = (28, 28, 1),
    classes: int = 10,
    *,
    filters: tuple[int, ...] = (4, 8),
    initializer: str = "torch",
    name: str = "fully_convolutional",
) -> keras.Model:
    """The network of `tf_models.cnn.cnn` with its dense layer as a convolution of the whole last feature map.

    Arguments and errors are those of `tf_models.cnn.cnn`.

    Returns:
        A model from `(batch, height, width, channels)` to logits `(batch, classes)`.

    >>> fully_convolutional().count_params()
    4266
    """
    return dense_to_conv(cnn(input_shape, classes, filters=filters, initializer=initializer), spatial=False, name=name)


def dense_to_conv(model: keras.Model, *, spatial: bool = True, name: str | None = None) -> keras.Model:
    """Convert the dense head of a functional image model into convolutions with the same weights.

    The head is what follows the model's last `Flatten` or global pooling. A dense layer after `Flatten` becomes a
    convolution as large as the feature map that was flattened, further ones 1x1 convolutions; global pooling becomes
    pooling over a window of the feature map's size. The body may be any graph of layers.

    Args:
        model: Functional model with one image input of fixed size and one output. It is left as it is.
        spatial: True gives a model for images of the original's size or larger, whose output keeps its places:
            `(batch, rows, columns, classes)`. False keeps the input size and the output `(batch, classes)`.
        name: Name of the result; default the model's name and `_conv`.

    Returns:
        The converted model. On images of the original's size it gives the original's outputs.

    Raises:
        ValueError: The model is not functional, has no `Flatten` or global pooling before the output, or has a layer
            in the head without a convolutional form.
    """
    bottleneck, head = _split_head(model)
    feature_map = bottleneck.input
    inputs = keras.Input((None, None, model.input_shape[-1]) if spatial else model.input_shape[1:], name="image")
    body = keras.Model(model.input, feature_map)
    x = keras.models.clone_model(body, input_tensors=inputs).output
    weights = {layer.name: layer.get_weights() for layer in body.layers}
    window = tuple(feature_map.shape[1:3])
    if type(bottleneck) in _POOLINGS:
        x = _POOLINGS[type(bottleneck)](window, strides=1, name=bottleneck.name)(x)
        window = (1, 1)
    for layer in head:
        if isinstance(layer, layers.Dense):
            config = layer.get_config()
            shared = {key: config[key] for key in ("activation", "use_bias", "name", "dtype")}
            x = layers.Conv2D(layer.units, window, **shared)(x)
            kernel, *bias = layer.get_weights()
            weights[layer.name] = [kernel.reshape(*window, -1, layer.units), *bias]
            window = (1, 1)
        elif isinstance(layer, _POINTWISE) and window == (1, 1):
            x = type(layer).from_config(layer.get_config())(x)
            weights[layer.name] = layer.get_weights()
        elif not isinstance(layer, layers.Dropout):  # between flattening and dense it only acts in training
            raise ValueError(f"layer {layer.name} ({type(layer).__name__}) of the head has no convolutional form")
    if not spatial:
        x = layers.Flatten(name="output_flatten")(x)
    converted = keras.Model(inputs, x, name=name or f"{model.name}_conv")
    for layer in converted.layers:
        if layer.name in weights and layer.name != "image":
            layer.set_weights(weights[layer.name])
    return converted


_POOLINGS = {
    layers.GlobalAveragePooling2D: layers.AveragePooling2D,
    layers.GlobalMaxPooling2D: layers.MaxPooling2D,
}
_POINTWISE = (
    layers.Activation,
    layers.BatchNormalization,
    layers.Dropout,
    layers.ELU,
    layers.LeakyReLU,
    layers.ReLU,
    layers.Softmax,
)


def _split_head(model: keras.Model) -> tuple[keras.layers.Layer, list]:
    """The last `Flatten` or global pooling, and the layers that follow it one after the other."""
    if not hasattr(model, "operations"):
        raise ValueError(f"{type(model).__name__} is not a functional model")
    if len(model.inputs) != 1 or len(model.outputs) != 1 or len(model.inputs[0].shape) != 4:
        raise ValueError(f"model {model.name} must have one image input and one output")
    head, tensor = [], model.outputs[0]
    while True:
        operation, node_index, _ = tensor._keras_history
        if isinstance(operation, (layers.Flatten, *_POOLINGS)):
            return operation, head[::-1]
        tensors = operation._inbound_nodes[node_index].input_tensors
        if len(tensors) != 1:
            raise ValueError(f"model {model.name} has no Flatten or global pooling from which one path leads on")
        head.append(operation)
        tensor = tensors[0]
