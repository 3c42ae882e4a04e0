"""The order of stored samples: permutations by (seed, epoch), windows of bounded size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tf_data import order as orders
from tf_data.errors import InputError
from tf_data.order import Windows, permutation

COUNTS = st.lists(st.integers(1, 9), min_size=1, max_size=12)
fast = settings(deadline=None, max_examples=60)


def epoch_of(order, epoch):
    """The samples' numbers in an epoch's order, as windows give them; checks that pieces and numbers agree."""
    numbers = []
    for window in range(order.windows):
        pieces, found = order.window(epoch, window)
        filled = np.full(len(found), -1)
        for piece in pieces:
            filled[piece.places] = piece.block * 1000 + np.arange(piece.start, piece.stop)
        assert (filled >= 0).all()
        numbers.append((found, filled))
    return np.concatenate([found for found, _ in numbers]), np.concatenate([filled for _, filled in numbers])


@pytest.fixture
def small_windows(monkeypatch):
    monkeypatch.setattr(orders, "WINDOW_BLOCKS", 2)


@fast
@given(COUNTS, st.integers(1, 7), st.integers(0, 3), st.integers(0, 3), st.data())
def test_every_epoch_holds_each_sample_once(counts, batch, seed, epoch, data):
    counts = np.array(counts)
    samples = int(counts.sum())
    start = data.draw(st.integers(0, samples - 1))
    stop = data.draw(st.integers(start + 1, samples))
    order = Windows(counts, 10**6 * 5, batch, start=start, stop=stop, seed=seed)
    numbers, _ = epoch_of(order, epoch)
    np.testing.assert_array_equal(np.sort(numbers), np.arange(stop - start))
    assert order.steps == -(-(stop - start) // batch)


@fast
@given(COUNTS, st.integers(1, 7))
def test_pieces_are_where_the_numbers_say(counts, batch):
    counts = np.array(counts)
    place = np.concatenate([block * 1000 + np.arange(count) for block, count in enumerate(counts)])
    numbers, filled = epoch_of(Windows(counts, 10**7, batch), 1)
    np.testing.assert_array_equal(filled, place[numbers])


def test_epochs_and_seeds_have_orders_of_their_own():
    counts = np.full(60, 100)
    seen = [epoch_of(Windows(counts, 784, 64, seed=seed), epoch)[0] for seed in (0, 1) for epoch in (0, 1, 2)]
    bound = 5 / np.sqrt(6000)
    for i, one in enumerate(seen):
        assert abs(np.corrcoef(one, np.arange(6000))[0, 1]) < bound
        assert abs(np.corrcoef(one[:-1], one[1:])[0, 1]) < bound
        for other in seen[:i]:
            assert abs(np.corrcoef(one, other)[0, 1]) < bound


def test_small_windows_still_mix_blocks_from_everywhere(small_windows):
    """Samples sorted by class in blocks of 50: with windows of 2 blocks a batch still holds several classes."""
    order = Windows(np.full(40, 50), 1, 32, seed=3)
    assert order.windows > 10
    numbers, _ = epoch_of(order, 0)
    steps = numbers[: len(numbers) // 32 * 32].reshape(-1, 32)
    assert np.mean([len(set(row // 50)) for row in steps]) > 1.8
    assert np.abs(np.diff(np.median(steps, axis=1))).mean() > 300  # far jumps from batch to batch


def test_windows_are_whole_batches_of_bounded_size():
    big = Windows(np.full(1000, 500), 10_000, 64)
    size = big.window_steps * 64
    assert size * 10_000 <= orders.WINDOW_BYTES
    assert len(big.window(0, 0)[1]) == size
    single = Windows(np.ones(5000, int), 784, 64)
    assert single.window_steps == 1  # blocks of one sample are permuted already


def test_without_shuffling_the_order_is_the_files():
    numbers, _ = epoch_of(Windows(np.array([3, 1, 5]), 10**7, 2, shuffle=False), 4)
    np.testing.assert_array_equal(numbers, np.arange(9))


def test_the_permutation_never_changes():
    """Runs are resumed by later versions too, so these numbers are a promise."""
    assert permutation(8, 1, 2).tolist() == [7, 1, 3, 0, 4, 2, 6, 5]
    assert sorted(permutation(1000, 3).tolist()) == list(range(1000))


@pytest.mark.parametrize("shard", [(2, 2), (-1, 2), (0, 0)])
def test_a_shard_that_does_not_exist_is_refused(shard):
    with pytest.raises(InputError, match="shard"):
        Windows(np.array([4]), 1, 2, shard=shard)
