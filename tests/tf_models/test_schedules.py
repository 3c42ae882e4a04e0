"""Schedules, label smoothing and weight decay from recipe to trained run."""

import json
import math
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from runs import OPTIONS, RECIPE, assert_same_run, bound, interrupted

import tf_models
from tf_data.command import run
from tf_data.errors import InputError
from tf_models import tasks, train
from tf_models.configs import get, schedules
from tf_models.configs.overrides import override
from tf_models.losses import SmoothedCrossentropy
from tf_models.mechanics import rates
from tf_models.schedules import Cyclical, OneCycle
from tf_models.training import trainer
from tf_models.training.building import build_model, build_optimizer
from tf_models.training.fit import CompiledLoop

SCHEDULED = replace(
    RECIPE,
    optimizer="sgd",
    learning_rate=0.1,
    optimizer_options={"momentum": 0.9, "weight_decay": 5e-3},
    schedule={"name": "one-cycle", "rise": 0.4},
    task_options={"label_smoothing": 0.1},
)
CYCLICAL = replace(SCHEDULED, schedule={"name": "cyclical", "base": 0.02, "half_cycle": 0.5})


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A one-cycle run that nobody stopped, with figures."""
    return trainer.train(SCHEDULED, replace(OPTIONS, figures=True), tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture(scope="module")
def whole_cyclical(tmp_path_factory):
    """A run with three cycles that nobody stopped."""
    return trainer.train(CYCLICAL, OPTIONS, tmp_path_factory.mktemp("cyclical") / "run")


def test_epochs_become_steps():
    one = build_optimizer(SCHEDULED, steps=50)._learning_rate
    assert isinstance(one, OneCycle)
    assert (one.maximum, one.steps, one.rise) == (0.1, 150, 0.4)
    cyclical = build_optimizer(CYCLICAL, steps=50)._learning_rate
    assert isinstance(cyclical, Cyclical)
    assert (cyclical.base, cyclical.maximum, cyclical.half_cycle) == (0.02, 0.1, 25)
    quarter = build_optimizer(replace(CYCLICAL, schedule={"name": "cyclical"}), steps=50)._learning_rate
    assert (quarter.base, quarter.half_cycle) == (0.025, 100)
    straight = build_optimizer(replace(SCHEDULED, schedule={"name": "linear", "end": 0.02}), steps=50)._learning_rate
    assert [float(straight(step)) for step in (0, 75, 150, 200)] == pytest.approx([0.1, 0.06, 0.02, 0.02])
    assert schedules.build(RECIPE, None) is None
    with pytest.raises(ValueError, match="how many steps"):
        build_optimizer(SCHEDULED)


def test_the_cyclical_recipes_really_cycle():
    """The original's rate crept from .09 to .175 once in 150 epochs."""
    steps = -(-49_000 // 128)
    heights = {}
    for policy, variant in {"triangular": "", "triangular2": "-triangular2", "exp_range": "-exp-range"}.items():
        recipe = get(f"tricks-cyclical-lr{variant}")
        schedule = schedules.build(recipe, steps)
        rates = np.asarray(schedule(np.arange(recipe.epochs * steps)))
        tops = rates.reshape(15, 10 * steps).argmax(axis=1) + 10 * steps * np.arange(15)
        # The last peaks of triangular2 are so flat that neighbouring steps round to one float32.
        np.testing.assert_allclose(tops, 5 * steps + 10 * steps * np.arange(15), atol=4)
        assert rates.min() == pytest.approx(0.09)
        assert float(schedule(recipe.epochs * steps)) == pytest.approx(0.09)
        heights[policy] = rates[tops] - 0.09
    np.testing.assert_allclose(heights["triangular"], 0.085, rtol=1e-5)
    np.testing.assert_allclose(heights["triangular2"], 0.085 / 2 ** np.arange(15), rtol=1e-2)
    np.testing.assert_allclose(heights["exp_range"], 0.085 * 0.99998 ** (steps * (5 + 10 * np.arange(15))), rtol=1e-3)


def test_history_report_and_figure_tell_the_rate(whole):
    rates = [row["learning_rate"] for row in whole.read_history()]
    schedule = schedules.build(SCHEDULED, steps=10)
    assert rates == [float(schedule(step)) for step in (9, 19, 29)]
    report = (whole.path / "report.md").read_text()
    assert "| schedule | one-cycle, rise 0.4; the learning rate above is its highest |" in report
    assert "figures/learning_rate.png" in report
    assert (whole.figures / "learning_rate.png").read_bytes()[:4] == b"\x89PNG"


def test_an_interrupted_one_cycle_goes_on_bit_for_bit(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(CompiledLoop, "calibrate", lambda self: setattr(self, "block", 3))
    run = interrupted(SCHEDULED, OPTIONS, tmp_path / "run", 1, 6)
    with pytest.raises(InputError, match="one-cycle schedule laid out for 3 epochs, which cannot become 2"):
        trainer.resume(run, quiet=True, epochs=2)
    assert_same_run(whole, trainer.resume(run, quiet=True, figures=False))


def test_a_finished_one_cycle_cannot_be_prolonged(whole, capsys):
    command = ["--resume", "--run-dir", str(whole.path), "--epochs", "5", "--quiet"]
    assert run(train.main, command) == 2
    message = capsys.readouterr().err.strip()
    assert "laid out for 3 epochs, which cannot become 5; start a new run" in message
    assert "\n" not in message
    assert run(train.main, [*command[:-3], "--epochs", "3", "--quiet"]) == 0


def test_cycles_can_be_prolonged(whole_cyclical, tmp_path):
    short = trainer.train(replace(CYCLICAL, epochs=1), OPTIONS, tmp_path / "run")
    assert_same_run(whole_cyclical, trainer.resume(short, quiet=True, figures=False, epochs=3))


def test_a_saved_run_loads_in_a_fresh_process(whole):
    script = "import sys, tf_models; print(type(tf_models.load(sys.argv[1]).optimizer._learning_rate).__name__)"
    done = subprocess.run([sys.executable, "-c", script, str(whole.path)], capture_output=True, text=True)
    assert done.stdout.split() == ["OneCycle"], done.stderr


def test_a_run_of_an_older_version_can_be_read():
    old = json.loads(json.dumps(RECIPE.as_dict()))
    del old["schedule"]
    assert tf_models.Recipe.from_dict(old) == RECIPE


def test_schedules_by_set():
    recipe = override(get("mlp-basic"), ["schedule.name=one-cycle", "schedule.rise=0.1", "schedule.start=10"])
    assert recipe.schedule == {"name": "one-cycle", "rise": 0.1, "start": 10.0}
    assert override(recipe, ["schedule.name=one-cycle"]) == recipe
    assert override(recipe, ["schedule.name=cyclical"]).schedule == {"name": "cyclical"}
    assert override(recipe, ["schedule.name=none"]) == get("mlp-basic")
    for settings, message in {
        ("schedule.rise=0.1",): "unknown key; did you mean schedule.name",
        ("schedule.name=one-cycle", "schedule.ris=0.1"): "did you mean schedule.rise",
        ("schedule.name=one-cycle", "schedule.rise=soon"): "expected float",
        ("schedule.name=one-cylce", "schedule.rise=0.1"): "unknown schedule 'one-cylce'; did you mean one-cycle",
    }.items():
        with pytest.raises(InputError, match=message):
            override(get("mlp-basic"), settings)


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ({"name": "sawtooth"}, "unknown schedule 'sawtooth'"),
        ({"name": "one-cycle", "rise": 2.0}, "rise in"),
        ({"name": "one-cycle", "speed": 2.0}, "unexpected keyword argument 'speed'"),
        ({"name": "cyclical", "half_cycle": 0.001}, "half_cycle must be at least 1 step"),
        ({"name": "cyclical", "base": 0.2}, "base <= maximum"),
        ({"rise": 0.5}, "unknown schedule ''"),
    ],
)
def test_bad_schedules(schedule, message):
    with pytest.raises(InputError, match=message):
        build_optimizer(replace(SCHEDULED, schedule=schedule), steps=10)


