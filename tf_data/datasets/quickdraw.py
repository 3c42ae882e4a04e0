"""Quick, Draw!: 28x28 grey bitmaps of drawings (Google 2017)."""

from pathlib import Path
from urllib.parse import unquote_plus

import numpy as np

from tf_data.dataset import Dataset, Reading, Split
from tf_data.datasets.drawing import shape_image
from tf_data.errors import InputError
from tf_data.files import whole_file
from tf_data.npz_files import MappedArray
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
        files: Arrays `(n, 784)` uint8 that lie in files.
        places: For each sample the number of the file and the row in it, `(count, 2)`.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, files: list[MappedArray], places: np.ndarray):
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
    """Bitmaps from `<class>.npy`, split 70/10/20 at random.

    The class may stand in a name as the bucket or a download tool gives it: `full_numpy_bitmap_<class>.npy`,
    `full%2Fnumpy_bitmap%2F<class>.npy`, with `%20` or `+` for blanks.

    Args:
        folder: Folder that holds the files.
        classes: Class names in the order of their labels; default all files, by name. `NOTEBOOK` has the original's.
        per_class: Largest number of drawings of each class; 0 for all.
        seed: Seed of the permutation that decides the split.
    """
    found, skipped = {}, []
    for path in sorted(path for name in DATASET.files for path in folder.glob(name)):
        if (name := class_name(path)) in found:
            skipped.append(f"{path} is left out: {found[name].name} is {name}, too")
        found.setdefault(name, path)
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
    return Reading(splits, classes, skipped=tuple(skipped))


def class_name(path: Path) -> str:
    """The class that a file's name tells."""
    name = unquote_plus(path.stem).rpartition("/")[2]
    return name.removeprefix("full_numpy_bitmap_").strip()


def _map(path: Path) -> MappedArray:
    array = MappedArray(path)
    if array.dtype != np.uint8 or len(array.shape) != 2 or array.shape[1] != 784 or len(array) == 0:
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
    files=("*.npy", "full/numpy_bitmap/*.npy"),
    official=official,
    synthetic=synthetic,
    homepage="https://github.com/googlecreativelab/quickdraw-dataset",
    licence="CC BY 4.0",
    citation="Google: The Quick, Draw! dataset, 2017",
)
