"""What all mechanisms have in common: a session with its queue runners, clean shutdown, and errors that name the file."""

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow.compat.v1 as tf1

from legacy_tf1.deprecations import deprecations_silenced
from tf_data.errors import InputError
from tf_data.formats import Stored, StoredSplit
from tf_data.formats.manifest import Schema
from tf_data.order import permutation

GRACE_SECONDS = 10  # how long threads may take to stop before that is an error


@dataclass(frozen=True)
class Feed:
    """A mechanism, built into a graph.

    Attributes:
        images: Float32 `(batch, height, width, channels)`, 0..1; may be fed, to use the graph on other samples.
        labels: Float32 `(batch, classes)`, one-hot; may be fed.
        steps: Batches in an epoch.
        epoch: `epoch(session, number)` gives the feed dictionary of each step of epoch `number`.
        check: Reads the files plainly and raises `InputError` for the first bad one. Called after an error only: what
            TensorFlow reports about a bad file often does not name it.
    """

    images: tf1.Tensor
    labels: tf1.Tensor
    steps: int
    epoch: Callable[[tf1.Session, int], Iterator[dict]]
    check: Callable[[], None]

    @contextlib.contextmanager
    def session(self) -> Iterator[tf1.Session]:
        """A session with initialised variables and running queues; at the end every thread has stopped.

        Raises:
            InputError: A file is missing or bad. A reader's error in a thread of its own is raised here, too.
        """
        graph = self.images.graph
        with graph.as_default():  # local variables count the epochs of file names
            initialize = [tf1.global_variables_initializer(), tf1.local_variables_initializer()]
        with tf1.Session(graph=graph) as session:
            session.run(initialize)
            coordinator, threads = tf1.train.Coordinator(), []
            if graph.get_collection(tf1.GraphKeys.QUEUE_RUNNERS):
                with deprecations_silenced():
                    threads = tf1.train.start_queue_runners(session, coordinator)
            try:
                try:
                    yield session
                finally:
                    # Runners close their queues, which wakes whoever waits at one. `join` raises a reader's error in
                    # place of the "queue is closed" that this thread has met.
                    coordinator.request_stop()
                    coordinator.join(threads, stop_grace_period_secs=GRACE_SECONDS)
            except tf1.errors.OpError:
                self.check()
                raise


def in_graph(steps: int) -> Callable[[tf1.Session, int], Iterator[dict]]:
    """The `epoch` of a mechanism that runs inside the graph: there is nothing to feed."""
    return lambda session, number: itertools.repeat({}, steps)


def fed(
    shape: tuple[int, ...],
    classes: int,
    steps: int,
    batches: Callable[[int], Iterable[tuple[np.ndarray, np.ndarray]]],
    check: Callable[[], None] = lambda: None,
) -> Feed:
    """Placeholders, and NumPy batches to feed them with.

    Args:
        shape: Shape of an image.
        steps: Batches in an epoch.
        batches: `batches(number)` gives those of epoch `number`, scaled and one-hot.
        check: See `Feed`.
    """
    images = tf1.placeholder(tf1.float32, (None, *shape), "images")
    labels = tf1.placeholder(tf1.float32, (None, classes), "labels")

    def epoch(session: tf1.Session, number: int) -> Iterator[dict]:
        return ({images: x, labels: y} for x, y in batches(number))

    return Feed(images, labels, steps, epoch, check)


def fed_from(split: StoredSplit, steps: int, batches: Callable[[int], Iterable]) -> Feed:
    """`fed` for a split of files."""
    schema = split.blocks.schema
    return fed(schema.shape, len(schema.classes), steps, batches, lambda: check_blocks(split))


def cut(
    images: np.ndarray,
    labels: np.ndarray,
    batch_size: int,
    *,
    key: tuple[int, ...] | None,
    scale: bool,
    classes: int,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Samples in memory as batches; the last one may be smaller.

    Args:
        key: Seed of the order; None keeps the samples' own.
        scale: Whether pixels come as float32 0..1, else as they are.
        classes: Number of classes of labels as float32 one-hot `(batch, classes)`; 0 leaves class numbers.
    """
    if key is not None:
        order = permutation(len(images), *key)
        images, labels = images[order], labels[order]
    for start in range(0, len(images), batch_size):
        x, y = images[start : start + batch_size], labels[start : start + batch_size]
        yield scaled(x) if scale else x, one_hot(y, classes) if classes else y


def passed_through(images: tf1.Tensor, labels: tf1.Tensor) -> tuple[tf1.Tensor, tf1.Tensor]:
    """The batch under the names `images` and `labels`, for which other samples can be fed.

    Feed both or none: one that is not fed is taken from the queue, and its samples are lost.
    """
    images = tf1.placeholder_with_default(images, (None, *images.shape[1:]), "images")
    return images, tf1.placeholder_with_default(labels, (None, *labels.shape[1:]), "labels")


def scaled(pixels: np.ndarray) -> np.ndarray:
    """Pixels 0..255 as float32 0..1, for training and test alike: the originals forgot it at the test."""
    return pixels.astype(np.float32) / np.float32(255)


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """Class numbers `(n,)` as float32 `(n, classes)`."""
    return np.eye(classes, dtype=np.float32)[labels]


def decoded(content: tf1.Tensor, schema: Schema) -> tf1.Tensor:
    """A stored sample, a scalar string, as float32 of `schema.shape`, 0..1; encoded images have Pillow's pixels."""
    if schema.encoding == "raw":
        pixels = tf1.reshape(tf1.decode_raw(content, tf1.uint8), schema.shape)
    elif schema.encoding == "png":
        pixels = tf1.image.decode_png(content, schema.shape[-1])
    else:
        pixels = tf1.image.decode_jpeg(content, schema.shape[-1], dct_method="INTEGER_ACCURATE")
    pixels = tf1.ensure_shape(pixels, schema.shape)
    return tf1.cast(pixels, tf1.float32) / 255.0


def opened(stored: Stored, split: str, format: str) -> StoredSplit:
    """A split of labelled images. Raises `InputError` for another format, other samples, or no such split."""
    manifest = stored.manifest
    if manifest.format != format:
        raise InputError(f"{stored.path} holds {manifest.format}, not {format}; convert the dataset with --to {format}")
    if split not in stored.splits:
        raise InputError(f"{stored.path} has no {split} split, only {', '.join(stored.splits)}")
    if not (manifest.schema.is_image and manifest.schema.has_classes):
        raise InputError(f"{stored.path} holds no images with classes; choose another dataset")
    return stored.splits[split]


def check_blocks(split: StoredSplit) -> None:
    """Read all of a split, checksums included. Raises `InputError` that names the first bad file and record."""
    for block, count in enumerate(split.blocks.counts):
        split.blocks.read(block, 0, int(count))
