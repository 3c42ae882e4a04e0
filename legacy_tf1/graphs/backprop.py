"""One network with a sigmoid layer, trained in three ways that differ only in who derives and applies the gradients."""

import tensorflow as tf

from legacy_tf1.graphs.built import Built, classifier, digit_placeholders, gradient_descent, softmax_loss
from legacy_tf1.layers import get_weights

tf1 = tf.compat.v1


def with_optimizer(graph: tf.Graph, **settings) -> Built:
    """TensorFlow derives the gradients, its optimizer applies them. `settings` as `_network` takes them."""

    def train_op(rate, network, loss):
        step = tf1.train.get_or_create_global_step()
        return gradient_descent(rate, loss.dtype).minimize(loss, global_step=step)

    return _network(graph, train_op, **settings)


def with_gradients(graph: tf.Graph, **settings) -> Built:
    """TensorFlow derives the gradients (`tf.gradients`), assignments apply them."""

    def train_op(rate, network, loss):
        variables = network["variables"]
        return _descend(rate, variables, tf1.gradients(loss, variables))

    return _network(graph, train_op, **settings)


def by_hand(graph: tf.Graph, **settings) -> Built:
    """The chain rule in matrices, and assignments: nothing is derived by TensorFlow (Rumelhart et al. 1986)."""

    def train_op(rate, network, loss):
        images, h, logits = network["images"], network["hidden"], network["logits"]
        count = tf.cast(tf.shape(images)[0], logits.dtype)
        delta = (tf.nn.softmax(logits) - network["labels"]) / count  # softmax and cross-entropy cancel to this
        hidden_delta = tf.matmul(delta, network["variables"][2], transpose_b=True) * h * (1 - h)
        gradients = [
            tf.matmul(images, hidden_delta, transpose_a=True),
            tf.reduce_sum(hidden_delta, axis=0),
            tf.matmul(h, delta, transpose_a=True),
            tf.reduce_sum(delta, axis=0),
        ]
        return _descend(rate, network["variables"], gradients)

    return _network(graph, train_op, **settings)


def _network(
    graph: tf.Graph,
    train_op,
    hidden: int = 128,
    classes: int = 10,
    stddev: float = 0.1,
    learning_rate: float = 0.1,
    seed: int = 123,
    dtype=tf.float32,
) -> Built:
    """784 inputs, `hidden` sigmoid units, `classes` logits; weights from a truncated normal of `stddev`.

    Args:
        train_op: Makes the training operation from the learning rate, the parts of the network and its loss.
    """
    with graph.as_default():
        tf1.set_random_seed(seed)
        images, labels = digit_placeholders(classes, dtype)
        truncated = tf1.truncated_normal_initializer(stddev=stddev)
        with tf1.variable_scope("fc1"):
            w1, b1 = get_weights((784, hidden), truncated, dtype=dtype)
            h = tf.sigmoid(tf.matmul(images, w1) + b1)
        with tf1.variable_scope("logits"):
            w2, b2 = get_weights((hidden, classes), truncated, dtype=dtype)
            logits = tf.matmul(h, w2) + b2
        network = {"images": images, "labels": labels, "hidden": h, "logits": logits, "variables": [w1, b1, w2, b2]}
        loss = softmax_loss(labels, logits)
        return classifier(images, labels, logits, train_op=train_op(learning_rate, network, loss), loss=loss)


def _descend(rate: float, variables, gradients) -> tf.Operation:
    # No assignment may come before the last gradient is known, or some would see new weights.
    with tf.control_dependencies(gradients):
        steps = [
            tf1.assign_sub(variable, rate * gradient) for variable, gradient in zip(variables, gradients, strict=True)
        ]
        return tf.group(*steps, tf1.assign_add(tf1.train.get_or_create_global_step(), 1))
