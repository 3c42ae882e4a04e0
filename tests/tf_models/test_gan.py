"""GANs: losses against formulas, who is updated by what, bounds, resuming, scores and samples."""

import csv
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from runs import assert_same_run, final_state, interrupted

import tf_models
from tf_data.errors import InputError, TrainingError
from tf_models import predict
from tf_models.configs import get
from tf_models.gan import conv_gan, dense_gan
from tf_models.gan.model import GAN
from tf_models.tasks.collapse import Collapse
from tf_models.tasks.fidelity import coverage, frechet_distance
from tf_models.training import trainer
from tf_models.training.building import load_task
from tf_models.training.by_batch import BatchHistory
from tf_models.training.devices import precision
from tf_models.training.fit import CompiledLoop
from tf_models.training.run_directory import RunDirectory
from tf_models.training.trainer import Options
from tf_models.weight_decay import exempt_from_decay

# Trainable parameters of generator and discriminator as the topics state them.
PARAMETERS = {
    "gan-fc-mnist": (114_064, 100_609),
    "gan-conv-mnist": (344_208, 4_025),
    "gan-conv-label-smoothing": (344_208, 4_025),
    "gan-wgan-fc-mnist": (50 * 128 + 128 + 128 * 784 + 784, 100_609),
    "gan-wgan-conv-mnist": (344_208, 6_457),
    "gan-dcgan-celeba": (3_576_704, 2_765_633),
}
RECIPES = [recipe for recipe in tf_models.recipes() if recipe.section == "gan"]
SMALL = {"input_shape": (4, 4, 1), "latent_dim": 3, "hidden": 8}


def made(**arguments):
    gan = dense_gan(**{**SMALL, **arguments}, seed=1)
    gan.compile(optimizer=keras.optimizers.SGD(0.1), jit_compile=False)
    gan.build_optimizers()
    return gan


def images(count=5, seed=0):
    return tf.constant(np.random.default_rng(seed).uniform(-1, 1, (count, 4, 4, 1)).astype(np.float32))


def values(part):
    return [weight.numpy() for weight in part.trainable_variables]


def moved(before, part):
    return [not np.array_equal(a, b.numpy()) for a, b in zip(before, part.trainable_variables, strict=True)]


def test_every_recipe_is_in_the_table():
    assert [recipe.id for recipe in RECIPES] == list(PARAMETERS)


@pytest.mark.parametrize("recipe", RECIPES, ids=list(PARAMETERS))
def test_parameters_and_names(recipe):
    model = tf_models.build(recipe.id)
    counts = tuple(
        sum(int(np.prod(weight.shape)) for weight in part.trainable_variables)
        for part in (model.generator, model.discriminator)
    )
    assert counts == PARAMETERS[recipe.id]
    assert sum(counts) == recipe.parameters
    names = [layer.name for part in (model.generator, model.discriminator) for layer in part.layers[1:]]
    assert all(name.startswith(("generator_", "discriminator_")) for name in names)
    assert len(set(names)) == len(names)


def entropy(logits, target):
    p = 1 / (1 + np.exp(-logits))
    return -np.mean(target * np.log(p) + (1 - target) * np.log(1 - p))


def test_losses_against_numpy():
    real, fake = np.array([[0.3], [-2.0]], np.float32), np.array([[1.5], [0.2]], np.float32)
    plain, smooth = made(), made(label_smoothing=0.1)
    expected = (entropy(real, 1.0) + entropy(fake, 0.0)) / 2
    assert float(plain.discriminator_loss(real, fake)) == pytest.approx(expected, rel=1e-5)
    expected = (entropy(real, 0.9) + entropy(fake, 0.0)) / 2
    assert float(smooth.discriminator_loss(real, fake)) == pytest.approx(expected, rel=1e-5)
    # One-sided: the generator's targets stay 1.
    for gan in (plain, smooth):
        assert float(gan.generator_loss(fake)) == pytest.approx(entropy(fake, 1.0), rel=1e-5)
    wasserstein = made(objective="wasserstein")
    assert float(wasserstein.discriminator_loss(real, fake)) == pytest.approx(0.85 + 0.85, rel=1e-5)
    assert float(wasserstein.generator_loss(fake)) == pytest.approx(-0.85, rel=1e-5)


