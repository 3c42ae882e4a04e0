"""Damaged files and bad samples: one line that names file and record, or a list of what was skipped."""

import resource
import signal
from dataclasses import replace

import h5py
import numpy as np
import pytest
import tensorflow as tf
from small_data import QUIET, convert, random_images

from tf_data import formats
from tf_data.dataset import Data, Split
from tf_data.errors import InputError
from tf_data.files import whole_file
from tf_data.formats import Source
from tf_data.images import EncodedImages, encode
from tf_data.pipeline import input_error


@pytest.fixture
def folder(tmp_path):
    """A function that converts 23 + 7 images, 4 to a file, and returns the folder."""

    def make(to, **options):
        convert(random_images(), to, tmp_path / to, **{"chunk_size": 4, **options})
        return tmp_path / to

    return make


def change(path, edit):
    content = bytearray(path.read_bytes())
    path.write_bytes(edit(content) or content)


def flip(at):
    """An edit that turns the bits of one byte; `at` counts from the end where negative."""

    def edit(content):
        content[at] ^= 0xFF

    return edit


def check_everywhere(folder, match):
    """Reading at once, reading in a stream, converting again and verifying all say it."""
    stored = formats.open(folder)
    train = stored.splits["train"]
    with pytest.raises(InputError, match=match):
        train.x[:]
    with pytest.raises(tf.errors.OpError) as error:
        list(train.batches(5))
    with pytest.raises(InputError, match=match):
        raise input_error(error.value)
    with pytest.raises(InputError, match=match):
        formats.write(Source({"name": "again"}, stored.splits), "npz", folder.parent / "again", QUIET)
    assert not list(folder.parent.rglob("*partial*"))
    assert [fault for fault in stored.faults() if match.replace("\\", "") in fault]


def skip(folder, expected):
    """Convert a damaged folder leaving out what is bad; the records that are missing must be `expected`."""
    stored = formats.open(folder)
    out = folder.parent / "mended"
    manifest = formats.write(Source({"name": "mended"}, stored.splits), "npz", out, replace(QUIET, skip_bad=True))
    good = [number for number in range(23) if number not in expected]
    assert manifest.counts == {"train": len(good), "test": 7}
    assert manifest.skipped["count"] == len(expected)
    assert [bad["record"] for bad in manifest.skipped["records"]] == expected
    mended = formats.open(out)
    assert mended.faults() == []
    np.testing.assert_array_equal(mended.splits["train"].x[:], random_images().train.x[good])
    return [bad["reason"] for bad in manifest.skipped["records"]]


# TFRecord


def test_a_corrupt_record_is_named_and_skipped(folder):
    path = folder("tfrecord")
    change(path / "train-00001-of-00006.tfrecord", flip(130))
    check_everywhere(path, "train-00001-of-00006.tfrecord record 1 is damaged")
    (reason,) = skip(path, [5])
    assert "record 1 is damaged" in reason


def test_a_corrupt_length_loses_one_record_only(folder):
    path = folder("tfrecord")
    change(path / "train-00002-of-00006.tfrecord", flip(0))
    skip(path, [8])


def test_a_truncated_shard_names_the_first_record_that_is_cut_off(folder):
    path = folder("tfrecord")
    change(path / "train-00001-of-00006.tfrecord", lambda content: content[:-10])
    check_everywhere(path, "train-00001-of-00006.tfrecord record 3 is cut off")
    skip(path, [7])


def test_a_record_that_was_cut_out_is_noticed(folder):
    """TensorFlow reads such a file without a word."""
    path = folder("tfrecord")
    shard = path / "train-00001-of-00006.tfrecord"
    size = shard.stat().st_size // 4
    change(shard, lambda content: content[:size] + content[2 * size :])
    assert len(list(tf.data.TFRecordDataset(str(shard)))) == 3
    check_everywhere(path, "train-00001-of-00006.tfrecord record 1 is damaged")


