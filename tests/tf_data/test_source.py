"""Samples and batches for loaders other than TensorFlow's."""

import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import tensorflow as tf

from tf_data.dataset import Split
from tf_data.errors import InputError
from tf_data.order import TextWindows, shuffled
from tf_data.samples import Texts
from tf_data.shuffling import shuffled as shuffled_by_numpy


@pytest.mark.parametrize("count", [1, 2, 7, 2**16, 2**16 + 1, 757_375, 2**40 + 1])
def test_numpy_shuffles_as_tensorflow_does(count):
    places = np.random.default_rng(0).integers(0, count, 100)
    for seed, epoch in ((0, 0), (2**63 - 1, 5), (3, 2**33)):
        expected = shuffled(tf.constant(places), count, seed, tf.constant(epoch, tf.int64))
        np.testing.assert_array_equal(shuffled_by_numpy(places, count, seed, epoch), expected)


def test_a_source_has_a_length_and_counts_from_both_ends(digits):
    samples, batches = digits.train.source(), digits.train.batch_source(64, seed=1, epochs=2)
    assert (len(samples), len(batches)) == (4000, 2 * 63)
    np.testing.assert_array_equal(samples[-1][0], samples[3999][0])
    assert samples[7][0].dtype == np.float32
    assert samples[7][0].max() <= 1
    assert digits.train.source(raw=True)[7][0].max() > 1
    np.testing.assert_array_equal(batches[-1][1], batches[125][1])
    assert len(batches[62][1]) == 4000 - 62 * 64
    for source in (samples, batches):
        with pytest.raises(IndexError, match=f"no item {len(source)} of {len(source)}"):
            source[len(source)]


@pytest.mark.parametrize("arguments", [{}, {"shuffle": False}, {"shard": (1, 3)}, {"raw": True}])
def test_a_source_gives_the_batches_of_tensorflow(digits, arguments):
    source = digits.validation.batch_source(64, seed=3, epoch=2, epochs=2, **arguments)
    expected = [b for epoch in (2, 3) for b in digits.validation.batches(64, seed=3, epoch=epoch, **arguments)]
    assert len(source) == len(expected)
    for mine, theirs in zip(source, expected, strict=True):
        for one, other in zip(mine, theirs, strict=True):
            assert one.dtype == other.dtype.as_numpy_dtype
            np.testing.assert_array_equal(one, other)


def test_windows_of_a_text_come_from_a_source():
    split = Split("train", Texts(["one long text of many characters"]))
    source = split.batch_source(3, order=partial(TextWindows, 32, 9, stride=8))
    rows = [text for (x,) in source for text in x]
    assert len(rows) == 2
    assert all(len(text) == 9 and text in "one long text of many characters" for text in rows)
    with pytest.raises(InputError, match="windows of 31 characters want one text of that length"):
        split.batch_source(3, order=partial(TextWindows, 31, 9))


def test_a_source_needs_no_tensorflow(digits):
    program = (
        "import sys; sys.modules.update(tensorflow=None, keras=None)\n"  # as if they were not installed
        "import tf_data\n"
        "batches = tf_data.load('mnist', source='embedded').train.batch_source(64, seed=1, epoch=3)\n"
        "print(float(batches[5][0].sum()), *batches[5][1])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    x, y = digits.train.batch_source(64, seed=1, epoch=3)[5]
    assert done.stdout.split() == [str(float(x.sum())), *map(str, y)]


def test_pytorch_s_loader_gives_the_same_batches(digits):
    """In processes of its own, each of which gets a pickle of the source."""
    data = pytest.importorskip("torch.utils.data")
    source = digits.test.batch_source(64, seed=1)
    source[0]
    loader = data.DataLoader(source, batch_size=None, num_workers=2, multiprocessing_context="fork")
    for mine, (x, y) in zip(source, loader, strict=True):
        np.testing.assert_array_equal(mine[0], x)
        np.testing.assert_array_equal(mine[1], y)


def test_grain_gives_the_same_batches(digits):
    grain = pytest.importorskip("grain.python")
    batches = digits.train.batch_source(64, seed=3)
    expected = [digits.train.batch_source(64, seed=3)[step] for step in range(len(batches))]
    for found in (grain.MapDataset.source(batches), grain.MapDataset.source(batches).to_iter_dataset()):
        found = list(found)
        assert len(found) == len(expected)
        for batch, same in zip(found, expected, strict=True):
            np.testing.assert_array_equal(batch[0], same[0])
            np.testing.assert_array_equal(batch[1], same[1])
    sampler = grain.IndexSampler(len(digits.train), seed=0, num_epochs=1)
    loader = grain.DataLoader(data_source=digits.train.source(), sampler=sampler, operations=[grain.Batch(64)])
    assert sum(len(y) for _, y in loader) == len(digits.train)
