"""TensorFlow 1's pipelines give each sample once an epoch, leave no thread behind, and can be trained on."""

import threading
from collections import Counter

import numpy as np
import pytest
import tensorflow.compat.v1 as tf1
from small_pipelines import BATCH, HELD_OUT, TRAIN, opened

from legacy_tf1.mechanics import fingerprints
from legacy_tf1.pipelines import dataset_api, feed, file_queues, hdf5_images, npz_chunks, save_load, tfrecords
from legacy_tf1.pipelines.mechanisms import MECHANISMS
from legacy_tf1.pipelines.perceptron import perceptron
from legacy_tf1.pipelines.training import train
from tf_data.errors import InputError, TrainingError

pytestmark = pytest.mark.usefixtures("no_thread_left_behind")
QUEUES = {"tfrecord": tfrecords, "images": file_queues}
BY_NAME = {mechanism.name: mechanism for mechanism in MECHANISMS}


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
