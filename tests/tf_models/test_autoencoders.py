"""Autoencoders and variational autoencoders: formulas, geometry, learning, resuming, samples."""

from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from runs import assert_same_run, bound, first_of_each, interrupted

import tf_models
from tf_data.dataset import Data, Split
from tf_data.datasets.mnist import draw_digit
from tf_data.errors import InputError, Interrupted, TrainingError
from tf_models import autoencoder, layers, losses, tasks
from tf_models.configs import get
from tf_models.training import callbacks, trainer
from tf_models.training.building import build_model, build_optimizer
from tf_models.training.fast import accelerated
from tf_models.training.fit import CompiledLoop
from tf_models.training.run_directory import RunDirectory
from tf_models.training.trainer import Options

# Trainable parameters as the topics state them.
PARAMETERS = {
    "ae-basic": 50_992,
    "ae-basic-tf1": 50_992,
    "ae-deconv": 665,
    "ae-deconv-tf1": 1_325,
    "ae-deconv-nopool": 665,
    "ae-deconv-jaccard": 665,
    "ae-nneighbor": 665,
    "ae-nneighbor-tf1": 1_325,
    "ae-nneighbor-celeba": 21_971_243,
    "ae-nneighbor-quickdraw": 665,
    "ae-vae": 808_314,
    "ae-conv-vae": 45_887,
    "ae-cvae": 853_364,
    "ae-cvae-no-out-concat": 848_354,
    "ae-conv-cvae": 86_927,
    "ae-conv-cvae-no-out-concat": 81_157,
}
RECIPES = [recipe for recipe in tf_models.recipes() if recipe.section == "autoencoder"]
IDS = [recipe.id for recipe in RECIPES]
TRAINED = first_of_each(RECIPES, lambda recipe: (recipe.builder, recipe.task))
# What is too large to train in a test, in small.
SMALL = {"ae-nneighbor-celeba": {"input_shape": (28, 28, 3), "filters": (4, 8), "latent_dim": 20}}


def small(recipe):
    """The recipe as the tests train it."""
    if recipe.id in SMALL:
        recipe = replace(recipe, model=SMALL[recipe.id], transform={"name": "image", "crop": 28})
    return recipe


def drawn(recipe, samples=16):
    """Drawn digits as the recipe's data, in its number of channels."""
    rng = np.random.default_rng(0)
    y = (np.arange(samples) % 10).astype(np.int32)
    x = np.stack([draw_digit(digit, rng) for digit in y])[..., None]
    x = np.repeat(x, 3, axis=-1) if recipe.dataset == "celeba" else x
    split = Split("train", x, y)
    return Data(recipe.dataset, "synthetic", "this test", split, split, classes=tuple("0123456789"))


def compiled(recipe, data, optimizer=None):
    model = build_model(recipe)
    task = bound(recipe, model, data)
    task.compile(optimizer or build_optimizer(recipe), jit=False)
    return task, model, task.prepare(tf.constant(data.train.x), tf.constant(data.train.y), None)


def test_every_recipe_is_in_the_table():
    assert list(PARAMETERS) == IDS


@pytest.mark.parametrize("recipe", RECIPES, ids=IDS)
def test_parameters_and_names(recipe):
    model = tf_models.build(recipe.id)
    count = sum(int(np.prod(weight.shape)) for weight in model.trainable_variables)
    assert count == PARAMETERS[recipe.id] == recipe.parameters
    layers = [layer for part in ("encoder", "decoder") for layer in model.get_layer(part).layers]
    names = [layer.name for layer in layers if not isinstance(layer, keras.layers.InputLayer)]
    assert len(set(names)) == len(names)
    assert all(name.startswith(("encoder_", "decoder_")) for name in names)


