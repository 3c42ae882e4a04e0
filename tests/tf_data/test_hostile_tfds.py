"""Hostile and damaged folders in the form of tensorflow-datasets are refused in one line, and nothing that they name is run."""

import json
import os
import re
import sys

import pytest
from small_tfds import changed, image, load

import tf_data
from tf_data import record_files
from tf_data.datasets import tfds_images
from tf_data.errors import InputError
from tf_data.images import encode
from tf_data.tfds_stand_in import FULL, feature, message, write

EVIL = "import pathlib\npathlib.Path(__file__).with_name('pwned').touch()\n"


def with_class(name):
    """Changes of `features.json` that bring in a class of this name, each in another place."""
    bad = {"pythonClassName": name, "jsonFeature": {"json": "{}"}}
    nested = feature("FeaturesDict", {"features": {"inner": bad}})
    sequence = {"pythonClassName": FULL["Sequence"], "sequence": {"feature": nested}}
    within = {
        "pythonClassName": FULL["Text"],
        "jsonFeature": {"json": json.dumps({"a": {"type": name, "content": {}}})},
    }
    legacy = {"type": FULL["FeaturesDict"], "content": json.dumps({"a": {"type": name, "content": {}}})}
    snake = {"python_class_name": name}
    return {"plain": bad, "sequence": sequence, "text": within, "legacy": legacy, "snake": snake}


@pytest.mark.parametrize("name", ["evil.Feature", "os.system", "tensorflow_datasets.core.features.evil.Image", "Image"])
@pytest.mark.parametrize("place", with_class(""))
def test_a_class_that_is_no_feature_is_refused_and_never_imported(name, place, prepared, monkeypatch):
    folder = prepared()
    (folder / "evil.py").write_text(EVIL)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    entry = {"extra": with_class(name)[place]}
    changed(folder, "features.json", lambda values: values["featuresDict"]["features"].update(entry))
    with pytest.raises(
        InputError, match=rf"features.json names the class '{name}', which is no feature .* do not trust"
    ):
        load(folder)
    assert not (folder / "pwned").exists()
    assert "evil" not in sys.modules


def test_nothing_of_the_package_is_imported(prepared):
    import subprocess

    code = "import sys, tf_data; data = tf_data.load('tfds:tiny', data_dir=sys.argv[1]); data.train.read([0]); "
    code += "assert not {'tensorflow', 'tensorflow_datasets'} & sys.modules.keys()"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code, str(prepared().parents[1])], check=True, env=environment)


def features(**details):
    return lambda values: values["featuresDict"]["features"]["label"]["classLabel"].update(details)


def split(**details):
    return lambda values: values["splits"][0].update(details)


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        (
            "features.json",
            features(numClasses="4"),
            "label.labels.txt holds 3 names, but features.json states 4 classes",
        ),
        ("features.json", features(numClasses=10**12), "classes of 'label' is '1000000000000', not a whole number"),
        ("features.json", features(numClasses="9" * 10**5), "classes of 'label' is '99999"),
        ("features.json", features(numClasses=None), "classes of 'label' is 'None'"),
        ("features.json", lambda values: values.pop("featuresDict"), "FeaturesDict holds no features"),
        ("features.json", lambda values: values.pop("pythonClassName"), "'the whole' names no class"),
        ("dataset_info.json", split(shardLengths=["8"]), "holds more than 8 records, not the 8 that are stated"),
        ("dataset_info.json", split(shardLengths=["10"]), "holds 9 records, not the 10 that are stated"),
        ("dataset_info.json", split(shardLengths=["5", "4"]), "missing file .*-train.tfrecord-00000-of-00002"),
        ("dataset_info.json", split(shardLengths=["-1"]), "a length in shardLengths of 'train' is '-1'"),
        ("dataset_info.json", split(shardLengths=[1.5]), "a length in shardLengths of 'train' is '1.5'"),
        ("dataset_info.json", split(shardLengths=str(10**18)), "shardLengths is '1000000000000000000', not a list"),
        ("dataset_info.json", split(name="../../x"), "names the file 'stand_in-../../x.tfrecord.*do not trust it"),
        ("dataset_info.json", split(filepathTemplate="/etc/{SPLIT}"), "names the file '/etc/train'"),
        ("dataset_info.json", split(filepathTemplate="../{SPLIT}"), "names the file '../train'"),
        ("dataset_info.json", split(filepathTemplate="{SPLIT.__class__}"), "names the file '{SPLIT.__class__}'"),
        ("dataset_info.json", split(filepathTemplate="{SPLIT:>9999999999}"), "names the file '{SPLIT:>9999999999}'"),
        ("dataset_info.json", split(filepathTemplate="a", shardLengths=["4", "5"]), "names a file of 'train' twice"),
        (
            "dataset_info.json",
            lambda values: values.update(fileFormat="evil"),
            "fileFormat is 'evil'; only tfrecord and",
        ),
        ("dataset_info.json", lambda values: values.update(name="../evil"), "names the file '../evil-train"),
        ("dataset_info.json", lambda values: values.update(splits=7), "states no splits"),
        ("dataset_info.json", lambda values: values.update(fileFormat=["a"]), "fileFormat is"),
    ],
)
def test_what_json_must_not_say_ends_in_one_line(file, change, words, prepared):
    folder = prepared()
    changed(folder, file, change)
    with pytest.raises(InputError, match=words) as caught:
        load(folder)
    line = str(caught.value)
    assert str(folder) in line
    assert "\n" not in line
    assert len(line) < 600