def test_an_empty_shard_is_an_error(folder):
    path = folder("tfrecord")
    (path / "train-00003-of-00006.tfrecord").write_bytes(b"")
    check_everywhere(path, "train-00003-of-00006.tfrecord record 0 is cut off")
    skip(path, [12, 13, 14, 15])


def test_a_broken_gzip_shard_keeps_the_records_before_the_fault(folder):
    path = folder("tfrecord", compress=True)
    change(path / "train-00001-of-00006.tfrecord", lambda content: content[: len(content) * 2 // 3])
    check_everywhere(path, "is cut off")
    reasons = skip(path, [6, 7])
    assert "train-00001-of-00006.tfrecord record 2 is cut off" in reasons[0]


def test_a_damaged_or_missing_index_is_an_error(folder):
    path = folder("tfrecord")
    index = path / "train-00001-of-00006.index.npz"
    change(index, lambda content: content[:-30])
    check_everywhere(path, "train-00001-of-00006.index.npz is damaged")
    index.unlink()
    check_everywhere(path, "missing file")
    np.savez(index, offsets=np.arange(3), crc=np.arange(2), block_crc=np.arange(1))
    check_everywhere(path, "is not the index of 4 records")


# npz


def test_a_chunk_with_objects_is_not_read(folder):
    path = folder("npz")
    np.savez(path / "train_2.npz", data=np.array([{"a": 1}, None, 2, 3], object), labels=np.zeros(4, np.int32))
    check_everywhere(path, "train_2.npz: data holds Python objects, which are not read")


def test_a_corrupt_chunk_is_named_and_skipped_as_a_whole(folder):
    path = folder("npz")
    change(path / "train_3.npz", flip(300))
    check_everywhere(path, "train_3.npz: data is damaged")
    skip(path, [8, 9, 10, 11])


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        (
            {"data": np.zeros((4, 5, 5, 3), np.uint8)},
            r"data is uint8 of shape \(4, 5, 5, 3\), not uint8 of \(4, 5, 4, 3\)",
        ),
        ({"data": np.zeros((4, 5, 4, 3))}, "data is float64 of shape"),
        ({"data": np.zeros((3, 5, 4, 3), np.uint8)}, "data is uint8 of shape"),
        ({"labels": np.zeros((4, 2), np.int32)}, "labels is int32 of shape"),
        ({"data": None}, "has no array 'data'"),
    ],
)
def test_a_chunk_of_another_shape_is_refused(folder, arrays, match):
    path = folder("npz")
    good = {"data": np.zeros((4, 5, 4, 3), np.uint8), "labels": np.zeros(4, np.int32)}
    np.savez(path / "train_2.npz", **{name: array for name, array in (good | arrays).items() if array is not None})
    with pytest.raises(InputError, match=f"train_2.npz.*{match}"):
        formats.open(path).splits["train"].read_stored(np.arange(23))


@pytest.mark.parametrize(
    "file", ["train_2.npz", "drawn.h5", "train-00001-of-00006.tfrecord", "train.csv", "train/class-1/000001.png"]
)
def test_a_missing_file_is_named(folder, file):
    to = {"npz": "npz", "h5": "hdf5", "tfrecord": "tfrecord"}.get(file.rpartition(".")[2], "images")
    path = folder(to)
    (path / file).unlink()
    with pytest.raises(InputError, match=f"missing file .*{file}"):
        formats.open(path).splits["train"].x[:]


# HDF5


