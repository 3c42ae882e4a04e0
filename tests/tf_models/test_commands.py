"""The commands: what they print, which files they leave, and their exit codes."""

import gzip
import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import tf_models
from tf_data.command import run
from tf_data.datasets import mnist
from tf_data.image_files import read_image
from tf_models import agreement, evaluate, export, predict, train
from tf_models.tasks.classify import probabilities
from tf_models.training.callbacks import write_graph
from tf_models.training.run_directory import RunDirectory

QUICK = ["--limit", "200", "--epochs", "2", "--no-figures", "--quiet"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run directory of a small network on embedded digits."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    arguments = ["mlp-basic", "--data", "embedded", "--limit", "1000", "--epochs", "10", "--no-figures", "--quiet"]
    assert run(train.main, [*arguments, "--run-dir", str(folder)]) == 0
    return folder


@pytest.fixture
def official(tmp_path):
    """A data directory with drawn digits in the four official files."""
    mnist.synthetic(tmp_path / "data" / "mnist", {"train": 100, "test": 20})
    return tmp_path / "data"


def fails(capsys, main, arguments, code, *texts):
    """Run a command that must end with this code and one line on stderr that contains `texts`."""
    capsys.readouterr()
    try:
        found = run(main, [str(argument) for argument in arguments])
    except SystemExit as end:  # argparse
        found = end.code
    error = capsys.readouterr().err
    assert found == code, error
    assert len(error.strip().splitlines()) == 1, error
    assert "Traceback" not in error
    for text in texts:
        assert text in error


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


def test_a_run_directory_is_not_overwritten(capsys, trained):
    before = (trained / "run.json").read_bytes()
    fails(capsys, train.main, ["mlp-basic", *QUICK, "--run-dir", trained], 2, "--resume")
    assert (trained / "run.json").read_bytes() == before
    fails(
        capsys, train.main, ["cnn-basic", "--resume", "--run-dir", trained], 2, "a run of mlp-basic, not of cnn-basic"
    )
    fails(capsys, train.main, ["--resume", "--seed", "3", "--run-dir", trained], 2, "--seed 3: the run has 1")
    other = ["--resume", "--set", "model.dropout=0.1", "--run-dir", trained]
    fails(capsys, train.main, other, 2, "model.dropout=0.1 cannot change")
    # The very command that began the run, with --resume added, is the natural one.
    same = ["mlp-basic", "--data", "embedded", "--limit", "1000", "--epochs", "10", "--set", "learning_rate=0.1"]
    assert run(train.main, [*same, "--resume", "--run-dir", str(trained)]) == 0
    assert run(train.main, ["--resume", "--run-dir", str(trained)]) == 0
    assert capsys.readouterr().out.count("is done") == 2


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


def test_evaluate_repeats_the_test_figures(capsys, trained):
    recorded = json.loads((trained / "run.json").read_text())["results"]
    capsys.readouterr()
    assert run(evaluate.main, [str(trained), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["results"]
    assert found == recorded
    assert found["test"]["samples"] == 500
    assert run(evaluate.main, [str(trained)]) == 0
    assert "on 500 samples" in capsys.readouterr().out


def test_damaged_runs(capsys, trained, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "run.json").write_bytes((trained / "run.json").read_bytes())
    fails(capsys, evaluate.main, [copy], 2, "model.keras does not exist", "--resume")
    content = (trained / "model.keras").read_bytes()
    (copy / "model.keras").write_bytes(content[: len(content) // 2])
    fails(capsys, evaluate.main, [copy], 2, "model.keras is damaged")
    fails(capsys, predict.main, [copy, "x.png"], 2, "model.keras is damaged")
    (copy / "run.json").write_text("{")
    fails(capsys, evaluate.main, [copy], 2, "run.json is damaged")
    fails(capsys, evaluate.main, [tmp_path / "nowhere"], 2, "not a run directory")


@pytest.mark.parametrize(
    ("mode", "size", "suffix"), [("L", (28, 28), "png"), ("RGB", (100, 60), "jpg"), ("RGBA", (40, 200), "png")]
)
def test_predict_takes_images_of_any_size_and_colour(capsys, trained, tmp_path, mode, size, suffix):
    digit = Image.fromarray(mnist.draw_digit(1, np.random.default_rng(3)))
    image = Image.new("L", size)
    side = min(size)
    image.paste(digit.resize((side, side)), ((size[0] - side) // 2, (size[1] - side) // 2))
    options = []
    if mode == "RGBA":  # a black digit on nothing, which is shown on white
        black = Image.new("L", size)
        image, options = Image.merge("RGBA", (black, black, black, image)), ["--invert"]
    path = tmp_path / f"one.{suffix}"
    image.convert(mode).save(path)
    assert run(predict.main, [str(trained), str(path), "--json", *options]) == 0
    row = json.loads(capsys.readouterr().out)[0]
    assert row["class"] == "1"
    assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert row["probability"] == max(row["probabilities"].values())
    assert run(predict.main, [str(trained), str(path), str(path), *options]) == 0
    assert capsys.readouterr().out.count(f"{path}: 1 ") == 2


def test_predict_can_invert(capsys, trained, tmp_path):
    digit = 255 - mnist.draw_digit(1, np.random.default_rng(3))
    Image.fromarray(digit).save(tmp_path / "dark.png")
    assert run(predict.main, [str(trained), str(tmp_path / "dark.png"), "--invert", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["class"] == "1"


def test_predict_crops_and_scales_as_the_recipe_does(capsys, tmp_path):
    """A face goes the way of the training images: 218x178 pixels, the middle 178x178, scaled to 128x128."""
    folder, image = tmp_path / "run", tmp_path / "face.png"
    small = ["--set", "model.filters=1", "--set", "model.blocks=(1, 1, 1, 1)", "--limit", "8", "--batch-size", "8"]
    base = ["cnn-resnet18-celeba", "--data", "synthetic", "--epochs", "1", "--quiet"]
    assert run(train.main, [*base, *small, "--run-dir", str(folder)]) == 0
    assert (folder / "figures" / "mistakes.png").is_file()  # drawn from images that lie in files
    directory = RunDirectory.open(folder)
    face = np.random.default_rng(0).integers(0, 256, (218, 178, 3), dtype=np.uint8)
    face[:20] = face[-20:] = 255  # what the crop cuts off
    Image.fromarray(face).save(image)
    model = directory.load_model()
    x = directory.load_transform()(face[None])
    assert x.shape == (1, 128, 128, 3)
    expected = probabilities(model.predict(x, verbose=0))[0]
    capsys.readouterr()
    assert run(predict.main, [str(folder), str(image), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    np.testing.assert_allclose(list(row["probabilities"].values()), expected, rtol=1e-6)
    assert list(row["probabilities"]) == ["female", "male"]
    whole = read_image(image, (128, 128, 3))[None]
    assert abs(probabilities(model.predict(whole, verbose=0))[0] - expected).max() > 1e-4


def test_predict_names_what_is_no_image(capsys, trained, tmp_path):
    (tmp_path / "text.png").write_text("no image")
    fails(capsys, predict.main, [trained, tmp_path / "text.png"], 2, "text.png", "not an image")
    fails(capsys, predict.main, [trained, tmp_path / "none.png"], 2, "none.png does not exist")


def test_export(capsys, trained, tmp_path):
    import keras
    import tensorflow as tf

    model = keras.models.load_model(trained / "model.keras")
    x = np.random.default_rng(0).random((3, 28, 28, 1), dtype=np.float32)
    expected = model.predict(x, verbose=0)
    for kind, name in {"savedmodel": "saved", "npz": "w.npz", "weights": "w.weights.h5", "tflite": "m.tflite"}.items():
        assert run(export.main, [str(trained), "--to", kind, str(tmp_path / name)]) == 0
        said = " ".join(capsys.readouterr().out.split())
        if kind in agreement.RUN:
            start, _, rest = said.partition(" test samples its outputs differ from the model's by ")
            assert start.endswith(" on 64")
            assert float(rest.split()[0]) < 1e-5
        else:
            assert said.endswith(f": {kind}")
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    np.testing.assert_allclose(loaded.serve(x), expected, rtol=1e-5, atol=1e-6)
    with np.load(tmp_path / "w.npz", allow_pickle=False) as arrays:
        assert set(arrays.files) == {weight.path for weight in model.weights}
        np.testing.assert_array_equal(arrays["hidden1/kernel"], model.get_layer("hidden1").kernel)
    model.set_weights([0 * weight for weight in model.get_weights()])
    model.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(model.predict(x, verbose=0), expected)
    assert (tmp_path / "m.tflite").read_bytes()[4:8] == b"TFL3"
    assert sorted(os.listdir(tmp_path)) == ["m.tflite", "saved", "w.npz", "w.weights.h5"]
    fails(capsys, export.main, [trained, "--to", "npz", tmp_path / "w.npz"], 2, "exists already")
    fails(capsys, export.main, [trained, "--to", "npz", tmp_path / "w.h5"], 2, "ends in .npz")
    (tmp_path / "file").write_text("")
    fails(capsys, export.main, [trained, "--to", "npz", tmp_path / "file" / "w.npz"], 2, "cannot write")


def test_export_to_onnx_says_what_it_needs(capsys, trained, tmp_path):
    if importlib.util.find_spec("onnx") and importlib.util.find_spec("tf2onnx"):
        assert run(export.main, [str(trained), "--to", "onnx", str(tmp_path / "m.onnx")]) == 0
        assert (tmp_path / "m.onnx").stat().st_size > 100_000
    else:
        fails(capsys, export.main, [trained, "--to", "onnx", tmp_path / "m.onnx"], 2, "tf-models[onnx]")
        assert not os.listdir(tmp_path)


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


@pytest.fixture(scope="module")
def conditional(tmp_path_factory):
    """A run directory of a conditional variational autoencoder on embedded digits."""
    folder = tmp_path_factory.mktemp("conditional") / "run"
    arguments = ["ae-cvae-no-out-concat", "--data", "embedded", *QUICK, "--set", "model.hidden=8"]
    assert run(train.main, [*arguments, "--run-dir", str(folder)]) == 0
    return folder


def test_predict_draws_samples(conditional, tmp_path, capsys):
    command = [str(conditional), "--samples", "9", "--label", "7", "--seed", "3"]
    for name in ("a.png", "b.png"):
        assert run(predict.main, [*command, "--out", str(tmp_path / name), "--json"]) == 0
    output = capsys.readouterr().out
    assert '"samples": 9, "seed": 3, "label": 7' in output
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (3 * 28 + 2 * 2, 3 * 28 + 2 * 2)


def test_evaluate_repeats_an_elbo(conditional, capsys):
    capsys.readouterr()
    assert run(evaluate.main, [str(conditional), "--json"]) == 0
    test = json.loads(capsys.readouterr().out)["results"]["test"]
    assert test == json.loads((conditional / "run.json").read_text())["results"]["test"]
    assert test["elbo"] < 0


def test_an_autoencoder_repeats_images(tmp_path, capsys):
    folder = tmp_path / "run"
    assert run(train.main, ["ae-deconv", "--data", "embedded", *QUICK, "--run-dir", str(folder)]) == 0
    Image.new("L", (50, 40), 90).save(tmp_path / "grey.png")
    capsys.readouterr()
    command = [str(folder), str(tmp_path / "grey.png")]
    assert run(predict.main, [*command, "--out", str(tmp_path / "pairs.png")]) == 0
    output = capsys.readouterr().out
    assert "grey.png: mse 0." in output
    assert (tmp_path / "pairs.png").stat().st_size > 0
    fails(capsys, predict.main, [folder, "--samples", 4, "--out", tmp_path / "x.png"], 2, "has no use for --samples")
    assert not (tmp_path / "x.png").exists()


def test_predict_wants_images_or_samples(trained, conditional, tmp_path, capsys):
    Image.new("L", (28, 28)).save(tmp_path / "black.png")
    fails(capsys, predict.main, [trained], 2, "name inputs")
    fails(capsys, predict.main, [conditional, "--samples", 4], 2, "--out")
    fails(capsys, predict.main, [conditional, "--samples", 0, "--out", "x.png"], 2, "positive")
    fails(capsys, predict.main, [conditional, "--samples", 1, "--label", 10, "--out", "x.png"], 2, "0..9")
    fails(capsys, predict.main, [trained, tmp_path / "black.png", "--out", "x.png"], 2, "has no use for --out")
    fails(capsys, predict.main, [conditional, tmp_path / "black.png"], 2, "add --label 0..9")
    fails(capsys, predict.main, [conditional, tmp_path / "black.png", "--seed", 3], 2, "no use for --seed without")
    fails(capsys, predict.main, [conditional, "--samples", 1, "--invert", "--out", "x.png"], 2, "no use for --invert")
    assert run(predict.main, [str(conditional), str(tmp_path / "black.png"), "--label", "7"]) == 0
