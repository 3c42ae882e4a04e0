"""Convolutions and gradients computed as products are Keras' own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_models.cnn import resnet
from tf_models.training.biases import whole_sums
from tf_models.training.fast import accelerated, convolutions

OPERATIONS = ("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter")


def one_layer(shape, **options) -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((*shape, 3)), keras.layers.Conv2D(**{"filters": 5, **options})])


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
    expected, operations = traced(model, x)
    assert operations == 1
    with accelerated(model, jit=True):  # in which convolutions alone are replaced
        found, operations = traced(model, x)
    assert operations == 0
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((2, 2), {"kernel_size": 3, "padding": "same"}),
        ((2, 2), {"kernel_size": 4, "padding": "same", "use_bias": False}),
        ((1, 3), {"kernel_size": (2, 3), "padding": "same", "activation": "relu"}),
        ((4, 4), {"kernel_size": 3, "padding": "same", "strides": 2}),
        ((3, 4), {"kernel_size": 5, "padding": "same", "strides": (2, 3)}),
        ((5, 6), {"kernel_size": 2, "padding": "same", "strides": 5}),
        ((4, 3), {"kernel_size": 3}),
        ((9, 8), {"kernel_size": (3, 2), "strides": 4}),
        ((4, 4), {"kernel_size": 1, "padding": "same", "strides": 2}),
        ((2, 1), {"kernel_size": 8, "padding": "same"}),
    ],
)
def test_few_places_are_products(shape, options, precision):
    model = one_layer(shape, **options, dtype=precision)
    assert_the_same(model, shape, {"Conv2D": 0, "Conv2DBackpropInput": 0, "Conv2DBackpropFilter": 0}, precision)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((3, 3), {"kernel_size": 3, "padding": "same"}),
        ((8, 8), {"kernel_size": 2, "padding": "same", "use_bias": False}),
        ((9, 8), {"kernel_size": (4, 5)}),
        ((1, 9), {"kernel_size": (4, 3), "padding": "same", "activation": "relu"}),
        ((12, 11), {"kernel_size": 1}),
    ],
)
def test_gradients_of_kernels_are_products_in_bfloat16(shape, options, precision, monkeypatch):
    monkeypatch.setattr(convolutions, "TAP", 15)
    model = one_layer(shape, **options, dtype=precision)
    by_kernel = 1 if precision == "float32" else 0
    assert_the_same(model, shape, {"Conv2D": 1, "Conv2DBackpropInput": 1, "Conv2DBackpropFilter": by_kernel}, precision)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_a_pointwise_kernel_on_a_small_map_is_one_product_in_bfloat16(precision):
    model = one_layer((7, 6), kernel_size=1, padding="same", dtype=precision)
    by_keras = 1 if precision == "float32" else 0
    assert_the_same(model, (7, 6), dict.fromkeys(OPERATIONS, by_keras), precision)


def assert_the_same(model, shape, operations: dict[str, int], precision: str) -> None:
    """Outputs and gradients are those of float64, as near as Keras' own; and these operations are left."""
    x = tf.random.stateless_normal((6, *shape, 3), [1, 2])
    exact = one_layer(shape, **options_of(model.layers[0]), dtype="float64")
    exact.set_weights(model.get_weights())
    wide = traced(exact, tf.cast(x, tf.float64))[0]
    keras_own = traced(model, x)[0]
    with accelerated(model, jit=True), whole_sums():  # in which convolutions alone, and sums for biases, are replaced
        found = traced(model, x)[0]
        assert {name: traced(model, x, name)[1] for name in operations} == operations
    close = 1e-5 if precision == "float32" else 2e-2
    for ours, theirs, right in zip(found, keras_own, wide, strict=True):
        assert ours.dtype == theirs.dtype
        ours, theirs, right = (np.asarray(tf.cast(values, tf.float64)) for values in (ours, theirs, right))
        largest = np.abs(right).max()
        assert np.abs(ours - right).max() <= max(close * largest, 2 * np.abs(theirs - right).max())


