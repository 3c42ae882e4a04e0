"""Summaries: numbers on their way into TensorBoard's files."""

import tempfile
from pathlib import Path

import tensorflow as tf

tf1 = tf.compat.v1
TITLE = "a curve for TensorBoard"
WATCH = (
    "merge_all takes the summaries that exist when it is called. What is made later is in no file, without a warning."
)

LOSSES = (0.9, 0.5, 0.25)


def then():
    with tempfile.TemporaryDirectory() as folder:
        with tf1.Graph().as_default() as graph, tf1.Session() as session:
            # [make]
            loss = tf1.placeholder(tf.float32, ())
            tf1.summary.scalar("loss", loss)
            merged = tf1.summary.merge_all()
            writer = tf1.summary.FileWriter(folder, graph)
            # [write]
            for step, value in enumerate(LOSSES):
                writer.add_summary(session.run(merged, {loss: value}), step)
            writer.close()
        # [read]
        return {"curve": _read(folder, "loss")}


def now():
    with tempfile.TemporaryDirectory() as folder:
        # [make]
        writer = tf.summary.create_file_writer(folder)  # keras.callbacks.TensorBoard does this
        # [write]
        with writer.as_default():
            for step, value in enumerate(LOSSES):
                tf.summary.scalar("loss", value, step)
        writer.close()
        # [read]
        return {"curve": _read(folder, "loss")}


def trap():
    with tempfile.TemporaryDirectory() as folder:
        with tf1.Graph().as_default(), tf1.Session() as session:
            value = tf1.placeholder(tf.float32, ())
            tf1.summary.scalar("loss", value)
            merged = tf1.summary.merge_all()
            tf1.summary.scalar("accuracy", value)  # too late
            writer = tf1.summary.FileWriter(folder)
            writer.add_summary(session.run(merged, {value: 1.0}), 0)
            writer.close()
        return {f"points of {name}": len(_read(folder, name)) for name in ("loss", "accuracy")}


def _read(folder: str, name: str) -> list[float]:
    """The values of a curve in a folder's event files."""
    found = []
    for path in sorted(Path(folder).glob("events*")):
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            for value in tf1.Event.FromString(record).summary.value:
                if value.tag == name:
                    found.append(value.simple_value or float(tf.make_ndarray(value.tensor)))
    return found
