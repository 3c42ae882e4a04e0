"""Collections: lists in the graph, by name."""

import keras
import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
TITLE = "lists that the graph keeps: variables, losses, updates"
WATCH = "get_collection(..., scope=...) matches the beginning of names: layer1 finds layer10 as well. End the scope in a slash."


def then():
    with tf1.Graph().as_default(), tf1.Session() as session:
        # [layer]
        w = tf1.get_variable("w", initializer=tf.constant([1.0, 2.0]), regularizer=tf.nn.l2_loss)
        tf1.get_variable("frozen", initializer=0.0, trainable=False)
        # [lists]
        losses = tf1.get_collection(tf1.GraphKeys.REGULARIZATION_LOSSES)
        trainable = tf1.get_collection(tf1.GraphKeys.TRAINABLE_VARIABLES)
        # [run]
        session.run(tf1.global_variables_initializer())
        return {"penalty": session.run(losses[0]), "trainable": len(trainable), "first": session.run(w)}


def now():
    # [layer]
    layer = keras.layers.Dense(2, use_bias=False, kernel_regularizer=keras.regularizers.L2(0.5))
    layer.build((None, 1))
    layer.kernel.assign([[1.0, 2.0]])
    # [lists]
    losses = layer.losses
    trainable = layer.trainable_variables
    # [run]
    return {"penalty": losses[0].numpy(), "trainable": len(trainable), "first": np.ravel(layer.kernel.numpy())}


def trap():
    with tf1.Graph().as_default():
        for number in (1, 2, 10):
            tf1.get_variable(f"layer{number}/w", (1,))
        found = tf1.get_collection(tf1.GraphKeys.TRAINABLE_VARIABLES, scope="layer1")
        right = tf1.get_collection(tf1.GraphKeys.TRAINABLE_VARIABLES, scope="layer1/")
        return {
            "scope='layer1'": ", ".join(v.op.name for v in found),
            "scope='layer1/'": ", ".join(v.op.name for v in right),
        }
