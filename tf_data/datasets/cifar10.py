"""CIFAR-10: 32x32 colour images of ten kinds of things (Krizhevsky 2009)."""

import io
import pickle
import pickletools
import tarfile
from pathlib import Path

import numpy as np

from tf_data.archives import read_compressed, read_tar
from tf_data.dataset import Dataset, Reading, Split
from tf_data.datasets.drawing import shape_image
from tf_data.errors import InputError
from tf_data.files import download, whole_file
from tf_data.layouts import Layout, locate

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
MD5 = "c58f30108f718f92721af3b95e74349a"
ARCHIVE, FOLDER = "cifar-10-python.tar.gz", "cifar-10-batches-py"
TRAIN, TEST = tuple(f"data_batch_{number}" for number in range(1, 6)), ("test_batch",)
UNPACKED = Layout({name: (f"{FOLDER}/{name}", f"*/{FOLDER}/{name}", name) for name in TRAIN + TEST})
PACKED = Layout({"archive": (ARCHIVE, "cifar-10-python.tar")})
BATCH_BYTES = 2**25  # an official batch has 31 million
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


# What a pickle needs to hold a NumPy array; NumPy renamed the first in version 2.
ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}


class BatchUnpickler(pickle.Unpickler):
    """Reads dictionaries, lists, strings, numbers and NumPy arrays: all that the batches hold, and nothing else."""

    def find_class(self, module, name):
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it wants {module}.{name}, which no CIFAR-10 file does; do not trust it")
        return {"_reconstruct": _empty, "ndarray": Form, "dtype": np.dtype}[name]


class Form:
    """Stands for `numpy.ndarray`, which a pickle could call with any shape."""


def _empty(form, shape, letter) -> np.ndarray:
    """What NumPy's pickles begin an array with, before they fill it."""
    if form is not Form or shape != (0,):
        raise pickle.UnpicklingError(f"it wants an array of shape {shape}")
    return np.empty(0, np.uint8)


def _check_memo(content: bytes) -> None:
    """Raise `UnpicklingError` where a pickle notes something under a number that it cannot have reached.

    Python makes room for all numbers before: four damaged bytes would take gigabytes.
    """
    for count, (operation, argument, _) in enumerate(pickletools.genops(content)):
        if operation.name in ("PUT", "BINPUT", "LONG_BINPUT") and argument > count:
            raise pickle.UnpicklingError(f"its note {argument} comes after {count} steps")


def read_batch(content: bytes, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Images `(n, 32, 32, 3)` uint8 and labels `(n,)` int32 from a batch file's bytes.

    Raises:
        InputError: The data are no pickle, a pickle of something else, or arrays of a wrong size; it names `name`.
    """
    try:
        _check_memo(content)
        batch = BatchUnpickler(io.BytesIO(content), encoding="bytes").load()
        data, labels = np.asarray(batch[b"data"]), np.asarray(batch[b"labels"])
    except Exception as error:  # a damaged pickle can raise anything
        raise InputError(f"{name} is not a CIFAR-10 batch: {error}; fetch it again") from None
    if data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != 3072 or labels.shape != (len(data),):
        raise InputError(f"{name} holds {data.dtype} {data.shape} and labels {labels.shape}, not uint8 (n, 3072)")
    if labels.dtype.kind != "i" or labels.min(initial=0) < 0 or labels.max(initial=0) > 9:
        raise InputError(f"{name} has labels other than 0..9; fetch it again")
    return data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).copy(), labels.astype(np.int32)


def official(folder: Path) -> Reading:
    """The python batches, from `cifar-10-batches-py/`, from the folder itself, or from the archive."""
    layout, found = locate(folder, DATASET.layouts)
    if layout is not PACKED:
        contents = {name: read_compressed(path, BATCH_BYTES) for name, path in found.items()}
        origin = found[TRAIN[0]].parent
    else:
        origin = found["archive"]
        members = read_tar(origin, lambda name: Path(name).name in TRAIN + TEST, BATCH_BYTES, 8 * BATCH_BYTES)
        contents = {Path(name).name: content for name, content in members}
    splits = {}
    for split, names in (("train", TRAIN), ("test", TEST)):
        for name in names:
            if name not in contents:
                raise InputError(f"{origin} holds no {name}; fetch it again")
        parts = [read_batch(contents[name], str(origin / name)) for name in names]
        x, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        splits[split] = Split(split, x, y)
    return Reading(splits)


def fetch(folder: Path) -> None:
    """Download the official archive and verify its MD5."""
    download(URL, folder / ARCHIVE, MD5)


def synthetic(folder: Path, per_batch: int = 100, seed: int = 0) -> None:
    """Write coloured polygons as the official archive."""
    rng = np.random.default_rng(seed)
    with whole_file(folder / ARCHIVE) as temporary, tarfile.open(temporary, "w:gz") as archive:
        for name in TRAIN + TEST:
            labels = [int(label) for label in rng.permutation(np.arange(per_batch) % 10)]
            images = np.stack([shape_image(label, 10, rng, 32, 32) for label in labels])
            data = images.transpose(0, 3, 1, 2).reshape(per_batch, 3072)
            content = pickle.dumps({b"batch_label": name.encode(), b"labels": labels, b"data": data}, protocol=3)
            entry = tarfile.TarInfo(f"{FOLDER}/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


DATASET = Dataset(
    name="cifar10",
    title="CIFAR-10",
    shape=(32, 32, 3),
    classes=CLASSES,
    counts={"train": 50_000, "test": 10_000},
    layouts=(UNPACKED, PACKED),
    md5={ARCHIVE: MD5},
    official=official,
    synthetic=synthetic,
    download=fetch,
    homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
    licence="none stated; the page asks to cite",
    citation="Krizhevsky: Learning multiple layers of features from tiny images, 2009",
)
