"""What several tests do with runs: train a small one, stop one, and compare two."""

from dataclasses import replace

import numpy as np
import pytest

from tf_data import transform
from tf_data.errors import Interrupted
from tf_models import tasks
from tf_models.configs import get
from tf_models.tasks.base import About
from tf_models.training import callbacks, state, trainer
from tf_models.training.run_directory import RunDirectory

OPTIONS = trainer.Options(source="embedded", limit=300, figures=False, quiet=True)
# Dropout and batch norm have state of their own, and Adam more than SGD; augmentation draws for every sample.
RECIPE = replace(
    get("mlp-dropout"),
    embedded={},
    epochs=3,
    batch_size=32,
    optimizer="adam",
    learning_rate=1e-3,
    transform={"name": "image", "augment": {"crop": 28, "pad": 2, "rotate": 10.0}},
    model={"input_shape": (28, 28, 1), "hidden": (16, 16), "dropout": 0.5, "batch_norm": True},
)


def first_of_each(recipes, kind=lambda recipe: recipe.builder) -> list:
    """Recipes as parameters: the first of each kind is in every run, all are behind `slow`."""
    first = {kind(recipe): recipe.id for recipe in recipes[::-1]}.values()
    return [
        pytest.param(recipe, id=recipe.id, marks=() if recipe.id in first else pytest.mark.slow) for recipe in recipes
    ]


def bound(recipe, model, data):
    """The recipe's task, bound to a model and to data; its transform learns from them."""
    made = transform.make(recipe.transform)
    if made.learns:
        made.fit(data.train)
    return tasks.make(recipe).bind(model, made, About.of(data), data)


def interrupted(recipe, options, folder, epoch: int, step: int | None = None) -> RunDirectory:
    """Train in `folder` until a signal comes when `step` batches of `epoch` (from 0) are done; None: in its validation."""
    event = "on_test_batch_end" if step is None else "on_train_batch_end"
    original = getattr(callbacks.Checkpoints, event)

    def stop_once(self, batch, logs=None):
        self.signals.received = self.loop.epoch == epoch and step in (None, self.loop.step)
        original(self, batch, logs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(callbacks.Checkpoints, event, stop_once)
        with pytest.raises(Interrupted):
            trainer.train(recipe, options, folder)
    return RunDirectory.open(folder)


def final_state(run: RunDirectory):
    """Every variable of the last checkpoint, the history and the results."""
    values, progress = state.load(run.checkpoints[-1])
    return values, progress.history, run.info["results"]


def assert_same_run(one: RunDirectory, other: RunDirectory) -> None:
    """Both ended with the same bits."""
    (a, history_a, results_a), (b, history_b, results_b) = final_state(one), final_state(other)
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)
    assert history_a == history_b
    assert results_a == results_b
    for name in ("history.csv", "batches.csv"):
        files = [run.path / name for run in (one, other)]
        first, second = (file.read_bytes() if file.exists() else None for file in files)
        assert first == second, name
