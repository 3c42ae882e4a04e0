"""Convolutions and gradients computed as products are Keras' own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_models.cnn import resnet
from tf_models.training.fast import accelerated


def one_layer(shape, **options) -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((*shape, 3)), keras.layers.Conv2D(5, **options)])


def one_depthwise_layer(shape, **options) -> keras.Model:
    keras.utils.set_random_seed(1)
    layer = keras.layers.DepthwiseConv2D(bias_initializer="normal", **options)
    return keras.Sequential([keras.Input((*shape, 3)), layer])


def traced(model, x, counted="Conv2D"):
    """Outputs, gradients by inputs and weights, and the number of operations of one type that compute them."""

    @tf.function(autograph=False)
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.sin(model(x, training=True)))
        return loss, tape.gradient(loss, [x, *model.trainable_variables])

    loss, gradients = run(x)
    graph = run.get_concrete_function(tf.TensorSpec(x.shape)).graph
    return [loss, *gradients], sum(operation.type == counted for operation in graph.get_operations())


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((1, 1), {"kernel_size": 3, "padding": "same"}),
        ((1, 1), {"kernel_size": 4, "padding": "same"}),
        ((2, 2), {"kernel_size": 3, "padding": "same", "strides": 2}),
        ((2, 1), {"kernel_size": 5, "padding": "same", "strides": 2}),
        ((3, 2), {"kernel_size": 2, "padding": "same", "strides": 3, "use_bias": False}),
        ((4, 4), {"kernel_size": 3, "strides": 2}),
        ((2, 2), {"kernel_size": 1, "strides": 2, "activation": "relu"}),
        ((4, 3), {"kernel_size": (4, 3)}),
    ],
)
def test_one_place_is_a_product(shape, options):
    model = one_layer(shape, **options)
    x = tf.random.stateless_normal((6, *shape, 3), [1, 2])
    expected, convolutions = traced(model, x)
    assert convolutions == 1
    with accelerated(model, jit=True):  # in which convolutions alone are replaced
        found, convolutions = traced(model, x)
    assert convolutions == 0
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "options"),
    [((2, 2), {"kernel_size": 3, "padding": "same"}), ((5, 5), {"kernel_size": 3, "dilation_rate": 2})],
)
def test_other_convolutions_stay(shape, options):
    model = one_layer(shape, **options)
    with accelerated(model, jit=True):
        assert traced(model, tf.random.stateless_normal((6, *shape, 3), [1, 2]))[1] == 1


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((1, 1), {"kernel_size": 3, "padding": "same"}),
        ((2, 2), {"kernel_size": 3, "padding": "same", "use_bias": False}),
        ((2, 3), {"kernel_size": 3, "padding": "same", "activation": "relu"}),
        ((4, 4), {"kernel_size": 5, "padding": "same", "strides": 2}),
        ((3, 4), {"kernel_size": 4, "padding": "same", "strides": 3}),
        ((3, 9), {"kernel_size": (2, 4), "strides": 2}),
        ((2, 2), {"kernel_size": 5, "padding": "same"}),
    ],
)
def test_a_depthwise_kernel_larger_than_the_map_has_the_right_gradient(shape, options, precision):
    model = one_depthwise_layer(shape, **options, dtype=precision)
    x = tf.random.stateless_normal((6, *shape, 3), [1, 2])
    expected, ours = traced(model, x, "BatchMatMulV2")
    assert ours == 0
    with accelerated(model, jit=True):
        found, ours = traced(model, x, "BatchMatMulV2")
    assert ours == 1
    # One in the last place of a sum of up to 200 numbers in 16 bits.
    close = {"rtol": 1e-5, "atol": 1e-5} if precision == "float32" else {"rtol": 0.02, "atol": 0.1}
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(tf.cast(a, tf.float32), tf.cast(b, tf.float32), **close)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((3, 3), {"kernel_size": 3, "padding": "same"}),
        ((2, 40), {"kernel_size": 3, "padding": "same"}),
        ((2, 2), {"kernel_size": 3, "padding": "same", "depth_multiplier": 2}),
        ((2, 2), {"kernel_size": 3, "padding": "same", "dilation_rate": 2}),
    ],
)
def test_other_depthwise_convolutions_stay(shape, options):
    model = one_depthwise_layer(shape, **options)
    with accelerated(model, jit=True):
        assert traced(model, tf.random.stateless_normal((6, *shape, 3), [1, 2]), "BatchMatMulV2")[1] == 0


def test_a_layer_of_one_place_still_takes_larger_images():
    model = one_layer((1, 1), kernel_size=3, padding="same")
    x = tf.random.stateless_normal((2, 6, 6, 3), [3, 4])
    expected = model.layers[0](x)
    with accelerated(model, jit=True):
        np.testing.assert_array_equal(model.layers[0](x), expected)


def test_a_network_is_saved_as_it_was(tmp_path):
    model = resnet(depth=18, classes=4, input_shape=(28, 28, 1), filters=8)
    x = tf.random.stateless_normal((5, 28, 28, 1), [1, 2])
    before, config = traced(model, x)[1], model.get_config()
    expected = model(x)
    with accelerated(model, jit=False):
        np.testing.assert_allclose(model(x), expected, atol=1e-4)
        model.save(tmp_path / "model.keras")
        assert model.get_config() == config
        assert traced(model, x)[1] == before - 5  # the last stage's four and its shortcut
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(x), expected)
