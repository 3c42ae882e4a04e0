"""mech-file-queues: images straight from the disk, with the queues written out.

A queue of file names (`string_input_producer`) feeds a `WholeFileReader`; threads of a `QueueRunner` decode what it reads
into a shuffling queue, from which the training takes batches; a `Coordinator` stops them all. `shuffle_batch` in
`tfrecords` is the same in one call.
"""

import os

import tensorflow.compat.v1 as tf1

from legacy_tf1.deprecations import deprecations_silenced
from legacy_tf1.pipelines.feed import (
    Feed,
    check_blocks,
    decoded,
    in_graph,
    opened,
    passed_through,
)
from legacy_tf1.pipelines.tfrecords import steps
from tf_data.formats import Stored
from tf_data.formats.images import folder_names

BATCH_SIZE = 128
CAPACITY = 2000
MIN_AFTER_DEQUEUE = 1000
THREADS = 1  # as in the original


def build(
    stored: Stored,
    split: str = "train",
    batch_size: int = BATCH_SIZE,
    seed: int = 123,
    epochs: int | None = None,
    threads: int = THREADS,
    capacity: int = CAPACITY,
    min_after_dequeue: int = MIN_AFTER_DEQUEUE,
) -> Feed:
    """Shuffled batches of image files. Arguments, result and errors as of `tfrecords.build`."""
    found = opened(stored, split, "images")
    schema = stored.manifest.schema
    with deprecations_silenced():  # queues and readers are what this file is about
        names = tf1.train.string_input_producer(found.blocks.paths(), epochs, seed=seed)
        path, content = tf1.WholeFileReader().read(names)
        image = decoded(content, schema)
        label = class_of(path, folder_names(schema.classes))
        queue = tf1.RandomShuffleQueue(
            capacity, min_after_dequeue, [image.dtype, label.dtype], [image.shape, label.shape], seed=seed
        )
        # One enqueue operation for each thread. When the file names run out each ends with OutOfRangeError; the last
        # one closes the queue, which then gives out what it still holds.
        runner = tf1.train.QueueRunner(queue, [queue.enqueue([image, label])] * threads)
        tf1.train.add_queue_runner(runner)
        take = queue.dequeue_many if epochs is None else queue.dequeue_up_to
        images, labels = take(batch_size)
    return Feed(
        *passed_through(images, labels),
        steps=steps(len(found), batch_size, epochs),
        epoch=in_graph(steps(len(found), batch_size, epochs)),
        check=lambda: check_blocks(found),
    )


def class_of(path: tf1.Tensor, folders: list[str]) -> tf1.Tensor:
    """The one-hot label of the folder that an image lies in, float32 `(classes,)`."""
    parts = tf1.string_split([path], os.sep).values
    return tf1.cast(tf1.equal(parts[-2], folders), tf1.float32)
