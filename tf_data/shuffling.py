"""The order of `tf_data.order.shuffled` in NumPy, for loaders that know no TensorFlow; number for number the same.

Two ciphers: Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") makes a key from seed and
epoch, as TensorFlow's `stateless_uniform` does; Simon (Beaulieu et al. 2013, eprint 2013/404) with words of half the bits
that the numbers need encrypts a place with it, again and again until a number comes out (Black and Rogaway 2002).
"""

import numpy as np

WORD32 = 0xFFFFFFFF
SCRAMBLE = (0x3EC8F720, 0x02461E29)  # the key under which TensorFlow mixes seeds
LEAST_BITS = 16  # of a block; smaller ones leave patterns


def philox(counter: tuple[int, ...], key: tuple[int, int]) -> tuple[int, ...]:
    """Four random 32-bit words for four of a counter and two of a key."""
    (a, b, c, d), (k0, k1) = counter, key
    for _ in range(10):
        first, second = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = (second >> 32) ^ b ^ k0, second & WORD32, (first >> 32) ^ d ^ k1, first & WORD32
        k0, k1 = (k0 + 0x9E3779B9) & WORD32, (k1 + 0xBB67AE85) & WORD32
    return a, b, c, d


def key(seed: int, epoch: int) -> tuple[int, ...]:
    """Three words that follow from seed and epoch, 64-bit integers."""
    words = [(number >> shift) & WORD32 for number in (seed, epoch) for shift in (0, 32)]
    mixed = philox(tuple(words), SCRAMBLE)
    return philox((0, 0, *mixed[2:]), mixed[:2])[:3]


def shuffled(positions: np.ndarray, samples: int, seed: int, epoch: int, rounds: int) -> np.ndarray:
    """The numbers of the samples that stand at `positions` of an epoch's order, int64 in the shape of `positions`.

    Args:
        positions: Integers in 0..samples-1.
        samples: Size of the permutation.
        seed, epoch: Decide the permutation.
        rounds: Rounds of the cipher, an even number.
    """
    if samples == 1:
        return np.zeros_like(positions, np.int64)
    needed = (samples - 2).bit_length()  # the logarithm of the last number, rounded up
    width = max(needed + needed % 2, LEAST_BITS) // 2
    keys = _round_keys(key(seed, epoch), width, rounds)
    found = np.array(positions, np.uint64)
    walking = np.ones(found.shape, bool)
    while walking.any():
        found[walking] = _encrypted(found[walking], keys, width)
        walking &= found >= samples
    return found.astype(np.int64)


def _round_keys(words: tuple[int, ...], width: int, rounds: int) -> list[int]:
    mask = (1 << width) - 1
    turned = lambda x, by: (x >> by | x << (width - by)) & mask  # noqa: E731
    keys, bits = [word & mask for word in words], 0x7369F885192C0EF5 & mask
    for number in range(3, rounds):
        keys.append((0xFFFFFFFC & mask) ^ (bits & 1) ^ keys[number - 3] ^ turned(keys[-1], 3) ^ turned(keys[-1], 4))
        bits >>= 1
    return keys


def _encrypted(values: np.ndarray, keys: list[int], width: int) -> np.ndarray:
    mask, shift = np.uint64((1 << width) - 1), np.uint64(width)

    def mixed(x, word: int):
        one, two, eight = ((x << np.uint64(by) | x >> np.uint64(width - by)) & mask for by in (1, 2, 8))
        return (one & eight) ^ two ^ np.uint64(word)

    left, right = values >> shift & mask, values & mask
    for first, second in zip(keys[::2], keys[1::2], strict=True):
        left = left ^ mixed(right, first)
        right = right ^ mixed(left, second)
    return left << shift | right