def test_a_file_cut_in_half_is_named(folder):
    path = folder("hdf5")
    change(path / "drawn.h5", lambda content: content[: len(content) // 2])
    check_everywhere(path, "drawn.h5 has")


def test_numbers_that_the_library_itself_takes_are_compared_with_what_was_written(folder):
    path = folder("hdf5")
    with h5py.File(path / "drawn.h5", "a") as file:
        file["train/images"][9, 0, 0] ^= 1  # and the library's checksum anew
    check_everywhere(path, "drawn.h5: train/images has another checksum than it was written with, in block 2")
    skip(path, [8, 9, 10, 11])


def test_a_corrupt_hdf5_chunk_is_named_and_skipped(folder):
    path = folder("hdf5")
    with h5py.File(path / "drawn.h5", "r") as file:
        place = file["train/images"].id.get_chunk_info(1).byte_offset
    change(path / "drawn.h5", flip(place + 7))
    check_everywhere(path, "drawn.h5: train/images records 4..7 are damaged")
    skip(path, [4, 5, 6, 7])


def test_hdf5_of_another_shape_is_refused(folder):
    path = folder("hdf5")
    with h5py.File(path / "drawn.h5", "a") as file:
        file["train/images"].resize(20, axis=0)
    check_everywhere(path, "drawn.h5: train/images is uint8 of shape")


# Images


def test_a_bad_image_in_a_folder_is_named_and_skipped(folder):
    path = folder("images")
    change(path / "train/class-1/000007.png", lambda content: content[:40])
    check_everywhere(path, "train/class-1/000007.png")
    skip(path, [7])


@pytest.mark.parametrize(
    ("row", "match"),
    [
        ("../outside.png,0,00", "outside the folder"),
        ("train/\0.png,0,00", "outside the folder"),
        ("train/class-1/000001.png,7,00", r"record 0 has label 7, not 0\.\.2"),
        ("train/class-1/000001.png,x,00", "is damaged"),
        ("train/class-1/000001.png,1,00", "is damaged"),
    ],
)
def test_a_bad_list_is_refused(folder, row, match):
    path = folder("images")
    lines = (path / "train.csv").read_text().splitlines()
    (path / "train.csv").write_text("\n".join([lines[0], row, *lines[2:]]))
    with pytest.raises(InputError, match=f"train.csv.*{match}"):
        formats.open(path)


def jpegs(bad):
    """Ten JPEG files, some replaced by `bad`, as a dataset keeps them."""
    rng = np.random.default_rng(0)
    files = {f"face{n}.jpg": encode(rng.integers(0, 255, (8, 6, 3), dtype=np.uint8), "jpeg") for n in range(10)}
    files |= {name: edit(files[name]) for name, edit in bad.items()}

    def load(name):
        return files[name]

    images = EncodedImages(list(files), load, (8, 6))
    labels = (np.arange(10) % 2).astype(np.int32)
    split = {name: Split(name, images, labels) for name in ("train", "test")}
    return Data("faces", "synthetic", "a test", **split, classes=("a", "b"))


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (lambda data: data[:-40], "face3.jpg is a damaged image"),
        (lambda data: b"no image", "face3.jpg is not an image"),
        (lambda data: encode(np.zeros((6, 8, 3), np.uint8), "jpeg"), "face3.jpg is an image of 6x8, not 8x6"),
    ],
)
@pytest.mark.parametrize("to", ["tfrecord", "npz"])
def test_a_bad_jpeg_stops_or_is_skipped(tmp_path, edit, match, to):
    data = jpegs({"face3.jpg": edit})
    with pytest.raises(InputError, match=match):
        convert(data, to, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    manifest = convert(data, to, tmp_path / "out", skip_bad=True)
    assert manifest.counts == {"train": 9, "test": 9}
    assert [(bad["split"], bad["record"]) for bad in manifest.skipped["records"]] == [("train", 3), ("test", 3)]
    assert match in manifest.skipped["records"][0]["reason"]
    assert formats.open(tmp_path / "out").splits["train"].y.tolist() == [0, 1, 0, 0, 1, 0, 1, 0, 1]


# Bad samples from anywhere


def with_bad(x=None, y=None):
    data = random_images(shape=(4,))
    features = data.train.x[:, :].astype(np.float32)
    labels = data.train.y.copy()
    if x is not None:
        features[x] = np.nan
    if y is not None:
        labels[y] = 3
    test = Split("test", data.test.x.astype(np.float32), data.test.y)
    return replace(data, train=Split("train", features, labels), test=test)


@pytest.mark.parametrize("to", ["npz", "hdf5", "tfrecord"])
@pytest.mark.parametrize(
    ("place", "match"),
    [
        ({"y": 17}, r"drawn train record 17 has label 3, not 0\.\.2"),
        ({"x": (9, 2)}, r"drawn train record 9 has nan at \(2,\)"),
    ],
)
def test_a_bad_label_or_number_stops_or_is_skipped(tmp_path, to, place, match):
    data = with_bad(**place)
    with pytest.raises(InputError, match=match):
        convert(data, to, tmp_path / "out", chunk_size=4)
    assert not list(tmp_path.rglob("*partial*"))
    manifest = convert(data, to, tmp_path / "out", chunk_size=4, skip_bad=True)
    assert manifest.counts["train"] == 22
    stored = formats.open(tmp_path / "out")
    assert stored.faults() == []
    number = manifest.skipped["records"][0]["record"]
    np.testing.assert_array_equal(stored.splits["train"].x[:], np.delete(data.train.x, number, axis=0))
    assert sum(len(x) for x, _ in stored.splits["train"].batches(5)) == 22


def test_nothing_but_bad_samples_is_an_error(tmp_path):
    data = with_bad(x=slice(None))
    with pytest.raises(InputError, match="every train sample is bad; the first: drawn train record 0"):
        convert(data, "hdf5", tmp_path / "out", skip_bad=True)


def test_skipped_samples_are_not_taken_over_by_a_strict_conversion(tmp_path, monkeypatch):
    """Broken off while skipping, then repeated without: the bad sample must stop it."""
    data = with_bad(y=2)
    monkeypatch.setattr(formats.Job, "complete", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        convert(data, "npz", tmp_path / "out", chunk_size=4, skip_bad=True)
    monkeypatch.undo()
    with pytest.raises(InputError, match="record 2 has label 3"):
        convert(data, "npz", tmp_path / "out", chunk_size=4)


# A disk that fills


@pytest.fixture
def full_disk():
    """Within the context no file can grow beyond so many bytes: every writer meets a real error of the system."""

    class Limit:
        def __init__(self, size):
            self.size = size

        def __enter__(self):
            self.before = resource.getrlimit(resource.RLIMIT_FSIZE)
            self.handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, self.before[1]))

        def __exit__(self, *_):
            resource.setrlimit(resource.RLIMIT_FSIZE, self.before)
            signal.signal(signal.SIGXFSZ, self.handler)

    return Limit


