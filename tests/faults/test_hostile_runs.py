"""Run directories and files of strangers: opening one runs none of their code, whichever command or call opens it."""

import functools
import io
import json
import os
import shutil
import sys
import zipfile
from dataclasses import replace

import h5py
import numpy as np
import pytest
from escapes import ESCAPES

import tf_data
import tf_models
from tf_data.command import run
from tf_data.errors import InputError
from tf_models import evaluate, export, predict, saving, train
from tf_models.configs import get
from tf_models.training import trainer
from tf_models.training.options import Options

# Each writes a file beside itself where it is imported or called.
EVIL = "import pathlib\npathlib.Path(__file__).with_name('pwned').touch()\ndef run(*a, **k): return None\nRun = run\n"
NAMES = (
    "os:system",
    "evil:run",
    "evil",
    "evil.run",
    "../evil",
    "builtins:exec",
    "tf_models.cnn.basic:cnn",
    "",
    None,
    7,
)
CLASS = {"module": "evil", "class_name": "Run", "config": {}, "registered_name": None}
HUB = {"module": "keras_hub.evil", "class_name": "Run", "config": {}, "registered_name": None}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    options = Options(source="embedded", limit=40, quiet=True, figures=False)
    recipe = replace(get("softmax-regression"), epochs=1, embedded={})
    return trainer.train(recipe, options, tmp_path_factory.mktemp("hostile") / "run").path


@pytest.fixture
def hostile(trained, tmp_path, monkeypatch):
    """A copy of a run to be changed, in a folder that holds evil modules and from which commands are called."""
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    (folder / "evil.py").write_text(EVIL)
    (folder / "keras_hub").mkdir()
    for name in ("__init__", "evil"):
        (folder / "keras_hub" / f"{name}.py").write_text(EVIL)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend("")
    called = []
    monkeypatch.setattr(os, "system", called.append)
    yield folder
    assert called == []
    assert not list(folder.rglob("pwned"))
    assert not {"evil", "keras_hub"} & sys.modules.keys()


def change(folder, place, value):
    """Set an entry of `run.json`, named by keys with dots between them."""
    path = folder / "run.json"
    info = json.loads(path.read_text())
    *parents, last = place.split(".")
    functools.reduce(lambda node, key: node[key], parents, info)[last] = value
    path.write_text(json.dumps(info))


def commands(folder):
    """Every command and call that opens a run directory."""
    path = folder / "digit.png"
    if not path.exists():
        from PIL import Image

        Image.fromarray(np.zeros((28, 28), np.uint8)).save(path)
    data = tf_data.load("mnist", source="embedded", limit=4)
    return {
        "resume": lambda: run(train.main, ["--run-dir", str(folder), "--resume", "--epochs", "2", "--quiet"]),
        "evaluate": lambda: run(evaluate.main, [str(folder)]),
        "predict": lambda: run(predict.main, [str(folder), str(path)]),
        "export": lambda: run(export.main, [str(folder), "--to", "npz", str(folder / "out.npz")]),
        "load": lambda: refused(lambda: tf_models.load(folder)),
        "batches": lambda: refused(lambda: tf_models.batches(str(folder), data.test, 4)),
    }


def refused(call) -> int:
    try:
        call()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def all_refuse(folder, capsys, only=None):
    for name, call in commands(folder).items():
        if only is None or name in only:
            assert call() == 2, name
            said = capsys.readouterr().err
            assert said.count("\n") == 1, (name, said)
            assert "Traceback" not in said


@pytest.mark.parametrize("place", ["recipe.builder", "recipe.task", "recipe.transform.name", "recipe.dataset"])
def test_names_are_looked_up_and_never_imported(place, hostile, capsys):
    # A trained model needs neither its data nor, to be loaded, its task and transform.
    only = {
        "recipe.builder": None,
        "recipe.dataset": ("resume", "evaluate"),
    }.get(place, ("resume", "evaluate", "predict", "batches"))
    for name in NAMES:
        change(hostile, place, name)
        all_refuse(hostile, capsys, only)


