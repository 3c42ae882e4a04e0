"""Finished runs become rows of the results table, and only those that were trained as their recipe says."""

import shutil
from dataclasses import replace

import pytest

from benchmarks import results
from tf_data.errors import InputError
from tf_models.configs import get
from tf_models.training import trainer
from tf_models.training.run_directory import RunDirectory

RECIPE = get("logistic-regression")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return trainer.train(RECIPE, trainer.Options(quiet=True, figures=False), tmp_path_factory.mktemp("runs") / "own")


def changed(done, folder, **values) -> RunDirectory:
    """A copy of the run whose `run.json` says something else."""
    shutil.copytree(done.path, folder)
    run = RunDirectory.open(folder)
    run.update(**values)
    return RunDirectory.open(folder)


def test_a_run_becomes_a_row_and_a_line_of_the_table(done):
    row = results.collect([done])[RECIPE.id]
    assert row["results"]["test"] == done.info["results"]["test"]
    assert row["command"] == "python -m tf_models.train logistic-regression"
    line = next(line for line in results.table({RECIPE.id: row}).splitlines() if "[`logistic-regression`]" in line)
    accuracy, samples = (row["results"]["test"][name] for name in ("accuracy", "samples"))
    assert f"| iris (embedded) | 3 | 100.00% | {accuracy:.2%} of {samples} |" in line


def test_losses_of_training_stand_beside_the_originals(done):
    row = results.collect([done])[RECIPE.id]
    losses = {"generator_loss": 0.5, "discriminator_loss": 0.7, "real_score": 0.6}
    scored = {"test": {"frechet_distance": 12.0, "samples": 30}}
    lines = results.table({"gan-fc-mnist": {**row, "results": scored, "last_epoch": losses}}).splitlines()
    line = next(line for line in lines if "[`gan-fc-mnist`]" in line)
    assert "| train G 0.7877, D 0.6469 | 12 frechet distance of 30 (train G 0.5, D 0.7) |" in line


def test_mirror_images_have_a_score_of_their_own(done):
    row = results.collect([done])[RECIPE.id]
    scored = {"test": {"accuracy": 0.9, "mirrored_accuracy": 0.925, "samples": 40}}
    assert "| 90.00% of 40 (92.50% with mirror images) |" in results.table({RECIPE.id: {**row, "results": scored}})


def test_other_seeds_give_the_spread(done, tmp_path):
    scored = {"test": {**done.info["results"]["test"], "accuracy": 0.5}}
    other = changed(done, tmp_path / "other", seed=2, results=scored)
    spread = results.collect([done, other])[RECIPE.id]["spread"]
    assert spread["seeds"] == [2, RECIPE.seed]
    assert spread["mean"] == pytest.approx((done.info["results"]["test"]["accuracy"] + 0.5) / 2)
    with pytest.raises(InputError, match=f"recipe's own seed {RECIPE.seed}"):
        results.collect([other])


def test_half_precision_is_said(done, tmp_path):
    half = changed(done, tmp_path / "half", options={**done.info["options"], "precision": "mixed_bfloat16"})
    rows = results.collect([half])
    assert rows[RECIPE.id]["command"].endswith("--precision mixed_bfloat16")
    assert "s, mixed_bfloat16 |" in results.table(rows)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"status": "interrupted"}, "is interrupted, not done"),
        ({"recipe": replace(RECIPE, epochs=3).as_dict()}, f"epochs is 3, the recipe says {RECIPE.epochs}"),
        ({"recipe": replace(RECIPE, learning_rate=3.0).as_dict()}, "learning_rate is 3.0, the recipe says"),
        ({"options": {"limit": 40, "precision": "float32"}}, "only 40 samples of each split"),
    ],
)
def test_a_run_that_is_not_its_recipe_is_refused(done, tmp_path, values, message):
    with pytest.raises(InputError, match=message):
        results.collect([changed(done, tmp_path / "changed", **values)])


def test_faults_of_the_originals_table_are_footnoted():
    lines = results.table({}).splitlines()
    line = next(line for line in lines if "[`cnn-vgg16-celeba`]" in line)
    assert "| 95.48%[^cnn-vgg16-celeba] | - |" in line
    assert sum(line.startswith("[^cnn-vgg16-celeba]: ") and "90.72%" in line for line in lines) == 1
