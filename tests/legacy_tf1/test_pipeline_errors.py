"""What is wrong with a file reaches the main thread of TensorFlow 1's pipelines as one line that names the file."""

import shutil

import pytest
import tensorflow.compat.v1 as tf1
from small_pipelines import TRAIN, one_line, opened

from legacy_tf1.pipelines import dataset_api, file_queues, hdf5_images, npz_chunks, tfrecords
from tf_data import formats
from tf_data.errors import InputError
from tf_data.formats import Options, Source

pytestmark = pytest.mark.usefixtures("no_thread_left_behind")


@pytest.fixture
def copied(files, tmp_path):
    """A folder of one format that a test may damage, opened before it does."""

    def copy(format):
        shutil.copytree(files / format, tmp_path / format)
        return formats.open(tmp_path / format)

    return copy


def read_all(build, folder, **options):
    with opened(build, folder, **options) as (session, pipeline):
        for values in pipeline.epoch(session, 0):
            session.run(pipeline.images, values)


DAMAGES = {
    "missing": lambda path: path.unlink(),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:40]),
    "foreign": lambda path: path.write_bytes(b"not a picture at all" * 20),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("mechanism", ["file queues", "one-shot", "initialisable", "reinitialisable", "feedable"])
def test_a_bad_picture_in_a_reader_reaches_the_main_thread(mechanism, damage, copied):
    folder = copied("images")
    path = folder.splits["train"].blocks.paths()[123]
    DAMAGES[damage](folder.path / "train" / path.rpartition("/train/")[2])
    build, options = file_queues.build, {"epochs": 1, "threads": 4}
    if mechanism != "file queues":
        build, options = dataset_api.build, {"kind": mechanism}
    with pytest.raises(InputError) as caught:
        read_all(build, folder, **options)
    one_line(caught, path)


def test_a_missing_npz_or_hdf5_file_is_named(copied):
    for build, format, name in ((npz_chunks.build, "npz", "train_2.npz"), (hdf5_images.build, "hdf5", "mnist.h5")):
        folder = copied(format)
        (folder.path / name).unlink()
        with pytest.raises(InputError) as caught:
            read_all(build, folder)
        one_line(caught, folder.path / name)


def example(**features):
    return tf1.train.Example(features=tf1.train.Features(feature=features)).SerializeToString()


def int64(*values):
    return tf1.train.Feature(int64_list=tf1.train.Int64List(value=values))


def octets(value):
    return tf1.train.Feature(bytes_list=tf1.train.BytesList(value=[value]))


RECORDS = {
    "numbers for pixels": (example(image=int64(*range(784)), label=int64(3)), "no bytes under 'image'"),
    "another name": (example(picture=octets(bytes(784)), label=int64(3)), "no bytes under 'image'"),
    "another size": (example(image=octets(bytes(100)), label=int64(3)), "100 bytes under 'image', not 784"),
    "two labels": (example(image=octets(bytes(784)), label=int64(3, 4)), "label of 2 numbers"),
    "no message": (b"anything", "not a tf.train.Example"),
}


@pytest.mark.parametrize("record", RECORDS)
def test_a_tfrecord_of_another_schema_is_named(record, copied):
    folder = copied("tfrecord")
    (shard,) = folder.path.glob("train-*.tfrecord")
    message, said = RECORDS[record]
    good = example(image=octets(bytes(784)), label=int64(3))
    with tf1.io.TFRecordWriter(str(shard)) as writer:
        for content in (good, good, message, good):
            writer.write(content)
    with pytest.raises(InputError) as caught:
        read_all(tfrecords.build, folder, epochs=1)
    one_line(caught, shard, "record 2", said, "another schema")


def test_missing_and_damaged_tfrecords_are_named(copied):
    folder = copied("tfrecord")
    (shard,) = folder.path.glob("train-*.tfrecord")
    shard.write_bytes(shard.read_bytes()[:-50])
    with pytest.raises(InputError) as caught:
        read_all(tfrecords.build, folder, epochs=1)
    one_line(caught, shard, "damaged after record")
    shard.unlink()
    with pytest.raises(InputError) as caught:
        read_all(tfrecords.build, folder)
    one_line(caught, "missing file", shard)


def test_a_label_out_of_range_is_named_and_never_learned_from(copied):
    folder = copied("tfrecord")
    (shard,) = folder.path.glob("train-*.tfrecord")
    content = [example(image=octets(bytes(784)), label=int64(number % 10)) for number in range(TRAIN)]
    content[7] = example(image=octets(bytes(784)), label=int64(11))
    with tf1.io.TFRecordWriter(str(shard)) as writer:
        for message in content:
            writer.write(message)
    with pytest.raises(InputError, match="record 7 has label") as caught:
        read_all(tfrecords.build, folder, epochs=1)
    one_line(caught, shard, "not 0..9")


def test_a_file_that_was_cut_where_a_record_ends_is_named(copied):
    folder = copied("tfrecord")
    (shard,) = folder.path.glob("train-*.tfrecord")
    content = shard.read_bytes()
    first = 8 + 4 + int.from_bytes(content[:8], "little") + 4
    shard.write_bytes(content[:first])
    with pytest.raises(InputError) as caught:
        read_all(tfrecords.build, folder, epochs=1)
    one_line(caught, shard, f"holds 1 records, not {TRAIN}")


def test_folders_of_another_kind_are_refused(stored, few, tmp_path):
    for build in (npz_chunks.build, hdf5_images.build, file_queues.build):
        with pytest.raises(InputError, match="holds tfrecord, not"), tf1.Graph().as_default():
            build(stored("tfrecord"))
    with pytest.raises(InputError, match="has no evening split"), tf1.Graph().as_default():
        npz_chunks.build(stored("npz"), "evening")
    with pytest.raises(InputError, match="iterator must be one of one-shot"), tf1.Graph().as_default():
        dataset_api.build(stored("images"), "two-shot")
    formats.write(Source.of(few), "tfrecord", tmp_path / "gzip", Options(quiet=True, compress=True))
    with pytest.raises(InputError, match="this reader takes plain files only"), tf1.Graph().as_default():
        tfrecords.build(formats.open(tmp_path / "gzip"))
