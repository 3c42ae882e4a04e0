"""mech-dataset-api: `tf.data` as TensorFlow 1 used it, with each of its four iterators.

A data set is a node of the graph, and so is the iterator that stands somewhere in it:

- one-shot: begins by itself and ends for good; epochs must be `repeat`ed inside.
- initialisable: begins when its initializer runs, which takes placeholders: here the list of files, any split's.
- reinitialisable: one iterator for data sets of one structure, with an initializer for each; starts from the front.
- feedable: a handle that is fed chooses one of several iterators; each keeps its place.

In TensorFlow 2 all four are `for batch in dataset`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow.compat.v1 as tf1

from legacy_tf1.deprecations import deprecations_silenced
from legacy_tf1.pipelines.feed import Feed, check_blocks, decoded, opened
from tf_data.errors import InputError
from tf_data.formats import Stored
from tf_data.order import permutation

BATCH_SIZE = 128
SHUFFLE_BUFFER = 1000
PARALLEL_CALLS = 4


@dataclass(frozen=True)
class DatasetFeed(Feed):
    """A `Feed` of data sets.

    Attributes:
        of_split: `of_split(session, name)` begins an epoch of any split and gives the feed dictionary of each of its
            steps; a one-shot iterator knows the training split only.
    """

    of_split: Callable[[tf1.Session, str], Iterator[dict]]


def build(
    stored: Stored,
    kind: str = "reinitialisable",
    batch_size: int = BATCH_SIZE,
    seed: int = 123,
    epochs: int = 1,
    shuffle_buffer: int = SHUFFLE_BUFFER,
    parallel_calls: int = PARALLEL_CALLS,
) -> DatasetFeed:
    """Batches of image files through a data set and one kind of iterator.

    Args:
        stored: A folder of images.
        kind: A key of `ITERATORS`.
        epochs: Number of epochs that a one-shot iterator gives; the others begin anew as often as they are asked.
        shuffle_buffer: Number of samples to draw from; the list of files is shuffled as a whole before.

    Raises:
        InputError: The kind is unknown, or the folder is of another format.
    """
    if kind not in ITERATORS:
        raise InputError(f"iterator must be one of {', '.join(ITERATORS)}, not {kind!r}")
    splits = {name: opened(stored, name, "images") for name in stored.splits}
    schema = stored.manifest.schema
    steps = {name: -(-len(split) // batch_size) for name, split in splits.items()}
    lists = {}
    for name, split in splits.items():
        order = permutation(len(split), seed)
        lists[name] = np.array(split.blocks.paths())[order], split.y[order]

    def read(path, label):
        return decoded(tf1.read_file(path), schema), tf1.one_hot(label, len(schema.classes))

    def dataset(paths, labels) -> tf1.data.Dataset:
        files = tf1.data.Dataset.from_tensor_slices((paths, labels))
        batches = files.map(read, parallel_calls).shuffle(shuffle_buffer, seed).batch(batch_size)
        # After `batch`, so that no batch crosses the border of two epochs.
        return batches.repeat(epochs) if kind == "one-shot" else batches

    with deprecations_silenced():  # `from_structure` uses a deprecated property itself
        (images, labels), begin = ITERATORS[kind](dataset, lists)

    def of_split(session: tf1.Session, name: str) -> Iterator[dict]:
        feed = begin(session, name)
        for _ in range(steps[name]):
            yield feed

    return DatasetFeed(
        images,
        labels,
        steps=steps["train"],
        epoch=lambda session, number: of_split(session, "train"),
        check=lambda: [check_blocks(split) for split in splits.values()],
        of_split=of_split,
    )


def _one_shot(dataset, lists):
    iterator = tf1.data.make_one_shot_iterator(dataset(*lists["train"]))

    def begin(session, name):
        if name != "train":
            raise InputError(f"a one-shot iterator was made for the train split and cannot change to {name}")
        return {}

    return iterator.get_next(), begin


def _initialisable(dataset, lists):
    paths, labels = tf1.placeholder(tf1.string, [None]), tf1.placeholder(tf1.int64, [None])
    iterator = tf1.data.make_initializable_iterator(dataset(paths, labels))

    def begin(session, name):
        session.run(iterator.initializer, dict(zip((paths, labels), lists[name])))
        return {}

    return iterator.get_next(), begin


def _reinitialisable(dataset, lists):
    datasets = {name: dataset(*files) for name, files in lists.items()}
    train = datasets["train"]
    iterator = tf1.data.Iterator.from_structure(tf1.data.get_output_types(train), tf1.data.get_output_shapes(train))
    initializers = {name: iterator.make_initializer(each) for name, each in datasets.items()}

    def begin(session, name):
        session.run(initializers[name])
        return {}

    return iterator.get_next(), begin


def _feedable(dataset, lists):
    iterators = {name: tf1.data.make_initializable_iterator(dataset(*files)) for name, files in lists.items()}
    handles = {name: iterator.string_handle() for name, iterator in iterators.items()}
    train = iterators["train"]
    handle = tf1.placeholder(tf1.string, [], "handle")
    asked = tf1.data.Iterator.from_string_handle(
        handle, tf1.data.get_output_types(train), tf1.data.get_output_shapes(train)
    )

    def begin(session, name):
        _, value = session.run([iterators[name].initializer, handles[name]])
        return {handle: value}

    return asked.get_next(), begin


ITERATORS = {
    "one-shot": _one_shot,
    "initialisable": _initialisable,
    "reinitialisable": _reinitialisable,
    "feedable": _feedable,
}
