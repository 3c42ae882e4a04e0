"""The formats on all of MNIST and on CelebA's own JPEG files; skipped without them."""

import numpy as np
import pytest

import tf_data
from tf_data import formats
from tf_data.formats import Options, Source

TRAIN = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.fixture(scope="module")
def mnist(data_dir):
    if not (data_dir / "mnist").is_dir():
        pytest.skip("no MNIST files")
    return tf_data.load("mnist", "official", data_dir)


@pytest.mark.parametrize("to", ["npz", "hdf5", "tfrecord", pytest.param("images", marks=pytest.mark.slow)])
def test_all_of_mnist(mnist, tmp_path, to):
    manifest = formats.write(Source.of(mnist), to, tmp_path / to, Options(quiet=True))
    assert manifest.counts == {"train": 60_000, "test": 10_000}
    assert manifest.classes == {"train": TRAIN, "test": TEST}
    stored = formats.open(tmp_path / to)
    assert stored.faults() == []
    for name, split in mnist.splits.items():
        assert (stored.splits[name].x[:] == split.x).all()
    seen, order = np.zeros(60_000, int), []
    from tf_data.pipeline import Batches

    batches = Batches(stored.splits["train"], 128, seed=1, prepare=lambda x, y, position: (x, y, position.indices))
    for x, y, indices in batches.dataset(1):
        assert len(x) == len(indices)
        seen[indices] += 1
        order.append(indices.numpy())
        assert (y.numpy() == mnist.train.y[indices]).all()
    assert (x.numpy() == mnist.train.x[indices]).all()
    assert (seen == 1).all()
    order = np.concatenate(order)
    if to != "npz":  # which mixes few files at a time
        assert abs(np.corrcoef(order[:-1], order[1:])[0, 1]) < 0.03
    rest = [indices.numpy() for *_, indices in batches.dataset(1, start=400)]
    np.testing.assert_array_equal(np.concatenate(rest), order[400 * 128 :])


def test_celeba_keeps_its_jpeg_bytes(data_dir, tmp_path):
    if not (data_dir / "celeba").is_dir():
        pytest.skip("no CelebA files")
    data = tf_data.load("celeba", "official", data_dir, limit=200)
    formats.write(Source.of(data), "tfrecord", tmp_path / "out", Options(quiet=True))
    split = formats.open(tmp_path / "out").splits["train"]
    numbers = np.arange(200)
    assert split.read_stored(numbers)[0].tolist() == data.train.x.read_stored(numbers).tolist()
    streamed = np.concatenate([x for x, _ in split.batches(50, shuffle=False, raw=True)])
    np.testing.assert_array_equal(streamed, data.train.x.read(numbers))
