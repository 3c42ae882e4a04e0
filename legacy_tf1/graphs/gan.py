"""Generative adversarial networks (Goodfellow et al. 2014, arXiv 1406.2661) on flat digits in -1..1."""

import math
from collections.abc import Callable

import tensorflow as tf

from legacy_tf1 import layers
from legacy_tf1.graphs.built import Built, adam, finish, minimize, training_switch
from legacy_tf1.layers import torch_uniform

tf1 = tf.compat.v1


def dense_gan(
    graph: tf.Graph,
    latent_dim: int = 100,
    hidden: int = 128,
    dropout: float = 0.5,
    negative_slope: float = 0.01,
    label_smoothing: float = 0.0,
    learning_rate: float = 1e-3,
    seed: int = 123,
    dtype=tf.float32,
) -> Built:
    """One hidden layer with leaky ReLU and dropout in each part.

    The notebook never switches its dropout on; here it drops in both parts while they train.
    """

    def layer(x, part, training, draws):
        x = tf.nn.leaky_relu(_dense(x, hidden, f"{part}/hidden"), negative_slope)
        x, kept = layers.dropout(x, dropout, training, f"{part}_kept")
        draws.append((f"{part}_dropout", kept))
        return x

    def generator(noise, training, draws):
        return tf.tanh(_dense(layer(noise, "generator", training, draws), 784, "generator/pixels"))

    def discriminator(images, training, draws):
        return _dense(layer(images, "discriminator", training, draws), 1, "discriminator/score")

    return _adversaries(graph, generator, discriminator, latent_dim, label_smoothing, learning_rate, seed, dtype)


def conv_gan(
    graph: tf.Graph,
    latent_dim: int = 100,
    filters: tuple[int, ...] = (8, 32),
    negative_slope: float = 1e-4,
    momentum: float = 0.9,
    epsilon: float = 1e-5,
    label_smoothing: float = 0.0,
    learning_rate: float = 1e-4,
    seed: int = 123,
    dtype=tf.float32,
) -> Built:
    """Transposed convolutions from 7x7x64 to 28x28x1, strided convolutions back to one score; batch norm in both.

    Args:
        filters: Maps of the discriminator's convolutions, stride 2 each.
        momentum, epsilon: Constants of batch norm. The defaults are those of the Keras model, PyTorch's; tf.layers has
            0.99 and 1e-3.
        label_smoothing: The discriminator's target for real images is 1 minus this (Salimans et al. 2016,
            arXiv 1606.03498). The original smooths the generator's targets too.
    """

    def norm(x, training, scope):
        return tf.nn.leaky_relu(layers.batch_norm(x, training, f"{scope}/norm", momentum, epsilon), negative_slope)

    def generator(noise, training, draws):
        x = _dense(noise, 7 * 7 * 64, "generator/stage0", bias=False)
        # Over the 3,136 units, not over the maps that they become.
        x = tf.reshape(norm(x, training, "generator/stage0"), (-1, 7, 7, 64))
        for number, (maps, strides, crop) in enumerate(((32, 2, 1), (16, 2, 1), (8, 1, 0)), 1):
            scope = f"generator/stage{number}"
            x = _up(x, maps, 3, scope, strides=strides)
            x = x[:, crop:-crop, crop:-crop] if crop else x
            x = norm(x, training, scope)
        x = _up(x, 1, 2, "generator/pixels", activation=tf.tanh)
        return tf.reshape(x, (-1, 784))

    def discriminator(images, training, draws):
        x = tf.reshape(images, (-1, 28, 28, 1))
        for number, maps in enumerate(filters, 1):
            scope = f"discriminator/stage{number}"
            start = torch_uniform(9 * x.shape[-1])
            x = norm(layers.conv2d(x, maps, 3, scope, strides=2, initializer=start, bias=False), training, scope)
        return _dense(tf.reshape(x, (-1, math.prod(x.shape[1:]))), 1, "discriminator/score")

    return _adversaries(graph, generator, discriminator, latent_dim, label_smoothing, learning_rate, seed, dtype)


def _adversaries(
    graph: tf.Graph,
    generator: Callable,
    discriminator: Callable,
    latent_dim: int,
    label_smoothing: float,
    learning_rate: float,
    seed: int,
    dtype,
) -> Built:
    """Both parts, each with an Adam of its own; a step trains the discriminator and then, on the same noise, the generator.

    Args:
        generator, discriminator: `f(x, training, draws)` in variable scopes of their names; they append what they draw.
    """
    with graph.as_default():
        tf1.set_random_seed(seed)
        images = tf1.placeholder(dtype, (None, 784), name="images")
        training = training_switch()
        drawn = tf.random.uniform((tf.shape(images)[0], latent_dim), -1.0, 1.0, dtype)
        noise = tf1.placeholder_with_default(drawn, (None, latent_dim), name="noise")
        draws = [("noise", noise)]
        # Made here: below, their constants would wait for the discriminator's step, and so would their initialisation.
        optimizers = adam(learning_rate, dtype), adam(learning_rate, dtype)
        with tf1.variable_scope("", reuse=tf1.AUTO_REUSE):
            generated = generator(noise, training, draws)
            real = discriminator(images, training, draws)
            fake = discriminator(tf.stop_gradient(generated), training, draws)
            smoothed = 1.0 - label_smoothing
            discriminator_loss = (_cross_entropy(real, smoothed) + _cross_entropy(fake, 0.0)) / 2
            train_discriminator = _minimize_part(optimizers[0], discriminator_loss, "discriminator", count=False)
            # Whatever is built in here reads its weights after the discriminator's step.
            with tf.control_dependencies([train_discriminator]):
                judged = discriminator(generated, training, draws)
                generator_loss = _cross_entropy(judged, 1.0)
                train_generator = _minimize_part(optimizers[1], generator_loss, "generator")
        scores = {"real_score": tf.reduce_mean(tf.sigmoid(real)), "fake_score": tf.reduce_mean(tf.sigmoid(fake))}
        return finish(
            inputs=images,
            targets=None,
            outputs=generated,
            loss=generator_loss,
            train_op=train_generator,
            metrics={"generator_loss": generator_loss, "discriminator_loss": discriminator_loss, **scores},
            losses=("generator_loss", "discriminator_loss"),
            evaluated=("discriminator_loss", *scores),  # the generator's loss is known after the discriminator's step
            training=training,
            draws=tuple(draws),
        )


def _minimize_part(optimizer, loss, part: str, count: bool = True) -> tf.Operation:
    variables = tf1.trainable_variables(f"{part}/")
    return minimize(optimizer, loss, variables, count)


def _cross_entropy(logits, target: float):
    targets = tf.fill(tf.shape(logits), tf.constant(target, logits.dtype))
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits))


def _dense(x, units: int, scope: str, bias: bool = True):
    start = torch_uniform(x.shape[-1])
    return layers.dense(x, units, scope, initializer=start, bias=bias, bias_initializer=start)


def _up(x, maps: int, kernel_size: int, scope: str, **arguments):
    start = torch_uniform(kernel_size**2 * maps)  # PyTorch counts the inputs of a transposed convolution so
    return layers.conv2d_transpose(x, maps, kernel_size, scope, initializer=start, bias=False, **arguments)
