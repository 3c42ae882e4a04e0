"""Every recipe trains in 16 bits: a step moves the weights as one of 32 bits does, by losses that are scaled."""

import subprocess
import sys

import backends
import divided
import numpy as np
import pytest
import tensorflow as tf
from runs import first_of_each

import tf_models
from tf_models.configs.overrides import override
from tf_models.training import biases, building, state
from tf_models.training.fit import training_loop
from tf_models.training.options import Options
from tf_models.training.run_directory import RunDirectory

# How far a step's movement may be from that in 32 bits, as a fraction of its length; norms of few samples take most of it.
CLOSE = {"mixed_float16": 0.25, "mixed_bfloat16": 0.5}
OWN_STEPS = ("perceptron", "backprop_mlp")  # written by hand, beside those of a task
RECIPES = sorted(tf_models.recipes(), key=lambda recipe: recipe.parameters)


def kind(recipe) -> tuple:
    """What is in every run: each kind of step, of loss, and of what a model ends in."""
    return recipe.task, recipe.model.get("head"), recipe.builder if recipe.builder in OWN_STEPS else ""


def step(id: str, precision: str, plain: bool = False) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """How far one step of plain gradient descent moves what learns, by variable, and its losses."""
    recipe = override(divided.small(id), ["optimizer=sgd"])
    recipe, _, data = backends.prepared(recipe, 2 * backends.BATCH)
    task = building.build(recipe, Options(quiet=True, precision=precision, jit="off"), data)
    model = task.model
    backends.without_dropout(model)
    for optimizer in state.optimizers(model):
        if hasattr(optimizer, "initial_scale"):
            optimizer.initial_scale = 16.0  # its own is too large for sums over pixels, and leaves such a step out
    before = [weight.numpy() for weight in model.trainable_variables]
    with backends.same_draws(), training_loop(model, building.training_batches(recipe, task), plain) as loop:
        logs = loop.run(0, 0, 1)
    moved = {weight.path: weight.numpy() - old for weight, old in zip(model.trainable_variables, before, strict=True)}
    return moved, np.array([float(value) for name, value in sorted(logs.items()) if "loss" in name])


@pytest.mark.parametrize("precision", CLOSE)
@pytest.mark.parametrize("recipe", first_of_each(RECIPES, kind))
def test_a_step_in_16_bits_moves_weights_as_one_in_32_does(recipe, precision):
    (moved, losses), (expected, right) = step(recipe.id, precision), step(recipe.id, "float32")
    (moved, expected) = (np.concatenate([part.ravel() for part in found.values()]) for found in (moved, expected))
    assert np.linalg.norm(expected) > 0
    assert np.linalg.norm(moved - expected) < CLOSE[precision] * np.linalg.norm(expected)
    np.testing.assert_allclose(losses, right, rtol=CLOSE[precision], atol=CLOSE[precision])


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
@pytest.mark.parametrize("id", ["mlp-backprop-scratch", "mlp-basic"])
def test_other_backends_train_in_16_bits(id, backend, tmp_path):
    pytest.importorskip(backend)
    losses = {}
    for precision in ("float32", *CLOSE):
        asked = [
            "--backend",
            backend,
            "--precision",
            precision,
            "--data",
            "embedded",
            "--limit",
            "300",
            "--epochs",
            "2",
        ]
        command = [sys.executable, "-m", "tf_models.train", id, *asked, "--no-figures", "--quiet"]
        subprocess.run([*command, "--run-dir", str(tmp_path / precision)], check=True)
        losses[precision] = RunDirectory.open(tmp_path / precision).info["results"]["test"]["loss"]
    assert losses == pytest.approx(dict.fromkeys(losses, losses["float32"]), rel=0.02)


@pytest.mark.parametrize("plain", [False, True])
def test_biases_of_convolutions_learn_in_bfloat16(plain):
    """TensorFlow's own gradient of one is a sum that stands still at some 256 times what it adds."""
    (moved, _), (expected, _) = (step("ae-conv-cvae", precision, plain) for precision in ("mixed_bfloat16", "float32"))
    biases = [name for name in expected if name.endswith("bias")]
    assert len(biases) == 10
    for name in biases:
        assert np.linalg.norm(moved[name] - expected[name]) < 0.1 * np.linalg.norm(expected[name]), name


@pytest.mark.parametrize(
    ("shape", "data_format"), [((50, 30, 30, 6), "NHWC"), ((50, 4, 900), "NCW"), ((9000, 3), None)]
)
def test_sums_of_biases_are_whole(shape, data_format):
    value = tf.cast(np.random.default_rng(0).normal(0.3, 1.0, shape), tf.bfloat16)
    bias = tf.ones(shape[1] if data_format == "NCW" else shape[-1], tf.bfloat16)

    def gradient():
        with tf.GradientTape() as tape:
            tape.watch(bias)
            outputs = tf.nn.bias_add(value, bias, data_format=data_format)
        return outputs, tf.cast(tape.gradient(outputs, bias, value), tf.float64)

    with biases.whole_sums():
        outputs, found = gradient()
    plain, _ = gradient()
    assert tf.nn.bias_add is biases.ADD
    np.testing.assert_array_equal(tf.cast(outputs, tf.float32), tf.cast(plain, tf.float32))
    right = tf.reduce_sum(tf.cast(value, tf.float64), (0, 2) if data_format == "NCW" else tuple(range(len(shape) - 1)))
    np.testing.assert_allclose(found, right, rtol=0.01)
