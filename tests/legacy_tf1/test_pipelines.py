"""TensorFlow 1's pipelines: each sample once an epoch, no thread left behind, errors that name the file."""

import contextlib
import shutil
import threading
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import tensorflow.compat.v1 as tf1

from legacy_tf1.mechanics import fingerprints
from legacy_tf1.pipelines import dataset_api, feed, file_queues, hdf5_images, npz_chunks, save_load, tfrecords
from legacy_tf1.pipelines.mechanisms import MECHANISMS
from legacy_tf1.pipelines.perceptron import perceptron
from legacy_tf1.pipelines.training import train
from tf_data import formats
from tf_data.errors import InputError, TrainingError
from tf_data.formats import Options, Source

TRAIN, HELD_OUT, BATCH = 250, 40, 32
QUEUES = {"tfrecord": tfrecords, "images": file_queues}
BY_NAME = {mechanism.name: mechanism for mechanism in MECHANISMS}


@pytest.fixture(scope="module")
def few(digits):
    """The first embedded digits."""
    counts = {"train": TRAIN, "validation": HELD_OUT, "test": HELD_OUT}
    return replace(digits, **{name: split.slice(0, counts[name]) for name, split in digits.splits.items()})


@pytest.fixture(scope="module")
def files(few, tmp_path_factory):
    """Folders of these digits in every format."""
    place = tmp_path_factory.mktemp("files")
    for to, more in {"npz": {"chunk_size": 100}, "hdf5": {}, "tfrecord": {}, "images": {"encoding": "jpeg"}}.items():
        formats.write(Source.of(few), to, place / to, Options(quiet=True, **more))
    return place


@pytest.fixture
def stored(files):
    return lambda format: formats.open(files / format)


@pytest.fixture
def copied(files, tmp_path):
    """A folder of one format that a test may damage, opened before it does."""

    def copy(format):
        shutil.copytree(files / format, tmp_path / format)
        return formats.open(tmp_path / format)

    return copy


@pytest.fixture(autouse=True)
def no_thread_left_behind():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@contextlib.contextmanager
def opened(build, *arguments, **options):
    with tf1.Graph().as_default():
        pipeline = build(*arguments, batch_size=BATCH, **options)
        with pipeline.session() as session:
            yield session, pipeline


def samples(session, pipeline, values):
    return fingerprints(*session.run((pipeline.images, pipeline.labels), values))


def expected(split):
    return Counter(fingerprints(split.x[:], split.y))


@pytest.mark.parametrize("name", BY_NAME)
def test_an_epoch_holds_each_sample_once_scaled_and_one_hot(name, stored):
    mechanism = BY_NAME[name]
    folder = stored(mechanism.format)
    with tf1.Graph().as_default():
        pipeline = mechanism.build(folder, BATCH, epochs=1)
        with pipeline.session() as session:
            batches = [session.run((pipeline.images, pipeline.labels), v) for v in pipeline.epoch(session, 0)]
    assert len(batches) == pipeline.steps
    images, labels = (np.concatenate(parts) for parts in zip(*batches))
    assert images.dtype == labels.dtype == np.float32
    assert images.shape == (TRAIN, 28, 28, 1)
    assert labels.shape == (TRAIN, 10)
    assert 0 <= images.min() < images.max() <= 1
    np.testing.assert_array_equal(labels.sum(axis=1), 1)
    assert Counter(fingerprints(images, labels)) == expected(folder.splits["train"])
    assert labels.argmax(axis=1).tolist() != folder.splits["train"].y.tolist(), "not shuffled"


def test_fingerprints_tell_samples_apart(few):
    images, labels = few.train.x[:5], few.train.y[:5]
    assert fingerprints(images, labels) == fingerprints(feed.scaled(images), feed.one_hot(labels, 10))
    changed = images.copy()
    changed[2, 7, 7, 0] ^= 1
    assert [a == b for a, b in zip(fingerprints(images, labels), fingerprints(changed, labels))] == [1, 1, 0, 1, 1]
    assert not set(fingerprints(images, labels)) & set(fingerprints(images, (labels + 1) % 10))


@pytest.mark.parametrize(("batches", "format"), [(npz_chunks.batches, "npz"), (hdf5_images.batches, "hdf5")])
def test_fed_batches_have_the_options_of_the_original(batches, format, stored):
    split = stored(format).splits["train"]
    images, labels = next(batches(split, 10, shuffle=False, scale=False, onehot=False))
    assert images.dtype == np.uint8
    assert labels.shape == (10,)
    epochs = [np.concatenate([y for _, y in batches(split, 10, epoch=n, onehot=False)]) for n in (0, 0, 1)]
    np.testing.assert_array_equal(epochs[0], epochs[1])
    assert (epochs[0] != epochs[2]).any()


def test_npz_files_come_in_another_order_each_epoch_or_in_theirs(stored):
    split = stored("npz").splits["train"]
    plain = {"shuffle": False, "shuffle_files": False, "scale": False, "onehot": False}
    together = np.concatenate([x for x, _ in npz_chunks.batches(split, 10, **plain)])
    np.testing.assert_array_equal(together, split.x[:])
    firsts = {
        next(npz_chunks.batches(split, 10, **plain | {"shuffle_files": True}, epoch=n))[0].tobytes() for n in range(9)
    }
    assert len(firsts) == 3  # of the three files


