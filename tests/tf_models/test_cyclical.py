"""Learning-rate schedules against the papers' formulas."""

import keras
import numpy as np
import pytest

from tf_models.schedules import Cyclical, OneCycle

BASE, MAXIMUM, HALF = 0.001, 0.006, 40
STEPS = np.arange(0, 500)


def paper(step, policy, gamma):
    """As the paper's listing has it."""
    cycle = np.floor(1 + step / (2 * HALF))
    x = np.abs(step / HALF - 2 * cycle + 1)
    scale = {"triangular": 1.0, "triangular2": 1 / 2 ** (cycle - 1), "exp_range": gamma**step}[policy]
    return BASE + (MAXIMUM - BASE) * np.maximum(0, 1 - x) * scale


@pytest.mark.parametrize("policy", ["triangular", "triangular2", "exp_range"])
def test_cyclical_rates_against_the_papers_formula(policy):
    schedule = Cyclical(BASE, MAXIMUM, HALF, policy, gamma=0.995)
    rates = np.array([float(schedule(step)) for step in STEPS])
    np.testing.assert_allclose(rates, paper(STEPS, policy, 0.995), rtol=1e-4)
    turns = np.flatnonzero(np.diff(np.sign(np.diff(rates)))) + 1
    np.testing.assert_array_equal(turns[:4], [40, 80, 120, 160])  # it cycles


def test_whole_cycles_stay_exact_after_many_steps():
    schedule = Cyclical(BASE, MAXIMUM, HALF)
    far = 2 * HALF * 10**7
    assert float(schedule(np.int64(far))) == pytest.approx(BASE, rel=1e-6)
    assert float(schedule(np.int64(far + HALF))) == pytest.approx(MAXIMUM, rel=1e-6)


def test_one_cycle_rises_falls_and_stays():
    schedule = OneCycle(0.4, steps=200, rise=0.25, start=20, end=100)
    rates = np.array([float(schedule(step)) for step in range(260)])
    assert rates[0] == pytest.approx(0.02)
    assert rates.max() == pytest.approx(0.4, rel=1e-3)
    assert abs(int(rates.argmax()) - 0.25 * 199) <= 1
    assert np.all(np.diff(rates[:50]) > 0)
    assert np.all(np.diff(rates[51:200]) < 0)
    np.testing.assert_allclose(rates[199:], 0.0002, rtol=1e-4)


@pytest.mark.parametrize("schedule", [Cyclical(BASE, MAXIMUM, HALF, "triangular2"), OneCycle(0.1, 50)])
def test_an_optimizer_follows_and_survives_saving(schedule):
    optimizer = keras.optimizers.SGD(schedule)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    weight = keras.Variable([1.0], name="weight")
    again.build([weight])
    for step in range(3):
        assert float(again.learning_rate) == pytest.approx(float(schedule(step)), rel=1e-6)
        again.apply([np.array([0.0], np.float32)], [weight])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Cyclical(0.1, 0.2, 10, "square"), "policy must be one of"),
        (lambda: Cyclical(0.2, 0.1, 10), "0 < base <= maximum"),
        (lambda: Cyclical(0.1, 0.2, 0), "half_cycle"),
        (lambda: OneCycle(0.0, 10), "positive"),
        (lambda: OneCycle(0.1, 1), "at least 2"),
        (lambda: OneCycle(0.1, 10, rise=1.0), "rise"),
    ],
)
def test_bad_arguments(call, said):
    with pytest.raises(ValueError, match=said):
        call()
