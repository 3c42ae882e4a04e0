"""The network that all these topics train, on whatever tensors a mechanism gives: 784-128-256-10, truncated normal 0.1."""

import numpy as np
import tensorflow.compat.v1 as tf1

from legacy_tf1 import layers
from legacy_tf1.graphs.built import Built, classifier
from legacy_tf1.pipelines.feed import scaled

HIDDEN = {"fc1": 128, "fc2": 256}
STDDEV = 0.1
SCORED_AT_ONCE = 1000  # samples


def perceptron(images: tf1.Tensor, labels: tf1.Tensor, learning_rate: float = 0.1) -> Built:
    """Add the network, its loss and its training to the default graph, whose seed decides the weights.

    Args:
        images: Float32 `(batch, height, width, channels)`.
        labels: Float32 `(batch, classes)`, one-hot.
        learning_rate: Learning rate of gradient descent.
    """
    truncated = tf1.truncated_normal_initializer(stddev=STDDEV)
    x = tf1.reshape(images, (-1, images.shape[1:].num_elements()))
    for scope, units in HIDDEN.items():
        x = layers.dense(x, units, scope, activation=tf1.nn.relu, initializer=truncated)
    logits = layers.dense(x, labels.shape[-1], "logits", initializer=truncated)
    return classifier(images, labels, logits, optimizer=tf1.train.GradientDescentOptimizer(learning_rate))


def score(session: tf1.Session, images: tf1.Tensor, logits: tf1.Tensor, x: np.ndarray, y: np.ndarray) -> float:
    """The fraction of right answers, on pixels scaled as in training; every sample counts once.

    Args:
        images, logits: Tensors of the graph.
        x: Uint8 `(n, height, width, channels)`.
        y: Class numbers `(n,)`.
    """
    right = 0
    for start in range(0, len(x), SCORED_AT_ONCE):
        part = slice(start, start + SCORED_AT_ONCE)
        found = session.run(logits, {images: scaled(x[part])})
        right += int(np.sum(found.argmax(axis=1) == y[part]))
    return right / len(x)