def test_features_that_cannot_be_learned_from_are_named(prepared):
    folder = prepared()
    audio = {"pythonClassName": FULL["Audio"], "audio": {}}
    entries = {"sound": audio, "label": feature("ClassLabel", {"numClasses": "3"})}
    changed(folder, "features.json", lambda values: values["featuresDict"].update(features=entries))
    with pytest.raises(InputError, match="has the features sound: Audio, label: ClassLabel; only an Image"):
        load(folder)
    for shape, words in ((["3"], "has the shape"), (["-1", "-1", "x"], "a side of an Image is 'x'")):
        entries = {"image": feature("Image", {"shape": {"dimensions": shape}})}
        changed(folder, "features.json", lambda values, new=entries: values["featuresDict"].update(features=new))
        with pytest.raises(InputError, match=words):
            load(folder)
    for details, words in (
        ({"dtype": "float32"}, "the pixels of Image are float32; only those of uint8"),
        (
            {"shape": {"dimensions": ["1000000", "1000000", "3"]}},
            "an image of 8x6, not 1000000x1000000 as features.json",
        ),
    ):
        entries = {"image": feature("Image", {"shape": {"dimensions": ["-1", "-1", "3"]}, **details})}
        changed(folder, "features.json", lambda values, new=entries: values["featuresDict"].update(features=new))
        with pytest.raises(InputError, match=words):
            load(folder)
    entries = {"image": feature("Image", {}), "../../x": feature("ClassLabel", {"numClasses": "3"})}
    changed(folder, "features.json", lambda values: values["featuresDict"].update(features=entries))
    with pytest.raises(InputError, match="the feature '../../x' cannot be the name of a file"):
        load(folder)


@pytest.mark.parametrize("file", ["features.json", "dataset_info.json", "stand_in-train.tfrecord-00000-of-00001"])
def test_missing_and_damaged_files_are_named(file, prepared):
    path = prepared() / file
    content = path.read_bytes()
    for damage in (content[: len(content) // 2], b"\0" * len(content), b"[" * 10**5):
        path.write_bytes(damage)
        with pytest.raises(InputError, match=re.escape(file)):
            load(path.parent)
    path.unlink()
    with pytest.raises(InputError, match=f"missing file .*{re.escape(file)}; prepare"):
        load(path.parent)


def test_labels_and_texts_out_of_range_are_named(prepared, tmp_path):
    folder = prepared()
    picture = encode(image(0, (8, 6)), "png")
    for values, words in (
        ({"image": picture, "label": -1}, r"record 0 has no label \(-1\)"),
        ({"image": picture, "label": 2**40}, "record 0 has the label 1099511627776, not one of the 3 classes"),
        ({"label": 1}, "record 0 has no bytes under 'image'"),
        ({"image": b"", "label": 1}, "record 0 is not an image"),
    ):
        record_files.write(folder / "stand_in-train.tfrecord-00000-of-00001", [message(values)] * 9)
        with pytest.raises(InputError, match=words):
            load(folder)
    record_files.write(folder / "stand_in-train.tfrecord-00000-of-00001", [b"\xff" * 30] * 9)
    with pytest.raises(InputError, match=r"record 0: not a tf.train.Example"):
        load(folder)
    write(tmp_path / "words", "text", ("a", "b"), {"train": [{"text": b"\xff\xfe", "label": 0}] * 9})
    with pytest.raises(InputError, match="record 0 is no text of UTF-8"):
        tf_data.load("tfds-texts", path=tmp_path / "words")
    with pytest.raises(InputError, match="holds texts, not images; its features: text: Text, label: ClassLabel"):
        tfds_images.official(tmp_path / "words")
