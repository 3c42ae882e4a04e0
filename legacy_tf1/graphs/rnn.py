"""Recurrent networks on words: an embedding, a cell in the loop of `dynamic_rnn`, and the last state's logit."""

import tensorflow as tf

from legacy_tf1.graphs.built import Built, adam, finish, minimize
from legacy_tf1.tf_cells import BasicLSTMCell

tf1 = tf.compat.v1

CELL = "basic_lstm_cell"
PADDING = 0


def lstm_sentiment(
    graph: tf.Graph,
    vocabulary: int = 20_000,
    embedding_dim: int = 128,
    units: int = 256,
    learning_rate: float = 1e-4,
    seed: int = 1,
    dtype=tf.float32,
) -> Built:
    """Reviews as numbers of words, padded after the last one with 0, to the logit of a positive one.

    `dynamic_rnn` is a `while_loop` over the words. From a review's last word on, `sequence_length` copies its state
    through; padding costs time and changes nothing.

    Args:
        vocabulary: Number of words; 0 is padding, 1 an unknown word, and the words come after them.
        embedding_dim: Size of a word's vector.
        units: Size of the state.
    """
    with graph.as_default():
        tf1.set_random_seed(seed)
        words = tf1.placeholder(tf.int32, (None, None), name="words")
        labels = tf1.placeholder(dtype, (None,), name="labels")
        with tf1.variable_scope("embedding"):
            normal = tf1.random_normal_initializer(stddev=1.0, dtype=dtype)
            vectors = tf1.get_variable("embeddings", (vocabulary + 2, embedding_dim), dtype, initializer=normal)
            x = tf.nn.embedding_lookup(vectors, words)
        lengths = tf.reduce_sum(tf.cast(tf.not_equal(words, PADDING), tf.int32), axis=1)
        # Keras' LSTM has the forget gate's bias in its variable, and adds nothing to it here.
        cell = BasicLSTMCell(units, forget_bias=0.0)
        with tf1.variable_scope(tf1.get_variable_scope(), custom_getter=as_keras_cuts):
            _, state = tf1.nn.dynamic_rnn(cell, x, sequence_length=lengths, dtype=dtype)
        with tf1.variable_scope("logits"):
            weights = tf1.get_variable("weights", (units, 1), dtype)
            biases = tf1.get_variable("biases", (1,), dtype, initializer=tf1.zeros_initializer())
            logits = tf.nn.bias_add(tf.matmul(state.h, weights), biases)
        positive = tf.squeeze(logits, axis=1)
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=positive)
        loss = tf.reduce_mean(losses, name="loss")
        right = tf.equal(tf.cast(positive > 0, dtype), labels)
        return finish(
            inputs=words,
            targets=labels,
            outputs=tf.identity(logits, name="logits_out"),
            loss=loss,
            train_op=minimize(adam(learning_rate, dtype), loss),
            metrics={"loss": loss, "accuracy": tf.reduce_mean(tf.cast(right, tf.float32), name="accuracy")},
        )


def as_keras_cuts(getter, name: str, shape, **arguments):
    """What a `BasicLSTMCell` asks for, made of variables that lie as Keras' do; for `variable_scope(custom_getter=...)`.

    The cell has one kernel for inputs and state, whose gates are input, new, forget and output. Keras has two, whose
    gates are input, forget, new and output. This way each variable has its counterpart, and Adam's slots have theirs.
    """
    scope, _, kind = name.rpartition("/")
    if not scope.endswith(CELL):
        return getter(name, shape=shape, **arguments)
    if kind == "bias":
        return _in_the_cells_order(getter(f"{scope}/biases", shape=shape, **arguments))
    rows, columns = (int(size) for size in shape)
    units = columns // 4
    sizes = {"weights": rows - units, "recurrent_kernel": units}
    parts = [getter(f"{scope}/{part}", shape=(size, columns), **arguments) for part, size in sizes.items()]
    return _in_the_cells_order(tf.concat(parts, axis=0))


def _in_the_cells_order(gates):
    entry, forget, new, out = tf.split(gates, 4, axis=-1)
    return tf.concat([entry, new, forget, out], axis=-1)
