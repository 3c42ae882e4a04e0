"""`tf.control_dependencies`, which order what is made inside of them."""

import tensorflow as tf

tf1 = tf.compat.v1
TITLE = "an order that no value implies"
WATCH = "Only operations that are made inside of the block wait. A tensor made before it does not, also when it is returned there."


def then():
    with tf1.Graph().as_default(), tf1.Session() as session:
        # [state]
        w = tf1.get_variable("w", initializer=1.0)
        # [order]
        increase = tf1.assign_add(w, 1.0)
        with tf1.control_dependencies([increase]):
            after = w.read_value()
        # [run]
        session.run(tf1.global_variables_initializer())
        return {"read after the step": session.run(after)}


def now():
    # [state]
    w = tf.Variable(1.0)

    @tf.function
    def step():
        # [order]
        w.assign_add(1.0)  # the lines' order is the order
        return w.read_value()

    # [run]
    return {"read after the step": step().numpy()}


def trap():
    with tf1.Graph().as_default(), tf1.Session() as session:
        w = tf1.get_variable("w", initializer=1.0)
        value = w.read_value()
        with tf1.control_dependencies([value]):  # so that the outcome is no race
            increase = tf1.assign_add(w, 1.0)
        with tf1.control_dependencies([increase]):
            after = value  # made before: the block adds nothing to it
        session.run(tf1.global_variables_initializer())
        return {"read 'after' the step, made before the block": float(session.run([after, increase])[0])}
