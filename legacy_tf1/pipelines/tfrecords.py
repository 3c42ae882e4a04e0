"""mech-tfrecords: a queue of file names, `TFRecordReader`, `parse_single_example` and `shuffle_batch`.

The originals' files held each pixel as an int64; these hold the image's bytes (`tf_data.formats.tfrecord`). As there, the
queue never ends and the batch passes through placeholders, so that the same graph classifies samples that are fed.
"""

from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf1

from legacy_tf1.deprecations import deprecations_silenced
from legacy_tf1.pipelines.feed import Feed, decoded, in_graph, opened, passed_through
from tf_data.errors import InputError
from tf_data.formats import Stored
from tf_data.formats.example import BadExample, parse
from tf_data.formats.manifest import Schema
from tf_data.formats.tfrecord import HEAD, TAIL

BATCH_SIZE = 128
CAPACITY = 5000
MIN_AFTER_DEQUEUE = 2000
THREADS = 8


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
    """Shuffled batches of TFRecord shards, read by background threads.

    Args:
        stored: A TFRecord folder, uncompressed.
        epochs: How often the files are read before the queue closes; None without end. The shuffling queue mixes
            neighbouring epochs: each sample comes once an epoch for certain only with `epochs=1`.
        threads: Number of threads that read, parse and enqueue.
        capacity: Number of samples that the shuffling queue holds at most.
        min_after_dequeue: Number of samples that it keeps to draw from.

    Returns:
        A `Feed`. With `epochs` its steps cover every sample, the last batch being smaller; without, whole batches only.

    Raises:
        InputError: The folder is of another format or compressed, or a file was cut where a record ends.
    """
    records = opened(stored, split, "tfrecord")
    if stored.manifest.options["compress"]:
        raise InputError(
            f"{stored.path} is compressed, and this reader takes plain files only; convert it without --compress"
        )
    schema = stored.manifest.schema
    files = stored.manifest.of_split(split)
    paths = [stored.path / file.path for file in files]
    for path, file in zip(paths, files, strict=True):
        _check_count(path, file.samples[split], schema)
    with deprecations_silenced():  # queues and readers are what this file is about
        names = tf1.train.string_input_producer([str(path) for path in paths], epochs, seed=seed)
        _, record = tf1.TFRecordReader().read(names)
        image, label = parsed(record, schema)
        images, labels = tf1.train.shuffle_batch(
            [image, label],
            batch_size,
            capacity,
            min_after_dequeue,
            num_threads=threads,
            seed=seed,
            allow_smaller_final_batch=epochs is not None,
        )
    return Feed(
        *passed_through(images, labels),
        steps=steps(len(records), batch_size, epochs),
        epoch=in_graph(steps(len(records), batch_size, epochs)),
        check=lambda: check_records(paths, schema),
    )


def parsed(record: tf1.Tensor, schema: Schema) -> tuple[tf1.Tensor, tf1.Tensor]:
    """A serialized `tf.train.Example` as an image float32 0..1 and a one-hot label."""
    features = {
        schema.sample_name: tf1.FixedLenFeature([], tf1.string),
        "label": tf1.FixedLenFeature([], tf1.int64),
    }
    found = tf1.parse_single_example(record, features)
    label, classes = found["label"], tf1.constant(len(schema.classes), tf1.int64)
    # Without this a label out of range is a row of zeros, from which a network learns in silence.
    known = tf1.Assert((label >= 0) & (label < classes), ["label out of range", label])
    with tf1.control_dependencies([known]):
        label = tf1.identity(label)
    return decoded(found[schema.sample_name], schema), tf1.one_hot(label, len(schema.classes))


def steps(samples: int, batch_size: int, epochs: int | None) -> int:
    """Batches in an epoch of a queue that ends after `epochs` epochs, or never: then all batches are whole."""
    return max(1, samples // batch_size) if epochs is None else -(-samples * epochs // batch_size)


def _check_count(path: Path, expected: int, schema: Schema) -> None:
    """Raise `InputError` for a file that ends where a record ends, but too early: no reader would notice.

    Other damage is left to those who read; here only the records' lengths are looked at. A file that holds other records
    as well was not cut but replaced, and the first of these is named.
    """
    try:
        size, place, count = path.stat().st_size, 0, 0
        with open(path, "rb") as file:
            while place < size:
                file.seek(place)
                length = int.from_bytes(file.read(8), "little")
                place, count = place + HEAD + length + TAIL, count + 1
    except OSError:
        return
    if place == size and count < expected:
        check_records([path], schema)
        raise InputError(f"{path} holds {count} records, not {expected}: it was cut off; convert again")


def check_records(paths: list[Path], schema: Schema) -> None:
    """Read every record of TFRecord files plainly.

    Raises:
        InputError: A file is missing or damaged, or a record is of another schema; the message names the first one.
    """
    for path in paths:
        number = 0
        try:
            with deprecations_silenced():
                records = tf1.io.tf_record_iterator(str(path))
            for number, record in enumerate(records):
                _, label = parse([record], schema)
                if not np.all((label >= 0) & (label < len(schema.classes))):
                    raise InputError(f"{path} record {number} has label {label[0]}, not 0..{len(schema.classes) - 1}")
        except BadExample as error:
            raise InputError(f"{path} record {number}: {error}; it is of another schema, convert again") from None
        except tf1.errors.NotFoundError:
            raise InputError(f"missing file {path}; convert again") from None
        except tf1.errors.OpError as error:
            reason = error.message.splitlines()[0]
            raise InputError(f"{path} is damaged after record {number} ({reason}); convert again") from None
