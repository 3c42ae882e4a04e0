"""The commands before there is a run: help, what is refused in one line, sources of data, and what TensorBoard gets."""

import gzip
import json
import os
import subprocess
import sys

import pytest
from command_line import QUICK, fails

import tf_models
from tf_data.command import run
from tf_data.datasets import mnist
from tf_models import train
from tf_models.training.callbacks import write_graph


@pytest.fixture
def official(tmp_path):
    """A data directory with drawn digits in the four official files."""
    mnist.synthetic(tmp_path / "data" / "mnist", {"train": 100, "test": 20})
    return tmp_path / "data"


@pytest.mark.parametrize(
    "module",
    [
        *(f"tf_models.{name}" for name in ("train", "evaluate", "predict", "export")),
        "tf_data.convert",
        "tf_data.inspect",
    ],
)
def test_help_loads_no_tensorflow(module):
    script = (
        f"import sys; from {module} import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "assert not {'tensorflow', 'keras', 'torch', 'jax'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout


def test_the_module_runs_as_a_command(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tf_models.train", "mlp-bassic"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 2
    assert "mlp-basic" in done.stderr
    assert not os.listdir(tmp_path)


def test_bad_usage(capsys, tmp_path, monkeypatch):
    fails(capsys, train.main, ["mlp-bassic"], 2, "mlp-bassic", "did you mean mlp-basic")
    fails(capsys, train.main, ["mlp-basic", "--set", "learning_rat=1"], 2, "learning_rat", "did you mean learning_rate")
    fails(capsys, train.main, ["mlp-basic", "--set", "model.hiden=1"], 2, "did you mean model.hidden")
    fails(capsys, train.main, ["mlp-basic", "--set", "learning_rate=fast"], 2, "fast", "float")
    fails(capsys, train.main, ["mlp-basic", "--epochs", "0"], 2, "epochs must be at least 1")
    fails(capsys, train.main, ["mlp-basic", "--epochs", "x"], 2, "--epochs")
    fails(capsys, train.main, ["mlp-basic", "--no-such-flag"], 2, "--no-such-flag")
    with monkeypatch.context() as without:
        without.setattr("importlib.util.find_spec", lambda name: None)
        fails(capsys, train.main, ["mlp-basic", "--backend", "jax"], 2, "--backend jax")
    fails(capsys, train.main, ["--resume", "--run-dir", tmp_path], 2, "no run.json")


def test_bad_settings_leave_no_run_directory(capsys, tmp_path):
    folder = tmp_path / "run"
    base = ["mlp-basic", "--data", "embedded", "--run-dir", folder]
    fails(capsys, train.main, [*base, "--set", "optimizer=sdg"], 2, "optimizer sdg")
    fails(capsys, train.main, [*base, "--set", "model.dropout=1.5"], 2, "dropout must be in [0, 1)")
    fails(capsys, train.main, [*base, "--limit", "0"], 2, "limit must be at least 1")
    fails(capsys, train.main, [*base, "--set", "model.classes=3"], 2, "3 outputs", "10 classes")
    fails(capsys, train.main, [*base, "--set", "task.loss=hinge"], 2, "loss must be one of")
    fails(capsys, train.main, [*base, "--set", "storage=floppy"], 2, "storage must be one of memory, npz")
    assert not folder.exists()


def test_models_that_do_not_fit_the_data(capsys, tmp_path):
    folder = tmp_path / "run"
    digits = ["cnn-resnet18-mnist", "--data", "embedded", "--run-dir", folder]
    narrow = ["--set", "model.filters=1", "--set", "model.blocks=(1, 1, 1, 1)"]
    for setting, message in {
        "model.input_shape=(32, 32, 1)": "takes samples of (32, 32, 1), but mnist gives (28, 28, 1); set model.input_",
        "model.input_shape=(16, 16, 1)": "ResNet-18 needs images of 17x17 or more, not 16x16",
        "transform.crop=40": "28x28 are too small to crop 40x40",
        "transform.augment={'crop': 24}": "takes samples of (28, 28, 1), but mnist gives (24, 24, 1)",
    }.items():
        fails(capsys, train.main, [*digits, *narrow, "--set", setting], 2, message)
    faces = ["cnn-resnet18-celeba", "--data", "synthetic", "--run-dir", folder, *narrow, "--set"]
    fails(capsys, train.main, [*faces, "data.attribute=Smile"], 2, "no attribute 'Smile'", "did you mean Smiling")
    fails(capsys, train.main, [*faces, "model.classes=3"], 2, "has 3 outputs, but celeba has 2 classes")
    assert not folder.exists()


def test_data_sources(capsys, official, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TF_DATA_DIR", raising=False)
    base = ["mlp-basic", "--epochs", "1", "--no-figures"]

    def source(*arguments):
        folder = tmp_path / f"run{len(os.listdir(tmp_path))}"
        assert run(train.main, [*base, "--run-dir", str(folder), *map(str, arguments)]) == 0
        output = capsys.readouterr().out
        data = json.loads((folder / "run.json").read_text())["data"]
        assert f"{data['name']}, {data['source']}" in output
        assert f"{data['counts']['train']:,} train" in output
        return data["source"], data["counts"]["train"]

    assert source("--data-dir", official) == ("official", 100)  # the working directory's `data` is that folder
    assert source("--data", "embedded", "--limit", "50") == ("embedded", 50)
    assert source("--data", "synthetic", "--limit", "50") == ("synthetic", 50)
    (tmp_path / "empty").mkdir()
    assert source("--data-dir", tmp_path / "empty") == ("embedded", 4000)
    assert source("--set", f"data.path={official / 'mnist'}") == ("official", 100)
    assert source("--data-dir", official, "--set", "storage=npz") == ("official", 100)
    monkeypatch.setenv("TF_DATA_DIR", str(official))
    assert source() == ("official", 100)


def test_bad_data(capsys, official, tmp_path):
    base = ["mlp-basic", *QUICK, "--run-dir", tmp_path / "run", "--data-dir", official]
    folder = official / "mnist"
    images, labels = folder / "train-images-idx3-ubyte.gz", folder / "train-labels-idx1-ubyte.gz"
    whole = images.read_bytes()
    fails(capsys, train.main, [*base[:-1], tmp_path / "nowhere"], 2, "nowhere", "does not exist")
    empty = tmp_path / "empty"
    empty.mkdir()
    texts = ("train-images-idx3-ubyte.gz", "--download", "--data embedded", "--data synthetic")
    fails(capsys, train.main, [*base[:-1], empty, "--data", "official"], 2, *texts)

    images.write_bytes(whole[: len(whole) // 2])
    fails(capsys, train.main, base, 2, str(images), "truncated")
    images.write_bytes(gzip.compress(b"\0\0\x08\x01" + gzip.decompress(whole)[4:]))
    fails(capsys, train.main, base, 2, str(images), "magic number 2049, not 2051")
    images.write_bytes(gzip.compress(gzip.decompress(whole)[:-1]))
    fails(capsys, train.main, base, 2, str(images), "header")
    images.write_bytes(b"not gzip")
    fails(capsys, train.main, base, 2, str(images), "too short for an idx header (8 bytes)")
    images.unlink()
    fails(capsys, train.main, base, 2, str(images), "missing file")
    images.write_bytes(whole)

    digits = gzip.decompress(labels.read_bytes())
    labels.write_bytes(gzip.compress(digits[:-3] + b"\x0a" + digits[-2:]))
    fails(capsys, train.main, base, 2, str(labels), "record 97 has label 10")
    assert not (tmp_path / "run").exists()


def test_an_unwritable_run_directory(capsys, tmp_path):
    # Below a file nobody can make a folder, not even root.
    (tmp_path / "file").write_text("")
    fails(capsys, train.main, ["mlp-basic", *QUICK, "--run-dir", tmp_path / "file" / "run"], 2, "cannot write", "file")


def test_a_huge_learning_rate_ends_with_code_3(capsys, tmp_path):
    arguments = [
        "mlp-basic",
        *QUICK,
        "--set",
        "learning_rate=1e38",
        "--data",
        "embedded",
        "--run-dir",
        tmp_path / "run",
    ]
    fails(capsys, train.main, arguments, 3, "not finite at epoch 1, step", "last good checkpoint")
    assert list((tmp_path / "run" / "checkpoints").glob("*.npz"))


def test_tensorboard_gets_scalars_histograms_the_graph_and_samples(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    arguments = ["gan-fc-mnist", "--epochs", "1", "--limit", "130", "--no-figures", "--quiet", "--data", "embedded"]
    assert run(train.main, [*arguments, "--tensorboard", "--run-dir", str(tmp_path / "run")]) == 0
    found = {}
    for part in ("train", "samples", "graph"):
        events = EventAccumulator(str(tmp_path / "run" / "tensorboard" / part))
        events.Reload()
        found[part] = events.Tags()
    assert "epoch_generator_loss" in [*found["train"]["scalars"], *found["train"]["tensors"]]
    assert any("generator_hidden" in name for name in [*found["train"]["histograms"], *found["train"]["tensors"]])
    assert any("samples" in name for name in [*found["samples"]["images"], *found["samples"]["tensors"]])
    assert found["graph"]["graph"]


@pytest.mark.parametrize("id", ["mlp-basic", "ae-cvae", "metric-siamese-mlp", "mlp-backprop-scratch"])
def test_every_kind_of_model_has_a_graph(id, tmp_path):
    write_graph(tf_models.build(id), tmp_path)
    assert len(list(tmp_path.glob("events*"))) == 1
