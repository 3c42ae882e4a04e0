"""Every way of feeding, as data: the files it reads, the module that builds it, and how it is written today.

Importing this loads no TensorFlow.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tf_data import formats
from tf_data.command import nearest
from tf_data.dataset import Data
from tf_data.errors import InputError
from tf_data.formats import Options, Source, Stored
from tf_models.configs import get as get_recipe
from tf_models.configs.recipe import Recipe

AT_LEAST = 1.0  # how many times as fast tf.data is to be
QUEUES_AT_LEAST = 5.0  # where Python threads filled a queue


@dataclass(frozen=True)
class Mechanism:
    """One way of feeding a TensorFlow 1 graph.

    Attributes:
        topic: Id of the topic; the recipe of this id is the partner in TensorFlow 2.
        name: What TensorFlow 1 does, in its own words.
        partner: What `tf_data` does with the same files.
        module: Module below `legacy_tf1.pipelines`; its `build` takes the folder and `options`.
        format: Format of the files, with `encoding` and the seed `shuffle` that orders them.
        options: Arguments of `build`.
        ends: Whether `build` needs the number of epochs, because the mechanism cannot begin anew.
        goal: How many times as fast the partner is to be.
    """

    topic: str
    name: str
    partner: str
    module: str
    format: str
    encoding: str | None = None
    shuffle: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    ends: bool = False
    goal: float = AT_LEAST

    @property
    def recipe(self) -> Recipe:
        """The partner, whose batch size, epochs and learning rate both sides have."""
        return get_recipe(self.topic)

    def write(self, data: Data, folder: Path) -> Stored:
        """Convert the data into a folder of this mechanism's format below `folder`, unless it is there, and open it."""
        place = Path(folder) / self.format
        formats.write(Source.of(data, self.shuffle), self.format, place, Options(encoding=self.encoding, quiet=True))
        return formats.open(place)

    def build(self, stored: Stored, batch_size: int, epochs: int | None = None):
        """Add the mechanism to the default graph: a `feed.Feed` of the training split.

        Args:
            epochs: Number of epochs after which a mechanism that `ends` does so; None never ends a queue.
        """
        module = importlib.import_module(f"legacy_tf1.pipelines.{self.module}")
        arguments = {"epochs": epochs} if self.ends else {}
        return module.build(stored, batch_size=batch_size, **self.options, **arguments)


FILE_QUEUES = {
    "topic": "mech-file-queues",
    "partner": "images read in windows ahead, decoded in parallel",
    "module": "file_queues",
    "format": "images",
    "encoding": "jpeg",
    "ends": True,
    "goal": QUEUES_AT_LEAST,
}
DATASET_API = {
    "topic": "mech-dataset-api",
    "partner": FILE_QUEUES["partner"],
    "module": "dataset_api",
    "format": "images",
    "encoding": "jpeg",
}

MECHANISMS = (
    Mechanism(
        topic="mech-npz-chunks",
        name="generator over npz files, feed_dict",
        partner="windows of npz files read ahead",
        module="npz_chunks",
        format="npz",
    ),
    Mechanism(
        topic="mech-hdf5-images",
        name="runs of HDF5 rows, feed_dict",
        partner="windows of HDF5 chunks read ahead",
        module="hdf5_images",
        format="hdf5",
        shuffle=123,
    ),
    Mechanism(
        topic="mech-tfrecords",
        name="TFRecordReader, shuffle_batch, 8 threads",
        partner="windows of records read ahead, parsed together",
        module="tfrecords",
        format="tfrecord",
        ends=True,
        goal=QUEUES_AT_LEAST,
    ),
    Mechanism(name="WholeFileReader, QueueRunner, 1 thread", options={"threads": 1}, **FILE_QUEUES),
    Mechanism(name="WholeFileReader, QueueRunner, 4 threads", options={"threads": 4}, **FILE_QUEUES),
    Mechanism(name="one-shot iterator", options={"kind": "one-shot"}, ends=True, **DATASET_API),
    Mechanism(name="initialisable iterator", options={"kind": "initialisable"}, **DATASET_API),
    Mechanism(name="reinitialisable iterator", options={"kind": "reinitialisable"}, **DATASET_API),
    Mechanism(name="feedable iterator", options={"kind": "feedable"}, **DATASET_API),
)
TOPICS = tuple(dict.fromkeys(mechanism.topic for mechanism in MECHANISMS))


def of_topic(topic: str | None = None) -> tuple[Mechanism, ...]:
    """The mechanisms of a topic, or all. Raises `InputError` for an unknown topic, naming the nearest."""
    if topic is None:
        return MECHANISMS
    if topic not in TOPICS:
        raise InputError(f"no pipeline {topic!r}{nearest(topic, TOPICS) or '; known: ' + ', '.join(TOPICS)}")
    return tuple(mechanism for mechanism in MECHANISMS if mechanism.topic == topic)
