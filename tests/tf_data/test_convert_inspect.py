"""The commands `convert` and `inspect`: what they print, exit codes, and that help is quick."""

import json
import subprocess
import sys

import numpy as np
import pytest
from small_data import convert as write
from small_data import random_images

import tf_data
from tf_data import convert, formats, inspect
from tf_data.command import run
from tf_data.sheets import draw


def call(main, *arguments):
    return run(main, [str(argument) for argument in arguments])


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """A data directory with few synthetic digits in the official form, as the current place to look."""
    from tf_data.datasets import mnist

    mnist.synthetic(tmp_path / "data" / "mnist", {"train": 60, "test": 20})
    monkeypatch.setenv("TF_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


@pytest.mark.parametrize("to", formats.MODULES)
def test_from_official_files_to_every_format_and_on(mnist, capsys, to):
    out = mnist / to
    assert call(convert.main, "mnist", "--to", to, "--out", out, "--chunk-size", 7) == 0
    printed = capsys.readouterr().out
    assert "mnist, official" in printed
    assert "60 train, 20 test" in printed

    assert call(inspect.main, out, "--verify", "--sheet", mnist / "sheet.png") == 0
    printed = capsys.readouterr().out
    assert f"format: {to}" in printed
    assert "verified: 0 faults" in printed
    assert (mnist / "sheet.png").read_bytes()[:4] == b"\x89PNG"

    assert call(inspect.main, out, "--json") == 0
    info = json.loads(capsys.readouterr().out)
    assert info["splits"]["train"] == {"samples": 60, "classes": [6] * 10}
    assert info["sample"]["shape"] == [28, 28, 1]

    assert call(convert.main, out, "--to", "npz", "--out", mnist / "on", "--quiet") == 0
    assert capsys.readouterr().out == ""
    expected = tf_data.load("mnist").test
    found = formats.open(mnist / "on").splits["test"]
    np.testing.assert_array_equal(found.x[:], expected.x)
    np.testing.assert_array_equal(found.y, expected.y)


def test_limits_and_reader_options(tmp_path, capsys):
    assert call(convert.main, "iris", "--to", "hdf5", "--out", tmp_path / "a", "--limit", 9, "--set", "test=30") == 0
    assert "9 train, 9 test" in capsys.readouterr().out
    assert call(convert.main, tmp_path / "a", "--to", "npz", "--out", tmp_path / "b", "--limit", 5) == 0
    assert formats.open(tmp_path / "b").manifest.counts == {"train": 5, "test": 5}
    assert formats.open(tmp_path / "b").manifest.schema.features == tf_data.load("iris").features


def test_sorted_samples_are_noticed(tmp_path, monkeypatch, capsys):
    from tf_data.datasets import image_folder

    monkeypatch.setattr(formats.source, "SORTED_FROM", 20)
    image_folder.synthetic(tmp_path / "p" / "image-folder" / "train", per_class=12)
    image_folder.synthetic(tmp_path / "p" / "image-folder" / "test", per_class=3)
    arguments = ["image-folder", "--data-dir", tmp_path / "p", "--to", "npz"]
    assert call(convert.main, *arguments, "--out", tmp_path / "a") == 0
    assert "class by class" in capsys.readouterr().out
    assert call(convert.main, *arguments, "--out", tmp_path / "b", "--shuffle", 0) == 0
    assert "class by class" not in capsys.readouterr().out
    y = formats.open(tmp_path / "b").splits["train"].y
    assert np.mean(y[1:] != y[:-1]) > 0.4


def test_a_csv_file(tmp_path, capsys):
    path = tmp_path / "t.csv"
    path.write_text("a,b,c\n1,2,x\n3,nan,y\n")
    arguments = [path, "--to", "hdf5", "--out", tmp_path / "out"]
    assert call(convert.main, *arguments) == 2
    assert "--label" in capsys.readouterr().err
    assert call(convert.main, *arguments, "--label", "c") == 2
    assert "line 3, column 'b'" in capsys.readouterr().err
    assert call(convert.main, *arguments, "--label", "c", "--skip-bad") == 0
    printed = capsys.readouterr().out
    assert "skipped 1 bad samples" in printed
    assert "line 3, column 'b'" in printed
    assert call(convert.main, *arguments[:1], "--to", "npz", "--out", tmp_path / "o", "--label", "c") == 2
    assert call(inspect.main, tmp_path / "out", "--sheet", tmp_path / "t.png") == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mnits", "--to", "npz", "--out", "o"], "did you mean mnist"),
        (["/nothing/there", "--to", "npz", "--out", "o"], "is no dataset"),
        (["iris", "--to", "npz", "--out", "o", "--set", "tset=3"], "did you mean test"),
        (["iris", "--to", "npz", "--out", "o", "--set", "test"], "write option=value"),
        (["iris", "--to", "npz", "--out", "o", "--label", "x"], "--label is for a CSV file as DATASET"),
        (["iris", "--to", "images", "--out", "o"], "encoding png is for images"),
        (["iris", "--to", "npz", "--out", "o", "--limit", "0"], "limit must be at least 1"),
    ],
)
def test_bad_usage_is_one_line(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert call(convert.main, *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_damage_is_listed_and_ends_with_2(tmp_path, capsys):
    write(random_images(), "tfrecord", tmp_path / "out", chunk_size=4)
    shard = tmp_path / "out" / "train-00001-of-00006.tfrecord"
    content = bytearray(shard.read_bytes())
    content[130] ^= 1
    shard.write_bytes(content)
    assert call(inspect.main, tmp_path / "out") == 0  # what the manifest says
    capsys.readouterr()
    assert call(inspect.main, tmp_path / "out", "--verify", "--json") == 2
    captured = capsys.readouterr()
    faults = json.loads(captured.out)["faults"]
    assert len(faults) == 2
    assert "another checksum" in faults[0]
    assert "train-00001-of-00006.tfrecord record 1 is damaged" in faults[1]
    assert captured.err.count("\n") == 1

    assert call(convert.main, tmp_path / "out", "--to", "npz", "--out", tmp_path / "b", "--skip-bad") == 0
    printed = capsys.readouterr().out
    assert "22 train, 7 test" in printed
    assert "record 1 is damaged" in printed


def test_a_folder_of_official_files_is_known_by_its_name(mnist, capsys):
    assert call(inspect.main, mnist / "data" / "mnist", "--verify") == 0
    printed = capsys.readouterr().out
    assert "mnist, official" in printed
    assert "verified: 0 faults" in printed
    assert call(inspect.main, mnist / "data") == 2
    assert "neither a converted folder nor one of official files" in capsys.readouterr().err


def test_bad_images_of_a_raw_dataset_are_faults(tmp_path, capsys):
    from tf_data.datasets import image_folder

    image_folder.synthetic(tmp_path / "image-folder", per_class=5)
    next((tmp_path / "image-folder" / "red").iterdir()).write_bytes(b"\xff\xd8 no image")
    assert call(inspect.main, "image-folder", "--data-dir", tmp_path, "--verify", "--set", "size=(40,48)") == 2
    assert "1 faults" in capsys.readouterr().err
    arguments = [
        "image-folder",
        "--data-dir",
        tmp_path,
        "--set",
        "size=(40,48)",
        "--to",
        "npz",
        "--out",
        tmp_path / "o",
    ]
    assert call(convert.main, *arguments) == 2
    assert "red" in capsys.readouterr().err
    arguments[-1] = tmp_path / "p"
    assert call(convert.main, *arguments, "--skip-bad") == 0
    assert "skipped 1 bad" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["imdb", "dickens"])
@pytest.mark.parametrize("to", ["hdf5", "tfrecord"])
def test_texts_are_inspected_and_converted_to_and_fro(tmp_path, capsys, name, to):
    assert call(inspect.main, name, "--data", "synthetic", "--verify", "--sheet", tmp_path / "raw.png") == 0
    printed = capsys.readouterr().out
    assert "sample: text" in printed
    assert "verified: 0 faults" in printed
    out, on = tmp_path / "out", tmp_path / "on"
    assert call(convert.main, name, "--data", "synthetic", "--to", to, "--out", out, "--quiet") == 0
    other = "tfrecord" if to == "hdf5" else "hdf5"
    assert call(convert.main, out, "--to", other, "--out", on, "--compress", "--quiet") == 0
    capsys.readouterr()
    for folder in (out, on):
        assert call(inspect.main, folder, "--verify", "--sheet", tmp_path / "kept.png") == 0
        printed = capsys.readouterr().out
        assert "sample: text" in printed
        assert "verified: 0 faults" in printed
        assert (tmp_path / "kept.png").read_bytes() == (tmp_path / "raw.png").read_bytes()
    expected, found = tf_data.load(name, "synthetic").test, formats.open(on).splits["test"]
    assert found.x[:].tolist() == expected.x.tolist()
    assert call(convert.main, name, "--data", "synthetic", "--to", "npz", "--out", tmp_path / "o") == 2
    error = capsys.readouterr().err
    assert "texts go to hdf5 or tfrecord" in error
    assert error.count("\n") == 1


def test_sheets_show_many_classes_and_none(tmp_path):
    from PIL import Image

    many = random_images(train=300, classes=40, shape=(8, 8, 1))
    draw("many", many.train, many.classes, (), tmp_path / "many.png")
    plain = tf_data.dataset.Split("train", many.train.x)
    draw("plain", plain, (), (), tmp_path / "plain.png")
    for name in ("many", "plain"):
        assert np.asarray(Image.open(tmp_path / f"{name}.png")).std() > 10


@pytest.mark.parametrize("command", ["convert", "inspect"])
def test_help_loads_no_large_library(command):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", f"tf_data.{command}", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "DATASET" in done.stdout
    for heavy in ("tensorflow", "matplotlib", "h5py", "PIL", "sklearn"):
        assert f" {heavy}\n" not in done.stderr
