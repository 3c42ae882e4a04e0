"""Which pixels speak for the class that a classifier names: vanilla gradients, guided backpropagation, Grad-CAM."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tf_data.errors import InputError
from tf_data.figures import figure
from tf_models.interception import intercepted


def vanilla_gradient(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """How much each pixel can change the named class's logit (Simonyan et al. 2013, arXiv 1312.6034).

    The absolute gradient of that logit by the pixel, the largest over the channels, of each image scaled to 0..1.

    Args:
        model: A classifier of images that gives logits, one for each class, or one alone.
        x: Images as the model takes them, `(batch, height, width, channels)`.

    Returns:
        Maps float32 `(batch, height, width)`.
    """
    return _scaled(np.abs(_pixel_gradients(model, x)).max(axis=-1))


def guided_backprop(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Vanilla gradients of which each ReLU lets only positive ones back (Springenberg et al. 2014, arXiv 1412.6806).

    Args:
        model, x: As for `vanilla_gradient`.

    Returns:
        Maps float32 `(batch, height, width)`.

    Raises:
        InputError: The model has no ReLU.
    """
    relus = [layer for layer in model._flatten_layers(include_self=False) if _is_relu(layer)]
    if not relus:
        raise InputError(f"model {model.name} has no ReLU, whose gradients guided backpropagation changes")

    @tf.custom_gradient
    def guided(value):
        return tf.identity(value), tf.nn.relu

    with intercepted(model, relus, lambda layer, value: guided(value)):
        gradients = _pixel_gradients(model, x)
    return _scaled(np.abs(gradients).max(axis=-1))


def grad_cam(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Where the last feature maps speak for the named class (Selvaraju et al. 2017, arXiv 1610.02391).

    ReLU of the sum of the maps, each weighted with the mean gradient of the class's logit by it; scaled bilinearly to
    the image's size and to 0..1.

    Args:
        model, x: As for `vanilla_gradient`; a functional model.

    Returns:
        Maps float32 `(batch, height, width)`.

    Raises:
        InputError: No layer gives maps of more than one place.
    """
    layer = _last_maps(model)
    both = keras.Model(model.inputs, [layer.output, *model.outputs])
    with tf.GradientTape() as tape:
        maps, logits = both([tf.convert_to_tensor(x)], training=False)
        score = _named(logits)
    weights = tf.reduce_mean(tape.gradient(score, maps), axis=(1, 2), keepdims=True)
    found = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1, keepdims=True))
    return _scaled(tf.image.resize(found, x.shape[1:3])[..., 0].numpy())


METHODS = {"vanilla gradient": vanilla_gradient, "guided backpropagation": guided_backprop, "Grad-CAM": grad_cam}


def draw(model: keras.Model, x: np.ndarray, visible: np.ndarray, titles: list[str], path: Path) -> str:
    """Images with what each of `METHODS` says of them, a row each, as a figure.

    Args:
        model: The classifier.
        x: Images as the model takes them.
        visible: The same images in 0..1.
        titles: A title for each image.
        path: PNG file to write.

    Returns:
        The file's name.

    Raises:
        InputError: The model takes no images, or a method does not go with it.
    """
    if x.ndim != 4:
        raise InputError(f"model {model.name} takes samples of {x.shape[1:]}, which are no images to explain")
    maps = {name: method(model, x) for name, method in METHODS.items()}
    with figure(path, figsize=(2.2 * (1 + len(maps)), 2.4 * len(x))) as drawn:
        rows = drawn.subplots(len(x), 1 + len(maps), squeeze=False)
        for number, row in enumerate(rows):
            row[0].imshow(np.clip(visible[number], 0, 1).squeeze(), cmap="gray", vmin=0, vmax=1)
            row[0].set_title(titles[number], fontsize=8)
            for axis, (name, found) in zip(row[1:], maps.items(), strict=True):
                if name == "Grad-CAM":  # a place in the image more than a picture of its own
                    axis.imshow(np.clip(visible[number], 0, 1).squeeze(), cmap="gray", vmin=0, vmax=1)
                    axis.imshow(found[number], cmap="jet", alpha=0.5, vmin=0, vmax=1)
                else:
                    axis.imshow(found[number], cmap="gray", vmin=0, vmax=1)
                axis.set_title(name, fontsize=8)
            for axis in row:
                axis.axis("off")
    return path.name


def _pixel_gradients(model: keras.Model, x: np.ndarray) -> np.ndarray:
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        score = _named(model(x, training=False))
    return tape.gradient(score, x).numpy()


def _named(logits) -> tf.Tensor:
    """The sum over the batch of each named class's logit; one logit alone speaks for class 1, its negative for 0."""
    if logits.shape[-1] == 1:
        return tf.reduce_sum(tf.abs(logits))
    return tf.reduce_sum(tf.reduce_max(logits, axis=-1))


def _is_relu(layer: keras.Layer) -> bool:
    return isinstance(layer, keras.layers.ReLU) or getattr(layer, "activation", None) is keras.activations.relu


def _last_maps(model: keras.Model) -> keras.Layer:
    for layer in reversed(model.layers):
        shape = getattr(getattr(layer, "output", None), "shape", ())
        if len(shape) == 4 and not isinstance(layer, keras.layers.InputLayer) and min(shape[1:3]) > 1:
            return layer
    raise InputError(f"model {model.name} has no maps of more than one place, which Grad-CAM weights")


def _scaled(maps: np.ndarray) -> np.ndarray:
    """Each map to 0..1; one that is the same everywhere becomes zeros."""
    low = maps.min(axis=(1, 2), keepdims=True)
    span = maps.max(axis=(1, 2), keepdims=True) - low
    return ((maps - low) / np.where(span > 0, span, 1)).astype(np.float32)