def test_each_part_descends_its_own_loss():
    """The generator's by what the updated discriminator says of the images that it was updated with."""
    gan, other = made(dropout=0.0), made(dropout=0.0)
    for ours, theirs in zip(gan.weights, other.weights, strict=True):
        theirs.assign(ours)
    gan.train_step((images(),))
    noise = other.draw_noise(5)
    with tf.GradientTape() as tape:
        fake = other.discriminator(other.generator(noise, training=True), training=True)
        loss = other.discriminator_loss(other.discriminator(images(), training=True), fake)
    steps = tape.gradient(loss, other.discriminator.trainable_variables)
    for weight, step in zip(other.discriminator.trainable_variables, steps, strict=True):
        weight.assign_sub(0.1 * step)
    with tf.GradientTape() as tape:
        loss = other.generator_loss(other.discriminator(other.generator(noise, training=True), training=True))
    steps = tape.gradient(loss, other.generator.trainable_variables)
    for weight, step in zip(other.generator.trainable_variables, steps, strict=True):
        weight.assign_sub(0.1 * step)
    for part in ("generator", "discriminator"):
        for ours, expected in zip(values(getattr(gan, part)), values(getattr(other, part)), strict=True):
            np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_dropout_is_active_in_training_only():
    gan = made(hidden=200)
    noise = np.ones((1, 3), np.float32)
    hidden = keras.Model(gan.generator.input, gan.generator.get_layer("generator_dropout").output)
    zeros = np.mean(hidden(noise, training=True).numpy() == 0)
    assert 0.3 < zeros < 0.7
    np.testing.assert_array_equal(gan(noise), gan(noise))


def test_noise_stays_in_its_range_and_differs_from_step_to_step():
    uniform = made()
    one, other = uniform.draw_noise(1000).numpy(), uniform.draw_noise(1000).numpy()
    assert -1 <= one.min() < -0.9
    assert 0.9 < one.max() <= 1
    assert not np.array_equal(one, other)
    assert np.abs(made(noise="normal").draw_noise(1000)).max() > 2


def test_the_critics_weights_are_clipped_after_each_of_its_steps():
    gan = made(objective="wasserstein", critic_steps=3, clip=0.01, dropout=0.0)
    gan.train_step((images(),))
    assert max(np.abs(value).max() for value in values(gan.discriminator)) <= 0.01 + 1e-9
    assert int(gan.discriminator_optimizer.iterations) == 3
    assert int(gan.optimizer.iterations) == 1
    assert max(np.abs(value).max() for value in values(gan.generator)) > 0.01


def test_the_gradient_penalty_of_a_linear_critic_is_known():
    weights = np.random.default_rng(3).normal(size=(16, 1)).astype(np.float32)
    image = keras.Input((4, 4, 1), name="image")
    x = keras.layers.Flatten(name="discriminator_flatten")(image)
    critic = keras.Model(image, keras.layers.Dense(1, name="discriminator_score")(x), name="discriminator")
    critic.get_layer("discriminator_score").set_weights([weights, np.zeros(1)])
    gan = GAN(made().generator, critic, objective="wasserstein", gradient_penalty=10.0, seed=1)
    expected = (np.linalg.norm(weights) - 1) ** 2
    assert float(gan.gradient_penalty(images(), images(seed=1))) == pytest.approx(expected, rel=1e-5)
    gan.compile(optimizer=keras.optimizers.SGD(0.01), jit_compile=False)
    gan.build_optimizers()
    before = gan.discriminator_loss(critic(images()), critic(gan.generator(np.zeros((5, 3), np.float32))))
    loss, real, fake = gan._discriminator_step(images(), gan._generate(images()))
    assert float(loss) == pytest.approx(float(fake - real) + 10 * expected, rel=1e-4)
    assert np.isfinite(before)


def test_a_compiled_step_learns_to_tell_real_from_drawn():
    gan = conv_gan(latent_dim=4, seed=1)
    gan.compile(optimizer=keras.optimizers.Adam(1e-3), jit_compile=False)
    gan.build_optimizers()
    real = tf.constant(np.random.default_rng(0).choice([-1.0, 1.0], (16, 28, 28, 1)).astype(np.float32))
    step = tf.function(lambda x: gan._discriminator_step(x, gan._generate(x)), autograph=False)
    first = step(real)
    for _ in range(40):
        last = step(real)
    assert float(last[0]) < 0.5 * float(first[0])
    assert float(last[1]) > 0.7 > 0.3 > float(last[2])


@pytest.mark.parametrize(
    ("half", "settings"),
    [("mixed_float16", {}), ("mixed_bfloat16", {"objective": "wasserstein", "gradient_penalty": 10.0})],
)
def test_half_precision_moves_weights_as_float32_does(half, settings):
    """With float16 the optimizers scale gradients down; the losses must have been scaled up."""
    steps = {}
    for policy in ("float32", half):
        keras.utils.set_random_seed(0)
        with precision(policy):
            gan = made(**settings, dropout=0.0)
        before = values(gan.generator)
        gan.train_step((images(),))
        steps[policy] = [after - start for after, start in zip(values(gan.generator), before, strict=True)]
    for exact, rough in zip(*steps.values(), strict=True):
        np.testing.assert_allclose(rough, exact, atol=0.1 * np.abs(exact).max())


