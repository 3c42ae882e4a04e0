"""Muon for convolutions, against Keras' Muon of matrices and against what the method promises."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from runs import OPTIONS, RECIPE, assert_same_run, interrupted

import tf_models
from tf_data.errors import InputError
from tf_models.configs.overrides import override
from tf_models.optimizers import MuonSGD, registered_name
from tf_models.training import trainer
from tf_models.training.building import build_optimizer
from tf_models.training.fit import CompiledLoop

SHAPE = (3, 3, 4, 6)
MATRIX = (36, 6)


def moved(optimizer, shape, steps=3, name="kernel", start=None):
    """A weight after some steps with gradients that depend on the step alone."""
    first = np.random.default_rng(9).normal(size=MATRIX).astype(np.float32) if start is None else start
    weight = keras.Variable(first.reshape(shape), name=name)
    optimizer.build([weight])
    for step in range(steps):
        gradient = np.random.default_rng(step).normal(size=first.shape).astype(np.float32).reshape(shape)
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [weight])
    return keras.ops.convert_to_numpy(weight)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_kernel_moves_as_its_matrix_does_by_keras(nesterov, momentum):
    settings = {"learning_rate": 0.3, "nesterov": nesterov, "ns_steps": 4}
    expected = moved(keras.optimizers.Muon(**settings, momentum=momentum, weight_decay=None, rms_rate=None), MATRIX)
    found = moved(MuonSGD(**settings, muon_momentum=momentum, momentum=0.0), SHAPE)
    np.testing.assert_allclose(found.reshape(MATRIX), expected, rtol=1e-6, atol=1e-7)
    assert np.abs(found - moved(MuonSGD(0.3), SHAPE, 0)).max() > 0.01


def test_a_step_is_nearly_orthogonal():
    start = np.zeros(MATRIX, np.float32)
    step = moved(MuonSGD(1.0, ns_steps=8), SHAPE, steps=1, start=start).reshape(MATRIX)
    gradient = np.random.default_rng(0).normal(size=MATRIX)
    u, _, v = np.linalg.svd(gradient, full_matrices=False)
    turned = -u.T @ step @ v.T  # the directions are the gradient's, and all count alike
    assert np.diag(turned).min() > 0.6
    assert np.diag(turned).max() < 1.3
    np.testing.assert_allclose(turned - np.diag(np.diag(turned)), 0, atol=1e-4)


@pytest.mark.parametrize("momentum", [0.0, 0.8])
@pytest.mark.parametrize(("name", "shape"), [("logits", MATRIX), ("bias", (216,))])
def test_all_else_moves_by_gradient_descent(name, shape, momentum):
    settings = {"momentum": momentum, "nesterov": True, "weight_decay": 0.01}
    found = moved(MuonSGD(0.1, sgd_lr_ratio=3.0, exclude_layers=("logits",), **settings), shape, name=name)
    # Decay goes by the rate that is given, so that it shrinks kernels and all else alike.
    settings["weight_decay"] /= 3
    expected = moved(keras.optimizers.SGD(0.1 * 3, **settings), shape, name=name)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_kernels_are_brought_to_one_norm():
    scaled = moved(MuonSGD(0.0, normalize=True), SHAPE, steps=1)
    assert np.linalg.norm(scaled) == pytest.approx(np.sqrt(6))
    before = moved(MuonSGD(0.0), SHAPE, steps=1)
    np.testing.assert_allclose(scaled / np.linalg.norm(scaled), before / np.linalg.norm(before), rtol=1e-5, atol=1e-7)
    assert np.isfinite(moved(MuonSGD(0.1, normalize=True), SHAPE, start=np.zeros(MATRIX, np.float32))).all()


@pytest.mark.parametrize("bad", [{"muon_momentum": 1.0}, {"sgd_lr_ratio": 0.0}, {"ns_steps": 0}])
def test_bad_settings(bad):
    with pytest.raises(ValueError, match="muon_momentum must be in"):
        MuonSGD(**bad)


def test_settings_are_kept():
    made = MuonSGD(0.2, 3.0, 0.8, 0.7, False, 2, True, ("logits",), 0.01, clipnorm=1.0)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(made))
    assert type(again) is MuonSGD
    assert again.get_config() == made.get_config()


def test_recipes_name_it_shortly():
    recipe = override(RECIPE, ["optimizer=muonsgd", "optimizer.ns_steps=3", "optimizer.weight_decay=0.01"])
    assert build_optimizer(recipe).ns_steps == 3
    assert registered_name("adam") == "adam"
    with pytest.raises(InputError, match="did you mean optimizer.ns_steps"):
        override(recipe, ["optimizer.ns_step=3"])
    with pytest.raises(InputError, match="ns_steps 1 or more"):
        build_optimizer(override(recipe, ["optimizer.ns_steps=0"]))


def test_a_run_goes_on_bit_for_bit_and_its_model_can_be_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(CompiledLoop, "calibrate", lambda self: setattr(self, "block", 3))
    recipe = replace(
        RECIPE,
        optimizer="muonsgd",
        learning_rate=0.05,
        optimizer_options={"exclude_layers": ("logits",), "normalize": True},
        schedule={"name": "linear", "end": 0.001},
    )
    whole = trainer.train(recipe, OPTIONS, tmp_path / "whole")
    assert_same_run(whole, trainer.resume(interrupted(recipe, OPTIONS, tmp_path / "part", 1, 6), quiet=True))
    loaded = tf_models.load(whole.path)
    assert isinstance(loaded.optimizer, MuonSGD)
    assert float(loaded.optimizer.learning_rate) == pytest.approx(0.001)
