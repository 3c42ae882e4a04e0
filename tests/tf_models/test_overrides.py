"""`--set` and flags: read once, typed, above the settings of the small sample, and checked early where they can be."""

import subprocess
import sys
from dataclasses import replace

import pytest

from tf_data.errors import InputError
from tf_models.configs import get, recipes
from tf_models.configs.overrides import for_source, override
from tf_models.training.building import build_optimizer


def test_values_take_the_type_of_what_they_replace():
    settings = ["learning_rate=1", "model.hidden=(5,)", "optimizer=adam", "model.dropout=0", "optimizer.beta_1=0.5"]
    recipe = override(get("mlp-dropout"), settings)
    assert (recipe.learning_rate, recipe.model["hidden"], recipe.optimizer) == (1.0, (5,), "adam")
    assert type(recipe.learning_rate) is type(recipe.model["dropout"]) is float
    assert recipe.optimizer_options == {"beta_1": 0.5, "epsilon": 1e-8}
    faces = override(get("cnn-resnet18-celeba"), ["transform.resize=64", "transform.augment={'flip': True}"])
    assert faces.transform == {"name": "image", "crop": 178, "resize": 64, "augment": {"flip": True}}
    assert override(get("mlp-basic"), ["data.path=x"]).data == {"path": "x"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    {
        "model.droput=0.1": "unknown key; did you mean model.dropout",
        "learning_rat=1": "did you mean learning_rate",
        "epochs=many": "expected int",
        "epochs=1.5": "expected int",
        "epochs=True": "expected int",
        "epochs=0": "epochs must be at least 1",
        "learning_rate=fast": "expected float",
        "learning_rate=-1": "must be positive",
        "model.batch_norm=1": "expected bool",
        "transform.augment=flip": "expected dict",
        "model.kernel_stddev=0.1": "it is model.stddev now",
        "task.crop=3": "it is transform.crop now",
        "transform.name=features": "unknown key",
        "transform.crp=3": "did you mean transform.crop",
        "batch_size": "key=value",
        "model.=1": "unknown key",
        "embedded.epochs=1": "unknown key",
        "schedule.name=sawtooth": "unknown schedule 'sawtooth'",
    }.items(),
)
def test_what_is_wrong_is_said(wrong, message):
    with pytest.raises(InputError, match=message):
        override(get("mlp-dropout"), [wrong])


@pytest.mark.parametrize("name", ["crop", "resize", "augment"])
def test_an_old_key_names_the_new_one(name):
    with pytest.raises(InputError, match=f"--set task.{name}: it is transform.{name} now"):
        override(get("cnn-resnet18-celeba"), [f"task.{name}=3"])


@pytest.mark.parametrize(
    ("id", "old", "new"),
    [
        ("ae-vae", "slope", "negative_slope"),
        ("gan-conv-mnist", "slope", "negative_slope"),
        ("cnn-airbench-cifar10", "widths", "filters"),
        ("cnn-residual-blocks-mnist", "channels", "filters"),
        ("cnn-resnet18-mnist", "width", "filters"),
        ("metric-siamese-mlp", "embedding", "embedding_dim"),
    ],
)
def test_an_old_argument_of_a_builder_names_the_new_one(id, old, new):
    with pytest.raises(InputError, match=f"--set model.{old}: it is model.{new} now"):
        override(get(id), [f"model.{old}=3"])


def test_an_old_argument_of_one_builder_is_free_for_another():
    own = replace(get("cnn-basic"), builder="my_net", model={"slope": 0.1, "channels": 3})
    assert override(own, ["model.slope=0.2", "model.channels=4"]).model == {"slope": 0.2, "channels": 4}


def test_an_unknown_optimizer_is_named():
    with pytest.raises(InputError, match="unknown optimizer 'sdg'"):
        override(get("mlp-basic"), ["optimizer=sdg", "optimizer.momentum=0.9"])


def test_the_precedence():
    """A recipe's settings, above them those for the small sample, above these flags, above all `--set`."""
    recipe = replace(get("mlp-basic"), epochs=1, embedded={"epochs": 2, "batch_size": 2})

    def on(source, *settings, **flags):
        found = for_source(override(recipe, settings, **flags), source)
        return found.epochs, found.batch_size

    assert on("official") == (1, 64)
    assert on("embedded") == (2, 2)
    assert on("embedded", epochs=3, batch_size=None) == (3, 2)
    assert on("embedded", "epochs=4", epochs=3) == on("embedded", "epochs=5", "epochs=4") == (4, 2)
    assert on("official", "epochs=4") == (4, 64)


def test_another_optimizer_begins_with_its_own_arguments():
    fast = get("cnn-resnet18-mnist-fast")
    assert override(fast, ["optimizer=adam"]).optimizer_options == {"epsilon": 1e-8}
    assert override(fast, ["optimizer=sgd"]).optimizer_options == fast.optimizer_options
    assert override(get("ae-basic"), ["optimizer.momentum=0.5", "optimizer=sgd"]).optimizer_options == {"momentum": 0.5}
    for recipe in recipes():
        for optimizer in ("adam", "sgd", "rmsprop"):
            build_optimizer(override(recipe, [f"optimizer={optimizer}"]), steps=2)


def test_what_needs_no_tensorflow_is_checked_before_it_is_imported():
    script = """
import sys
from tf_data.errors import InputError
from tf_models.configs import get
from tf_models.configs.overrides import override
for message in (["model.depth=3", "epochs=x"], ["task.mirror=True", "data.nothing=1"], ["epoch=3"], ["model.hidden=x"]):
    try:
        override(get("mlp-basic"), message)
    except InputError:
        continue
    raise AssertionError(message)
override(get("mlp-basic"), ["transform.crop=20", "model.hidden=(3,)", "schedule.name=cyclical", "schedule.base=0.1"])
assert not {"tensorflow", "keras"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