@pytest.mark.parametrize("recipe", TRAINED)
def test_learns_its_first_batch_and_every_variable_takes_part(recipe):
    recipe = small(recipe)
    data = drawn(recipe)
    task, model, batch = compiled(recipe, data, keras.optimizers.Adam(3e-3))
    before = task.evaluate(data.train, 16)
    start = [weight.numpy() for weight in model.trainable_variables]
    step = tf.function(model.train_step)
    for _ in range(80):
        step(batch)
    after = task.evaluate(data.train, 16)
    assert after["loss"] < 0.75 * before["loss"]
    assert after["mse"] < before["mse"]
    assert after["samples"] == len(data.train)
    for weight, old in zip(model.trainable_variables, start, strict=True):
        assert not np.array_equal(weight.numpy(), old), f"{weight.path} never moved"


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def test_pixel_losses_against_numpy():
    rng = np.random.default_rng(0)
    x, logits = rng.random((3, 4, 4, 2)), rng.normal(size=(3, 4, 4, 2)) * 3
    p = sigmoid(logits)
    entropy = -(x * np.log(p) + (1 - x) * np.log(1 - p))
    expected = {
        ("cross-entropy", "mean"): entropy.mean(),
        ("cross-entropy", "sum"): entropy.sum((1, 2, 3)).mean(),
        ("squared-error", "mean"): np.mean((p - x) ** 2),
        ("jaccard", "mean"): 1 - np.minimum(p, x).sum() / np.maximum(p, x).sum(),
    }
    for (kind, pixels), value in expected.items():
        loss = losses.PixelLoss(kind, pixels)
        again = keras.losses.deserialize(keras.losses.serialize(loss))
        for one in (loss, again):
            assert float(one(x.astype("float32"), logits.astype("float32"))) == pytest.approx(value, rel=1e-5)
    assert np.isfinite(float(losses.PixelLoss()(np.ones((1, 1, 1, 1)), np.full((1, 1, 1, 1), -1e4))))
    with pytest.raises(ValueError, match="kind must be one of"):
        losses.PixelLoss("cosine")


