"""`tf.metrics`: a value, an update, and local variables between them."""

import keras
import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
TITLE = "a score over many batches"
WATCH = "The counts are local variables: initialise them, run the update for each batch, and initialise them again for the next epoch."

BATCHES = (([1, 1, 0], [1, 0, 0]), ([1], [1]))  # labels and predictions: 2 of 3 right, then 1 of 1


def then():
    with tf1.Graph().as_default(), tf1.Session() as session:
        # [make]
        labels, predictions = tf1.placeholder(tf.int32, (None,)), tf1.placeholder(tf.int32, (None,))
        accuracy, update = tf1.metrics.accuracy(labels, predictions)
        # [begin]
        session.run(tf1.local_variables_initializer())
        # [update]
        for y, p in BATCHES:
            session.run(update, {labels: y, predictions: p})
        # [result]
        return {"accuracy": session.run(accuracy)}


def now():
    # [make]
    metric = keras.metrics.Accuracy()
    # [begin]
    metric.reset_state()
    # [update]
    for y, p in BATCHES:
        metric.update_state(np.array(y), np.array(p))
    # [result]
    return {"accuracy": metric.result().numpy()}


def trap():
    with tf1.Graph().as_default(), tf1.Session() as session:
        labels, predictions = tf1.placeholder(tf.int32, (None,)), tf1.placeholder(tf.int32, (None,))
        accuracy, update = tf1.metrics.accuracy(labels, predictions)
        session.run(tf1.local_variables_initializer())
        feed = {labels: [1, 0], predictions: [1, 0]}
        before = float(session.run(accuracy, feed))
        session.run(update, feed)
        first = float(session.run(accuracy))
        wrong = {labels: [1, 0], predictions: [0, 1]}
        session.run(update, wrong)  # a second epoch, all wrong, without a new beginning
        return {
            "without the update": before,
            "after an epoch that was all right": first,
            "after one that was all wrong, not begun anew": float(session.run(accuracy)),
        }
