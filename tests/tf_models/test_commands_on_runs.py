"""The commands that are given a finished run: what they print, which files they leave, and their exit codes."""

import importlib.util
import json
import os

import numpy as np
import pytest
from command_line import QUICK, fails
from PIL import Image

from tf_data.command import run
from tf_data.datasets import mnist
from tf_data.image_files import read_image
from tf_models import agreement, evaluate, export, predict, train
from tf_models.tasks.classify import probabilities
from tf_models.training.run_directory import RunDirectory


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run directory of a small network on embedded digits."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    arguments = ["mlp-basic", "--data", "embedded", "--limit", "1000", "--epochs", "10", "--no-figures", "--quiet"]
    assert run(train.main, [*arguments, "--run-dir", str(folder)]) == 0
    return folder


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
