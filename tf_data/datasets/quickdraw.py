"""Quick, Draw!: 28x28 grey bitmaps of drawings (Google 2017)."""

from pathlib import Path

import numpy as np

from tf_data.dataset import Dataset, Reading, Split
from tf_data.datasets.drawing import shape_image
from tf_data.errors import InputError
from tf_data.files import whole_file
from tf_data.samples import Samples

FRACTIONS = {"train": 0.7, "validation": 0.1, "test": 0.2}
# The ten classes of the original notebooks, in their order.
NOTEBOOK = (
    "lollipop", "binoculars", "mouse", "basket", "penguin", "washing machine", "canoe", "eyeglasses", "beach",
    "screwdriver",
)  # fmt: skip


class Bitmaps(Samples):
    """Drawings of several classes, read from memory-mapped files when asked for.

    Args:
        files: Memory-mapped arrays `(n, 784)` uint8.
        places: For each sample the number of the file and the row in it, `(count, 2)`.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, files: list[np.ndarray], places: np.ndarray):
        self._files, self._places = files, places
        self.shape = (len(places), 28, 28, 1)

    def __getitem__(self, chosen) -> "Bitmaps":
        return Bitmaps(self._files, self._places[chosen])

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Drawings `(len(indices), 28, 28, 1)` uint8."""
        places = self._places[indices]
        out = np.empty((len(places), 784), np.uint8)
        for number in np.unique(places[:, 0]):
            rows = places[:, 0] == number
            out[rows] = self._files[number][places[rows, 1]]
        return out.reshape(-1, 28, 28, 1)


def official(folder: Path, classes: tuple[str, ...] = (), per_class: int = 0, seed: int = 3) -> Reading:
    """Bitmaps from `<class>.npy` or `full_numpy_bitmap_<class>.npy`, split 70/10/20 at random.

    Args:
        folder: Folder that holds the files.
        classes: Class names in the order of their labels; default all files, by name. `NOTEBOOK` has the original's.
        per_class: Largest number of drawings of each class; 0 for all.
        seed: Seed of the permutation that decides the split.
    """
    found = {path.stem.removeprefix("full_numpy_bitmap_"): path for path in sorted(folder.glob("*.npy"))}
    classes = tuple(classes) or tuple(sorted(found))
    files = []
    for name in classes:
        if name not in found:
            raise InputError(f"{folder} holds no {name}.npy; it has {', '.join(sorted(found)) or 'no .npy files'}")
        files.append(_map(found[name]))
    counts = [min(len(file), per_class or len(file)) for file in files]
    places = np.concatenate([np.column_stack([np.full(n, i), np.arange(n)]) for i, n in enumerate(counts)])
    order = np.random.RandomState(seed).permutation(len(places))
    splits, start = {}, 0
    for name, end in zip(FRACTIONS, np.cumsum(list(FRACTIONS.values())), strict=True):
        stop = round(len(places) * end)
        rows = places[order[start:stop]]
        splits[name] = Split(name, Bitmaps(files, rows), rows[:, 0].astype(np.int32))
        start = stop
    return Reading(splits, classes)


def _map(path: Path) -> np.ndarray:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path} is truncated or not a NumPy array ({error}); fetch it again") from None
    if array.dtype != np.uint8 or array.ndim != 2 or array.shape[1] != 784 or len(array) == 0:
        raise InputError(f"{path} holds {array.dtype} {array.shape}, not uint8 (n, 784)")
    return array


def synthetic(folder: Path, classes=("circle", "square", "star"), per_class: int = 200, seed: int = 0) -> None:
    """Write polygons as bitmaps, a file a class."""
    rng = np.random.default_rng(seed)
    for number, name in enumerate(classes):
        images = [shape_image(number, len(classes), rng, 28, 28).max(axis=2) for _ in range(per_class)]
        array = np.stack(images).reshape(per_class, 784)
        with whole_file(folder / f"{name}.npy") as temporary, open(temporary, "wb") as file:
            np.save(file, array)


DATASET = Dataset(
    name="quickdraw",
    title="Quick, Draw! bitmaps",
    shape=(28, 28, 1),
    files=("*.npy",),
    official=official,
    synthetic=synthetic,
    homepage="https://github.com/googlecreativelab/quickdraw-dataset",
    licence="CC BY 4.0",
    citation="Google: The Quick, Draw! dataset, 2017",
)
