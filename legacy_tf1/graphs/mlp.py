"""Multilayer perceptrons on flat digits."""

import tensorflow as tf

from legacy_tf1 import layers
from legacy_tf1.graphs.built import Built, classifier, digit_placeholders, gradient_descent, training_switch

tf1 = tf.compat.v1


def mlp_raw(
    graph: tf.Graph,
    hidden: tuple[int, ...] = (128, 256),
    classes: int = 10,
    stddev: float = 0.1,
    logits_activation: str = "linear",
    learning_rate: float = 0.1,
    seed: int = 1,
    dtype=tf.float32,
) -> Built:
    """Dense layers with ReLU from nothing but `tf.Variable` and `tf.matmul`, as the first half of the notebook."""
    with graph.as_default():
        tf1.set_random_seed(seed)
        images, labels = digit_placeholders(classes, dtype)
        x = images
        for number, units in enumerate((*hidden, classes), 1):
            last = number > len(hidden)
            with tf1.name_scope("logits" if last else f"fc{number}"):
                drawn = tf.random.truncated_normal((x.shape[-1], units), stddev=stddev, dtype=dtype)
                weights = tf1.Variable(drawn, name="weights")
                biases = tf1.Variable(tf.zeros((units,), dtype), name="biases")
                x = tf.matmul(x, weights) + biases
                x = x if last else tf.nn.relu(x)
        x = layers.activation(logits_activation)(x)
        return classifier(images, labels, x, optimizer=gradient_descent(learning_rate, dtype))


def mlp(
    graph: tf.Graph,
    hidden: tuple[int, ...] = (128, 256),
    classes: int = 10,
    dropout: float = 0.0,
    batch_norm: bool = False,
    stddev: float = 0.1,
    momentum: float = 0.9,
    epsilon: float = 1e-5,
    logits_activation: str = "linear",
    learning_rate: float = 0.1,
    seed: int = 1,
    dtype=tf.float32,
) -> Built:
    """`dense -> [batch norm] -> ReLU -> [dropout]` for each hidden layer, and dense logits.

    Args:
        dropout: Fraction of activations dropped after each ReLU.
        batch_norm: Whether to normalise before each ReLU; the dense layer then has no bias.
        stddev: Standard deviation of the hidden layers' truncated normal weights; the logits' start is TensorFlow's
            default, Glorot's uniform, as in the notebook's second half.
        momentum, epsilon: Constants of batch norm. The defaults are those of the Keras model, PyTorch's; tf.layers has
            0.99 and 1e-3.
        logits_activation: A name of `legacy_tf1.topics.ACTIVATIONS`.
    """
    with graph.as_default():
        tf1.set_random_seed(seed)
        images, labels = digit_placeholders(classes, dtype)
        training = training_switch() if dropout or batch_norm else None
        truncated = tf1.truncated_normal_initializer(stddev=stddev)
        x, draws = images, []
        for number, units in enumerate(hidden, 1):
            x = layers.dense(x, units, f"fc{number}", initializer=truncated, bias=not batch_norm)
            if batch_norm:
                x = layers.batch_norm(x, training, f"fc{number}/norm", momentum, epsilon)
            x = tf.nn.relu(x)
            if dropout:
                x, kept = layers.dropout(x, dropout, training, f"fc{number}/kept")
                draws.append((f"hidden{number}_dropout", kept))
        logits = layers.dense(x, classes, "logits", activation=layers.activation(logits_activation))
        optimizer = gradient_descent(learning_rate, dtype)
        return classifier(images, labels, logits, optimizer=optimizer, training=training, draws=tuple(draws))