def test_one_cycle_of_a_single_step_names_its_cause():
    one = replace(SCHEDULED, epochs=1, schedule={"name": "one-cycle"})
    with pytest.raises(
        InputError, match="two steps at least and this run has one, an epoch of a single batch; take more"
    ):
        build_optimizer(one, steps=1)
    build_optimizer(one, steps=2)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_weight_decay_spares_biases_and_batch_norm(optimizer):
    recipe = replace(RECIPE, optimizer=optimizer, learning_rate=0.1, optimizer_options={"weight_decay": 0.5})
    model = build_model(recipe)
    optimizer = build_optimizer(recipe)
    for variable in model.trainable_variables:
        variable.assign(np.ones(variable.shape))
    optimizer.apply([tf.zeros(variable.shape) for variable in model.trainable_variables], model.trainable_variables)
    after = {variable.name: set(np.unique(variable)) for variable in model.trainable_variables}
    assert after.keys() == {"kernel", "bias", "gamma", "beta"}
    assert after.pop("kernel") == {np.float32(0.95)}
    assert set().union(*after.values()) == {1.0}


def test_smoothed_crossentropy_against_its_formula():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(6, 5)).astype(np.float32)
    labels = np.array([0, 1, 2, 3, 4, 0])
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    expected = -0.9 * logs[np.arange(6), labels] - 0.1 * logs.mean(axis=1)
    loss = SmoothedCrossentropy(0.1, reduction=None)
    np.testing.assert_allclose(loss(labels, logits), expected, rtol=1e-5)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    np.testing.assert_array_equal(again(labels, logits), loss(labels, logits))
    plain = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert float(SmoothedCrossentropy(0.0)(labels, logits)) == pytest.approx(float(plain(labels, logits)), rel=1e-6)


