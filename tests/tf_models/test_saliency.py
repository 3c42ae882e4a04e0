"""Which pixels speak for a class: against gradients by hand, a network that looks at one corner, and refusals."""

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from tf_data.command import run
from tf_data.errors import InputError
from tf_models import predict, train
from tf_models.cnn import cnn
from tf_models.mlp import mlp
from tf_models.tasks import saliency

X = np.random.default_rng(0).random((3, 8, 8, 1)).astype(np.float32)


def corner(activation="layer"):
    """Class 1 is brightness of the upper left quarter, by way of two ReLUs; class 0 is nothing."""
    image = keras.Input((8, 8, 1), name="image")
    if activation == "layer":
        x = layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones", name="conv")(image)
        x = layers.ReLU(name="relu")(x)
    else:
        x = layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones", activation="relu", name="conv")(image)
    x = layers.Flatten(name="flatten")(x)
    model = keras.Model(image, layers.Dense(2, use_bias=False, name="logits")(x), name="corner")
    kernel = np.zeros((8, 8, 2), np.float32)
    kernel[:4, :4, 1] = 1
    kernel[4:, 4:, 1] = -0.25
    model.get_layer("logits").set_weights([kernel.reshape(64, 2)])
    return model


@pytest.mark.parametrize("activation", ["layer", "argument"])
def test_the_quarter_that_counts_is_found(activation):
    model = corner(activation)
    before = model(X).numpy()
    vanilla, guided = saliency.vanilla_gradient(model, X), saliency.guided_backprop(model, X)
    quarter = np.zeros((8, 8))
    quarter[:4, :4] = 1
    against = np.zeros((8, 8))
    against[4:, 4:] = 0.25
    np.testing.assert_allclose(vanilla, np.tile(quarter + against, (3, 1, 1)), atol=1e-6)
    # What speaks against the class does not come back through the ReLU.
    np.testing.assert_allclose(guided, np.tile(quarter, (3, 1, 1)), atol=1e-6)
    np.testing.assert_array_equal(model(X), before)
    np.testing.assert_allclose(saliency.vanilla_gradient(model, X), vanilla)  # nothing guided is left


def test_grad_cam_weights_the_last_maps():
    image = keras.Input((8, 8, 1), name="image")
    maps = layers.Conv2D(3, 1, name="maps")(image)
    logits = layers.Dense(2, name="logits")(layers.GlobalAveragePooling2D(name="pool")(maps))
    model = keras.Model(image, logits, name="pooled")
    found = saliency.grad_cam(model, X)
    values = keras.Model(image, maps)(X).numpy()
    named = model(X).numpy().argmax(axis=1)
    kernel = model.get_layer("logits").get_weights()[0]
    for number in range(3):
        expected = np.maximum(values[number] @ (kernel[:, named[number]] / 64), 0)
        span = expected.max() - expected.min()
        np.testing.assert_allclose(found[number], (expected - expected.min()) / (span or 1), atol=1e-4)


def test_one_logit_speaks_for_both_classes():
    image = keras.Input((8, 8, 1), name="image")
    x = layers.Conv2D(2, 3, activation="relu", name="conv")(image)
    model = keras.Model(image, layers.Dense(1, name="logits")(layers.Flatten(name="flatten")(x)), name="one")
    for method in saliency.METHODS.values():
        found = method(model, X)
        assert found.shape == (3, 8, 8)
        assert np.isfinite(found).all()
        assert found.min() >= 0
        assert found.max() <= 1


def test_figures_and_refusals(tmp_path):
    path = tmp_path / "explained.png"
    assert saliency.draw(cnn((8, 8, 1)), X, X, ["a", "b", "c"], path) == "explained.png"
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="mlp has no maps of more than one place"):
        saliency.draw(mlp((8, 8, 1)), X, X, ["a", "b", "c"], path)
    with pytest.raises(InputError, match="no images to explain"):
        saliency.draw(mlp((4,)), np.zeros((1, 4), np.float32), np.zeros((1, 4)), ["a"], path)
    flat = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Conv2D(1, 3), layers.Flatten(), layers.Dense(2)], name="flat"
    )
    with pytest.raises(InputError, match="flat has no ReLU"):
        saliency.guided_backprop(flat, X)


def test_predictions_are_explained(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = ["cnn-basic", "--limit", "200", "--epochs", "1", "--no-figures", "--quiet", "--run-dir", "run"]
    assert run(train.main, arguments) == 0
    for name in ("one.png", "two.png"):
        Image.fromarray((255 * X[0, ..., 0]).astype(np.uint8)).save(name)
    assert run(predict.main, ["run", "one.png", "two.png", "--top", "1", "--explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("; ")[1] for line in lines] == ["one-explained.png", "two-explained.png"]
    with Image.open("one-explained.png") as drawn:
        assert drawn.width > drawn.height
    arguments = [
        "softmax-regression",
        "--limit",
        "200",
        "--epochs",
        "1",
        "--no-figures",
        "--quiet",
        "--run-dir",
        "flat",
    ]
    assert run(train.main, [*arguments, "--data", "embedded"]) == 0
    assert run(predict.main, ["flat", "one.png", "--explain"]) == 2
    error = capsys.readouterr().err
    assert "has no ReLU, whose gradients" in error
    assert len(error.splitlines()) == 1
