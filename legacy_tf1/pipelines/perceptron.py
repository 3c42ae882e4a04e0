"""The network that all these topics train: 784-128-256-10, ReLU, truncated normal 0.1, gradient descent."""

from typing import NamedTuple

import tensorflow.compat.v1 as tf1

LAYERS = {"fc1": 128, "fc2": 256, "logits": 10}
STDDEV = 0.1


class Perceptron(NamedTuple):
    """What is in the graph: logits `(batch, 10)`, mean loss, right answers in the batch (int64), and one training step."""

    logits: tf1.Tensor
    loss: tf1.Tensor
    correct: tf1.Tensor
    train: tf1.Operation


def forward(images: tf1.Tensor, layers: list[tuple[str, tf1.Tensor, tf1.Tensor]]) -> tf1.Tensor:
    """Logits from images and (name, weights, biases) of each layer; ReLU after all but the last."""
    x = tf1.reshape(images, (-1, layers[0][1].shape[0]))
    for name, weights, biases in layers[:-1]:
        x = tf1.nn.relu(tf1.matmul(x, weights) + biases, name=f"{name}/relu")
    name, weights, biases = layers[-1]
    return tf1.add(tf1.matmul(x, weights), biases, name=f"{name}/output")


def perceptron(images: tf1.Tensor, labels: tf1.Tensor, learning_rate: float = 0.1) -> Perceptron:
    """Add the network, its loss and its training to the default graph, whose seed decides the weights.

    Args:
        images: float32 `(batch, height, width, channels)`.
        labels: float32 `(batch, 10)`, one-hot.
    """
    layers, inputs = [], images.shape[1:].num_elements()
    for name, units in LAYERS.items():
        with tf1.variable_scope(name):
            start = tf1.truncated_normal_initializer(stddev=STDDEV)
            weights = tf1.get_variable("weights", (inputs, units), initializer=start)
            layers.append((name, weights, tf1.get_variable("biases", units, initializer=tf1.zeros_initializer())))
        inputs = units
    logits = forward(images, layers)
    loss = tf1.reduce_mean(tf1.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits), name="loss")
    hits = tf1.equal(tf1.argmax(logits, 1), tf1.argmax(labels, 1))
    correct = tf1.reduce_sum(tf1.cast(hits, tf1.int64), name="correct")
    train = tf1.train.GradientDescentOptimizer(learning_rate).minimize(loss, name="train")
    return Perceptron(logits, loss, correct, train)