def test_hdf5_shuffles_inside_the_prefetched_run_only(stored):
    split = stored("hdf5").splits["train"]
    got = np.concatenate([x for x, _ in hdf5_images.batches(split, 10, prefetch_batches=5, scale=False)])
    for start in range(0, TRAIN, 50):
        run, plain = got[start : start + 50], split.x[start : start + 50]
        assert sorted(x.tobytes() for x in run) == sorted(x.tobytes() for x in plain)
        assert (run != plain).any()
    with pytest.raises(InputError, match="prefetch_batches must be at least 1"):
        next(hdf5_images.batches(split, 10, prefetch_batches=0))


@pytest.mark.parametrize("format", QUEUES)
def test_a_queue_of_one_epoch_is_empty_afterwards(format, stored):
    with opened(QUEUES[format].build, stored(format), epochs=1) as (session, pipeline):
        for values in pipeline.epoch(session, 0):
            session.run(pipeline.images, values)
        with pytest.raises(tf1.errors.OutOfRangeError):
            session.run(pipeline.images)


@pytest.mark.parametrize("format", QUEUES)
def test_a_queue_without_end_gives_whole_batches(format, stored):
    with opened(QUEUES[format].build, stored(format), threads=3) as (session, pipeline):
        assert pipeline.steps == TRAIN // BATCH
        sizes = [len(session.run(pipeline.images, v)) for n in range(3) for v in pipeline.epoch(session, n)]
    assert sizes == [BATCH] * 3 * pipeline.steps


@pytest.mark.parametrize("format", QUEUES)
def test_other_samples_pass_through_without_touching_the_queue(format, stored, few):
    with opened(QUEUES[format].build, stored(format), epochs=1) as (session, pipeline):
        other = {pipeline.images: feed.scaled(few.test.x), pipeline.labels: feed.one_hot(few.test.y, 10)}
        assert Counter(samples(session, pipeline, other)) == expected(few.test)
        rest = Counter(f for v in pipeline.epoch(session, 0) for f in samples(session, pipeline, v))
    assert rest == expected(stored(format).splits["train"])


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("format", QUEUES)
def test_leaving_early_stops_every_thread(format, threads, stored):
    before = threading.active_count()
    with opened(QUEUES[format].build, stored(format), threads=threads) as (session, pipeline):
        session.run(pipeline.images)
        # The names' runner and ours, each with a thread more that closes its queue at the end.
        assert threading.active_count() == before + 1 + threads + 2
    assert threading.active_count() == before


def test_an_error_of_the_caller_stops_every_thread(stored):
    def fail():
        with opened(file_queues.build, stored("images"), threads=4) as (session, pipeline):
            session.run(pipeline.images)
            raise ZeroDivisionError

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        fail()
    assert threading.active_count() == before


def read_all(build, folder, **options):
    with opened(build, folder, **options) as (session, pipeline):
        for values in pipeline.epoch(session, 0):
            session.run(pipeline.images, values)


def one_line(caught, *said):
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    for each in said:
        assert str(each) in text


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


@pytest.mark.parametrize("kind", ["initialisable", "reinitialisable", "feedable"])
def test_iterators_go_to_any_split_and_back(kind, stored):
    folder = stored("images")
    with opened(dataset_api.build, folder, kind=kind) as (session, pipeline):
        for split in ("train", "test", "validation", "train"):
            found = Counter(f for v in pipeline.of_split(session, split) for f in samples(session, pipeline, v))
            assert found == expected(folder.splits[split])


def test_a_feedable_iterator_keeps_its_place_and_others_begin_anew(stored):
    folder = stored("images")
    seen = {}
    for kind in ("reinitialisable", "feedable"):
        with opened(dataset_api.build, folder, kind=kind) as (session, pipeline):
            train_feed = next(train_epoch := pipeline.of_split(session, "train"))
            first = samples(session, pipeline, train_feed)
            samples(session, pipeline, next(pipeline.of_split(session, "test")))
            second = samples(session, pipeline, next(train_epoch))
            everything = set(expected(folder.splits["train"]))
            seen[kind] = len(set(first)), set(second) <= everything - set(first)
    assert seen == {"reinitialisable": (BATCH, False), "feedable": (BATCH, True)}


def test_a_one_shot_iterator_serves_its_split_only(stored):
    with opened(dataset_api.build, stored("images"), kind="one-shot", epochs=2) as (session, pipeline):
        epochs = [Counter(f for v in pipeline.epoch(session, n) for f in samples(session, pipeline, v)) for n in (0, 1)]
        assert epochs[0] == epochs[1] == expected(stored("images").splits["train"])
        with pytest.raises(InputError, match="cannot change to test"):
            next(pipeline.of_split(session, "test"))


