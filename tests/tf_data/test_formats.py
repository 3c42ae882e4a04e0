"""Every format: round trips, one contract for all readers, interruptions, and files that other programs can read."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from small_data import QUIET, assert_holds, convert, random_images

import tf_data
from tf_data import formats
from tf_data.dataset import Data, Split
from tf_data.errors import InputError
from tf_data.formats import Source, writing
from tf_data.images import encode

FORMATS = formats.MODULES
CASES = [("npz", {}), ("npz", {"compress": True}), ("hdf5", {}), ("hdf5", {"compress": True}), ("tfrecord", {})]
CASES += [("tfrecord", {"compress": True}), ("tfrecord", {"encoding": "png"}), ("images", {})]
NAMES = ["-".join([name, *options]) for name, options in CASES]


@st.composite
def samples(draw, only_images, only_classes):
    """A small dataset of any kind that formats keep, and options."""
    count = {"train": draw(st.integers(1, 17)), "test": draw(st.integers(1, 4))}
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kinds = [((3, 2, 1), "uint8"), ((2, 3, 3), "uint8"), ((4,), "float32"), ((2, 3), "int64"), ((), "float64")]
    shape, dtype = draw(st.sampled_from(kinds[:2] if only_images else kinds))
    labels = draw(st.sampled_from(["classes"] if only_classes else ["classes", "none", "ages", "vectors", "prices"]))
    splits = {}
    for name, n in count.items():
        numbers = rng.integers(0, 256, (n, *shape)) if dtype == "uint8" else rng.normal(size=(n, *shape)) * 1e3
        y = {
            "classes": rng.integers(0, 4, n).astype(np.int32),
            "none": None,
            "ages": rng.integers(-(2**40), 2**40, n),
            "vectors": rng.integers(0, 300, (n, 5)).astype(np.int16),
            "prices": rng.normal(size=n).astype(np.float32),
        }[labels]
        splits[name] = Split(name, numbers.astype(dtype), y)
    classes = ("a", "b", "c", "d") if labels == "classes" else ()
    data = Data("drawn", "synthetic", "a test", **splits, classes=classes)
    return data, {"chunk_size": draw(st.none() | st.integers(1, 6)), "workers": draw(st.sampled_from([1, 3]))}


@pytest.mark.parametrize(("to", "extra"), CASES, ids=NAMES)
@settings(deadline=None, max_examples=12)
@given(drawn=st.data())
def test_round_trip(to, extra, drawn):
    data, options = drawn.draw(samples("encoding" in extra or to == "images", to == "images"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out"
        manifest = convert(data, to, path, **extra, **options)
        stored = formats.open(path)
        assert stored.manifest == manifest
        assert manifest.counts == data.counts
        assert_holds(stored, data)
        assert stored.faults() == []
        for name, split in data.splits.items():
            expected = np.bincount(split.y, minlength=4).tolist() if data.classes else None
            assert manifest.classes[name] == expected
        leftovers = [path.name for path in path.rglob("*") if "partial" in path.name or path.name == writing.JOURNAL]
        assert not leftovers


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """The same images in every format, in small blocks; and the images."""
    data, root = random_images(), tmp_path_factory.mktemp("formats")
    for name, (to, options) in zip(NAMES, CASES, strict=True):
        convert(data, to, root / name, chunk_size=4, **options)
    return data, {name: formats.open(root / name) for name in NAMES}


def numbered(split, batch, **arguments):
    """An epoch's samples as their numbers in the split, batch by batch."""
    everything = split.x[:].reshape(len(split), -1)
    found = []
    for x, y in split.batches(batch, raw=True, **arguments):
        rows = [int(np.flatnonzero((everything == row).all(axis=1))[0]) for row in x.numpy().reshape(len(x), -1)]
        np.testing.assert_array_equal(y, split.y[rows])
        found.append(rows)
    return found


def flat(batches):
    return [number for batch in batches for number in batch]