@pytest.mark.parametrize("value", [CLASS, HUB, [HUB], {"nested": {"deep": [CLASS]}}])
@pytest.mark.parametrize(
    "place", ["model.activation", "optimizer_options.learning_rate", "schedule", "task_options.x", "data.x"]
)
def test_a_recipe_names_no_classes(place, value, hostile, capsys):
    change(hostile, f"recipe.{place}", value if place != "schedule" else {"name": "one-cycle", "x": value})
    all_refuse(hostile, capsys)


@pytest.mark.parametrize("name", ["os>system", "evil>Run", "evil:run", "module", "keras_hub.evil.Run"])
def test_optimizers_and_schedules_are_names(name, hostile, capsys):
    change(hostile, "recipe.optimizer", name)
    all_refuse(hostile, capsys, ("resume",))
    change(hostile, "recipe.optimizer", "sgd")
    change(hostile, "recipe.schedule", {"name": name})
    all_refuse(hostile, capsys, ("resume",))


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("format", 3, "a newer version wrote it"),
        ("format", "2", "format '2'"),
        ("status", "hacked", "status must be one of"),
        ("data.counts", {"train": -1}, "fewer than 0 samples"),
        ("data.counts", {"train": "many"}, "counts must be"),
        ("data.more", 1, "unknown key 'more'"),
        ("data", [1], "data must be"),
        ("recipe.epochs", 10**400, None),
        ("recipe.seed", 2**70, "seed must be below"),
        ("recipe.epochs", -1, "epochs must be at least 1"),
        ("recipe.model", "x", "model must be"),
        ("recipe.more", 1, "not a recipe of this version"),
        ("options.limit", "all", "limit must be"),
        ("options.more", 1, "not the options of a run"),
        ("versions", {"numpy": 2}, "versions must be"),
    ],
)
def test_run_json_has_a_schema(place, value, said, hostile, capsys):
    change(hostile, place, value)
    if said is None:  # absurd, but of the right type: whoever needs it says so
        assert run(train.main, ["--run-dir", str(hostile), "--resume", "--quiet"]) in (0, 2)
        return
    for call in commands(hostile).values():
        assert call() == 2
        assert said in capsys.readouterr().err


NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        *(("freeze", value, "freeze must be") for value in ("stem", [7], {"stem": 1}, None, [["stem"]], 10**400)),
        ("freeze", [7] * 10**4, "freeze must be"),
        ("freeze", ["stem"] * 10**4, "may name 1,000 patterns of layers, not 10,000"),
        ("freeze", ["*a" * 10**4], "must have 1 to 200 characters, not 20,000"),
        ("freeze", ["1" * 10**5 + "..2"], "must have 1 to 200 characters"),
        ("freeze", [""], "must have 1 to 200 characters, not 0"),
        *(("rates", value, "rates must be") for value in ([0.1], "stem=0.1", None, 7)),
        *(("rates", {"stem": value}, "rates must be") for value in ("0.1", True, None, [0.1], {})),
        *(
            ("rates", {"stem": value}, "the rate of stem must be a fraction of the learning rate, 0..1, not")
            for value in (NAN, INFINITE, -INFINITE, -0.5, 0, 1.5, 10**400)
        ),
        ("rates", {f"layer{number}": 0.5 for number in range(10**4)}, "may name 1,000 patterns of layers, not 10,000"),
        ("rates", {"x" * 10**5: 0.5}, "must have 1 to 200 characters"),
    ],
)
def test_what_is_frozen_and_changed_slowly_has_a_schema(place, value, said, hostile, capsys):
    change(hostile, f"recipe.{place}", value)
    for name, call in commands(hostile).items():
        assert call() == 2, name
        line = capsys.readouterr().err
        assert said in line, name
        assert line.count("\n") == 1, name
        assert len(line) < 1000, name


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("no\x1b[2Jthing", "is no layer of"),
        ("stage1..stage999999999999", "names 999,999,999,999 groups of layers"),
        ("1" * 99 + ".." + "9" * 99, "groups of layers"),
        ("*l" * 100, "is no layer of"),
        ("[" * 200, "is no layer of"),
        ("[!" * 100, "is no layer of"),
        ("(a+)+$", "is no layer of"),
    ],
)
def test_patterns_of_no_layer_are_named_where_training_goes_on(pattern, said, hostile, capsys):
    change(hostile, "recipe.weights", "kept")
    for place, value in (("freeze", [pattern]), ("rates", {pattern: 0.5})):
        change(hostile, f"recipe.{place}", value)
        assert commands(hostile)["resume"]() == 2
        line = capsys.readouterr().err
        assert said in line
        assert line.count("\n") == 1
        assert "\x1b" not in line
        change(hostile, f"recipe.{place}", type(value)())
    change(hostile, "recipe.freeze", [pattern])
    assert commands(hostile)["predict"]() == 0  # what has been trained needs neither


