"""Convolutional classifiers."""

import tensorflow as tf

from legacy_tf1.graphs.built import Built, adam, classifier, digit_placeholders, gradient_descent
from legacy_tf1.layers import conv2d, dense, max_pool

tf1 = tf.compat.v1

VGG16_BLOCKS = ((2, 1), (2, 2), (3, 4), (3, 8), (3, 8))  # convolutions of each block, maps as multiples of `filters`


def cnn(
    graph: tf.Graph,
    filters: tuple[int, ...] = (8, 16),
    classes: int = 10,
    learning_rate: float = 0.1,
    seed: int = 123,
    dtype=tf.float32,
) -> Built:
    """Blocks of `3x3 convolution -> ReLU -> 2x2 max pooling` on flat digits, then logits.

    Weights start from a truncated normal of 0.01. The first notebook pools with stride 1; here windows do not overlap.
    """
    with graph.as_default():
        tf1.set_random_seed(seed)
        images, labels = digit_placeholders(classes, dtype)
        truncated = tf1.truncated_normal_initializer(stddev=0.01)
        x = tf.reshape(images, (-1, 28, 28, 1))
        for number, maps in enumerate(filters, 1):
            x = max_pool(conv2d(x, maps, 3, f"conv{number}", activation=tf.nn.relu, initializer=truncated))
        logits = dense(_flat(x), classes, "logits", initializer=truncated)
        return classifier(images, labels, logits, optimizer=gradient_descent(learning_rate, dtype))


def vgg16(
    graph: tf.Graph,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    hidden: tuple[int, ...] = (4096, 4096),
    filters: int = 64,
    learning_rate: float = 1e-3,
    seed: int = 1,
    dtype=tf.float32,
) -> Built:
    """VGG-16 (Simonyan and Zisserman 2014, arXiv 1409.1556): all 13 convolutions in line, Adam.

    The notebook wires its last pooling to the twelfth convolution and so leaves the thirteenth out.

    Args:
        hidden: Units of each dense ReLU layer.
        filters: Maps of the first block.
    """
    with graph.as_default():
        tf1.set_random_seed(seed)
        images = tf1.placeholder(dtype, (None, *input_shape), name="images")
        labels = tf1.placeholder(dtype, (None, classes), name="labels")
        he = tf1.variance_scaling_initializer(2.0, mode="fan_in", distribution="uniform")
        x = images
        for block, (count, times) in enumerate(VGG16_BLOCKS, 1):
            for number in range(1, count + 1):
                scope = f"block{block}/conv{number}"
                x = conv2d(x, times * filters, 3, scope, activation=tf.nn.relu, initializer=he)
            x = max_pool(x)
        x = _flat(x)
        for number, units in enumerate(hidden, 1):
            x = dense(x, units, f"fc{number}", activation=tf.nn.relu, initializer=he)
        logits = dense(x, classes, "logits", initializer=he)
        return classifier(images, labels, logits, optimizer=adam(learning_rate, dtype))


def _flat(x):
    _, height, width, maps = x.shape
    return tf.reshape(x, (-1, height * width * maps))
