"""The TensorFlow 1 way: graphs, sessions, feed dicts and savers of `tf.compat.v1`, beside the Keras models.

`python -m legacy_tf1.train TOPIC` trains a graph, `python -m legacy_tf1.compare` proves it equal to its Keras model, and
`python -m legacy_tf1.bridge` carries weights between both. README.md shows how each mechanism is written today.
"""
