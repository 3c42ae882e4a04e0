"""Eager execution: operations run where they stand."""

import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
TITLE = "from a graph that is described to code that runs"
WATCH = "Python inside of a tf.function runs while it is traced, once for each kind of argument: its prints, appends and random numbers, too."


def then():
    with tf1.Graph().as_default():
        # [describe]
        x = tf1.placeholder(tf.float32, ())
        y = x * x
        slope = tf1.gradients(y, x)[0]
        # [run]
        with tf1.Session() as session:
            value, slope = session.run([y, slope], {x: 3.0})
    return {"square": value, "slope": slope}


def now():
    # [run]
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    slope = tape.gradient(y, x)
    return {"square": y.numpy(), "slope": slope.numpy()}


def trap():
    calls = []

    @tf.function
    def noisy(x):
        calls.append("traced")
        return x + np.random.default_rng().uniform()  # a constant of the graph from the first call on

    values = {float(noisy(tf.constant(0.0))) for _ in range(5)}
    return {"times that Python ran in 5 calls": len(calls), "different 'random' numbers in 5 calls": len(values)}
