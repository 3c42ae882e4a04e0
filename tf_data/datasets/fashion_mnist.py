"""Fashion-MNIST: 28x28 grey images of clothes in MNIST's file form (Xiao et al. 2017)."""

from pathlib import Path

import numpy as np

from tf_data.dataset import Dataset, Reading, Split
from tf_data.datasets import idx
from tf_data.datasets.drawing import shape_image
from tf_data.errors import InputError
from tf_data.files import download

MIRROR = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
MD5 = {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}


def official(folder: Path, hold_out: int = 0) -> Reading:
    """The four files; with `hold_out`, the train pair alone.

    Args:
        folder: Folder that holds the files.
        hold_out: Use this many samples from the end of the train pair as the test split, for a folder without the
            t10k pair. 0 reads the t10k pair.
    """
    if not hold_out:
        return idx.read_pairs(folder)
    train = idx.read_pair(folder, "train")
    if not 0 < hold_out < len(train):
        raise InputError(f"cannot hold out {hold_out} of {len(train)} samples in {folder}")
    cut = len(train) - hold_out
    return Reading({"train": train.slice(0, cut), "test": train.slice(cut, len(train), "test")})


def fetch(folder: Path) -> None:
    """Download the four official files and verify their MD5s."""
    for file, md5 in MD5.items():
        download(MIRROR + file, folder / file, md5)


def synthetic(folder: Path, counts=None, seed: int = 0) -> None:
    """Write grey polygons as the four official files."""
    rng = np.random.default_rng(seed)
    splits = {}
    for name, count in (counts or {"train": 1000, "test": 200}).items():
        labels = (np.arange(count) % 10).astype(np.int32)
        images = np.stack([shape_image(label, 10, rng, 28, 28).mean(axis=2) for label in labels])
        splits[name] = Split(name, images[..., None].astype(np.uint8), labels)
    idx.write_pairs(folder, splits)


DATASET = Dataset(
    name="fashion-mnist",
    title="Fashion-MNIST",
    shape=(28, 28, 1),
    classes=(
        "T-shirt/top",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ),
    counts={"train": 60_000, "test": 10_000},
    layouts=(idx.layout("train", "test"),),
    md5=MD5,
    official=official,
    synthetic=synthetic,
    download=fetch,
    homepage="https://github.com/zalandoresearch/fashion-mnist",
    licence="MIT",
    citation="Xiao, Rasul, Vollgraf: Fashion-MNIST, 2017, arXiv 1708.07747",
)