def test_nested_without_end_is_refused(hostile, capsys):
    (hostile / "run.json").write_text('{"a":' * 100_000)
    all_refuse(hostile, capsys)


# The model's own file.


def rewrite_model(folder, change_config=lambda text: text, more=()):
    """`model.keras` with another configuration and more members."""
    path = folder / "model.keras"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = change_config(members["config.json"].decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (*members.items(), *more):
            archive.writestr(name, content)


def replace_class(text, node):
    config = json.loads(text)
    config["config"]["layers"][-1] = {**config["config"]["layers"][-1], **node}
    return json.dumps(config)


@pytest.mark.parametrize(
    "node",
    [
        CLASS,
        HUB,
        {"module": "evil", "class_name": "function", "config": "run", "registered_name": "function"},
        {"module": "os", "class_name": "system", "config": "touch pwned", "registered_name": "system"},
        {"module": "tf_models.saving", "class_name": "export", "config": {}, "registered_name": None},
        {"module": "keras.layers", "class_name": "Lambda", "registered_name": None, "config": {
            "name": "logits", "function": {"class_name": "__lambda__", "config": {"code": "4wEA", "defaults": None, "closure": None}}}},
    ],
)  # fmt: skip
def test_a_model_file_names_nothing_but_keras_and_what_is_registered(node, hostile, capsys):
    rewrite_model(hostile, lambda text: replace_class(text, node))
    all_refuse(hostile, capsys, ("evaluate", "predict", "export", "load", "batches"))


def test_losses_and_layers_of_a_model_file_are_looked_up(hostile, capsys):
    def change_loss(text):
        config = json.loads(text)
        config["compile_config"]["loss"] = HUB
        return json.dumps(config)

    rewrite_model(hostile, change_loss)
    all_refuse(hostile, capsys, ("evaluate", "predict", "export", "load"))


def test_weights_of_a_model_file_are_its_own(hostile, tmp_path, capsys):
    """HDF5 can name numbers in other files, which would then be trained on or exported."""
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["x"] = np.ones((784, 10), np.float32)
    with zipfile.ZipFile(hostile / "model.keras") as archive:
        content = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(content, "r+") as file:
        names = []
        file.visititems(
            lambda name, item: (
                names.append(name) if isinstance(item, h5py.Dataset) and item.shape == (784, 10) else None
            )
        )
        assert names
        for name in names:
            del file[name]
            file[name] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "x")
    with zipfile.ZipFile(hostile / "model.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["model.weights.h5"] = content.getvalue()
    with zipfile.ZipFile(hostile / "model.keras", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    all_refuse(hostile, capsys, ("evaluate", "predict", "export", "load"))


def test_a_model_file_unpacks_to_what_a_model_can_have(hostile, capsys):
    rewrite_model(hostile, more=[("assets/zeros", bytes(2**28))])
    with pytest.raises(InputError, match="which no model does"):
        saving.load(hostile / "model.keras")


def test_a_run_of_a_stranger_does_not_command_a_terminal(hostile, capsys):
    change(hostile, "data.classes", [f"{n}{ESCAPES}" for n in range(10)])
    change(hostile, "data.origin", ESCAPES)
    change(hostile, "recipe.title", ESCAPES)
    for name, call in commands(hostile).items():
        assert call() in (0, 2), name
        said = "".join(capsys.readouterr())
        assert "\x1b" not in said, name
        assert "\x9b" not in said, name
