"""Dense layers as convolutions give the same numbers."""

import keras
import numpy as np
import pytest
from keras import layers

from tf_models.cnn import allconv, cnn, dense_to_conv, fully_convolutional
from tf_models.mlp import mlp


def image_model(*head, input_shape=(8, 8, 2)):
    """A branching body with batch norm, and a head."""
    inputs = keras.Input(input_shape, name="image")
    x = layers.Conv2D(4, 3, padding="same", name="conv")(inputs)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Add(name="add")([x, layers.Conv2D(4, 1, name="shortcut")(inputs)])
    x = layers.MaxPooling2D(2, name="pool")(layers.ReLU(name="relu")(x))
    for layer in head:
        x = layer(x)
    model = keras.Model(inputs, x, name="net")
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.1, 1, weight.shape) for weight in model.get_weights()])
    return model


HEADS = {
    "flatten": lambda: [layers.Flatten(name="flatten"), layers.Dense(3, name="logits")],
    "deep": lambda: [
        layers.Flatten(name="flatten"),
        layers.Dropout(0.5, name="dropout1"),
        layers.Dense(6, activation="tanh", use_bias=False, name="hidden1"),
        layers.BatchNormalization(name="hidden1_norm"),
        layers.LeakyReLU(0.2, name="hidden1_relu"),
        layers.Dropout(0.5, name="dropout2"),
        layers.Dense(5, name="hidden2"),
        layers.ReLU(name="hidden2_relu"),
        layers.Dense(3, name="logits"),
        layers.Softmax(name="softmax"),
    ],
    "average": lambda: [
        layers.GlobalAveragePooling2D(name="pooled"),
        layers.Dense(6, activation="relu", name="hidden"),
        layers.Dense(3, name="logits"),
    ],
    "maximum": lambda: [layers.GlobalMaxPooling2D(name="pooled"), layers.Dense(3, name="logits")],
}


def test_the_numbers_of_the_topic():
    """Input 1..4, two units: 14.9 and 19.0 as a dense layer and as a convolution of the input's size."""
    inputs = keras.Input((2, 2, 1), name="image")
    outputs = layers.Dense(2, activation="relu", name="logits")(layers.Flatten(name="flatten")(inputs))
    model = keras.Model(inputs, outputs)
    model.set_weights([np.array([[1.1, 1.2, 1.3, 1.4], [1.5, 1.6, 1.7, 1.8]]).T, np.array([1.9, 2.0])])
    x = np.array([1, 2, 3, 4], np.float32).reshape(1, 2, 2, 1)
    np.testing.assert_allclose(model(x), [[14.9, 19.0]], rtol=1e-6)
    converted = dense_to_conv(model)
    assert converted.get_layer("logits").kernel.shape == (2, 2, 1, 2)
    np.testing.assert_allclose(converted(x)[0, 0, 0], [14.9, 19.0], rtol=1e-6)
    # The other way of the topic: the four numbers as channels of one place, and a 1x1 convolution.
    inputs = keras.Input((1, 1, 4), name="image")
    outputs = layers.Dense(2, activation="relu", name="logits")(layers.Flatten(name="flatten")(inputs))
    flat = keras.Model(inputs, outputs)
    flat.set_weights(model.get_weights())
    converted = dense_to_conv(flat)
    assert converted.get_layer("logits").kernel.shape == (1, 1, 4, 2)
    np.testing.assert_allclose(converted(x.reshape(1, 1, 1, 4))[0, 0, 0], [14.9, 19.0], rtol=1e-6)


@pytest.mark.parametrize("head", HEADS)
def test_equal_on_the_originals_size(head):
    model = image_model(*HEADS[head]())
    x = np.random.default_rng(1).random((3, 8, 8, 2), dtype=np.float32)
    before = model.get_weights()
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(dense_to_conv(model).predict(x, verbose=0)[:, 0, 0], expected, rtol=1e-4, atol=1e-6)
    fixed = dense_to_conv(model, spatial=False)
    assert fixed.output_shape == (None, 3)
    np.testing.assert_allclose(fixed.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-6)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("head", HEADS)
def test_slides_over_larger_images(head):
    """Each place of the output is what the original says of its window (away from the border's padding)."""
    model = image_model(*HEADS[head](), input_shape=(8, 8, 2))
    model.get_layer("conv").set_weights([0 * weight for weight in model.get_layer("conv").get_weights()])
    large = np.random.default_rng(2).random((1, 12, 10, 2), dtype=np.float32)
    out = dense_to_conv(model).predict(large, verbose=0)
    assert out.shape == (1, 3, 2, 3)
    for row in range(3):
        for column in range(2):
            window = large[:, 2 * row : 2 * row + 8, 2 * column : 2 * column + 8]
            expected = model.predict(window, verbose=0)[0]
            np.testing.assert_allclose(out[0, row, column], expected, rtol=1e-4, atol=1e-6)


def test_the_projects_own_models_convert():
    x = np.random.default_rng(3).random((2, 28, 28, 1), dtype=np.float32)
    for model in (cnn(), cnn(filters=(8, 16), dense=64, dropout=0.5), allconv()):
        expected = model.predict(x, verbose=0)
        np.testing.assert_allclose(dense_to_conv(model).predict(x, verbose=0)[:, 0, 0], expected, atol=1e-5)
    assert fully_convolutional().output_shape == (None, 10)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (lambda: mlp(input_shape=(10,)), "image input"),
        (lambda: image_model(layers.Conv2D(3, 1, name="out")), "no Flatten"),
        (lambda: image_model(layers.Flatten(name="f"), layers.Reshape((4, 16), name="r")), "no convolutional form"),
        (lambda: keras.Sequential(), "functional|image input"),
    ],
)
def test_what_cannot_be_converted_is_refused(model, said):
    with pytest.raises(ValueError, match=said):
        dense_to_conv(model())