def test_weight_decay_spares_biases_of_both_parts_with_loss_scaling_too():
    for policy in ("float32", "mixed_float16"):
        with precision(policy):
            gan = dense_gan(**SMALL)
            gan.compile(optimizer=exempt_from_decay(keras.optimizers.AdamW(0.0, weight_decay=1.0)), jit_compile=False)
            gan.build_optimizers()
        assert type(gan.optimizer) is type(gan.discriminator_optimizer)
        for weight in gan.trainable_variables:
            weight.assign(0 * weight + 1)
        for optimizer, part in ((gan.optimizer, gan.generator), (gan.discriminator_optimizer, gan.discriminator)):
            optimizer.learning_rate = 0.5
            optimizer.apply([0 * weight for weight in part.trainable_variables], part.trainable_variables)
        for weight in gan.trainable_variables:
            expected = 1.0 if "bias" in weight.path else 0.5
            np.testing.assert_allclose(weight, expected, err_msg=f"{policy} {weight.path}")


def test_saved_models_draw_the_same_images(tmp_path):
    gan = made(label_smoothing=0.1)
    gan.train_step((images(),))
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    noise = np.random.default_rng(0).uniform(-1, 1, (3, 3)).astype(np.float32)
    np.testing.assert_array_equal(loaded(noise), gan(noise))
    assert loaded.settings == gan.settings
    assert loaded.discriminator_optimizer.built
    np.testing.assert_array_equal(values(loaded.discriminator)[0], values(gan.discriminator)[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"objective": "hinge"}, "objective must be one of"),
        ({"noise": "pink"}, "noise of"),
        ({"label_smoothing": 0.6}, "label_smoothing"),
        ({"clip": 0.1}, "belong to the objective wasserstein"),
        ({"objective": "wasserstein", "critic_steps": 0}, "at least 1"),
        ({"dropout": 1.0}, "dropout"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        dense_gan(**SMALL, **arguments)


def test_frechet_distance_against_the_closed_form():
    rng = np.random.default_rng(0)
    base = rng.normal(size=(200_000, 2))
    one, other = base * [1.0, 2.0], rng.permutation(base) * [3.0, 2.0] + [1.0, -2.0]
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(one, other) == pytest.approx(1 + 4 + (3 - 1) ** 2, rel=0.02)
    flat = np.column_stack([one, np.zeros(len(one))])  # a feature that never varies
    assert frechet_distance(flat, flat) == pytest.approx(0, abs=1e-6)


def test_coverage_sees_a_collapsed_mode():
    assert coverage(np.arange(100) % 10, 10) == {"classes_covered": 10, "class_entropy": pytest.approx(1.0)}
    assert coverage(np.zeros(100, int), 10) == {"classes_covered": 1, "class_entropy": 0.0}
    assert coverage(np.array([0] * 98 + [1] * 2), 10)["classes_covered"] == 2
    assert coverage(np.array([0] * 99 + [1]), 10)["classes_covered"] == 1


def collapsing(same, steps=100, warnings=()):
    """A callback that has seen one epoch after the other: True stands for images that are all the same."""
    warnings = list(warnings) if isinstance(warnings, tuple) else warnings
    drawn = iter(same)
    callback = Collapse(
        lambda: np.full((4, 2, 2, 1), 0.3) if next(drawn) else np.random.default_rng(0).random((4, 2, 2, 1)),
        warnings.append,
    )
    callback.set_params({"steps": steps})
    for epoch in range(len(same)):
        callback.on_epoch_end(epoch)
    return callback


def test_a_constant_image_ends_the_training():
    collapsing([False, False]).on_train_end()
    collapsing([True, True, False, True, True, False]).on_train_end()
    with pytest.raises(TrainingError, match="since epoch 2 "):
        collapsing([False, True, True, True])


def test_a_short_training_is_only_warned_of_a_constant_image():
    """The first epochs of a network on few samples are too few steps to leave the mean image."""
    for same, steps in (([False, True], 100), ([True] * 5, 8)):
        warnings = []
        collapsing(same, steps, warnings).on_train_end()
        assert len(warnings) == 1
        assert "same image of 4 inputs since epoch" in warnings[0]
    warnings = []
    collapsing([True, True, False], 100, warnings).on_train_end()
    assert warnings == []


TINY = replace(get("gan-fc-mnist"), epochs=2, batch_size=32, model={**get("gan-fc-mnist").model, "hidden": 16})
OPTIONS = Options(source="embedded", limit=128, quiet=True, figures=False)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CompiledLoop, "calibrate", lambda self: setattr(self, "block", 3))  # and the last one of 1
        return trainer.train(TINY, replace(OPTIONS, figures=True), tmp_path_factory.mktemp("whole") / "run")


