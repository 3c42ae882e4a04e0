"""TensorFlow 1's optimizers beside Keras': equal where the table says so, and apart where it says that."""

import json
from dataclasses import replace

import pytest

from legacy_tf1 import optimizers
from tf_data.command import run

STEPS = 20  # more than the 16 after which the staircase goes down
# What looks the same and is not, by more than rounding.
APART = {
    "Adagrad",
    "Adagrad, initial accumulator",
    "Adadelta",
    "RMSProp",
    "RMSProp, centered, momentum",
    "Adam",
    "exponential_decay, staircase",
    "clip_by_global_norm",
    "REGULARIZATION_LOSSES, l2",
}


@pytest.fixture(scope="module")
def rows():
    return {row.name: row for row in optimizers.compare_all(STEPS)}


@pytest.mark.parametrize("pairing", optimizers.pairings(), ids=lambda pairing: pairing.name)
def test_each_optimizer_is_equal_with_the_settings_of_the_table(pairing, rows):
    row = rows[pairing.name]
    assert row.equal, row
    assert (row.same_arguments > optimizers.EQUAL) == (row.name in APART), row
    assert bool(row.how) == (row.name in APART)


def test_a_wrong_counterpart_is_noticed(monkeypatch, capsys):
    first = optimizers.pairings()[0]
    import keras

    wrong = replace(first, now=lambda: keras.optimizers.SGD(0.126))
    monkeypatch.setattr(optimizers, "pairings", lambda: (wrong,))
    assert run(optimizers.main, ["--steps", "3", "--json"]) == 1
    (row,) = json.loads(capsys.readouterr().out)
    assert row["made_equal"] > 1e-5
    assert run(optimizers.main, ["--steps", "0"]) == 2


def test_the_float_type_stays_as_it_was(rows):
    import keras

    assert keras.config.floatx() == "float32"
    assert "Momentum, use_nesterov" in optimizers.show(list(rows.values()))
