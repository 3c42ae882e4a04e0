"""The topics as they were written in TensorFlow 1, with `tf.compat.v1`, beside their Keras and `tf.data` partners."""
