"""The order of `tf_data.order.shuffled` in NumPy, for loaders that know no TensorFlow; number for number the same.

Two ciphers: Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") makes a key from seed and
epoch, as TensorFlow's `stateless_uniform` does; Simon (Beaulieu et al. 2013, eprint 2013/404) with words of half the bits
that the numbers need encrypts a place with it, again and again until a number comes out (Black and Rogaway 2002).
"""

import functools

import numpy as np

WORD32 = 0xFFFFFFFF
SCRAMBLE = (0x3EC8F720, 0x02461E29)  # the key under which TensorFlow mixes seeds
LEAST_BITS = 16  # of a block; smaller ones leave patterns
# The public `index_shuffle` makes 4 rounds and takes the seed as it is. On 60,000 samples that leaves the orders of
# neighbouring epochs with a correlation of 0.9, and batches that are far too even; from 8 rounds on none can be seen.
ROUNDS = 24


def shuffled(positions: np.ndarray, samples: int, seed: int, epoch: int) -> np.ndarray:
    """The numbers of the samples that stand at `positions` of an epoch's order.

    Args:
        positions: Integers in 0..samples-1, of any shape.
        samples: Size of the permutation.
        seed: First half of the key that decides the permutation; 0 <= seed < 2**63.
        epoch: The other half, in the same range.

    Returns:
        Int64 in the shape of `positions`.
    """
    if samples <= 1 << LEAST_BITS:
        return _whole(samples, seed, epoch)[positions]
    width = -(-(samples - 2).bit_length() // 2)  # half of the bits of the last number, rounded up
    keys = _round_keys(seed, epoch, width)
    found = np.array(positions, np.uint64)
    walking = np.ones(found.shape, bool)
    while walking.any():  # four times on average at most, because the block has at most two bits too many
        found[walking] = _encrypted(found[walking], keys, width)
        walking &= found >= samples
    return found.astype(np.int64)


@functools.lru_cache(maxsize=4)
def _whole(samples: int, seed: int, epoch: int) -> np.ndarray:
    """The whole order of so few samples that a block has many more places than there are samples."""
    width = LEAST_BITS // 2
    then = _encrypted(np.arange(1 << LEAST_BITS, dtype=np.uint64), _round_keys(seed, epoch, width), width)
    for _ in range(LEAST_BITS + 1):  # each turn doubles how often a place has been encrypted
        then = np.where(then < samples, then, then[then])
    return then[:samples].astype(np.int64)


def _philox(counter: tuple[int, ...], key: tuple[int, int]) -> tuple[int, ...]:
    """Four random 32-bit words for four of a counter and two of a key."""
    (a, b, c, d), (k0, k1) = counter, key
    for _ in range(10):
        first, second = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = (second >> 32) ^ b ^ k0, second & WORD32, (first >> 32) ^ d ^ k1, first & WORD32
        k0, k1 = (k0 + 0x9E3779B9) & WORD32, (k1 + 0xBB67AE85) & WORD32
    return a, b, c, d


def _round_keys(seed: int, epoch: int, width: int) -> list[int]:
    """A word of `width` bits for each round."""
    mixed = _philox(tuple((number >> shift) & WORD32 for number in (seed, epoch) for shift in (0, 32)), SCRAMBLE)
    mask = (1 << width) - 1
    bits = 0x7369F885192C0EF5 & mask
    keys = [word & mask for word in _philox((0, 0, *mixed[2:]), mixed[:2])[:3]]

    def turned(x: int, by: int) -> int:
        return (x >> by | x << (width - by)) & mask

    for number in range(3, ROUNDS):
        keys.append((0xFFFFFFFC & mask) ^ (bits & 1) ^ keys[number - 3] ^ turned(keys[-1], 3) ^ turned(keys[-1], 4))
        bits >>= 1
    return keys


def _encrypted(values: np.ndarray, keys: list[int], width: int) -> np.ndarray:
    mask, shift = np.uint64((1 << width) - 1), np.uint64(width)

    def mixed(x: np.ndarray, word: int) -> np.ndarray:
        one, two, eight = ((x << np.uint64(by) | x >> np.uint64(width - by)) & mask for by in (1, 2, 8))
        return (one & eight) ^ two ^ np.uint64(word)

    left, right = values >> shift & mask, values & mask
    for first, second in zip(keys[::2], keys[1::2], strict=True):
        left = left ^ mixed(right, first)
        right = right ^ mixed(left, second)
    return left << shift | right