@pytest.mark.parametrize("name", NAMES)
def test_the_contract_of_readers(converted, name):
    split = converted[1][name].splits["train"]
    assert len(split) == 23
    x, y = split.element_spec
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((5, 4, 3), tf.uint8, (), tf.int32)

    epochs = [numbered(split, 4, seed=1, epoch=epoch) for epoch in (0, 1)]
    for epoch in epochs:
        assert [len(batch) for batch in epoch] == [4, 4, 4, 4, 4, 3]
        assert sorted(flat(epoch)) == list(range(23))
    assert epochs[0] != epochs[1]
    assert epochs[0] == numbered(split, 4, seed=1, epoch=0)
    assert epochs[0] != numbered(split, 4, seed=2, epoch=0)
    for step in (1, 3, 5):
        assert numbered(split, 4, seed=1, epoch=1, start=step) == epochs[1][step:]
    parts = [flat(numbered(split, 4, seed=1, epoch=1, shard=(worker, 3))) for worker in range(3)]
    assert sorted(flat(parts)) == list(range(23))
    assert flat(numbered(split, 6, shuffle=False)) == list(range(23))


@pytest.mark.parametrize("name", NAMES)
def test_single_samples_and_slices(converted, name):
    data, stored = converted
    split, x = stored[name].splits["train"], data.train.x
    np.testing.assert_array_equal(split.x[5], x[5])
    np.testing.assert_array_equal(split.x[-2:], x[-2:])
    np.testing.assert_array_equal(split.samples.read(np.array([22, 0, 9, 9])), x[[22, 0, 9, 9]])
    assert np.asarray(split.x).shape == x.shape
    part = split.slice(3, 12, name="validation")
    assert (part.name, len(part)) == ("validation", 9)
    np.testing.assert_array_equal(part.x[:], x[3:12])
    np.testing.assert_array_equal(part.y, data.train.y[3:12])
    assert sorted(flat(numbered(part, 4, seed=5))) == list(range(9))
    assert str(stored[name].path) in split.samples.name(7)


def test_all_formats_prepare_alike(converted):
    """With an order of one's own each, but the same samples and positions for `prepare`."""
    from tf_data.pipeline import Batches

    data, stored = converted
    for name in NAMES:
        split = stored[name].splits["train"]
        batches = Batches(split, 5, seed=2, prepare=lambda x, y, position: (x, position.indices, position.epoch))
        assert not batches.in_memory
        assert batches.steps == 5
        assert batches.element_spec[0].shape.as_list() == [None, 5, 4, 3]
        epochs = []
        for x, indices, epoch in batches.dataset(3, start=2, epochs=2):
            np.testing.assert_array_equal(x, data.train.x[indices])
            epochs.append(int(epoch))
        assert epochs == [3] * 3 + [4] * 5


def test_converted_data_serve_as_a_dataset(converted):
    data, stored = converted
    loaded = stored["npz"].data()
    assert (loaded.name, loaded.source, loaded.classes, loaded.counts) == (
        "drawn",
        "synthetic",
        data.classes,
        data.counts,
    )


def test_features_without_a_test_split_are_no_dataset(tmp_path):
    source = Source({"name": "t", "source": "official", "origin": ""}, {"train": Split("train", np.ones((3, 2)))})
    formats.write(source, "hdf5", tmp_path / "out", QUIET)
    with pytest.raises(InputError, match="no test split"):
        formats.open(tmp_path / "out").data()


# What is in the files, as other programs see it.


def test_npz_chunks_have_the_notebooks_keys(converted):
    data, stored = converted
    files = sorted(path.name for path in stored["npz"].path.glob("*.npz"))
    assert files == ["test_1.npz", "test_2.npz", *(f"train_{n}.npz" for n in range(1, 7))]
    with np.load(stored["npz"].path / "train_2.npz", allow_pickle=False) as chunk:
        np.testing.assert_array_equal(chunk["data"], data.train.x[4:8])
        np.testing.assert_array_equal(chunk["labels"], data.train.y[4:8])


def test_hdf5_is_one_file_with_growing_chunked_groups(converted):
    data, stored = converted
    with h5py.File(stored["hdf5-compress"].path / "drawn.h5", "r") as file:
        assert set(file) == {"train", "test"}
        images = file["train/images"]
        np.testing.assert_array_equal(images[:], data.train.x)
        assert images.maxshape == (None, 5, 4, 3)
        assert images.chunks == (4, 5, 4, 3)
        assert (images.compression, images.fletcher32) == ("gzip", True)
        np.testing.assert_array_equal(file["test/labels"][:], data.test.y)


