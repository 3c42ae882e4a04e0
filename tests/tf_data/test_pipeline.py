"""A batch is a function of (seed, epoch, step), and an epoch a fair permutation."""

import numpy as np
import pytest
import tensorflow as tf

from tf_data.dataset import Split
from tf_data.errors import InputError
from tf_data.order import shuffled
from tf_data.pipeline import Batches


def numbers(count):
    return Split("train", np.arange(count, dtype=np.int64), np.arange(count, dtype=np.int32))


def order(count, seed, epoch):
    return shuffled(tf.range(count, dtype=tf.int64), count, seed, tf.constant(epoch, tf.int64)).numpy()


@pytest.mark.parametrize("count", [1, 2, 7, 300, 60_000])
def test_each_epoch_is_a_permutation(count):
    for epoch in range(3):
        np.testing.assert_array_equal(np.sort(order(count, 1, epoch)), np.arange(count))


def test_orders_of_epochs_and_seeds_have_nothing_in_common():
    """TensorFlow's own index_shuffle fails this: neighbouring epochs correlate at 0.9."""
    count = 60_000
    orders = [order(count, seed, epoch) for seed in (0, 1) for epoch in (0, 1, 2)]
    bound = 5 / np.sqrt(count)
    for i, one in enumerate(orders):
        assert abs(np.corrcoef(one[:-1], one[1:])[0, 1]) < bound
        assert abs(np.corrcoef(one, np.arange(count))[0, 1]) < bound
        for other in orders[:i]:
            assert abs(np.corrcoef(one, other)[0, 1]) < bound


def test_batches_are_as_uneven_as_random_draws_make_them():
    """The mean place of a batch's samples spreads like that of a random draw, neither less nor more."""
    count, size = 60_000, 128
    means = [order(count, 0, epoch)[: count // size * size].reshape(-1, size).mean(axis=1) for epoch in range(4)]
    assert np.std(means) / (count / np.sqrt(12 * size)) == pytest.approx(1, abs=0.1)


def test_a_batch_depends_on_seed_epoch_and_step_only():
    batches = Batches(numbers(100), 16, seed=5)
    whole = [x.numpy() for x, _ in batches.dataset(3)]
    assert [len(batch) for batch in whole] == [16] * 6 + [4]
    for step in (6, 0, 3):
        alone = batches.at(tf.constant(3, tf.int64), tf.constant(step, tf.int64))[0].numpy()
        np.testing.assert_array_equal(alone, whole[step])
        first = batches.at(tf.constant(3, tf.int64), tf.constant(step, tf.int64), tf.constant(2))[0].numpy()
        np.testing.assert_array_equal(first, whole[step][:2])
    rest = [x.numpy() for x, _ in Batches(numbers(100), 16, seed=5).dataset(3, start=4)]
    for a, b in zip(rest, whole[4:], strict=True):
        np.testing.assert_array_equal(a, b)


def test_several_epochs_follow_each_other():
    batches = Batches(numbers(10), 4, seed=1)
    together = [x.numpy().tolist() for x, _ in batches.dataset(2, start=1, epochs=2)]
    assert together == [
        x.numpy().tolist() for epoch, start in ((2, 1), (3, 0)) for x, _ in batches.dataset(epoch, start)
    ]


def test_labels_stay_with_their_samples():
    for x, y in numbers(50).batches(8, seed=2, epoch=1):
        np.testing.assert_array_equal(x, y)


def test_without_shuffling_the_order_is_the_files():
    x = np.concatenate([x for x, _ in numbers(10).batches(4, shuffle=False)])
    np.testing.assert_array_equal(x, np.arange(10))


def test_memory_mapped_samples_give_the_same_batches(tmp_path):
    array = np.random.default_rng(0).integers(0, 255, (40, 3, 3, 1), dtype=np.uint8)
    np.save(tmp_path / "x.npy", array)
    mapped = Batches(Split("train", np.load(tmp_path / "x.npy", mmap_mode="r"), np.arange(40)), 8, seed=3)
    assert not mapped.in_memory
    for (a, _), (b, _) in zip(mapped.dataset(1), Batches(Split("train", array, np.arange(40)), 8, seed=3).dataset(1)):
        np.testing.assert_array_equal(a, b)


def test_no_sleeping_tuner_keeps_an_iterator_from_going():
    batches = Batches(numbers(50), 8)
    for dataset in (batches.dataset(), batches.host_dataset(), batches.dataset().map(lambda x, y: x)):
        assert dataset.options().autotune.enabled is False


def test_bad_arguments_are_refused():
    with pytest.raises(InputError, match="batch size"):
        Batches(numbers(10), 0)
    with pytest.raises(InputError, match="holds no samples"):
        Batches(numbers(0), 4)
    with pytest.raises(InputError, match="10 samples but 9 labels"):
        Split("train", np.zeros(10), np.zeros(9))
