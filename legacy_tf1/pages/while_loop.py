"""`tf.while_loop`, whose results are not its variables."""

import tensorflow as tf

tf1 = tf.compat.v1
TITLE = "a loop inside of the graph: Newton's square root of 2"
WATCH = "A loop gives new tensors. No variable changes until the result is assigned, and only if the assignment is run."


def then():
    with tf1.Graph().as_default(), tf1.Session() as session:
        # [start]
        start = (tf.constant(2.0), tf.constant(0))
        # [loop]
        root, steps = tf1.while_loop(
            lambda x, n: tf.abs(x * x - 2) > 1e-6,
            lambda x, n: ((x + 2 / x) / 2, n + 1),
            start,
        )
        # [run]
        root, steps = session.run([root, steps])
        return {"root": root, "steps": steps}


def now():
    @tf.function
    def newton():
        # [start]
        x, n = tf.constant(2.0), tf.constant(0)
        # [loop]
        while tf.abs(x * x - 2) > 1e-6:  # autograph makes tf.while_loop of it
            x, n = (x + 2 / x) / 2, n + 1
        return x, n

    # [run]
    root, steps = newton()
    return {"root": root.numpy(), "steps": steps.numpy()}


def trap():
    with tf1.Graph().as_default(), tf1.Session() as session:
        w = tf1.get_variable("w", initializer=1.0)
        doubled = tf1.while_loop(lambda x: x < 100.0, lambda x: 2 * x, [w])  # of one loop variable: no list, but itself
        session.run(tf1.global_variables_initializer())
        return {
            "the loop's result": float(session.run(doubled)),
            "the variable that it began with, afterwards": float(session.run(w)),
        }
