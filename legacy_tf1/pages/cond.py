"""`tf.cond`, and what runs whichever branch is taken."""

import tensorflow as tf

tf1 = tf.compat.v1
TITLE = "a branch that the data decide"
WATCH = "Only what is built inside of a branch's function waits for the branch. What it merely refers to always runs."


def then():
    with tf1.Graph().as_default(), tf1.Session() as session:
        # [input]
        x = tf1.placeholder(tf.float32, ())
        # [branch]
        y = tf1.cond(x > 0, lambda: tf.sqrt(x), lambda: -x)
        # [run]
        return {"of 4": session.run(y, {x: 4.0}), "of -4": session.run(y, {x: -4.0})}


def now():
    # [input]
    @tf.function(input_signature=[tf.TensorSpec((), tf.float32)])
    def f(x):
        # [branch]
        if x > 0:  # autograph makes tf.cond of it
            return tf.sqrt(x)
        return -x

    # [run]
    return {"of 4": f(4.0).numpy(), "of -4": f(-4.0).numpy()}


def trap():
    with tf1.Graph().as_default(), tf1.Session() as session:
        positive = tf1.placeholder(tf.bool, ())
        counter = tf1.get_variable("counter", initializer=0)
        increase = tf1.assign_add(counter, 1)  # outside of the branch that returns it
        result = tf1.cond(positive, lambda: tf.identity(increase), lambda: tf.constant(0))
        session.run(tf1.global_variables_initializer())
        for _ in range(3):
            session.run(result, {positive: False})
        return {"the counter after three runs of the other branch": int(session.run(counter))}
