"""mech-npz-chunks: whole npz files in a random order, each shuffled in memory, cut into batches and fed.

The original's batch loader, put right: its shuffled file order crashed, its files lacked every 5,000th image and held a
black one instead, and its "test" files were training files. What it measures as an epoch's time is Python's and
`feed_dict`'s: each batch is copied into the runtime while the graph waits.
"""

from collections.abc import Iterator

import numpy as np

from legacy_tf1.pipelines.feed import Feed, cut, fed_from, opened
from tf_data.formats import Stored, StoredSplit
from tf_data.order import permutation

BATCH_SIZE = 100


def batches(
    split: StoredSplit,
    batch_size: int,
    *,
    seed: int = 123,
    epoch: int = 0,
    shuffle: bool = True,
    shuffle_files: bool = True,
    scale: bool = True,
    onehot: bool = True,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """One epoch in NumPy. A batch never crosses the border of a file, so a file's last one may be smaller.

    Args:
        split: A split of an npz folder.
        shuffle: Whether to shuffle the samples inside each file.
        shuffle_files: Whether to shuffle the order of the files.
        scale: Whether pixels come as float32 0..1, else uint8 as stored.
        onehot: Whether labels come as float32 `(batch, classes)`, else class numbers.

    Raises:
        InputError: A file is missing or damaged.
    """
    blocks = split.blocks
    classes = len(blocks.schema.classes) if onehot else 0
    files = permutation(len(blocks.counts), seed, epoch) if shuffle_files else range(len(blocks.counts))
    for file in map(int, files):
        images, labels = blocks.read(file, 0, int(blocks.counts[file]))
        key = (seed, epoch, file) if shuffle else None
        yield from cut(images, labels, batch_size, key=key, scale=scale, classes=classes)


def build(stored: Stored, split: str = "train", batch_size: int = BATCH_SIZE, seed: int = 123) -> Feed:
    """Placeholders, and batches of npz files to feed. Raises `InputError` for a folder of another format."""
    files = opened(stored, split, "npz")
    steps = int(np.sum(-(-files.blocks.counts // batch_size)))
    return fed_from(files, steps, lambda number: batches(files, batch_size, seed=seed, epoch=number))
