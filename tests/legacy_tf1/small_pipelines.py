"""What the tests of TensorFlow 1's pipelines share: how many samples there are, a session, and errors in one line."""

import contextlib

import tensorflow.compat.v1 as tf1

TRAIN, HELD_OUT, BATCH = 250, 40, 32


@contextlib.contextmanager
def opened(build, *arguments, **options):
    with tf1.Graph().as_default():
        pipeline = build(*arguments, batch_size=BATCH, **options)
        with pipeline.session() as session:
            yield session, pipeline


def one_line(caught, *said):
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    for each in said:
        assert str(each) in text
