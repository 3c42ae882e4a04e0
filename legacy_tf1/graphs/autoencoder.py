"""Autoencoders of flat digits; outputs are logits of the pixels, which are their own targets."""

import tensorflow as tf

from legacy_tf1.graphs.built import Built, adam, finish, minimize
from legacy_tf1.layers import conv2d, conv2d_transpose, dense, max_pool, torch_uniform

tf1 = tf.compat.v1


def dense_autoencoder(
    graph: tf.Graph,
    latent_dim: int = 32,
    stddev: float = 0.1,
    learning_rate: float = 0.01,
    seed: int = 123,
    dtype=tf.float32,
) -> Built:
    """784 pixels, `latent_dim` ReLU units, 784 logits; weights from a truncated normal."""
    with graph.as_default():
        tf1.set_random_seed(seed)
        images = _images(dtype)
        truncated = tf1.truncated_normal_initializer(stddev=stddev)
        code = dense(images, latent_dim, "encoder/code", activation=tf.nn.relu, initializer=truncated)
        return _end(images, dense(code, 784, "decoder/pixels", initializer=truncated), learning_rate)


def deconv_autoencoder(graph: tf.Graph, **settings) -> Built:
    """Up by transposed 3x3 convolutions with stride 2. `settings` as `_conv_autoencoder` takes them."""

    def up(x, maps, scope):
        start = torch_uniform(9 * maps)  # PyTorch counts the inputs of a transposed convolution so
        arguments = {"activation": tf.nn.relu, "initializer": start, "bias_initializer": start}
        return conv2d_transpose(x, maps, 3, scope, strides=2, padding="SAME", **arguments)

    return _conv_autoencoder(graph, up, **settings)


def nearest_autoencoder(graph: tf.Graph, **settings) -> Built:
    """Up by nearest neighbours and a 3x3 convolution (Odena et al. 2016). `settings` as `_conv_autoencoder`'s."""

    def up(x, maps, scope):
        doubled = tf.image.resize(x, (2 * x.shape[1], 2 * x.shape[2]), method="nearest")
        return _conv(doubled, maps, scope, tf.nn.relu)

    return _conv_autoencoder(graph, up, **settings)


def _conv_autoencoder(
    graph: tf.Graph,
    up,
    encoder_filters: tuple[int, ...] = (8, 4),
    decoder_filters: tuple[int, ...] = (8, 8),
    learning_rate: float = 1e-3,
    seed: int = 123,
    dtype=tf.float32,
) -> Built:
    """`3x3 convolution -> ReLU -> 2x2 max pooling` down, `up` for each stage up, a convolution to the pixels."""
    with graph.as_default():
        tf1.set_random_seed(seed)
        images = _images(dtype)
        x = tf.reshape(images, (-1, 28, 28, 1))
        for number, maps in enumerate(encoder_filters, 1):
            x = max_pool(_conv(x, maps, f"encoder/stage{number}", tf.nn.relu))
        for number, maps in enumerate(decoder_filters, 1):
            x = up(x, maps, f"decoder/stage{number}")
        logits = _conv(x, 1, "decoder/pixels")
        return _end(images, tf.reshape(logits, (-1, 784)), learning_rate)


def _conv(x, maps: int, scope: str, activation=None):
    start = torch_uniform(9 * x.shape[-1])
    return conv2d(x, maps, 3, scope, activation=activation, initializer=start, bias_initializer=start)


def _images(dtype):
    return tf1.placeholder(dtype, (None, 784), name="images")


def _end(images, logits, learning_rate: float) -> Built:
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=images, logits=logits)
    loss = tf.reduce_mean(losses, name="loss")
    mse = tf.reduce_mean(tf.square(tf.sigmoid(logits) - images), name="mse")
    return finish(
        inputs=images,
        targets=None,
        outputs=tf.identity(logits, name="logits_out"),
        loss=loss,
        train_op=minimize(adam(learning_rate, images.dtype), loss),
        metrics={"loss": loss, "mse": mse},
    )