def rows(run):
    with open(run.path / "batches.csv") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def test_the_losses_of_single_batches_are_kept(whole):
    found, history = rows(whole), whole.read_history()
    assert [(row["epoch"], row["step"]) for row in found] == [
        (epoch, step) for epoch in (1, 2) for step in (1, 2, 3, 4)
    ]
    for number, epoch in enumerate(history, 1):
        mine = [row for row in found if row["epoch"] == number]
        for name in ("generator_loss", "discriminator_loss", "real_score", "fake_score"):
            assert np.mean([row[name] for row in mine]) == pytest.approx(epoch[name], rel=1e-6)
    # Those recorded step by step are means over the epoch so far.
    first = whole.info["first_steps"]["generator_loss"]
    assert first == pytest.approx([np.mean([row["generator_loss"] for row in found[: n + 1]]) for n in range(4)])
    assert len({row["generator_loss"] for row in found}) == 8


def test_keras_own_steps_keep_the_same_losses(whole, tmp_path):
    plain = trainer.train(TINY, replace(OPTIONS, plain=True), tmp_path / "plain")
    for fast, slow in zip(rows(whole), rows(plain), strict=True):
        assert fast == pytest.approx(slow, rel=1e-4)
    for fast, slow in zip(whole.read_history(), plain.read_history(), strict=True):
        assert fast == pytest.approx(slow, rel=1e-4)


def test_a_damaged_file_of_single_batches_is_named(tmp_path):
    run = interrupted(TINY, OPTIONS, tmp_path / "run", 0, 3)
    file = run.path / "batches.csv"
    before = file.read_text()
    assert len(before.splitlines()) == 4
    changes = {
        "its columns are epoch, step, other_loss": before.replace("generator", "other"),
        "line 5 is none": before + "1,1,0,0,0,0\n",
        "line 3 is none": before.replace("\n1,2,", "\n1,2,nan,"),
        "invalid literal": before.replace("\n1,2,", "\none,2,"),
    }
    for reason, text in changes.items():
        file.write_text(text)
        history = BatchHistory(before.splitlines()[0].split(",")[2:])
        with pytest.raises(InputError, match=f"batches.csv: .*{reason}.*delete it"):
            history.read(run.path, 0, 3)
    with pytest.raises(InputError, match="batches.csv"):
        trainer.resume(run, quiet=True)
    file.write_text(before)  # nothing else is lost
    assert trainer.resume(RunDirectory.open(run.path), quiet=True).info["status"] == "done"


def test_an_interrupted_run_goes_on_bit_for_bit(whole, tmp_path, monkeypatch):
    """Both optimizers, the noise, dropout, running means and the losses of single batches."""
    monkeypatch.setattr(CompiledLoop, "calibrate", lambda self: setattr(self, "block", 1))
    parts = interrupted(TINY, OPTIONS, tmp_path / "parts", 0, 3)
    assert_same_run(whole, trainer.resume(parts, quiet=True, figures=False))
    assert any("0000" in name for name in final_state(whole)[0] if name.startswith("optimizer"))
    scores = whole.info["results"]["test"]
    assert scores["samples"] == 128
    assert scores["frechet_distance"] > 0
    assert (
        load_task(whole).describe(scores).endswith("with 128 samples; 2,000 at least make such a distance comparable")
    )
    assert load_task(whole).describe({**scores, "samples": 2_000}).endswith("with 2,000 samples")
    assert set(whole.info["figures"]) == {
        "curves.png",
        "batches.png",
        "samples.png",
        "real.png",
        "samples.gif",
        "architecture.png",
    }
    assert trainer.evaluate(whole)[1]["test"] == scores
    with pytest.raises(InputError, match="use samples"):
        predict.main([str(whole.path), "x.png"])
    with pytest.raises(InputError, match="takes no label"):
        load_task(whole).sample(1, 0, label=3)


def test_a_stopped_validation_is_repeated_with_the_same_noise(whole, tmp_path):
    run = interrupted(TINY, OPTIONS, tmp_path / "run", 0)
    assert_same_run(whole, trainer.resume(run, quiet=True, figures=False))


def test_images_must_fit_the_model(tmp_path):
    recipe = replace(TINY, model={**TINY.model, "input_shape": (32, 32, 1)})
    with pytest.raises(InputError, match="takes samples of"):
        trainer.train(recipe, OPTIONS, tmp_path / "run")
    assert not (tmp_path / "run").exists()