@pytest.mark.parametrize("name", ["generator over npz files, feed_dict", "WholeFileReader, QueueRunner, 4 threads"])
def test_training_learns_and_scores_whole_splits(name, stored, tmp_path):
    folder = stored(BY_NAME[name].format)
    trained = train(BY_NAME[name], folder, epochs=30, checkpoint=tmp_path / "mlp", report=lambda line: None)
    assert trained.history[-1]["loss"] < trained.history[0]["loss"] / 3
    assert {name: scores["samples"] for name, scores in trained.results.items()} == {
        "test": HELD_OUT,
        "validation": HELD_OUT,
    }
    assert trained.results["test"]["accuracy"] > 0.6
    assert trained.history[-1]["validation_accuracy"] == trained.results["validation"]["accuracy"]
    with save_load.restore_meta_graph(tmp_path / "mlp") as session:
        test = folder.splits["test"]
        again = save_load.score(session, *save_load.endpoints(session.graph), test.x[:], test.y)
    assert again == trained.results["test"]["accuracy"]


def test_training_that_diverges_is_an_error(stored, monkeypatch):
    import legacy_tf1.pipelines.training as training

    monkeypatch.setattr(training, "perceptron", lambda images, labels, rate: perceptron(images, labels, 1e30))
    with pytest.raises(TrainingError, match="not finite in epoch"):
        train(BY_NAME["WholeFileReader, QueueRunner, 1 thread"], stored("images"), epochs=2, report=lambda line: None)


@pytest.fixture(scope="module")
def saved(few, tmp_path_factory):
    return save_load.demonstrate(few, tmp_path_factory.mktemp("saved"), epochs=20)


def test_all_ways_back_score_the_same(saved):
    assert list(saved.accuracy) == ["trained", "meta graph", "npz constants"]
    assert len(set(saved.accuracy.values())) == 1
    assert saved.accuracy["trained"] > 0.6


def test_the_npz_has_the_names_and_shapes_of_the_original(saved):
    with np.load(saved.npz) as arrays:
        assert {name: arrays[name].shape for name in arrays.files} == {
            "fc1/weights:0": (784, 128),
            "fc1/biases:0": (128,),
            "fc2/weights:0": (128, 256),
            "fc2/biases:0": (256,),
            "logits/weights:0": (256, 10),
            "logits/biases:0": (10,),
        }


def test_logits_are_not_rectified(saved, few):
    """The original applied a ReLU to them."""
    with save_load.restore_meta_graph(saved.checkpoint) as session:
        images, logits = save_load.endpoints(session.graph)
        assert session.run(logits, {images: feed.scaled(few.test.x)}).min() < 0


def test_constants_cannot_be_trained(saved):
    with tf1.Graph().as_default():
        save_load.constant_graph(tf1.placeholder(tf1.float32, (None, 28, 28, 1)), saved.npz)
        assert tf1.global_variables() == []


@pytest.mark.parametrize("part", [".meta", ".index", ".data-00000-of-00001"])
def test_a_truncated_checkpoint_is_refused_in_one_line(part, saved, tmp_path):
    for file in saved.checkpoint.parent.glob("mlp.*"):
        shutil.copy(file, tmp_path)
    broken = tmp_path / f"mlp{part}"
    broken.write_bytes(broken.read_bytes()[: broken.stat().st_size // 2])
    with pytest.raises(InputError) as caught, save_load.restore_meta_graph(tmp_path / "mlp"):
        pass
    one_line(caught, tmp_path / "mlp", "damaged")


def test_a_foreign_or_missing_checkpoint_is_refused_in_one_line(saved, tmp_path):
    with tf1.Graph().as_default(), tf1.Session() as session:
        tf1.get_variable("other", 3)
        saver = tf1.train.Saver()
        with pytest.raises(InputError) as caught:
            save_load.restore(session, saver, saved.checkpoint)
        one_line(caught, saved.checkpoint, "of another network: it lacks other")
        with pytest.raises(InputError) as caught:
            save_load.restore(session, saver, tmp_path / "nothing")
        one_line(caught, tmp_path / "nothing", "no checkpoint")
    with tf1.Graph().as_default(), tf1.Session() as session:
        with tf1.variable_scope("fc1"):
            tf1.get_variable("biases", 5)
        with pytest.raises(InputError) as caught:
            save_load.restore(session, tf1.train.Saver(), saved.checkpoint)
        one_line(caught, saved.checkpoint, "of another network: fc1/biases has shape (128,), not (5,)")


def test_npz_files_of_another_network_are_refused(saved, tmp_path):
    with np.load(saved.npz) as archive:
        arrays = dict(archive)
    images = tf1.Graph()
    for said, change in {
        "no array 'fc2/biases:0'": {"fc2/biases:0": None},
        r"fc2 has weights \(100, 256\)": {"fc2/weights:0": np.zeros((100, 256), np.float32)},
    }.items():
        np.savez(tmp_path / "x.npz", **{n: v for n, v in (arrays | change).items() if v is not None})
        with images.as_default(), pytest.raises(InputError, match=said):
            save_load.constant_graph(tf1.placeholder(tf1.float32, (None, 28, 28, 1)), tmp_path / "x.npz")