def options_of(layer) -> dict:
    config = layer.get_config()
    return {name: config[name] for name in ("kernel_size", "strides", "padding", "use_bias", "activation")}


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((3, 2), {"kernel_size": 3, "padding": "same"}),  # too few channels for products of the taps
        ((10, 10), {"kernel_size": 9}),  # too many taps
        ((5, 5), {"kernel_size": 3, "dilation_rate": 2}),
        ((10, 9), {"kernel_size": 2, "padding": "same", "filters": 6, "groups": 3}),
    ],
)
def test_other_convolutions_stay(shape, options, precision):
    model = one_layer(shape, **options, dtype=precision)
    x = tf.random.stateless_normal((6, *shape, 3), [1, 2])
    expected, before = traced(model, x)[0], {name: traced(model, x, name)[1] for name in OPERATIONS}
    with accelerated(model, jit=True):
        for ours, keras_own in zip(traced(model, x)[0], expected, strict=True):
            np.testing.assert_array_equal(tf.cast(ours, tf.float32), tf.cast(keras_own, tf.float32))
        assert {name: traced(model, x, name)[1] for name in OPERATIONS} == before


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


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((6, 7), {"kernel_size": 5, "padding": "same"}),
        ((9, 8), {"kernel_size": 5, "padding": "same", "strides": 2, "use_bias": False}),
        ((8, 9), {"kernel_size": 5, "strides": 3}),
        ((9, 8), {"kernel_size": (3, 4), "padding": "same", "activation": "relu"}),
    ],
)
def test_a_large_depthwise_kernel_has_the_right_gradient(shape, options, precision):
    model = one_depthwise_layer(shape, **options, dtype=precision)
    x = tf.random.stateless_normal((6, *shape, 3), [1, 2])
    with whole_sums():
        expected, _ = traced(model, x)
    with accelerated(model, jit=True), whole_sums():
        found, ours = traced(model, x, "DepthwiseConv2dNativeBackpropFilter")
    assert ours == 1
    close = {"rtol": 1e-5, "atol": 1e-5} if precision == "float32" else {"rtol": 0.02, "atol": 0.3}
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(tf.cast(a, tf.float32), tf.cast(b, tf.float32), **close)


@pytest.mark.parametrize(
    ("options", "wide"),
    [
        ({"kernel_size": 3, "padding": "same"}, {}),
        ({"kernel_size": 3, "padding": "same", "strides": 2}, {"Input"}),
        ({"kernel_size": 5, "use_bias": False}, {"Filter"}),
        ({"kernel_size": (3, 5), "padding": "same", "strides": 2, "activation": "relu"}, {"Input", "Filter"}),
    ],
)
def test_depthwise_gradients_in_bfloat16_are_taken_in_float32_where_those_are_slow(options, wide):
    x = tf.cast(tf.random.stateless_normal((6, 9, 8, 3), [1, 2]), tf.bfloat16)
    found = {}
    for precision in ("mixed_bfloat16", "float32"):
        model = one_depthwise_layer((9, 8), **options, dtype=precision)
        kernel = model.layers[0].kernel
        kernel.assign(tf.cast(tf.cast(kernel.value, tf.bfloat16), tf.float32))  # both see the same numbers

        @tf.function(autograph=False)
        def run(x, model=model):
            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = tf.reduce_sum(tf.cast(model(x, training=True), tf.float32))
            return tape.gradient(loss, [x, *model.trainable_variables])

        with accelerated(model, jit=True), whole_sums():
            found[precision] = run(x)
        operations = run.get_concrete_function(x).graph.get_operations()
        types = {
            name: operation.get_attr("T")
            for name in ("Input", "Filter")
            for operation in operations
            if operation.type == f"DepthwiseConv2dNativeBackprop{name}"
        }
        (by_kernel,) = (each for each in operations if each.type == "DepthwiseConv2dNativeBackpropFilter")
        large = max(model.layers[0].kernel_size) > 3
        assert (by_kernel.get_attr("padding") == b"EXPLICIT") == large  # which oneDNN leaves to TensorFlow
        expected = tf.bfloat16 if precision == "mixed_bfloat16" else tf.float32
        assert types == {name: tf.float32 if name in wide else expected for name in ("Input", "Filter")}
    for a, b in zip(*found.values(), strict=True):
        np.testing.assert_allclose(tf.cast(a, tf.float32), tf.cast(b, tf.float32), rtol=0.02, atol=0.1)


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


@pytest.mark.parametrize("make", [one_layer, one_depthwise_layer])
def test_replaced_layers_may_be_called_without_tracing(make):
    model = make((2, 2), kernel_size=3, padding="same")
    x = tf.random.stateless_normal((6, 2, 2, 3), [1, 2])
    expected = model(x)
    with accelerated(model, jit=True), tf.GradientTape() as tape:
        outputs = model(x)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    assert None not in tape.gradient(outputs, model.trainable_variables)


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
        assert traced(model, x)[1] == before - 10  # of the last two stages, four each and a shortcut
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(x), expected)
