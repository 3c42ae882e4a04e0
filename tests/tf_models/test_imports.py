"""What the README says of importing: the numbers that a user gets in Python are those of the run."""

import numpy as np
import pytest

import tf_data
import tf_models
from tf_data.command import run
from tf_data.errors import InputError
from tf_models import train
from tf_models.training.run_directory import RunDirectory


@pytest.mark.parametrize("id", ["cnn-basic", "ae-cvae-no-out-concat", "gan-fc-mnist"])
def test_a_models_own_evaluate_repeats_the_runs_numbers(id, tmp_path):
    arguments = [id, "--data", "embedded", "--epochs", "1", "--limit", "300", "--no-figures", "--quiet"]
    assert run(train.main, [*arguments, "--run-dir", str(tmp_path / "run")]) == 0
    last = RunDirectory.open(tmp_path / "run").read_history()[-1]
    data = tf_data.load("mnist", source="embedded", limit=300)
    batches = tf_models.batches(tmp_path / "run", data.validation, 64)
    found = tf_models.load(tmp_path / "run").evaluate(batches, verbose=0, return_dict=True)
    # Noise is drawn anew, so the losses of what draws some only lie near those of the run.
    tolerance = {"rel": 1e-5} if id == "cnn-basic" else {"rel": 0.2, "abs": 0.05}
    assert found == pytest.approx({name: last[f"val_{name}"] for name in found}, **tolerance)


def test_the_run_s_scores_from_batches_of_the_data_alone(tmp_path):
    arguments = ["cnn-basic", "--data", "embedded", "--epochs", "1", "--no-figures", "--quiet"]
    assert run(train.main, [*arguments, "--run-dir", str(tmp_path / "run")]) == 0
    scores = RunDirectory.open(tmp_path / "run").info["results"]["test"]
    data = tf_data.load("mnist", source="embedded")
    found = tf_models.load(tmp_path / "run").evaluate(data.test.batches(100), verbose=0, return_dict=True)
    assert found == pytest.approx({name: scores[name] for name in found}, rel=1e-5)


def test_images_are_floats_unless_asked_raw(digits):
    (x, _), (stored, _) = (next(iter(digits.test.batches(8, seed=1, raw=raw))) for raw in (False, True))
    assert stored.dtype == "uint8"
    np.testing.assert_allclose(x, stored.numpy() / 255, rtol=1e-6)


def test_batches_of_a_recipe_have_its_whole_transform():
    faces = tf_data.load("celeba", source="synthetic", limit=4)
    x, y = next(iter(tf_models.batches("cnn-resnet18-celeba-small", faces.test, 4)))
    assert x.shape == (4, 128, 128, 3)
    assert y.shape == (4,)
    (x,) = next(iter(tf_models.batches("gan-dcgan-celeba", faces.test, 4)))
    assert x.shape == (4, 64, 64, 3)
    assert float(x.numpy().min()) < 0
    with pytest.raises(InputError, match="not a run directory"):
        tf_models.batches("nothing", faces.test, 4)
