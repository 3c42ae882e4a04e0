"""`tf.estimator`, which is gone: its code is here to be read, and what became of it runs."""

import keras
import numpy as np
import tensorflow as tf

TITLE = "a model function for every mode"
WATCH = "An Estimator built its graph anew for training, evaluation and prediction, and passed weights by checkpoint; a model keeps them."

LEFT = """\
def model_fn(features, labels, mode, params):
    # [model]
    logits = tf.layers.dense(features["x"], 2)
    # [predict]
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.estimator.EstimatorSpec(mode, predictions=tf.nn.softmax(logits))
    # [loss]
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    accuracy = tf.metrics.accuracy(labels, tf.argmax(logits, 1))
    # [evaluate]
    if mode == tf.estimator.ModeKeys.EVAL:
        return tf.estimator.EstimatorSpec(mode, loss=loss, eval_metric_ops={"accuracy": accuracy})
    # [train]
    optimizer = tf.train.GradientDescentOptimizer(params["rate"])
    step = optimizer.minimize(loss, global_step=tf.train.get_global_step())
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=step)

estimator = tf.estimator.Estimator(model_fn, model_dir="runs", params={"rate": 0.1})
estimator.train(input_fn, steps=50)
estimator.evaluate(test_input_fn)
"""


def now():
    x = np.random.default_rng(0).normal(size=(64, 2)).astype(np.float32)
    y = (x[:, 0] > x[:, 1]).astype(np.int32)
    # [model]
    start = keras.initializers.GlorotUniform(seed=0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, kernel_initializer=start)])
    # [loss]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.SGD(0.5), loss=loss, metrics=["accuracy"])
    # [train]
    model.fit(x, y, batch_size=8, epochs=10, verbose=0)
    # [evaluate]
    scores = model.evaluate(x, y, return_dict=True, verbose=0)
    # [predict]
    probabilities = keras.ops.softmax(model.predict(x[:1], verbose=0))
    return {"accuracy above 0.9": scores["accuracy"] > 0.9, "probabilities": np.round(probabilities, 2).tolist()}


def trap():
    return {"tf.estimator in this TensorFlow": hasattr(tf, "estimator")}
