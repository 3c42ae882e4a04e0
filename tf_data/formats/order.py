"""In which order the samples of a converted split come, when they lie in blocks that are read whole.

An epoch permutes the blocks; then it permutes the samples inside each *window*, a run of neighbouring blocks in the new
order. Both permutations follow from (seed, epoch, window) alone, so that any window can be made without the others: an
epoch holds every sample once, and a run goes on at any step. Windows are whole batches and know no border of a block.
"""

import functools
from typing import NamedTuple

import numpy as np

from tf_data.errors import InputError

WINDOW_BYTES = 16 * 2**20
WINDOW_BLOCKS = 64


class Piece(NamedTuple):
    """Neighbouring samples of one block, and where they stand in a window."""

    block: int
    start: int
    stop: int
    places: np.ndarray | slice


def permutation(count: int, *key: int) -> np.ndarray:
    """A permutation of 0..count-1 that is the same on every machine and in every version of NumPy."""
    # Generators may change how they shuffle, the raw bits of a bit generator are promised to stay.
    bits = np.random.Philox(np.random.SeedSequence(key)).random_raw(count)
    return np.argsort(bits, kind="stable")


def share(samples: int, shard: tuple[int, int]) -> tuple[int, int]:
    """The part of an epoch's order, `low` to `high`, that worker `index` of `count` takes.

    Raises:
        InputError: there is no such worker, or nothing is left for it.
    """
    index, count = shard
    if not 0 <= index < count:
        raise InputError(f"shard {index} of {count}: the first is 0 and the last {count - 1}")
    low, high = samples * index // count, samples * (index + 1) // count
    if low == high:
        raise InputError(f"{samples} samples leave nothing for shard {index} of {count}")
    return low, high


class Order:
    """The order of the samples in each epoch.

    Args:
        counts: samples in each block, `(blocks,)`.
        sample_bytes: memory that one sample takes while it waits in a window.
        batch_size: samples a batch; the last one of an epoch may be smaller.
        start, stop: leave out the samples before and after.
        seed: chooses the permutations.
        shuffle: False keeps the samples' order.
        shard: (index, count) of this worker. Together the workers see each sample once an epoch; their shares
            differ by one sample at most.

    Attributes:
        steps: batches in an epoch.
        windows: windows in an epoch.
        window_steps: batches in a window, the last one of an epoch excepted.
    """

    def __init__(
        self,
        counts: np.ndarray,
        sample_bytes: int,
        batch_size: int,
        *,
        start: int = 0,
        stop: int | None = None,
        seed: int = 0,
        shuffle: bool = True,
        shard: tuple[int, int] = (0, 1),
    ):
        ends = np.cumsum(counts)
        begins = ends - counts
        stop = int(ends[-1]) if stop is None else stop
        first, last = np.maximum(begins, start), np.minimum(ends, stop)
        self._blocks = np.flatnonzero(last > first)
        self._rows = (first - begins)[self._blocks]  # where each block's samples begin
        self._counts = (last - first)[self._blocks]
        self._begins = begins[self._blocks] - start  # number, in the split, of each block's row 0
        self._low, high = share(stop - start, shard)
        self.samples = high - self._low
        self.batch_size, self.shuffle, self._key = batch_size, shuffle, (seed, *shard)
        self.steps = -(-self.samples // batch_size)
        wanted = min(WINDOW_BYTES // max(1, sample_bytes), WINDOW_BLOCKS * int(self._counts.max()))
        self.window_steps = min(self.steps, max(1, wanted // batch_size))
        self.windows = -(-self.steps // self.window_steps)
        self._arranged = functools.lru_cache(maxsize=2)(self._arrange)

    def window(self, epoch: int, number: int) -> tuple[list[Piece], np.ndarray]:
        """What to read for a window.

        Returns:
            Pieces that fill it, and the samples' numbers in the split by place, int64.
        """
        size = self.window_steps * self.batch_size
        low = self._low + number * size
        high = min(low + size, self._low + self.samples)
        order, ends = self._arranged(epoch if self.shuffle else 0)
        seed, index, workers = self._key
        places = permutation(high - low, seed, epoch, index, workers, 1 + number) if self.shuffle else None
        numbers = np.empty(high - low, np.int64)
        pieces, at = [], low
        for turn in range(int(np.searchsorted(ends, low, side="right")), len(order)):
            block = order[turn]
            row = int(self._rows[block] + at - (ends[turn] - self._counts[block]))
            count = min(int(ends[turn]), high) - at
            where = slice(at - low, at - low + count)
            where = where if places is None else places[where]
            numbers[where] = self._begins[block] + np.arange(row, row + count)
            pieces.append(Piece(int(self._blocks[block]), row, row + count, where))
            at += count
            if at == high:
                break
        return pieces, numbers

    def _arrange(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """The blocks in an epoch's order, and how many samples there are up to the end of each."""
        order = np.arange(len(self._blocks))
        if self.shuffle:
            # Not of the shard: all workers cut the same order into their shares.
            order = permutation(len(order), self._key[0], epoch)
        return order, np.cumsum(self._counts[order])
