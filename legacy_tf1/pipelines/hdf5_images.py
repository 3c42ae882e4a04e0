"""mech-hdf5-images: runs of neighbouring rows of an HDF5 file, each shuffled in memory, cut into batches and fed.

The file's rows are in random order already (`convert --shuffle 123`), because reading single rows at random is a
hundred times slower than reading runs of them.
"""

from collections.abc import Iterator

import numpy as np

from legacy_tf1.pipelines.feed import Feed, cut, fed_from, opened
from tf_data.errors import InputError
from tf_data.formats import Stored, StoredSplit

BATCH_SIZE = 100
PREFETCH_BATCHES = 10


def batches(
    split: StoredSplit,
    batch_size: int,
    *,
    prefetch_batches: int = PREFETCH_BATCHES,
    seed: int = 123,
    epoch: int = 0,
    shuffle: bool = True,
    scale: bool = True,
    onehot: bool = True,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """One epoch in NumPy; only its last batch may be smaller.

    Args:
        split: A split of an HDF5 folder.
        prefetch_batches: Number of batches that are read in one go, and whose samples are shuffled together.
        shuffle, scale, onehot: See `npz_chunks.batches`.

    Raises:
        InputError: `prefetch_batches` is not positive, or the file is missing or damaged.
    """
    if prefetch_batches < 1:
        raise InputError(f"prefetch_batches must be at least 1, not {prefetch_batches}")
    run = prefetch_batches * batch_size
    classes = len(split.blocks.schema.classes) if onehot else 0
    for first in range(0, len(split), run):
        images, labels = split.read_stored(np.arange(first, min(first + run, len(split))))
        key = (seed, epoch, first) if shuffle else None
        yield from cut(images, labels, batch_size, key=key, scale=scale, classes=classes)


def build(
    stored: Stored,
    split: str = "train",
    batch_size: int = BATCH_SIZE,
    seed: int = 123,
    prefetch_batches: int = PREFETCH_BATCHES,
) -> Feed:
    """Placeholders, and batches of an HDF5 file to feed. Raises `InputError` for a folder of another format."""
    file = opened(stored, split, "hdf5")
    arguments = {"prefetch_batches": prefetch_batches, "seed": seed}
    steps = -(-len(file) // batch_size)
    return fed_from(file, steps, lambda number: batches(file, batch_size, epoch=number, **arguments))