@pytest.mark.parametrize("to", ["npz", "hdf5", "tfrecord"])
def test_a_full_disk_stops_with_one_line_and_the_same_call_goes_on(tmp_path, full_disk, to):
    data = random_images(train=400, shape=(20, 20, 3))
    with full_disk(100_000), pytest.raises(InputError, match="cannot write .*File too large; free the place"):
        convert(data, to, tmp_path / "out", chunk_size=200)
    assert not list(tmp_path.rglob("*partial*"))
    assert not (tmp_path / "out" / "manifest.json").exists()
    convert(data, to, tmp_path / "out", chunk_size=200)
    stored = formats.open(tmp_path / "out")
    assert stored.faults() == []
    np.testing.assert_array_equal(stored.splits["train"].x[:], data.train.x)


def test_a_disk_that_fills_late_keeps_whole_files(tmp_path, monkeypatch):
    written = []

    def filling(path, flush=True):
        written.append(path)
        if len(written) == 6:
            raise InputError(f"cannot write {path}: No space left on device; free the place or choose another")
        return whole_file(path, flush)

    monkeypatch.setattr(formats.get("npz"), "whole_file", filling)
    with pytest.raises(InputError, match="No space left"):
        convert(random_images(), "npz", tmp_path / "out", chunk_size=4, workers=1)
    assert (tmp_path / "out" / "unfinished.jsonl").is_file()
    assert (tmp_path / "out" / "train_5.npz").is_file()
    assert not list(tmp_path.rglob("*partial*"))
    monkeypatch.undo()
    convert(random_images(), "npz", tmp_path / "out", chunk_size=4)
    assert formats.open(tmp_path / "out").faults() == []