@pytest.mark.parametrize(("name", "kind"), [("tfrecord", ""), ("tfrecord-compress", "GZIP"), ("tfrecord-encoding", "")])
def test_tfrecord_shards_are_what_tensorflow_reads(converted, name, kind):
    data, stored = converted
    paths = sorted(map(str, stored[name].path.glob("train-*.tfrecord")))
    spec = {"image": tf.io.FixedLenFeature((), tf.string), "label": tf.io.FixedLenFeature((), tf.int64)}
    records = [tf.io.parse_single_example(r, spec) for r in tf.data.TFRecordDataset(paths, kind)]
    assert [int(record["label"]) for record in records] == data.train.y.tolist()
    decode = (
        tf.io.decode_png if "encoding" in name else (lambda s: tf.reshape(tf.io.decode_raw(s, tf.uint8), (5, 4, 3)))
    )
    np.testing.assert_array_equal([decode(record["image"]).numpy() for record in records], data.train.x)


def test_image_folders_are_what_keras_reads(converted):
    data, stored = converted
    folder = stored["images"].path / "train"
    assert sorted(path.name for path in folder.iterdir()) == ["class-0", "class-1", "class-2"]
    assert (folder / "class-1" / "000004.png").is_file()
    found = tf.keras.utils.image_dataset_from_directory(
        folder, image_size=(5, 4), batch_size=None, shuffle=False, interpolation="nearest", verbose=False
    )
    labels = np.array([int(y) for _, y in found])
    order = np.argsort(data.train.y, kind="stable")
    np.testing.assert_array_equal(labels, data.train.y[order])
    np.testing.assert_array_equal(np.stack([x.numpy() for x, _ in found]), data.train.x[order])


def test_classes_that_would_share_a_folder_are_refused(tmp_path):
    data = replace(random_images(), classes=("a/b", "a:b", "c"))
    with pytest.raises(InputError, match="would share the folder a-b"):
        convert(data, "images", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("to", ["tfrecord", "images"])
def test_jpeg_files_keep_their_bytes_and_decode_alike(tmp_path, to):
    """Nothing is compressed twice, and TensorFlow's pixels are Pillow's."""
    data = tf_data.load("celeba", source="synthetic")
    assert convert(data, to, tmp_path / "out").schema.encoding == "jpeg"
    split = formats.open(tmp_path / "out").splits["test"]
    numbers = np.arange(len(split))
    kept, labels = split.read_stored(numbers)
    assert kept.tolist() == data.test.x.read_stored(numbers).tolist()
    np.testing.assert_array_equal(labels, data.test.y)
    streamed = np.concatenate([x for x, _ in split.batches(8, shuffle=False, raw=True)])
    np.testing.assert_array_equal(streamed, data.test.x.read(numbers))


def test_the_manifest_counts_and_names_everything(converted):
    stored = converted[1]
    info = json.loads((stored["tfrecord"].path / "manifest.json").read_text())
    assert info["format"] == "tfrecord"
    assert info["counts"] == {"train": 23, "test": 7}
    assert info["classes"]["train"] == [8, 8, 7]
    assert info["schema"]["shape"] == [5, 4, 3]
    assert {"path", "samples", "bytes", "sha256"} == set(info["files"][0])
    on_disk = {path.name for path in stored["tfrecord"].path.iterdir()} - {"manifest.json"}
    assert on_disk == {file["path"] for file in info["files"]}


def test_images_are_grey_or_rgb(tmp_path):
    grey = random_images(shape=(4, 4, 1))
    convert(grey, "images", tmp_path / "out", encoding="jpeg")
    split = formats.open(tmp_path / "out").splits["train"]
    assert abs(split.x[:].astype(int) - grey.train.x).mean() < 12  # lossy, as asked for
    assert encode(grey.train.x[0], "jpeg")[:2] == b"\xff\xd8"
