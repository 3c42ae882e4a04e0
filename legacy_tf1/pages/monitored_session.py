"""`MonitoredTrainingSession` and its hooks, beside `fit` and its callbacks."""

import keras
import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
TITLE = "a training loop that others look into"
WATCH = "The graph is finalized: an operation that is made inside of the loop raises, which in a plain session only makes it slower and slower."

X, Y = np.array([[1.0], [2.0]], np.float32), np.array([[2.0], [4.0]], np.float32)
STEPS = 20


def then():
    with tf1.Graph().as_default():
        # [model]
        w = tf1.get_variable("w", initializer=[[0.0]])
        loss = tf.reduce_mean(tf.square(tf.matmul(tf.constant(X), w) - Y))
        step = tf1.train.get_or_create_global_step()
        train = tf1.train.GradientDescentOptimizer(0.1).minimize(loss, global_step=step)

        # [observe]
        seen = []

        class Record(tf1.train.SessionRunHook):
            def before_run(self, context):
                return tf1.train.SessionRunArgs(loss)

            def after_run(self, context, values):
                seen.append(values.results)

        # [train]
        hooks = [Record(), tf1.train.StopAtStepHook(STEPS)]
        with tf1.train.MonitoredTrainingSession(hooks=hooks) as session:
            while not session.should_stop():
                session.run(train)
        return {"steps": len(seen), "first loss": seen[0], "last loss": seen[-1]}


def now():
    # [model]
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")

    # [observe]
    seen = []

    class Record(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(logs["loss"])

    # [train]
    model.fit(X, Y, batch_size=2, epochs=STEPS, callbacks=[Record()], verbose=0)
    return {"steps": len(seen), "first loss": seen[0], "last loss": seen[-1]}


def trap():
    with tf1.Graph().as_default() as graph:
        w = tf1.get_variable("w", initializer=0.0)
        with tf1.train.MonitoredTrainingSession() as session:
            try:
                session.run(w + 1.0)
                message = "nothing"
            except RuntimeError as error:
                message = str(error).splitlines()[0]
    with tf1.Graph().as_default() as graph, tf1.Session() as session:
        w = tf1.get_variable("w", initializer=0.0)
        session.run(w.initializer)
        before = len(graph.get_operations())
        for _ in range(100):
            session.run(w + 1.0)
        grown = len(graph.get_operations()) - before
    return {"a monitored session raises": message, "operations that a plain one adds in 100 steps": grown}
