"""The order of samples: which of them make the batch (epoch, step), for each of several workers.

An order has no state: it follows from the seed, the epoch and the step, so that a run goes on at any batch. Each order
says which rows the *global* batch has; of these, worker r of N takes r, r + N, r + 2N, ... The workers together see
each sample once an epoch, make equally many steps, and one worker alone gets the global batch. A last batch that is
short may leave a worker fewer rows than others, or none: its batch is then empty, and whoever averages over workers
has to weigh by rows.

| order         | a batch is                                       | for                                              |
| ------------- | ------------------------------------------------ | ------------------------------------------------ |
| `Permuted`    | any samples                                      | samples that can be read one by one              |
| `Windows`     | samples of some blocks of files, read whole      | converted folders                                |
| `Buckets`     | samples of about one length                      | texts and sequences, padded to the longest       |
| `TextWindows` | stretches of one long text                       | models that continue a text                      |

`tf_data.pipeline.Batches` makes its order itself: `order=partial(Buckets, lengths)` says which kind.
"""

import functools
from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np

from tf_data import shuffling
from tf_data.errors import InputError

WINDOW_BYTES = 16 * 2**20
WINDOW_BLOCKS = 64
POOL = 50  # batches whose samples are sorted by length together


def permutation(count: int, *key: int) -> np.ndarray:
    """A permutation of 0..count-1 that is the same on every machine and in every version of NumPy."""
    # Generators may change how they shuffle, the raw bits of a bit generator are promised to stay.
    return np.argsort(_bits(count, *key), kind="stable")


def shuffled(positions, samples: int, seed: int, epoch):
    """The numbers of the samples that stand at `positions` of an epoch's order, by a block cipher: no table is made.

    `tf_data.shuffling` does the same in NumPy.

    Args:
        positions: Int64 vector, each in 0..samples-1.
        samples: Size of the permutation.
        seed, epoch: Decide the permutation; the same values give the same order on every machine.
    """
    import tensorflow as tf

    key = tf.stack([tf.constant(seed, tf.int64), tf.cast(epoch, tf.int64)])
    mixed = tf.random.stateless_uniform([3], key, minval=None, maxval=None, dtype=tf.int32, alg="philox")
    last = tf.constant(samples - 1, tf.int64)
    return tf.raw_ops.RandomIndexShuffle(
        index=positions, seed=tf.cast(mixed, tf.int64), max_index=last, rounds=shuffling.ROUNDS
    )


def require_seed(seed: int) -> None:
    """Raise `InputError` unless a seed is a whole number from 0 on that 63 bits hold."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**63:
        raise InputError(f"seed must be a whole number from 0 to 2**63 - 1, not {seed!r}")


class Order(ABC):
    """Which samples make a batch.

    Args:
        samples: Number of samples in an epoch.
        batch_size: Rows of the global batch; the last batch of an epoch may be smaller.
        seed: Seed of the order.
        shuffle: False gives an order without randomness, the same in each epoch.
        shard: Index of this worker and number of workers.

    Attributes:
        index_shape: Shape of one index; `()` for a sample's number.

    Raises:
        InputError: The batch size is not positive, there are no samples, there is no such worker, or a bad seed.
    """

    index_shape: tuple[int, ...] = ()

    def __init__(
        self, samples: int, batch_size: int, *, seed: int = 0, shuffle: bool = True, shard: tuple[int, int] = (0, 1)
    ):
        index, count = shard
        if batch_size < 1:
            raise InputError(f"batch size must be at least 1, not {batch_size}")
        if samples < 1:
            raise InputError("there are no samples to order")
        require_seed(seed)
        if not 0 <= index < count:
            raise InputError(f"shard {index} of {count}: the first is 0 and the last {count - 1}")
        self.samples, self.batch_size, self.seed, self.shuffle, self.shard = samples, batch_size, seed, shuffle, shard

    @property
    def steps(self) -> int:
        """Batches in an epoch, on every worker."""
        return -(-self.samples // self.batch_size)

    @abstractmethod
    def indices(self, epoch: int, step: int) -> np.ndarray:
        """The worker's rows of a batch, int64 `(rows, *index_shape)`; there may be none."""

    def tensor(self, epoch, step):
        """`indices` as a tensor, of int64 scalars; may be called inside a `tf.function`."""
        import tensorflow as tf

        found = tf.numpy_function(lambda e, s: self.indices(int(e), int(s)), [epoch, step], tf.int64)
        found.set_shape((None, *self.index_shape))
        return found

    def check(self, samples) -> None:
        """Raise `InputError` unless the order is one of these `Samples`."""
        if self.samples != len(samples):
            raise InputError(f"an order of {self.samples} samples does not go with {len(samples)}")

    def _places(self, step: int) -> np.ndarray:
        """Where the worker's rows of a batch stand in the epoch."""
        first = step * self.batch_size
        index, count = self.shard
        return np.arange(first + index, min(first + self.batch_size, self.samples), count)


