"""Several devices and processes end with the weights of one; what dies ends all; what is interrupted goes on with any number."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import tf_models
from tf_models.configs.limits import UNDIVIDED
from tf_models.training.options import Options

DIVISIBLE = [recipe.id for recipe in tf_models.recipes() if recipe.builder not in UNDIVIDED]
# One for each way in which a batch is divided: a summed loss, dropout, gradients made by hand, pairs, a ratio of sums
# and one of counts, synchronised norms, noise, labels beside, two optimizers and a penalty, sparse gradients.
WAYS = (
    "logistic-regression",
    "mlp-dropout",
    "mlp-backprop-scratch",
    "metric-siamese-mlp",
    "ae-deconv-jaccard",
    "ordinal-corn-cement",
    "ae-cvae",
    "gan-wgan-fc-mnist",
    "rnn-simple-imdb",
)
OPTIONS = Options(source="embedded", limit=300, figures=False, quiet=True, checkpoint_seconds=0.0)
MOST_SECONDS = 60  # until all workers have ended after one has died


def run_divided(devices: int, ids) -> dict[str, dict]:
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, here / "divided.py", str(devices), *ids], capture_output=True, text=True, timeout=3000
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return {row["id"]: row for row in map(json.loads, done.stdout.splitlines())}


def assert_equal_weights(found: dict[str, dict], ids) -> None:
    assert found.keys() == set(ids)
    for id, row in found.items():
        assert row["weights"] < 1e-9, f"{id}: weights differ by {row['weights']:.2g}"
        assert row["metrics"] < 1e-6, f"{id}: metrics differ by {row['metrics']:.2g}"  # Keras adds them up in float32


def test_four_devices_end_with_the_weights_of_one():
    assert_equal_weights(run_divided(4, WAYS), WAYS)


@pytest.mark.slow
@pytest.mark.parametrize("devices", [2, 4])
def test_every_recipe_ends_with_the_weights_of_one_device(devices):
    assert_equal_weights(run_divided(devices, DIVISIBLE), DIVISIBLE)
