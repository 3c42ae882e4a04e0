"""`AUTO_REUSE`, which shares what has a name and makes what has none."""

import keras
import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
TITLE = "one layer for two inputs"
WATCH = (
    "With AUTO_REUSE a misspelt name is no error: a second variable is made, trained by half of the data, and saved."
)


def then():
    with tf1.Graph().as_default(), tf1.Session() as session:
        # [layer]
        def encode(x):
            with tf1.variable_scope("encoder", reuse=tf1.AUTO_REUSE):
                w = tf1.get_variable("weights", (2, 3), initializer=tf1.ones_initializer())
                return tf.matmul(x, w)

        # [twice]
        one, two = encode(tf.ones((1, 2))), encode(2 * tf.ones((1, 2)))
        # [run]
        session.run(tf1.global_variables_initializer())
        one, two = session.run([one, two])
        return {"one": one, "two": two, "variables": len(tf1.global_variables())}


def now():
    # [layer]
    encode = keras.layers.Dense(3, use_bias=False, kernel_initializer="ones", name="encoder")
    # [twice]
    one, two = encode(np.ones((1, 2))), encode(2 * np.ones((1, 2)))
    # [run]
    return {"one": one.numpy(), "two": two.numpy(), "variables": len(encode.variables)}


def trap():
    with tf1.Graph().as_default():
        for name in ("weights", "wieghts"):
            with tf1.variable_scope("encoder", reuse=tf1.AUTO_REUSE):
                tf1.get_variable(name, (2, 3))
        return {"variables after one misspelling": ", ".join(v.op.name for v in tf1.global_variables())}
