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
from tf_models import train
from tf_models.mechanics import save_load
from tf_models.mechanics.save_load import probe, size, step
from tf_models.saving import FORMS

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
