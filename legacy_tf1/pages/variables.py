"""`tf.Variable` beside `tf.get_variable`."""

import keras
import tensorflow as tf

tf1 = tf.compat.v1
TITLE = "a variable that is made, and one that is looked up"
WATCH = "tf.Variable makes a new one at every call, under another name, whatever the scope says; get_variable shares or complains."


def then():
    with tf1.Graph().as_default():
        # [layer]
        def layer(name):
            with tf1.variable_scope("layer", reuse=tf1.AUTO_REUSE):
                return tf1.get_variable(name, (2, 2))

        # [twice]
        one, two = layer("w"), layer("w")
        return {"the same variable": one is two, "variables": len(tf1.global_variables())}


def now():
    # [layer]
    layer = keras.layers.Dense(2, use_bias=False)
    layer.build((None, 2))
    # [twice]
    one, two = layer.kernel, layer.kernel
    return {"the same variable": one is two, "variables": len(layer.variables)}


def trap():
    with tf1.Graph().as_default():
        for _ in range(2):
            with tf1.variable_scope("layer", reuse=tf1.AUTO_REUSE):
                tf1.Variable(tf.zeros((2, 2)), name="w")
        return {"variables of two calls": ", ".join(v.op.name for v in tf1.global_variables())}
