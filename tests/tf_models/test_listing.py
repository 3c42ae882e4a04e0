"""`train --list` and `--show`: every topic is known, a table fits its terminal, and nothing slow is imported."""

import importlib
import json
import shlex
import subprocess
import sys

import pytest

import tf_models
from tf_data.command import run
from tf_models import train

TOPICS = [
    "perceptron",
    "logistic-regression",
    "softmax-regression",
    "mlp-basic",
    "mlp-dropout",
    "mlp-batchnorm",
    "mlp-backprop-scratch",
    "cnn-basic",
    "cnn-he-init",
    "cnn-fc-to-conv",
    "cnn-allconv",
    "data-mnist",
    "data-cifar10",
    "data-svhn",
    "data-celeba",
    "data-quickdraw",
    "cnn-alexnet-cifar10",
    "cnn-vgg16-cifar10",
    "cnn-vgg19-cifar10",
    "cnn-nin-cifar10",
    "cnn-residual-blocks-mnist",
    "cnn-resnet18-mnist",
    "cnn-resnet34-mnist",
    "cnn-resnet50-mnist",
    "cnn-vgg16-celeba",
    "cnn-resnet18-celeba",
    "cnn-resnet34-celeba",
    "cnn-resnet50-celeba",
    "cnn-resnet101-celeba",
    "cnn-resnet152-celeba",
    "metric-siamese-mlp",
    "ae-basic",
    "ae-deconv",
    "ae-deconv-nopool",
    "ae-nneighbor",
    "ae-nneighbor-celeba",
    "ae-nneighbor-quickdraw",
    "ae-vae",
    "ae-conv-vae",
    "ae-cvae",
    "ae-cvae-no-out-concat",
    "ae-conv-cvae",
    "ae-conv-cvae-no-out-concat",
    "gan-fc-mnist",
    "gan-conv-mnist",
    "gan-conv-label-smoothing",
    "rnn-simple-imdb",
    "rnn-simple-packed-imdb",
    "rnn-lstm-packed-imdb",
    "rnn-lstm-packed-imdb-glove",
    "rnn-lstm-packed-csv-imdb",
    "rnn-gru-packed-imdb",
    "rnn-bilstm-multilayer-imdb",
    "rnn-char-dickens",
    "ordinal-coral-afadlite",
    "ordinal-niu-afadlite",
    "ordinal-beckham-afadlite",
    "tricks-cyclical-lr",
    "mech-dataset-csv-hdf5",
    "mech-dataset-celeba",
    "mech-dataset-quickdraw",
    "mech-dataset-svhn",
    "mech-pinned-memory",
    "mech-standardize-images",
    "mech-image-augmentation",
    "mech-char-rnn-own-text",
    "mech-lstm-own-csv",
    "mech-multi-gpu-vgg16-celeba",
    "mech-sequential-hooks",
    "mech-weight-sharing",
    "mech-live-plot",
    "mech-intermediate-gradients",
    "mech-npz-chunks",
    "mech-hdf5-images",
    "mech-tfrecords",
    "mech-file-queues",
    "mech-dataset-api",
    "mech-save-load",
]
NOT_BUILT = []


def printed(capsys, *arguments) -> str:
    capsys.readouterr()
    assert run(train.main, [str(argument) for argument in arguments]) == 0
    return capsys.readouterr().out


def listed(capsys, *words) -> list[str]:
    return [row["id"] for row in json.loads(printed(capsys, "--list", *words, "--json"))]


@pytest.fixture(scope="module")
def every():
    from tf_models import listing

    return {row["id"]: row for row in listing.rows([])}


def test_all_78_topics_are_known(every):
    assert len(TOPICS) == len(set(TOPICS)) == 78
    assert set(TOPICS) <= every.keys()
    assert {id for id, row in every.items() if not row["command"]} == set(NOT_BUILT)
    recipes = {recipe.id for recipe in tf_models.recipes()}
    assert {id for id, row in every.items() if row["task"]} == recipes
    assert every.keys() - recipes <= set(TOPICS)


