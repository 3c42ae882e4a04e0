"""Datasets that tensorflow-datasets has prepared are read as that package reads them."""

import json
import re

import numpy as np
import pytest
from small_tfds import SIZES, changed, image, load

import tf_data
from tf_data import convert, formats, inspect, own, record_files, tfds_folder
from tf_data.command import run
from tf_data.crc32c import crc32c
from tf_data.datasets import tfds_texts
from tf_data.errors import InputError
from tf_data.tfds_stand_in import FULL, feature
from tf_models.configs import get, own_data


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """What the package itself has written: by format, the folder that holds the folder `tiny`."""
    import tensorflow_datasets as tfds

    def samples(count, first):
        for number in range(first, first + count):
            boxes = [{"word": "x"}] * (number % 3)
            yield number, {"image": image(number), "label": number % 3, "id": str(number), "boxes": boxes}

    class Tiny(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            several = tfds.features.Sequence({"word": tfds.features.Text()})
            features = {
                "image": tfds.features.Image(shape=(None, None, 3)),
                "label": tfds.features.ClassLabel(names=["cat", "dog", "a fish"]),
                "id": tfds.features.Text(),
                "boxes": several,
            }
            return tfds.core.DatasetInfo(
                builder=self, features=tfds.features.FeaturesDict(features), supervised_keys=("image", "label")
            )

        def _split_generators(self, _):
            return {"train": samples(12, 0), "test": samples(6, 100)}

        def _generate_examples(self):
            raise NotImplementedError

    found = {}
    for kind in record_files.KINDS:
        found[kind] = tmp_path_factory.mktemp(kind)
        Tiny(data_dir=found[kind], file_format=kind).download_and_prepare()
    return found


@pytest.mark.parametrize("kind", record_files.KINDS)
def test_what_the_package_has_prepared_is_read_as_the_package_reads_it(kind, theirs):
    import tensorflow_datasets as tfds

    data = tf_data.load("tfds:tiny", data_dir=theirs[kind], size=SIZES[0])
    assert data.classes == ("cat", "dog", "a fish")
    assert data.counts == {"train": 12, "test": 6}
    builder = tfds.builder_from_directory(theirs[kind] / "tiny" / "1.0.0")
    for name, split in data.splits.items():
        expected = list(builder.as_data_source(name)) if kind == "array_record" else None
        expected = expected or list(tfds.as_numpy(builder.as_dataset(split=name)))
        assert split.y.tolist() == [sample["label"] for sample in expected]
        for number, sample in enumerate(expected):
            if sample["image"].shape[:2] == SIZES[0]:  # the others are scaled
                np.testing.assert_array_equal(split.read(np.array([number]))[0][0], sample["image"])


def test_the_package_reads_the_stand_in(prepared):
    import tensorflow_datasets as tfds

    folder = prepared()
    found = list(tfds.as_numpy(tfds.builder_from_directory(folder).as_dataset(split="train")))
    assert [sample["label"] for sample in found] == [number % 3 for number in range(9)]
    np.testing.assert_array_equal(found[4]["image"], image(4, (8, 6)))


def test_checksums_are_those_of_the_standard():
    assert crc32c(np.frombuffer(b"123456789", np.uint8)[None])[0] == 0xE3069283
    for length in (0, 3, 4, 511, 512, 513, 2000):
        rows = np.random.default_rng(length).integers(0, 256, (2, length), dtype=np.uint8)
        for row, found in zip(rows.tolist(), crc32c(rows), strict=True):
            state = 0xFFFFFFFF
            for byte in row:
                state ^= byte
                for _ in range(8):
                    state = (state >> 1) ^ (0x82F63B78 if state & 1 else 0)
            assert found == state ^ 0xFFFFFFFF


@pytest.mark.parametrize("kind", record_files.KINDS)
def test_a_damaged_record_is_named_when_it_is_read(kind, theirs, tmp_path):
    import shutil

    folder = shutil.copytree(theirs[kind], tmp_path / "copy") / "tiny" / "1.0.0"
    path = folder / f"tiny-train.{kind}-00000-of-00001"
    data = load(folder, size=(8, 6))
    content = path.read_bytes()
    place = content.index(b"IDAT") if kind == "tfrecord" else len(content) // 100
    path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    with pytest.raises(InputError, match=f"{path.name}.* is damaged.*; prepare it again"):
        (load(folder, size=(8, 6)) if kind == "array_record" else data).train.read(np.arange(12))


# Splits, names and commands.


def test_splits_are_the_datasets_own_or_cut_by_class(prepared):
    assert load(prepared()).counts == {"train": 9, "test": 6}
    assert load(prepared({"train": 9, "validation": 6})).counts == {"train": 9, "test": 6}
    assert load(prepared({"train": 9, "val": 3, "test": 6})).counts == {"train": 9, "validation": 3, "test": 6}
    data = load(prepared({"train": 9, "test": 6, "extra": 3}))
    assert "the split extra is neither" in data.skipped[0]
    folder = prepared({"train": 60})
    data = load(folder, seed=3)
    assert data.counts == {"train": 42, "validation": 6, "test": 12}
    assert all(len(set(np.bincount(split.y))) == 1 for split in data.splits.values())
    assert data.train.y.tolist() != load(folder, seed=4).train.y.tolist()
    with pytest.raises(InputError, match="states no samples of a split train, but of test"):
        load(prepared({"test": 6}))


def test_the_newest_version_and_the_only_configuration_are_found(prepared, tmp_path):
    for version in ("1.0.0", "1.10.0", "1.9.0"):
        prepared(version=version)
    assert tfds_folder.find_folder("tfds:tiny", tmp_path).name == "1.10.0"
    assert tfds_folder.find_folder("tfds:tiny:1.9.0", tmp_path).name == "1.9.0"
    with pytest.raises(InputError, match="holds no version 2.0.0; it holds 1.0.0, 1.10.0, 1.9.0"):
        tf_data.load("tfds:tiny:2.0.0", data_dir=tmp_path)
    (tmp_path / "several").mkdir()
    (tmp_path / "tiny").rename(tmp_path / "several" / "plain")
    assert tfds_folder.find_folder("tfds:several", tmp_path) == tmp_path / "several" / "plain" / "1.10.0"
    (tmp_path / "several" / "odd" / "1.0.0").mkdir(parents=True)
    with pytest.raises(InputError, match="holds odd, plain; say tfds:several/odd"):
        tfds_folder.find_folder("tfds:several", tmp_path)
    assert tfds_folder.find_folder("tfds:several/plain:1.0.0", tmp_path).parts[-2:] == ("plain", "1.0.0")


@pytest.mark.parametrize("name", ["", "../tiny", "tiny/..", "/tiny", "tiny/../tiny", "tiny:..", "tiny:1.0", "tiny\n"])
def test_names_are_no_paths(name, prepared):
    with pytest.raises(InputError, match="is no name of a prepared dataset; write tfds:NAME"):
        tf_data.load(f"tfds:{name}", data_dir=prepared().parents[1])


def test_commands_take_the_name(prepared, tmp_path, capsys):
    folder = ["--data-dir", str(prepared().parents[1])]
    assert run(inspect.main, ["tfds:tiny", *folder, "--verify"]) == 0
    assert re.search(r"a fish +3 +2\n", capsys.readouterr().out)
    out = tmp_path / "npz"
    assert run(convert.main, ["tfds:tiny", *folder, "--to", "npz", "--out", str(out), "--quiet"]) == 0
    stored = formats.open(out)
    assert stored.data().classes == ("cat", "dog", "a fish")
    np.testing.assert_array_equal(stored.splits["train"].x[4], image(4, (8, 6)))
    assert run(inspect.main, ["tfds:tiny", *folder, "--download"]) == 2
    assert "--download does not go with it" in capsys.readouterr().err
    assert run(inspect.main, ["tfds:none", *folder]) == 2
    assert "prepare it with tensorflow_datasets.load('none'" in capsys.readouterr().err


def test_recipes_take_what_the_features_say(prepared, tmp_path):
    given = own.Own(own.TFDS_IMAGES, {"path": str(prepared())}, "--data")
    recipe = own_data.on(get("cnn-basic"), given)
    assert (recipe.data["size"], recipe.data["channels"]) == ((8, 6), 3)
    fitted = own_data.for_data(own_data.on(get("softmax-regression"), given), given.load())
    assert (fitted.model["classes"], fitted.model["input_shape"]) == (3, (8, 6, 3))
    with pytest.raises(InputError, match="so source with images does not go with it"):
        own_data.on(get("rnn-simple-imdb"), given)
    tfds_texts.synthetic(tmp_path / "words" / "1.0.0", count=40)
    assert tfds_folder.dataset_of(tmp_path / "words" / "1.0.0") == own.TFDS_TEXTS
    texts = tf_data.load("tfds:words", data_dir=tmp_path)
    assert texts.classes == tfds_texts.CLASSES
    assert isinstance(texts.train.x[0], str)


def test_a_run_is_trained_and_scored_on_the_name(prepared, tmp_path, capsys):
    from tf_models import evaluate, train

    folder = ["--data-dir", str(prepared().parents[1])]
    begin = ["softmax-regression", "--epochs", "1", "--no-figures", "--run-dir", str(tmp_path / "run")]
    assert run(train.main, [*begin, "--data", "tfds:tiny", *folder]) == 0
    assert "on 6 samples" in capsys.readouterr().out
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert info["data"]["classes"] == ["cat", "dog", "a fish"]
    prepared({"train": 9}, "1.0.1")
    assert run(evaluate.main, [str(tmp_path / "run"), "--data", "tfds:tiny", *folder]) == 0
    assert "on 9 samples" in capsys.readouterr().out
    assert run(evaluate.main, [str(tmp_path / "run"), "--data", "tfds:tiny:1.0.0", *folder]) == 2
    assert "was trained on a part of" in capsys.readouterr().err
    assert run(evaluate.main, [str(tmp_path / "run"), "--data", "auto"]) == 2
    assert "evaluate takes tfds:NAME here" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        train.main([*begin, "--data", "tfdz:tiny"])
    assert "invalid choice: 'tfdz:tiny' (choose from auto, official, embedded, synthetic or" in capsys.readouterr().err


def test_sample_and_label_are_chosen_among_several(prepared):
    folder = prepared()
    entry = {"fine": feature("ClassLabel", {"numClasses": "3"})}
    changed(folder, "features.json", lambda values: values["featuresDict"]["features"].update(entry))
    assert load(folder).classes == ("cat", "dog", "a fish")  # of the supervised keys
    changed(folder, "dataset_info.json", lambda values: values.pop("supervisedKeys"))
    with pytest.raises(
        InputError, match="image: Image, label: ClassLabel, fine: ClassLabel; say which with label=label"
    ):
        load(folder)
    assert load(folder, label="label").counts == {"train": 9, "test": 6}
    with pytest.raises(InputError, match="has no ClassLabel 'labels'; did you mean label"):
        load(folder, label="labels")
    with pytest.raises(InputError, match=r"record 0 has no integers under 'fine'; prepare it again"):
        load(folder, label="fine")


def test_images_without_labels(prepared):
    folder = prepared({"train": 20})
    changed(folder, "features.json", lambda values: values["featuresDict"]["features"].pop("label"))
    data = load(folder)
    assert (data.train.y, data.classes, data.counts) == (None, (), {"train": 14, "validation": 2, "test": 4})
    given = own.Own(own.TFDS_IMAGES, {"path": str(folder)}, "--data")
    with pytest.raises(InputError, match="cnn-basic needs a ClassLabel"):
        own_data.for_data(own_data.on(get("cnn-basic"), given), given.load())


def test_the_form_before_version_4_4_is_read(prepared):
    folder = prepared()
    entries = {
        "image": {
            "type": FULL["Image"],
            "content": {"shape": [8, 6, 3], "dtype": "uint8", "encoding_format": "png"},
        },
        "label": {"type": FULL["ClassLabel"], "content": json.dumps({"num_classes": 3})},
    }
    (folder / "features.json").write_text(json.dumps({"type": FULL["FeaturesDict"], "content": entries}))
    changed(folder, "dataset_info.json", lambda values: values.pop("fileFormat"))
    assert load(folder).classes == ("cat", "dog", "a fish")