def test_evaluation_leaves_smoothing_out_and_averages_mirror_images(digits):
    model = build_model(RECIPE)
    task = bound(replace(RECIPE, task_options={"label_smoothing": 0.3, "mirror": True}), model, digits)
    plain = bound(replace(RECIPE, task_options={}), model, digits)
    task.compile(build_optimizer(RECIPE), jit=False)
    assert isinstance(model.loss, SmoothedCrossentropy)
    split = digits.test.slice(0, 100)
    scores = task.evaluate(split, 40)
    mirrored = scores.pop("mirrored_accuracy")
    assert scores == plain.evaluate(split, 40)
    x = split.x.astype(np.float32) / 255
    both = model.predict(x, verbose=0) + model.predict(x[:, :, ::-1], verbose=0)
    assert mirrored == pytest.approx(np.mean(both.argmax(axis=1) == split.y))
    with pytest.raises(InputError, match="label_smoothing"):
        tasks.make(replace(RECIPE, task_options={"label_smoothing": 1.0}))


def test_a_schedule_would_run_away_with_a_critic_of_several_steps(tmp_path):
    recipe = override(get("gan-wgan-fc-mnist"), ["schedule.name=one-cycle"])
    with pytest.raises(InputError, match=r"critic .* makes 5 a batch; set schedule\.name=none"):
        trainer.train(recipe, OPTIONS, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_rates_are_drawn_without_training(tmp_path, capsys):
    """50,000 images less 1,000 for validation, in batches of the recipe's."""
    recipe = get("tricks-cyclical-lr")
    epochs, found = rates.rates(recipe, 10)
    steps = math.ceil((50_000 - recipe.validation) / recipe.batch_size)
    assert epochs[-1] == 10 - 1 / steps
    assert found.max() == pytest.approx(recipe.learning_rate, rel=0.01)
    assert found[0] == pytest.approx(found.min())
    assert set(rates.rates(get("mlp-basic"), 1)[1]) == {get("mlp-basic").learning_rate}
    assert run(rates.main, ["tricks-cyclical-lr-fast", "--epochs", "2", "--out", str(tmp_path / "r.png")]) == 0
    assert "tricks-cyclical-lr-fast: from " in capsys.readouterr().out
    assert (tmp_path / "r.png").stat().st_size > 1000
    assert run(rates.main, ["rnn-char-dickens"]) == 2
    assert "depends on its files" in capsys.readouterr().err
