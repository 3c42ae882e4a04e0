"""The learning-rate range test."""

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from runs import bound

from tf_data.command import run
from tf_data.errors import InputError
from tf_data.pipeline import Batches
from tf_models import train
from tf_models.configs import get
from tf_models.training import state
from tf_models.training.building import build_model, build_optimizer
from tf_models.training.find_lr import SETTLED, Suggestion, Sweep, Trace, range_test, smooth, suggest

RECIPE = replace(get("mlp-basic"), model={"input_shape": (28, 28, 1), "hidden": (16,)}, batch_size=16)


def compiled(digits, recipe=RECIPE):
    model = build_model(recipe)
    task = bound(recipe, model, digits)
    task.compile(build_optimizer(recipe), jit=False)
    return model, Batches(digits.train.slice(0, 400), 16, seed=1, prepare=task.prepare_training)


@pytest.mark.parametrize("plain", [False, True])
def test_each_row_is_a_plain_step_and_the_model_stays_untouched(digits, plain):
    model, batches = compiled(digits)
    model.optimizer.build(model.trainable_variables)
    before = state.capture(model)
    sweep = Sweep(low=0.01, high=0.1, steps=30, rise="linear")  # 25 batches an epoch: goes into a second one
    trace = range_test(model, batches, sweep, plain)
    after = state.capture(model)
    for name in before:
        np.testing.assert_array_equal(before[name], after[name], err_msg=name)
    np.testing.assert_allclose(trace.rates, np.linspace(0.01, 0.1, 30))
    assert not trace.diverged

    other, _ = compiled(digits)
    for step, (rate, loss, accuracy) in enumerate(zip(trace.rates, trace.losses, trace.accuracies)):
        other.optimizer.learning_rate = rate
        (batch,) = batches.dataset(step // 25, step % 25).take(1)
        expected = other.train_on_batch(*batch, return_dict=True)
        assert (loss, accuracy) == pytest.approx((expected["loss"], expected["accuracy"]), rel=1e-4)
        other.reset_metrics()


@pytest.mark.parametrize("high", [1e4, 1e38])
def test_it_stops_where_the_loss_diverges(digits, high):
    model, batches = compiled(digits)
    trace = range_test(model, batches, Sweep(low=1e-3, high=high, steps=60))
    assert trace.diverged
    assert SETTLED < len(trace.rates) < 60
    assert np.isfinite(trace.losses).all()
    assert all(np.isfinite(value).all() for value in state.capture(model).values())


def test_the_rates_rise_as_said():
    np.testing.assert_allclose(Sweep(1e-3, 1.0, 31).rates[::10], [1e-3, 1e-2, 1e-1, 1.0])
    np.testing.assert_allclose(Sweep(1.0, 3.0, 21, "linear").rates[::10], [1.0, 2.0, 3.0])
    for wrong in ({"low": 0.0}, {"low": 2.0, "high": 1.0}, {"steps": 5}, {"rise": "square"}):
        with pytest.raises(InputError):
            Sweep(**wrong)


def test_smoothing_keeps_constants_and_does_not_lag():
    np.testing.assert_allclose(smooth(np.full(30, 2.5)), 2.5)
    valley = np.abs(np.arange(101) - 50.0)
    assert np.argmin(smooth(valley)) == 50


def test_suggestions_by_their_rules():
    rates = np.geomspace(1e-4, 1.0, 81)
    falling = 2.0 - np.minimum(np.arange(81), 60) / 40
    losses = np.where(np.arange(81) > 60, 50.0, falling)  # the lowest loss stands at 0.1
    found = suggest(Trace(rates, losses, np.array([]), diverged=True))
    assert 0.03 < found.lowest <= 0.1  # what diverges pulls it down, not up
    assert found == Suggestion(found.lowest, pytest.approx(found.lowest / 10), pytest.approx(found.lowest / 2))
    assert suggest(Trace(rates, np.linspace(1, 2, 81), np.array([]), diverged=False)) is None
    assert suggest(Trace(rates, np.linspace(2, 1, 81), np.array([]), diverged=False)) is None  # falls to the end
    noise = np.random.default_rng(1).normal(0, 0.3, 81)  # of which step 78 has the lowest
    assert suggest(Trace(rates, np.linspace(3, 1, 81) + noise, np.array([]), diverged=False)) is None
    assert suggest(Trace(rates[:3], losses[:3], np.array([]), diverged=True)) is None


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    base = ["mlp-basic", "--find-lr", "--data", "embedded", "--set", "schedule.name=one-cycle"]
    assert run(train.main, [*base, "--lr-steps", "80", "--lr-range", "0.001", "100", "--run-dir", "test"]) == 0
    message = capsys.readouterr().out
    assert "80 batches of 64, rates 0.001 to 100" in message
    assert "a tenth of that: --set learning_rate=0." in message
    assert sorted(os.listdir("test")) == ["find_lr.csv", "find_lr.json", "find_lr.png"]
    rows = list(csv.DictReader(Path("test/find_lr.csv").read_text().splitlines()))
    assert list(rows[0]) == ["step", "learning_rate", "loss", "smoothed_loss", "accuracy"]
    assert float(rows[0]["learning_rate"]) == pytest.approx(0.001)
    record = json.loads(Path("test/find_lr.json").read_text())
    assert record["sweep"] == {"low": 0.001, "high": 100.0, "steps": 80, "rise": "exponential"}
    assert record["recipe"]["id"] == "mlp-basic"
    assert 0.01 < record["suggestion"]["constant"] < 1
    assert run(train.main, [*base, "--run-dir", "test"]) == 2
    assert "holds a run already" in capsys.readouterr().err
    assert run(train.main, ["mlp-basic", "--resume"]) == 2  # a range test is no run to go on with
    assert "no run of mlp-basic" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mlp-basic", "--lr-steps", "100"], "--lr-steps goes with --find-lr"),
        (["mlp-basic", "--find-lr", "--resume"], "leave --resume away"),
        (["mlp-basic", "--find-lr", "--lr-range", "1", "0.1"], "0 < low < high"),
        (["mlp-basic", "--find-lr", "--lr-steps", "3"], "at least 20 steps"),
        (["gan-fc-mnist", "--find-lr", "--limit", "300"], "no single loss"),
    ],
)
def test_bad_usage(tmp_path, capsys, arguments, message):
    command = [*arguments, "--run-dir", str(tmp_path / "run")]
    assert run(train.main, command if "--resume" in arguments else [*command, "--data", "embedded"]) == 2
    error = capsys.readouterr().err.strip()
    assert message in error
    assert "\n" not in error
    assert not (tmp_path / "run").exists()
