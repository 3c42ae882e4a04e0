"""Bare files as TensorFlow 1 programs left them: their form is found, shown and converted, and faults are one line."""

import io
import json

import h5py
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import tf_data
from tf_data import arguments, convert, foreign, formats, inspect
from tf_data.command import Parser, run
from tf_data.errors import InputError, speaking_options
from tf_data.npz_files import read_all

train = tf.train
rng = np.random.default_rng(0)
PIXELS = rng.integers(0, 256, (30, 28, 28), dtype=np.uint8)
LABELS = np.arange(30) % 10


def feature(values):
    values = np.ravel(values)
    if values.dtype == object or values.dtype.kind == "S":
        return train.Feature(bytes_list=train.BytesList(value=values.tolist()))
    if values.dtype.kind == "f":
        return train.Feature(float_list=train.FloatList(value=values))
    return train.Feature(int64_list=train.Int64List(value=values))


def records(path, count=30, gzip=False, **columns):
    """A TFRecord file of the first samples of columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path), "GZIP" if gzip else "") as writer:
        for row in zip(*(values[:count] for values in columns.values()), strict=True):
            features = {name: feature(value) for name, value in zip(columns, row, strict=True)}
            writer.write(train.Example(features=train.Features(feature=features)).SerializeToString())
    return path


def png(pixels, **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", **options)
    return np.array(buffer.getvalue(), object)


def fails(path, *said, settings=()):
    with pytest.raises(InputError) as caught:
        foreign.load(path, settings)
    with speaking_options():
        message = str(caught.value)
    assert len(message.splitlines()) == 1
    for text in said:
        assert text in message


@pytest.mark.parametrize("gzip", [False, True])
def test_the_notebooks_records_of_integers_become_images_with_classes(gzip, tmp_path, capsys):
    for split, count in (("train", 30), ("valid", 10), ("test", 20)):
        records(tmp_path / f"mnist_{split}.tfrecords", count, gzip, image=PIXELS, label=LABELS)
    data = foreign.load(tmp_path)
    assert data.counts == {"train": 30, "validation": 10, "test": 20}
    assert data.train.x.dtype == np.uint8
    np.testing.assert_array_equal(data.train.x[..., 0], PIXELS)
    np.testing.assert_array_equal(data.test.y, LABELS[:20])
    assert run(inspect.main, [str(tmp_path), "--json", "--verify"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["sample"] == {"shape": [28, 28, 1], "dtype": "uint8", "encoding": "raw"}
    assert told["splits"]["test"]["classes"] == [2] * 10
    assert "image int64 784 taken as uint8 28x28x1, label int64" in told["origin"]


@pytest.mark.parametrize("to", ["npz", "hdf5", "tfrecord", "images"])
def test_bare_records_are_converted_and_read_back(to, tmp_path):
    path = records(tmp_path / "digits_train.tfrecord", image=PIXELS, label=LABELS)
    assert run(convert.main, [str(path), "--to", to, "--out", str(tmp_path / "out"), "--quiet"]) == 0
    stored = formats.open(tmp_path / "out").splits["train"]
    found, labels = stored.read(np.arange(30))
    by_content = {pixels.tobytes(): label for pixels, label in zip(PIXELS, LABELS, strict=True)}
    assert [by_content[image.tobytes()] for image in found] == labels.tolist()


def test_other_names_kinds_and_shapes_are_told_and_said(tmp_path):
    path = records(tmp_path / "a.tfrecord", picture=PIXELS, digit=LABELS, weight=np.ones(30, np.float32))
    fails(path, "digit: 1 integers, picture: 784 integers, weight: 1 numbers", "--set image=NAME")
    data = foreign.load(path, ["image=picture", "label=digit", "shape=14,56,1"])
    assert data.train.x.shape == (30, 14, 56, 1)
    assert len(data.classes) == 10
    numbers = foreign.load(path, ["image=picture", "label=weight"])
    assert numbers.classes == ()
    assert numbers.train.y.dtype == np.float32
    assert foreign.load(path, ["image=picture"]).train.y is None
    fails(path, "has no 'pixels'; it has digit", settings=["image=pixels"])
    fails(path, "do not have the shape (5, 5)", settings=["image=picture", "shape=5,5"])
    fails(path, "unknown; did you mean image?", settings=["imag=picture"])
    fails(path, "--set shape=... takes numbers", settings=["image=picture", "shape=a"])


def test_pictures_raw_bytes_and_features_are_what_they_are(tmp_path):
    encoded = np.array([png(pixels) for pixels in PIXELS[:5]], object)
    data = foreign.load(
        records(tmp_path / "png.tfrecord", 5, **{"image/encoded": encoded, "image/class/label": LABELS})
    )
    np.testing.assert_array_equal(data.train.x[..., 0], PIXELS[:5])
    raw = np.array([pixels.tobytes() for pixels in PIXELS[:5]], object)
    data = foreign.load(records(tmp_path / "raw.tfrecord", 5, image_raw=raw, label=LABELS))
    np.testing.assert_array_equal(data.train.x[..., 0], PIXELS[:5])
    table = rng.normal(size=(5, 7)).astype(np.float32)
    data = foreign.load(records(tmp_path / "table.tfrecord", 5, x=table, y=table[:, 0]))
    np.testing.assert_array_equal(data.train.x, table)
    encoded[3] = png(PIXELS[3, :5])
    fails(records(tmp_path / "odd.tfrecord", 5, image=encoded, label=LABELS), "record 3", "5x28, not 28x28")
    turned = Image.Exif()
    turned[0x0112] = 6  # what a camera held upright writes: the pixels lie on their side
    encoded = np.array([png(pixels[:20], exif=turned) for pixels in PIXELS[:5]], object)
    data = foreign.load(records(tmp_path / "turned.tfrecord", 5, image=encoded, label=LABELS))
    np.testing.assert_array_equal(data.train.x[..., 0], np.rot90(PIXELS[:5, :20], -1, axes=(1, 2)))
    raw[2] = b"short"
    fails(records(tmp_path / "odd2.tfrecord", 5, image=raw, label=LABELS), "differ in length")


def test_a_record_that_differs_and_a_label_out_of_range_are_named(tmp_path):
    path = tmp_path / "x.tfrecord"
    images = list(PIXELS.reshape(30, -1))
    images[17] = images[17][:100]
    records(path, image=images, label=LABELS)
    fails(path, "record 17", "has not 784 integers under 'image', 1 integers under 'label'")
    records(path, image=PIXELS, label=np.where(np.arange(30) == 12, 11, LABELS))
    fails(path, "sample 12 has label 11, not 0..9", settings=["classes=10"])
    assert len(foreign.load(path).classes) == 12


def test_damaged_and_foreign_record_files_are_one_line(tmp_path):
    path = records(tmp_path / "x.tfrecord", image=PIXELS, label=LABELS)
    content = path.read_bytes()
    path.write_bytes(content[:-40])
    fails(path, "is damaged after 29 records: truncated record at")
    path.write_bytes(content[:100] + b"\0" + content[101:])
    fails(path, "is damaged after 0 records")
    path.write_bytes(b"")
    fails(path, "holds no records")
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(b"anything else")
    fails(path, "record 0 is no tf.train.Example")


def test_npz_chunks_of_the_notebooks_are_put_together_in_their_order(tmp_path):
    for number in (1, 2, 10):
        part = slice(3 * number, 3 * number + 3) if number < 10 else slice(0, 3)
        np.savez(tmp_path / f"train_{number}.npz", data=PIXELS[part], labels=LABELS[part].astype(np.uint8))
    np.savez(tmp_path / "test_1.npz", data=PIXELS[:2], labels=LABELS[:2].astype(np.uint8))
    data = foreign.load(tmp_path, limit=7)
    assert data.counts == {"train": 7, "test": 2}
    np.testing.assert_array_equal(data.train.x[..., 0], np.concatenate([PIXELS[3:9], PIXELS[:1]]))
    assert data.train.x.shape[1:] == (28, 28, 1)
    np.savez(tmp_path / "train_3.npz", data=PIXELS[:3, :5], labels=LABELS[:3])
    fails(tmp_path, "train_3.npz holds npz: data uint8 5x28", "unlike")
    np.savez(tmp_path / "train_3.npz", data=PIXELS[:3], labels=LABELS[:2])
    fails(tmp_path / "train_3.npz", "are not of the same samples")
    (tmp_path / "train_3.npz").write_bytes(b"PK\x03\x04")
    fails(tmp_path, "train_3.npz is damaged")


def test_no_changed_byte_of_an_npz_file_ends_in_a_traceback(tmp_path):
    """Of the zip's headers, of NumPy's and of the numbers: each is found, or the arrays that are read are right."""
    path = tmp_path / "x.npz"
    np.savez_compressed(path, data=PIXELS[:2, :3, :3], labels=LABELS[:2])
    whole, content, messages = read_all(path), path.read_bytes(), []
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x15]) + content[place + 1 :])
        arrays = {}
        try:
            arrays = read_all(path)
        except InputError as error:
            messages.append(str(error))
        assert arrays.keys() <= whole.keys()
        for name, value in arrays.items():
            np.testing.assert_array_equal(value, whole[name])
    assert len(messages) > len(content) / 2
    assert all(len(message.splitlines()) == 1 for message in messages)


def test_hdf5_groups_are_splits(tmp_path, capsys):
    path = tmp_path / "mnist_batches.h5"
    with h5py.File(path, "w") as file:
        for name, count in (("train", 20), ("valid", 5), ("test", 10)):
            group = file.create_group(name)
            group["images"], group["labels"] = PIXELS[:count, ..., None], LABELS[:count].astype(np.uint8)
            group["file_ids"] = np.array([b"00001"] * count)
    assert run(inspect.main, [str(path)]) == 0
    assert "images uint8 28x28x1 taken as uint8 28x28x1" in capsys.readouterr().out
    data = foreign.load(path)
    assert data.counts == {"train": 20, "validation": 5, "test": 10}
    np.testing.assert_array_equal(data.validation.x[..., 0], PIXELS[:5])
    path.write_bytes(path.read_bytes()[:500])
    fails(path, "mnist_batches.h5 is damaged")


def test_folders_of_two_kinds_and_options_that_do_not_go_are_refused(tmp_path, capsys):
    records(tmp_path / "a" / "x.tfrecord", image=PIXELS, label=LABELS)
    np.savez(tmp_path / "a" / "x.npz", data=PIXELS, labels=LABELS)
    fails(tmp_path / "a", "holds npz and tfrecord files; name one of them")
    assert run(inspect.main, [str(tmp_path / "a" / "x.npz"), "--download"]) == 2
    assert "--download does not go with it" in capsys.readouterr().err
    assert run(inspect.main, [str(tmp_path / "a" / "x.npz"), "--limit", "0"]) == 2
    assert "limit must be at least 1" in capsys.readouterr().err


def test_a_converted_folder_and_a_named_dataset_still_come_first(tmp_path):
    data = tf_data.load("mnist", source="embedded", limit=20)
    formats.write(formats.Source.of(data), "npz", tmp_path / "x", formats.Options(quiet=True))
    parser = Parser(prog="test")
    arguments.add(parser, "")
    assert isinstance(arguments.load(parser.parse_args([str(tmp_path / "x")])), formats.Stored)
    assert arguments.load(parser.parse_args(["iris"])).name == "iris"
