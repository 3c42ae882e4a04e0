"""Every form of a saved model gives the same model back, says what it loses, and refuses what is damaged."""

import contextlib
import io
import json
import shutil

import keras
import numpy as np
import pytest

from tf_data.command import run
from tf_data.errors import InputError
from tf_models import saving, train
from tf_models.gan import dense_gan
from tf_models.mechanics import save_load
from tf_models.mechanics.save_load import equal_groups, probe, size, step
from tf_models.saving import FORMS
from tf_models.training import state
from tf_models.training.devices import precision

NAMES = [form.name for form in FORMS]
# What the documentation promises; measured anew below.
LOST = {
    ".keras": {"seeds", "metrics", "resumes"},
    ".weights.h5": {"architecture", "seeds", "metrics", "resumes"},
    "tf.train.Checkpoint": {"architecture", "seeds", "metrics", "resumes"},
    "npz": {"architecture", "optimizer", "seeds", "metrics", "resumes"},
    "checkpoints/ of a run": {"architecture"},
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of the recipe on few embedded digits."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    options = ["--data", "embedded", "--limit", "300", "--epochs", "4", "--no-figures", "--quiet"]
    assert run(train.main, ["mech-save-load", *options, "--run-dir", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A trained probe in every form: the folder and its outputs on some features."""
    folder = tmp_path_factory.mktemp("saved")
    model = probe()
    step(model, 0, 3)
    for form in FORMS:
        form.save(model, form.path(folder))
    return folder, outputs(model)


def outputs(model):
    features = np.random.default_rng(9).normal(size=(5, 6)).astype(np.float32)
    return model.predict(features, verbose=0)


def other():
    """A model that is not the probe."""
    inputs = keras.Input((6,), name="features")
    x = keras.layers.Dense(9, name="hidden")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3, name="logits")(x), name="other")
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


@pytest.mark.parametrize("form", FORMS, ids=NAMES)
def test_outputs_come_back_bit_for_bit(form, saved):
    folder, expected = saved
    np.testing.assert_array_equal(outputs(form.load(form.path(folder), probe)), expected)


# The last one is how files were written before: Keras notes down an optimizer without loss scaling.
WAYS = {
    "ours": (saving.save, saving.load),
    "ours, read by Keras": (saving.save, keras.models.load_model),
    "Keras', read by us": (lambda model, path: model.save(path), saving.load),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_an_optimizer_keeps_its_state_in_every_precision(policy, way, tmp_path):
    if policy == "float64" and way == "ours, read by Keras":
        pytest.skip("Keras makes optimizers in `keras.config.floatx()`, whatever the file says")
    save, load = WAYS[way]
    with precision(policy):
        model = probe()
    step(model, 0, 3)
    save(model, tmp_path / "model.keras")
    loaded = load(tmp_path / "model.keras")
    assert type(loaded.optimizer) is type(model.optimizer)
    assert int(loaded.optimizer.iterations) == int(model.optimizer.iterations) > 0
    assert equal_groups(model, loaded)["optimizer"]
    assert equal_groups(model, loaded)["weights"]


def test_a_gan_keeps_both_optimizers_with_loss_scaling(tmp_path):
    with precision("mixed_float16"):
        gan = dense_gan(input_shape=(4, 4, 1), latent_dim=3, hidden=8)
        gan.compile(keras.optimizers.Adam(0.01), jit_compile=False)
        gan.build_optimizers()
    gan.train_step((np.zeros((5, 4, 4, 1), np.float32),))
    saving.save(gan, tmp_path / "gan.keras")
    for load in (saving.load, keras.models.load_model):
        loaded = load(tmp_path / "gan.keras")
        for ours, theirs in zip(state.optimizers(gan), state.optimizers(loaded), strict=True):
            assert int(theirs.iterations) == 1
            for one, other in zip(ours.variables, theirs.variables, strict=True):
                np.testing.assert_array_equal(one, other, err_msg=one.path)


def test_a_file_of_float32_loads_the_same_under_another_policy(saved):
    with precision("mixed_float16"):
        loaded = saving.load(saved[0] / "model.keras")
    assert type(loaded.optimizer) is keras.optimizers.Adam
    assert int(loaded.optimizer.iterations) == 3


def test_a_class_that_nobody_registered_is_refused_in_one_line(tmp_path):
    """Safe mode: a file runs no code of its own."""
    inputs = keras.Input((2,), name="x")
    model = keras.Model(inputs, keras.layers.Lambda(lambda x: x + 1, name="code")(inputs), name="stranger")
    saving.save(model, tmp_path / "model.keras")
    with pytest.raises(InputError, match="model.keras is damaged or not a Keras file") as caught:
        saving.load(tmp_path / "model.keras")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("form", FORMS, ids=NAMES)
def test_truncated_files_are_refused_in_one_line(form, saved, tmp_path):
    path = form.path(tmp_path)
    whole = form.path(saved[0])
    if whole.is_dir():
        shutil.copytree(whole, path)
        target = next(path.glob("*.data-*"))
    else:
        shutil.copy(whole, path)
        target = path
    target.write_bytes(target.read_bytes()[: target.stat().st_size // 2])
    with pytest.raises(InputError, match=path.name) as caught:
        form.load(path, probe)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("form", [form for form in FORMS if not form.has_architecture], ids=lambda form: form.name)
def test_files_of_another_model_are_refused_in_one_line(form, saved):
    with pytest.raises(InputError) as caught:
        form.load(form.path(saved[0]), other)
    assert str(form.path(saved[0])) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("form", FORMS, ids=NAMES)
def test_missing_files_are_named(form, tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        form.load(form.path(tmp_path), probe)


def test_npz_names_what_does_not_fit(saved, tmp_path):
    form = next(form for form in FORMS if form.name == "npz")
    with np.load(form.path(saved[0])) as archive:
        arrays = dict(archive)
    for change, message in {
        "lacks array logits/kernel": lambda a: a.pop("logits/kernel"),
        "has an unknown array more": lambda a: a.update(more=np.zeros(1)),
        r"logits/bias has shape \(4,\), not \(3,\)": lambda a: a.update({"logits/bias": np.zeros(4, np.float32)}),
    }.items():
        changed = dict(arrays)
        message(changed)
        np.savez(tmp_path / "changed.npz", **changed)
        with pytest.raises(InputError, match=change):
            form.load(tmp_path / "changed.npz", probe)


@pytest.fixture(scope="module")
def tables(trained, tmp_path_factory):
    """What the command prints for the run, and the folder that it keeps."""
    folder = tmp_path_factory.mktemp("tables") / "kept"
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        assert run(save_load.main, [str(trained), "--json", "--out", str(folder)]) == 0
    return json.loads(text.getvalue()), folder


def test_a_run_scores_the_same_by_every_form(trained, tables):
    rows, folder = tables
    recorded = json.loads((trained / "run.json").read_text())["results"]["test"]["accuracy"]
    assert [row["form"] for row in rows["scores"]] == NAMES
    for row, form in zip(rows["scores"], FORMS, strict=True):
        assert row["accuracy"] == row["loaded_accuracy"] == recorded
        assert row["equal_outputs"]
        assert row["bytes"] == size(form.path(folder)) > 4 * 136_074


def test_the_table_says_what_each_form_keeps(tables):
    found = {row["form"]: {name for name, value in row.items() if value is False} for row in tables[0]["kept"]}
    assert found == LOST


def test_the_command_refuses_bad_usage(trained, tmp_path, capsys):
    for arguments, message in {
        (str(tmp_path),): "not a run directory",
        (str(trained), "--out", str(tmp_path)): "exists already",
        ("--out", str(tmp_path / "new")): "goes with a run directory",
    }.items():
        assert run(save_load.main, list(arguments)) == 2
        assert message in capsys.readouterr().err
