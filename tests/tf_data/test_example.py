"""`tf.train.Example` messages without TensorFlow, as TensorFlow builds and reads them."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tf_data.formats.example import BadExample, build, find, parse
from tf_data.formats.manifest import Schema


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.binary(max_size=200), st.integers(-(2**63), 2**63 - 1)), min_size=1, max_size=12))
def test_examples_are_parsed_as_tensorflow_builds_them(pairs):
    schema = Schema((2, 2, 1), "uint8", (), "int64", encoding="png")
    messages = [build(schema, data, np.int64(label)) for data, label in pairs]
    x, y = parse(messages, schema)
    assert x.tolist() == [data for data, _ in pairs]
    assert y.tolist() == [label for _, label in pairs]


@settings(deadline=None, max_examples=30)
@given(st.binary(max_size=60))
def test_whatever_is_no_example_is_said_to_be_none(content):
    schema = Schema((2,), "float32", (), "int32")
    try:
        tf.train.Example.FromString(content)
    except Exception:
        with pytest.raises(BadExample):
            parse([content], schema)


def test_examples_that_lack_something_are_named():
    schema = Schema((2,), "float32", (3,), "int32")
    good = build(schema, np.ones(2, np.float32), np.array([1, 200, 3]))
    with pytest.raises(BadExample, match="8 bytes under 'features', not 12") as error:
        parse([good, good], replace(schema, shape=(3,)))
    assert error.value.record == 0
    with pytest.raises(BadExample, match="no numbers under 'label'"):
        parse([build(schema, np.ones(2, np.float32), None)], schema)
    with pytest.raises(BadExample, match="label of 3 numbers, not 2"):
        parse([good], replace(schema, label_shape=(2,)))
    with pytest.raises(BadExample, match=r"not a tf\.train\.Example") as error:
        parse([good, good[:-1]], schema)
    assert error.value.record == 1
    assert set(find(np.frombuffer(good, np.uint8))) == {"features", "label"}