@pytest.mark.parametrize("pixels", ["mean", "sum"])
def test_the_faster_cross_entropy_has_the_same_losses_and_gradients(pixels):
    images = keras.Input((4, 4, 2))
    model = keras.Model(images, images)
    loss = losses.PixelLoss(pixels=pixels)
    model.compile(loss={"one": loss, "other": losses.PixelLoss("squared-error")})
    rng = np.random.default_rng(0)
    t = rng.random((3, 4, 4, 2), np.float32)
    x = tf.constant(rng.normal(size=(3, 4, 4, 2)) * [[[[1, 30]]], [[[1e-3, 100]]], [[[1, 1e4]]]], tf.float32)

    @tf.function(autograph=False)
    def both(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            found = loss(t, x)
        return found, tape.gradient(found, x)

    expected = both(x)
    with accelerated(model, jit=False):
        assert [owner for owner in (loss, model.loss["other"]) if "call" in vars(owner)] == [loss]
        again = tf.function(both.python_function, autograph=False)
        for a, b in zip(again(x), expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)
        # Half way between 0 and 1: there Keras' own takes a maximum's slope for 1 and an absolute value's for 0.
        slope = again(tf.zeros_like(x))[1] * (3 if pixels == "sum" else 3 * 32)
        np.testing.assert_allclose(slope, 0.5 - t, atol=1e-6)
    assert "call" not in vars(loss)


def test_kl_against_numerical_integration():
    mean, log_variance = np.array([[0.7, -1.2]], np.float32), np.array([[-0.5, 0.8]], np.float32)
    z = np.linspace(-30, 30, 200_001)
    expected = 0.0
    for m, v in zip(mean[0], np.exp(log_variance[0]), strict=True):
        q = np.exp(-((z - m) ** 2) / (2 * v)) / np.sqrt(2 * np.pi * v)
        log_ratio = -((z - m) ** 2) / (2 * v) - np.log(v) / 2 + z**2 / 2
        expected += np.trapezoid(q * log_ratio, z)
    assert float(layers.GaussianKL()([mean, log_variance])[0]) == pytest.approx(expected, rel=1e-5)
    assert float(layers.GaussianKL()([np.zeros((1, 3)), np.zeros((1, 3))])[0]) == 0.0


def test_sampling_has_the_moments_in_training_and_the_mean_otherwise():
    layer = layers.Sampling(seed=1, name="sampling")
    mean, log_variance = np.full((20_000, 1), 2.0, np.float32), np.full((20_000, 1), np.log(9.0), np.float32)
    drawn = np.array(layer([mean, log_variance], training=True))
    assert drawn.mean() == pytest.approx(2.0, abs=0.1)
    assert drawn.std() == pytest.approx(3.0, abs=0.1)
    assert not np.array_equal(drawn, layer([mean, log_variance], training=True))
    np.testing.assert_array_equal(layer([mean, log_variance], training=False), mean)


@pytest.mark.parametrize("id", ["ae-vae", "ae-cvae", "ae-conv-cvae"])
def test_the_compiled_loss_is_minus_the_elbo(id):
    recipe = get(id)
    data = drawn(recipe)
    task, model, (inputs, targets) = compiled(recipe, data)
    logs = model.test_on_batch(inputs, targets, return_dict=True)  # the code is its mean here
    images, labels = np.array(inputs["image"]), data.train.y
    moments = task.moments(inputs["image"], tf.constant(labels))
    mean, log_variance = (value.numpy().astype(np.float64) for value in moments)
    kl = 0.5 * np.sum(mean**2 + np.exp(log_variance) - log_variance - 1, axis=1).mean()
    outputs = model(inputs, training=False)
    entropy = lambda x, p: -(x * np.log(p) + (1 - x) * np.log(1 - p))  # noqa: E731
    reconstruction = (
        entropy(images, sigmoid(outputs["reconstruction"].numpy().astype(np.float64))).sum((1, 2, 3)).mean()
    )
    assert logs["kl_loss"] == pytest.approx(kl, rel=1e-4)
    assert logs["reconstruction_loss"] == pytest.approx(reconstruction, rel=1e-4)
    total = kl + reconstruction
    if "label" in outputs:
        probabilities = sigmoid(outputs["label"].numpy().astype(np.float64))
        one_hot = np.eye(10)[labels].reshape(-1, *[1] * (probabilities.ndim - 2), 10)
        label = (
            entropy(np.broadcast_to(one_hot, probabilities.shape), probabilities).reshape(len(labels), -1).sum(1).mean()
        )
        assert logs["label_loss"] == pytest.approx(label, rel=1e-4)
        total += label
    assert logs["loss"] == pytest.approx(total, rel=1e-4)
    scores = task.evaluate(data.train, 7)
    assert scores["elbo"] == pytest.approx(-(scores["reconstruction"] + scores["kl"]), rel=1e-5)
    assert scores["kl"] == pytest.approx(kl, rel=1e-4)
    assert scores == task.evaluate(data.train, 7)


def test_replicate_padding_against_numpy():
    x = np.random.default_rng(0).random((2, 3, 4, 2), dtype=np.float32)
    layer = layers.ReplicatePadding2D(2, 1)
    expected = np.pad(x, ((0, 0), (2, 1), (2, 1), (0, 0)), mode="edge")
    np.testing.assert_array_equal(layer(x), expected)
    assert layer.compute_output_shape((None, None, 4, 2)) == (None, None, 7, 2)


@pytest.mark.parametrize("id", ["ae-deconv", "ae-deconv-nopool", "ae-nneighbor"])
def test_codes_have_the_originals_size(id):
    model = tf_models.build(id)
    assert model.get_layer("encoder").output_shape == (None, 7, 7, 8)
    assert model.output_shape == (None, 28, 28, 1)


@pytest.mark.parametrize("side", [16, 17, 30, 33])
@pytest.mark.parametrize("downsampling", ["pool", "stride"])
def test_transposed_decoders_give_any_image_its_size(side, downsampling):
    model = autoencoder.conv_autoencoder((side, side + 3, 1), downsampling=downsampling)
    assert model.output_shape == (None, side, side + 3, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: autoencoder.conv_autoencoder((30, 28, 1), upsampling="nearest"), "multiples of 4"),
        (lambda: autoencoder.conv_autoencoder((4, 4, 1)), "8x8 or more"),
        (lambda: autoencoder.conv_autoencoder(decoder_filters=(4, 4)), "need 1 decoder filters"),
        (lambda: autoencoder.conv_autoencoder(upsampling="cubic"), "upsampling"),
        (lambda: autoencoder.conv_autoencoder(activation="gelu"), "leaky_relu"),
        (lambda: autoencoder.deep_autoencoder((100, 128, 3)), "multiples of 32"),
        (lambda: autoencoder.dense_vae(label_output=True), "needs classes"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_images_and_labels_must_fit_the_model():
    recipe = get("ae-deconv")
    with pytest.raises(InputError, match=r"takes samples of \(32, 32, 1\), but mnist gives \(28, 28, 1\)"):
        compiled(replace(recipe, model={**recipe.model, "input_shape": (32, 32, 1)}), drawn(recipe))
    recipe = get("ae-cvae")
    with pytest.raises(InputError, match="takes 7 labels, but mnist has 10"):
        compiled(replace(recipe, model={**recipe.model, "classes": 7}), drawn(recipe))
    with pytest.raises(InputError, match="loss must be one of"):
        tasks.get("reconstruct")(loss="hinge")


def test_samples_repeat_by_seed_and_follow_their_label():
    recipe = get("ae-cvae")
    task, _, _ = compiled(recipe, drawn(recipe))
    images = task.sample(6, seed=3, label=2)
    assert images.shape == (6, 28, 28, 1)
    assert 0 <= images.min() <= images.max() <= 1
    np.testing.assert_array_equal(images, task.sample(6, seed=3, label=2))
    assert not np.array_equal(images, task.sample(6, seed=4, label=2))
    assert not np.array_equal(images, task.sample(6, seed=3, label=5))
    with pytest.raises(InputError, match=r"label must be in 0\.\.9"):
        task.sample(1, seed=0, label=10)
    recipe = get("ae-vae")
    task, _, _ = compiled(recipe, drawn(recipe))
    with pytest.raises(InputError, match="takes no label"):
        task.sample(1, seed=0, label=1)


def test_one_image_for_all_ends_the_training():
    recipe = get("ae-basic")
    data = drawn(recipe)
    task, model, _ = compiled(recipe, data)
    said = []
    (watch,) = task.callbacks(SimpleNamespace(warn=said.append))
    watch.set_model(model)
    watch.set_params({"steps": 100})
    watch.on_epoch_end(0)
    watch.on_train_end()
    assert said == []
    model.get_layer("decoder").get_layer("decoder_pixels").kernel.assign(np.zeros((32, 784)))
    watch.on_epoch_end(1)
    watch.on_train_end()
    assert "same image of 16 inputs since epoch 2" in said[0]
    watch.on_epoch_end(2)
    with pytest.raises(TrainingError, match="same image of 16 inputs since epoch 2"):
        watch.on_epoch_end(3)


def test_output_as_loss_is_the_mean_output():
    assert float(losses.OutputAsLoss()(np.zeros(3), np.array([1.0, 2.0, 6.0], np.float32))) == 3.0


VAE = replace(
    get("ae-cvae"), embedded={}, epochs=3, batch_size=32, model={**get("ae-cvae").model, "hidden": 8, "latent_dim": 3}
)
OPTIONS = Options(source="embedded", limit=200, quiet=True)


@pytest.mark.slow
def test_a_stopped_validation_is_repeated(tmp_path):
    options = replace(OPTIONS, figures=False)
    whole = trainer.train(VAE, options, tmp_path / "whole")
    run = interrupted(VAE, options, tmp_path / "run", 1)
    assert_same_run(whole, trainer.resume(run, quiet=True, figures=False))


def test_an_interrupted_run_draws_the_same_noise_and_frames(tmp_path, monkeypatch):
    monkeypatch.setattr(CompiledLoop, "calibrate", lambda self: setattr(self, "block", 2))
    whole = trainer.train(VAE, OPTIONS, tmp_path / "whole")
    original, stop = callbacks.Checkpoints.on_train_batch_end, [2, 9]

    def interrupt(self, batch, logs=None):
        done = self.loop.epoch * self.loop.batches.steps + self.loop.step
        if stop and done >= stop[0]:
            stop.pop(0)
            self.signals.received = True
        original(self, batch, logs)

    monkeypatch.setattr(callbacks.Checkpoints, "on_train_batch_end", interrupt)
    with pytest.raises(Interrupted):
        trainer.train(VAE, OPTIONS, tmp_path / "parts")
    while stop:
        with pytest.raises(Interrupted):
            trainer.resume(RunDirectory.open(tmp_path / "parts"), quiet=True)
    parts = trainer.resume(RunDirectory.open(tmp_path / "parts"), quiet=True)
    assert parts.info["results"] == whole.info["results"]
    assert (parts.path / "history.csv").read_bytes() == (whole.path / "history.csv").read_bytes()
    for a, b in zip(whole.load_model().get_weights(), parts.load_model().get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    frames = sorted(path.name for path in (whole.figures / "epochs").iterdir())
    assert frames == ["0001.png", "0002.png", "0003.png"]
    for name in frames:
        assert (whole.figures / "epochs" / name).read_bytes() == (parts.figures / "epochs" / name).read_bytes()
    assert len({(whole.figures / "epochs" / name).read_bytes() for name in frames}) == 3
    assert set(whole.info["figures"]) == {path.name for path in whole.figures.iterdir() if path.is_file()}
    with Image.open(whole.figures / "samples.gif") as image:
        assert image.n_frames == 3
