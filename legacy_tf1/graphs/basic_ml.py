"""Perceptron, logistic regression and softmax regression."""

import tensorflow as tf

from legacy_tf1.graphs.built import Built, classifier, digit_placeholders, finish, gradient_descent
from legacy_tf1.layers import dense

tf1 = tf.compat.v1


def perceptron(
    graph: tf.Graph, features: int = 2, learning_rate: float = 1.0, seed: int = 123, dtype=tf.float32
) -> Built:
    """Rosenblatt's rule (1958), one sample after the other inside a `while_loop`.

    The notebook feeds one sample at a time; a batch of any size gives the same updates. The loss is the perceptron
    criterion `(prediction - target) * net input`, whose negative gradient the rule is.
    """
    with graph.as_default():
        tf1.set_random_seed(seed)
        raw, targets = _plane(features, 1, dtype)
        x = _standardized(raw, features)
        with tf1.variable_scope("unit"):
            weights = tf1.get_variable("weights", (features, 1), dtype, initializer=tf1.zeros_initializer())
            bias = tf1.get_variable("biases", (1,), dtype, initializer=tf1.zeros_initializer())

        def learn(sample, w, b, losses, right):
            row = x[sample]
            net = tf.reduce_sum(row * w[:, 0]) + b[0]
            prediction = tf.cast(net >= 0, dtype)
            error = targets[sample] - prediction
            # The rule takes a net input of 0 for class 1, as Rosenblatt does; the accuracy counts it for class 0, as
            # Keras' BinaryAccuracy does.
            hit = tf.cast(tf.equal(targets[sample], tf.cast(net > 0, dtype)), dtype)
            step = learning_rate * error
            return sample + 1, w + step * row[:, None], b + step, losses - error * net, right + hit

        count = tf.shape(x)[0]
        start = (0, tf.identity(weights), tf.identity(bias), tf.zeros((), dtype), tf.zeros((), dtype))
        _, w, b, losses, right = tf1.while_loop(lambda sample, *_: sample < count, learn, start)
        loss = tf.divide(losses, tf.cast(count, dtype), name="loss")
        global_step = tf1.train.get_or_create_global_step()
        train_op = tf.group(tf1.assign(weights, w), tf1.assign(bias, b), tf1.assign_add(global_step, 1))
        return finish(
            inputs=raw,
            targets=targets,
            outputs=tf.matmul(x, weights) + bias,
            loss=loss,
            train_op=train_op,
            metrics={"loss": loss, "accuracy": right / tf.cast(count, dtype)},
            evaluated=(),  # both are of the samples while they are learned, one after the other
        )


def logistic_regression(
    graph: tf.Graph, features: int = 2, learning_rate: float = 0.05, seed: int = 123, dtype=tf.float32
) -> Built:
    """One sigmoid unit from zero; cross-entropy summed over the batch."""
    with graph.as_default():
        tf1.set_random_seed(seed)
        raw, targets = _plane(features, 2, dtype)
        logits = dense(_standardized(raw, features), 1, "logits", initializer=tf1.zeros_initializer())
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits)
        loss = tf.reduce_sum(losses, name="loss")
        # A logit of 0 counts for class 0, as in Keras' BinaryAccuracy.
        right = tf.equal(tf.cast(logits > 0, dtype), targets)
        return classifier(
            raw,
            targets,
            logits,
            optimizer=gradient_descent(learning_rate, dtype),
            loss=loss,
            metrics={"loss": loss, "accuracy": tf.reduce_mean(tf.cast(right, tf.float32))},
        )


def softmax_regression(
    graph: tf.Graph, classes: int = 10, learning_rate: float = 0.5, seed: int = 123, dtype=tf.float32
) -> Built:
    """784 inputs and one linear unit a class, all from zero. The notebook's one bias for all classes has no effect."""
    with graph.as_default():
        tf1.set_random_seed(seed)
        images, labels = digit_placeholders(classes, dtype)
        logits = dense(images, classes, "logits", initializer=tf1.zeros_initializer())
        return classifier(images, labels, logits, optimizer=gradient_descent(learning_rate, dtype))


def _plane(features: int, rank: int, dtype):
    samples = tf1.placeholder(dtype, (None, features), name="features")
    return samples, tf1.placeholder(dtype, (None, 1)[:rank], name="targets")


def _standardized(raw, features: int):
    """`raw` less its training mean, over its deviation; both are variables, so that a checkpoint holds them."""
    with tf1.variable_scope("standardize"):
        mean = tf1.get_variable("mean", (features,), raw.dtype, initializer=tf1.zeros_initializer(), trainable=False)
        variance = tf1.get_variable(
            "variance", (features,), raw.dtype, initializer=tf1.ones_initializer(), trainable=False
        )
        return (raw - mean) / tf.sqrt(variance)