@pytest.mark.parametrize("id", TOPICS)
def test_every_topic_says_which_command_runs_it(every, id, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = every[id]["command"]
    if id in {recipe.id for recipe in tf_models.recipes()}:
        assert command == f"python -m tf_models.train {id}"
        assert printed(capsys, id, "--show").startswith("id ")
        return
    capsys.readouterr()
    assert run(train.main, [id]) == 2
    error = capsys.readouterr().err.strip()
    assert error == f"error: {id} " + (f"is no training of its own; run: {command}" if command else "is not built yet")
    if command:
        python, option, module, *arguments = shlex.split(command)
        assert (python, option) == ("python", "-m")
        module = "benchmarks.__main__" if module == "benchmarks" else module
        importlib.import_module(module).parser().parse_args(arguments)


def test_the_tables_fit_the_terminal_and_name_every_topic(every, capsys, monkeypatch):
    for width in (80, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        lines = printed(capsys, "--list").splitlines()
        assert max(map(len, lines)) <= width
        assert [line.split()[0] for line in lines if line and line.split()[0] in every] == list(every)
        cells = next(line for line in lines if line.startswith("cnn-basic ")).split()
        assert cells == ["cnn-basic", "mnist", "97.77%", "97.67%"]
        assert {line.split()[0] for line in lines if line.endswith("ours")} == {
            row["section"] for row in every.values() if row["task"]
        }


def test_words_filter(capsys, every):
    assert listed(capsys) == list(every)
    assert listed(capsys, "cnn-he-init") == ["cnn-he-init"]
    assert listed(capsys, "CIFAR10", "vgg") == ["cnn-vgg16-cifar10", "cnn-vgg19-cifar10", "cnn-vgg16-cifar10-fast"]
    assert listed(capsys, "metric") == [id for id in every if id.startswith("metric-")]  # a section
    assert listed(capsys, "jaccard distance") == ["ae-deconv-jaccard"]  # a title
    assert listed(capsys, "imdb", "glove") == ["rnn-lstm-packed-imdb-glove", "rnn-lstm-packed-imdb-glove-50d"]


def test_patterns_filter(capsys, every):
    assert listed(capsys, "cnn-*") == [id for id in every if id.startswith("cnn-")]
    assert listed(capsys, "data-*") == [id for id in every if id.startswith("data-")]
    assert json.loads(printed(capsys, "cnn-vgg1?-cifar10", "--list", "--json"))[1]["id"] == "cnn-vgg19-cifar10"


def test_no_match_is_reported(capsys):
    assert run(train.main, ["--list", "vgg", "mnist"]) == 2
    assert capsys.readouterr().err == "error: no topic matches 'vgg mnist'; --list alone shows all\n"


def test_a_recipe_is_shown_in_full_as_set_names_it(capsys):
    arguments = ["cnn-vgg16-celeba-small", "--show", "--epochs", "3", "--set", "transform.resize=32"]
    rows = dict(line.split(maxsplit=1) for line in printed(capsys, *arguments).splitlines() if line[0] != " ")
    recipe = tf_models.configs.get("cnn-vgg16-celeba-small")
    assert rows["transform.resize"] == "32"
    assert rows["epochs"] == "3"
    assert rows["builder"] == "vgg"
    for name in ("batch_size", "learning_rate", "seed", "task", "optimizer", "storage"):
        assert rows[name] == str(getattr(recipe, name))
    for group, values in {"model": recipe.model, "task": recipe.task_options, "schedule": recipe.schedule}.items():
        for name, value in values.items():
            assert rows[f"{group}.{name}"] == str(value)
    # Whatever the rows name can be set to what they show.
    settings = [f"{name}={value}" for name, value in rows.items() if name in ("seed", "model.depth", "schedule.rise")]
    shown = json.loads(printed(capsys, recipe.id, "--show", "--json", *(f"--set={one}" for one in settings)))
    assert shown == json.loads(json.dumps(recipe.as_dict()))


def test_the_small_samples_settings_are_shown_where_it_is_asked_for(capsys):
    shown = [
        json.loads(printed(capsys, *words, "--show", "--json")) for words in (["cnn-basic"], ["--data", "embedded"])
    ]
    assert [one["epochs"] for one in shown] == [10, 60]


def test_json_goes_with_list_and_show(capsys):
    assert run(train.main, ["cnn-basic", "--json"]) == 2
    assert "--json goes with --list and --show" in capsys.readouterr().err


def test_list_and_show_load_no_library_but_numpy():
    # What is imported decides how long they take, and is the same on every machine.
    script = (
        "import sys; before = set(sys.modules); from tf_models.train import main; main(['--list']); "
        "main(['mlp-basic', '--show', '--set', 'model.hidden=(5,)']); "
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names; "
        "print(*sorted(name for name in loaded if 'cython' not in name), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.split() == ["numpy", "tf_data", "tf_models"]


def test_a_command_imports_nothing_that_keras_alone_would_have_for_others():
    script = (
        "import sys; from tf_data.command import UNUSED, import_tensorflow, run; sys.argv[1:] = []\n"
        "def main(argv):\n    import_tensorflow(); import keras; print(*set(UNUSED) & set(sys.modules))\n"
        "code = run(main)\n"
        "import matplotlib.pyplot, pandas, sklearn.base\n"  # later they are there as ever
        "raise SystemExit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr
