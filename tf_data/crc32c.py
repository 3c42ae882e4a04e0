"""CRC-32C, the checksum of TFRecord files, with NumPy: for many rows at once, and long ones in parts."""

import functools

import numpy as np

POLYNOMIAL = 0x82F63B78  # Castagnoli's, with the bits reversed
PART = 512  # bytes that one step takes; the table has 256 numbers for each
MASK = 0xA282EAD8


def masked(rows: np.ndarray) -> np.ndarray:
    """The masked CRC-32C of each row, as TFRecord files hold it.

    Args:
        rows: Bytes, uint8 `(n, length)`.

    Returns:
        uint32 `(n,)`.
    """
    crc = crc32c(rows)
    return ((crc >> np.uint32(15)) | (crc << np.uint32(17))) + np.uint32(MASK)


def crc32c(rows: np.ndarray) -> np.ndarray:
    """The CRC-32C of each row.

    The checksum is linear: every byte adds what `_table` has for its value and the number of bytes that follow it.

    Args:
        rows: Bytes, uint8 `(n, length)`.

    Returns:
        uint32 `(n,)`.
    """
    count, length = rows.shape
    if length < 4:
        return np.array([_bytewise(row) for row in rows], np.uint32)
    width = min(length, PART)
    padded = np.zeros((count, -(-length // width) * width), np.uint8)  # zeros in front change nothing
    padded[:, padded.shape[1] - length :] = rows
    # Beginning with all ones is the same as having the first four bytes inverted.
    padded[:, padded.shape[1] - length :][:, :4] ^= np.uint8(255)
    places = np.arange((width - 1) * 256, -1, -256)
    found = _table().take(places + padded.reshape(count, -1, width))
    states, level = np.bitwise_xor.reduce(found, axis=2), 0
    while states.shape[1] > 1:
        if states.shape[1] % 2:
            states = np.concatenate([np.zeros((count, 1), np.uint32), states], axis=1)
        states, level = _followed(states[:, ::2], level) ^ states[:, 1::2], level + 1
    return ~states[:, 0]


def _followed(states: np.ndarray, level: int) -> np.ndarray:
    """What states become when `PART` * 2**level zeros follow."""
    table, after = _zeros(level), np.zeros_like(states)
    for place in range(4):
        after ^= table[place].take((states >> np.uint32(8 * place)) & np.uint32(255))
    return after


@functools.cache
def _zeros(level: int) -> np.ndarray:
    """What a byte of a state becomes when `PART` * 2**level zeros follow, by its place, uint32 `(4, 256)`."""
    if level == 0:
        return _table()[[PART - 1 - place for place in range(4)]]
    return _followed(_zeros(level - 1), level - 1)


def _bytewise(row: np.ndarray) -> int:
    table, state = _table(), 0xFFFFFFFF
    for byte in row.tolist():
        state = int(table[0, (state ^ byte) & 255]) ^ (state >> 8)
    return state ^ 0xFFFFFFFF


@functools.cache
def _table() -> np.ndarray:
    """What a byte adds to the checksum, by the number of bytes that follow it, uint32 `(PART, 256)`."""
    table = np.empty((PART, 256), np.uint32)
    state = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        state = (state >> np.uint32(1)) ^ np.where(state & np.uint32(1), np.uint32(POLYNOMIAL), np.uint32(0))
    table[0] = state
    for follow in range(1, PART):
        before = table[follow - 1]
        table[follow] = (before >> np.uint32(8)) ^ table[0, before & np.uint32(255)]
    return table
