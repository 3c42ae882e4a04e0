"""Fine-tuning: weights of another training, frozen layers, and layers that are changed slowly."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from runs import assert_same_run, interrupted
from small_models import BASIC

import tf_models
from tf_data.command import run
from tf_data.errors import InputError
from tf_models import saving, train
from tf_models.cnn import resnet
from tf_models.optimizers import registered_name
from tf_models.training import pretrained, trainer
from tf_models.training.run_directory import RunDirectory

OPTIONS = trainer.Options(source="embedded", limit=64, quiet=True, figures=False)
MLP = replace(tf_models.configs.get("mlp-basic"), embedded={"epochs": 2, "batch_size": 16})


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run whose weights others begin with."""
    return trainer.train(MLP, OPTIONS, tmp_path_factory.mktemp("trained") / "run")


def weights(model):
    return {weight.path: weight.numpy() for layer in model.layers for weight in layer.weights}


def test_all_but_the_head_comes_from_the_file(tmp_path):
    known = resnet(**{**BASIC, "classes": 5})
    saving.save(known, tmp_path / "known.keras")
    recipe = replace(tf_models.configs.get("cnn-resnet18-mnist"), weights=str(tmp_path / "known.keras"))
    model = resnet(**BASIC)
    before = weights(model)
    said = pretrained.prepare(model, replace(recipe, freeze=("stem", "stage1..stage3", "*_norm1")), begins=True)
    assert said["read"] == said["layers"] - 1
    for name, value in weights(model).items():
        expected = before if name.startswith("logits") else weights(known)
        np.testing.assert_array_equal(value, expected[name])
    trained = {layer.name.split("_")[0] for layer in model.layers if layer.trainable_weights}
    assert trained == {"stage4", "logits"}
    assert not model.get_layer("stage4_block1_norm1").trainable
    with pytest.raises(InputError, match=r"does not fit resnet18: for stem_conv, of the shapes .* other shapes"):
        pretrained.read_weights(resnet(**{**BASIC, "input_shape": (28, 28, 3)}), tmp_path / "known.keras")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"freeze": ("stagge1",)}, r"'stagge1' is no layer of resnet18; did you mean stage1"),
        ({"freeze": ("*",)}, r"freeze \* leaves nothing of resnet18 to be trained"),
        ({"rates": {"nothing": 0.1}}, "'nothing' is no layer"),
        ({"weights": "", "freeze": ("stem",)}, "name them with weights"),
    ],
)
def test_what_cannot_be_tuned_is_refused(changes, said):
    recipe = replace(tf_models.configs.get("cnn-resnet18-mnist"), **{"weights": "kept", **changes})
    with pytest.raises(InputError, match=said):
        pretrained.prepare(resnet(**BASIC), recipe, begins=False)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_rates_scale_updates_exactly(optimizer):
    images, labels = np.random.default_rng(0).random((8, 6), np.float32), np.arange(8) % 2
    moved = []
    for rates in ({}, {"hidden1": 0.25, "logits": 0.5}):
        model = tf_models.build("mlp-basic", input_shape=(6,), classes=2, hidden=(4, 4))
        before = weights(model)
        made = keras.optimizers.get({"class_name": optimizer, "config": {"learning_rate": 0.5}})
        pretrained.scale_rates(made, model, rates)
        model.compile(made, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.train_on_batch(images, labels)
        moved.append({name: value - before[name] for name, value in weights(model).items()})
    full, scaled = moved
    for name, change in full.items():
        factor = {"hidden1": 0.25, "logits": 0.5}.get(name.split("/")[0], 1)
        np.testing.assert_allclose(scaled[name], factor * change, rtol=1e-3, atol=2e-7)
    assert np.abs(full["hidden1/kernel"]).max() > 1e-4


# All that Keras builds by name, and ours; a decay of weights, which is not scaled, is off.
OPTIONS_OF = {"adamw": {"weight_decay": 0.0}, "muon": {"weight_decay": 0.0, "adam_weight_decay": 0.0}}
OPTIMIZERS = (
    *("adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw", "ftrl", "lion", "muon", "nadam", "rmsprop", "sgd"),
    *("schedulefreeadamw", "muonsgd"),
)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_rates_are_those_of_an_optimizer_at_that_rate(name):
    """Over three steps, so that what an optimizer keeps from step to step counts as well."""

    def moved(rate, rates):
        inputs = keras.Input((3,))
        slow = keras.layers.Dense(2, name="slow")(inputs)
        model = keras.Model(inputs, keras.layers.Dense(2, name="fast")(slow))
        for number, weight in enumerate(model.weights):
            weight.assign(np.random.default_rng(number).normal(size=weight.shape))
        config = {"learning_rate": rate, **OPTIONS_OF.get(name, {})}
        made = keras.optimizers.get({"class_name": registered_name(name), "config": config})
        pretrained.scale_rates(made, model, rates)
        for step in range(3):
            random = np.random.default_rng(step)
            gradients = [random.normal(size=weight.shape).astype(np.float32) for weight in model.weights]
            made.apply([keras.ops.convert_to_tensor(one) for one in gradients], model.trainable_variables)
        return weights(model)

    scaled, slow, fast = moved(0.01, {"slow": 0.25}), moved(0.0025, {}), moved(0.01, {})
    for part in ("kernel", "bias"):
        np.testing.assert_allclose(scaled[f"slow/{part}"], slow[f"slow/{part}"], rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(scaled[f"fast/{part}"], fast[f"fast/{part}"], rtol=1e-6, atol=1e-7)
    assert np.abs(scaled["slow/kernel"] - fast["slow/kernel"]).max() > 1e-6


def test_a_tuned_run_is_trained_resumed_and_keeps_what_is_frozen(trained, tmp_path):
    recipe = replace(MLP, weights=str(trained.path), freeze=("hidden1",), rates={"hidden2": 0.1}, seed=9)
    whole = trainer.train(recipe, OPTIONS, tmp_path / "whole")
    known, tuned = weights(trained.load_model()), weights(whole.load_model())
    for name, value in tuned.items():
        assert np.array_equal(value, known[name]) == name.startswith("hidden1"), name
    assert whole.info["pretrained"] == {"file": str(trained.path), "read": 2, "layers": 3}
    again = trainer.resume(interrupted(recipe, OPTIONS, tmp_path / "part", 0), quiet=True)
    assert_same_run(whole, again)


def test_the_command_says_what_is_wrong(trained, tmp_path, capsys):
    begin = ["mlp-basic", "--data", "embedded", "--limit", "64", "--quiet", "--no-figures"]
    for arguments, said in {
        ("--weights", "nowhere"): "--weights nowhere does not exist",
        ("--weights", str(trained.path), "--rate", "hidden1"): "write LAYERS=FRACTION",
        ("--weights", str(trained.path), "--rate", "hidden1=7"): "must be a fraction of the learning rate",
        ("--weights", str(trained.path), "--set", "model.hidden=(8,)"): "does not fit mlp: for hidden1",
    }.items():
        assert run(train.main, [*begin, *arguments]) == 2
        assert said in capsys.readouterr().err
    arguments = [
        "--weights",
        str(trained.path),
        "--freeze",
        "hidden1..hidden2",
        "--rate",
        "logits=0.5",
        "--epochs",
        "1",
    ]
    assert run(train.main, [*begin, *arguments, "--run-dir", str(tmp_path / "run")]) == 0
    recipe = RunDirectory.open(tmp_path / "run").recipe
    assert (recipe.freeze, recipe.rates) == (("hidden1..hidden2",), {"logits": 0.5})