class Permuted(Order):
    """Samples in a random order of all, or in their own."""

    def indices(self, epoch, step):
        places = self._places(step)
        return shuffling.shuffled(places, self.samples, self.seed, epoch) if self.shuffle else places

    def tensor(self, epoch, step):
        import tensorflow as tf

        first, (index, count) = step * self.batch_size, self.shard
        rows = tf.range(first, tf.minimum(first + self.batch_size, self.samples))
        if self.shuffle:  # all workers' rows, because the operation takes no empty vector
            rows = shuffled(rows, self.samples, self.seed, epoch)
        return rows[index::count]


class Piece(NamedTuple):
    """Neighbouring samples of one block, and where they stand in a window."""

    block: int
    start: int
    stop: int
    places: np.ndarray | slice


class Windows(Order):
    """The order of samples in blocks that are read whole, of files for instance.

    An epoch permutes the blocks; then it permutes the samples inside each *window*, a run of neighbouring blocks in the
    new order. Both permutations follow from (seed, epoch, window) alone, so that any window can be made without the
    others. Windows are whole batches and know no border of a block. Every worker reads every window; it decodes and
    keeps its own rows only.

    Args:
        counts: Samples in each block, `(blocks,)`.
        sample_bytes: Memory that one sample takes while it waits in a window.
        batch_size, seed, shuffle, shard: As in `Order`; without shuffling samples keep their order.
        start, stop: First sample of the order, and the one after the last; the others are left out.

    Attributes:
        windows: Number of windows in an epoch.
        window_steps: Batches in a window, except for the last one of an epoch.
    """

    def __init__(
        self,
        counts: np.ndarray,
        sample_bytes: int,
        batch_size: int,
        *,
        start: int = 0,
        stop: int | None = None,
        **arguments,
    ):
        ends = np.cumsum(counts)
        begins = ends - counts
        stop = int(ends[-1]) if stop is None else stop
        super().__init__(stop - start, batch_size, **arguments)
        first, last = np.maximum(begins, start), np.minimum(ends, stop)
        self._blocks = np.flatnonzero(last > first)
        self._rows = (first - begins)[self._blocks]  # where each block's samples begin
        self._counts = (last - first)[self._blocks]
        self._begins = begins[self._blocks] - start  # number, in the split, of each block's row 0
        wanted = min(WINDOW_BYTES // max(1, sample_bytes), WINDOW_BLOCKS * int(self._counts.max()))
        self.window_steps = min(self.steps, max(1, wanted // batch_size))
        self.windows = -(-self.steps // self.window_steps)
        self._arranged = functools.lru_cache(maxsize=2)(self._arrange)
        self._numbers = functools.lru_cache(maxsize=2)(lambda epoch, number: self.window(epoch, number)[1])

    def indices(self, epoch, step):
        number, turn = divmod(step, self.window_steps)
        numbers = self._numbers(epoch if self.shuffle else 0, number)
        return numbers[self.rows(turn)]

    def rows(self, turn):
        """The worker's rows of batch `turn` of a window, as a slice; `turn` may be a tensor."""
        index, count = self.shard
        return slice(turn * self.batch_size + index, (turn + 1) * self.batch_size, count)

    def window(self, epoch: int, number: int) -> tuple[list[Piece], np.ndarray]:
        """What to read for a window, the rows of all workers.

        Returns:
            Pieces that fill it, and the samples' numbers in the split by place, int64.
        """
        size = self.window_steps * self.batch_size
        low = number * size
        high = min(low + size, self.samples)
        order, ends = self._arranged(epoch if self.shuffle else 0)
        # "0, 1" stood for the worker, when each had windows of its own; without it runs could not be resumed.
        places = permutation(high - low, self.seed, epoch, 0, 1, 1 + number) if self.shuffle else None
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
            order = permutation(len(order), self.seed, epoch)
        return order, np.cumsum(self._counts[order])


class Buckets(Order):
    """Batches of samples of about equal length, so that little of a batch is padding.

    Samples are permuted and cut into pools of many batches; each pool is sorted by length and cut into batches, and
    the batches are permuted. The short batch, if there is one, comes last.

    Args:
        lengths: Lengths of the samples, `(n,)`, as `Samples.lengths` gives them.
        batch_size, seed, shuffle, shard: As in `Order`; without shuffling all come sorted, the shortest first.
        pool: Number of batches sorted together. More mean less padding, and samples of one length meet more often.
    """

    def __init__(self, lengths: np.ndarray, batch_size: int, *, pool: int = POOL, **arguments):
        super().__init__(len(lengths), batch_size, **arguments)
        if pool < 1:
            raise InputError(f"pool must be at least 1 batch, not {pool}")
        self.lengths, self.pool = np.asarray(lengths), pool
        self._arranged = functools.lru_cache(maxsize=2)(self._arrange)

    def indices(self, epoch, step):
        return self._arranged(epoch if self.shuffle else 0)[self._places(step)]

    def _arrange(self, epoch: int) -> np.ndarray:
        """All samples in an epoch's order."""
        if not self.shuffle:
            return np.argsort(self.lengths, kind="stable")
        order, size = permutation(self.samples, self.seed, epoch), self.pool * self.batch_size
        for start in range(0, self.samples, size):
            part = order[start : start + size]
            order[start : start + size] = part[np.argsort(self.lengths[part], kind="stable")]
        whole = self.samples // self.batch_size
        batches = order[: whole * self.batch_size].reshape(whole, self.batch_size)
        # The third number of the key keeps this permutation apart from the first.
        return np.concatenate([batches[permutation(whole, self.seed, epoch, 1)].ravel(), order[batches.size :]])


class TextWindows(Order):
    """Windows of one long text; an index is (first character, characters).

    Shuffled, an epoch cuts the text at equal distances from a random first place on, and permutes the windows: all of
    the text is seen, but for less than one distance at each end, and over the epochs a window begins anywhere.
    Unshuffled, row b of a batch continues row b of the batch before, as a model that keeps its state wants it; the
    windows begin with the text and end with its last whole one. Where they do not fill the last batches, their last
    rows are missing.

    Args:
        characters: Number of characters of the text, or of elements of the sequence.
        length: Characters in a window.
        batch_size, seed, shuffle, shard: As in `Order`.
        stride: Distance between the beginnings of windows; default `length`. A window of `stride + 1` characters
            holds what comes after each of the first `stride`.
    """

    index_shape = (2,)

    def __init__(self, characters: int, length: int, batch_size: int, *, stride: int | None = None, **arguments):
        stride = length if stride is None else stride
        if not 1 <= length <= characters:
            raise InputError(f"a window must have 1 to {characters} characters, all of the text, not {length}")
        if stride < 1:
            raise InputError(f"stride must be at least 1, not {stride}")
        room = characters - length  # where the last window may begin
        super().__init__(
            max(1, room // stride) if arguments.get("shuffle", True) else room // stride + 1, batch_size, **arguments
        )
        self.characters, self.length, self.stride = characters, length, stride
        self._phases = min(stride, room - (self.samples - 1) * stride + 1)
        self._permuted = functools.lru_cache(maxsize=2)(lambda epoch: permutation(self.samples, self.seed, epoch))

    def indices(self, epoch, step):
        if self.shuffle:
            windows = self._permuted(epoch)[self._places(step)]
            phase = int(_bits(1, self.seed, epoch, 1)[0] % np.uint64(self._phases))
        else:
            windows, phase = np.arange(self.shard[0], self.batch_size, self.shard[1]) * self.steps + step, 0
            windows = windows[windows < self.samples]
        starts = (windows * self.stride + phase).astype(np.int64)
        return np.stack([starts, np.full_like(starts, self.length)], axis=1)

    def check(self, samples):
        found = samples.lengths
        if found is None or len(found) != 1 or found[0] != self.characters:
            raise InputError(f"windows of {self.characters} characters want one text of that length")


def _bits(count: int, *key: int) -> np.ndarray:
    """Random uint64 numbers."""
    return np.random.Philox(np.random.SeedSequence(key)).random_raw(count)
