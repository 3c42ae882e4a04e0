"""The parts of the fast CIFAR-10 network against their definitions."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_data import datasets
from tf_data.dataset import Split
from tf_data.datasets.drawing import shape_image
from tf_data.transform import Images
from tf_models.cnn import airbench
from tf_models.layers import FastBias, PartialDirac, PatchWhitening
from tf_models.training.building import adapt_layers


@pytest.fixture(scope="module")
def images():
    """A split of drawn images, uint8."""
    rng = np.random.default_rng(0)
    classes = len(datasets.get("cifar10").classes)
    x = np.stack([shape_image(label % classes, classes, rng, 32, 32) for label in range(200)])
    return Split("train", x, np.arange(200, dtype=np.int32) % classes)


def test_the_trainer_whitens_patches(images):
    model = airbench(filters=(32,))
    adapt_layers(model, images, Images())
    found = model.get_layer("whitening")(images.x.astype(np.float32) / 255).numpy().reshape(-1, 24).astype(np.float64)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(found[:, 12:], -found[:, :12], atol=1e-4)  # each with both signs
    covariance = np.cov(found[:, :12], rowvar=False)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-3)
    assert np.diag(covariance).max() == pytest.approx(1, abs=1e-3)  # large directions; small ones are held back
    assert "whitening/kernel" not in [weight.path for weight in model.trainable_weights]


def test_first_channels_begin_as_copies():
    kernel = PartialDirac(seed=1)((3, 3, 4, 10))
    x = np.random.default_rng(0).random((2, 6, 6, 4), dtype=np.float32)
    found = tf.nn.conv2d(x, kernel, 1, "SAME").numpy()
    np.testing.assert_allclose(found[..., :4], x, rtol=1e-6)
    assert np.ptp(kernel[..., 4:]) == pytest.approx(2 / np.sqrt(9 * 4), rel=0.1)  # PyTorch's bounds
    np.testing.assert_array_equal(kernel, PartialDirac.from_config(PartialDirac(seed=1).get_config())((3, 3, 4, 10)))


def test_a_fast_bias_moves_64_times_as_far():
    layer = FastBias(name="bias")
    layer.build((None, 3))
    optimizer = keras.optimizers.SGD(0.1)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(np.zeros((1, 3), np.float32)))
    optimizer.apply(tape.gradient(loss, [layer.shift.value]), [layer.shift])
    np.testing.assert_allclose(layer(np.zeros((1, 3), np.float32)), -0.1 * 64, rtol=1e-5)


def test_grey_images_do_not_blow_up(images):
    layer = PatchWhitening(name="whitening")
    grey = images.x[:50, :, :, :1].repeat(3, axis=-1).astype(np.float32) / 255
    layer.build(grey.shape)
    layer.adapt(grey)
    assert np.abs(layer(grey)).max() < 100


def test_too_small_an_image():
    with pytest.raises(ValueError, match="9x9 or more, not 8x8"):
        airbench(input_shape=(8, 8, 3))
