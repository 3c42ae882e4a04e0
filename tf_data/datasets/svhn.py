"""Street View House Numbers, cropped digits: 32x32 colour (Netzer et al. 2011)."""

from pathlib import Path

import numpy as np

from tf_data import mat_files
from tf_data.dataset import Dataset, Reading, Split
from tf_data.datasets.mnist import draw_digit
from tf_data.errors import InputError
from tf_data.files import download, whole_file
from tf_data.layouts import Layout, locate

URL = "http://ufldl.stanford.edu/housenumbers/"
MD5 = {"train_32x32.mat": "e26dedcc434d2e4c54c9b2d4a06d8373", "test_32x32.mat": "eb5a983be6a315427106f1b164d9cef3"}


MOST_BYTES = 2**31  # of an array: the 531,131 extra digits have 1.6 billion
LAYOUT = Layout({name: (f"{name}_32x32.mat", f"*/{name}_32x32.mat") for name in ("train", "test")})


def read_mat(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images `(n, 32, 32, 3)` uint8 and digits `(n,)` int32; the file's label 10 is digit 0.

    Raises:
        InputError: The file is missing, damaged, or not in the form of the cropped digits.
    """
    content = mat_files.read_mat(path, ("X", "y"), MOST_BYTES)
    x, y = content["X"], content["y"]
    if x.dtype != np.uint8 or x.ndim != 4 or x.shape[:3] != (32, 32, 3) or y.shape != (x.shape[3], 1):
        raise InputError(f"{path} holds X {x.dtype} {x.shape} and y {y.shape}, not uint8 (32, 32, 3, n) and (n, 1)")
    y = y[:, 0]
    if not np.isin(y, np.arange(1, 11)).all():
        record = int(np.argmax(~np.isin(y, np.arange(1, 11))))
        raise InputError(f"{path} record {record} has label {y[record]}, not 1..10")
    return np.ascontiguousarray(x.transpose(3, 0, 1, 2)), (y % 10).astype(np.int32)


def official(folder: Path) -> Reading:
    """`train_32x32.mat` and `test_32x32.mat`."""
    _, found = locate(folder, (LAYOUT,))
    return Reading({name: Split(name, *read_mat(found[name])) for name in ("train", "test")})


def fetch(folder: Path) -> None:
    """Download both files and verify their MD5s."""
    for file, md5 in MD5.items():
        download(URL + file, folder / file, md5)


def synthetic(folder: Path, counts=None, seed: int = 0) -> None:
    """Write drawn digits in colour as the official files, digit 0 as label 10."""
    from scipy.io import savemat

    rng = np.random.default_rng(seed)
    for name, count in (counts or {"train": 600, "test": 100}).items():
        digits = np.arange(count) % 10
        ink = np.stack([draw_digit(digit, rng, 32) for digit in digits])[..., None] / 255.0
        dark, light = rng.integers(0, 110, (count, 1, 1, 3)), rng.integers(150, 256, (count, 1, 1, 3))
        images = (dark + (light - dark) * ink).astype(np.uint8)
        labels = np.where(digits == 0, 10, digits).astype(np.uint8)[:, None]
        with whole_file(folder / f"{name}_32x32.mat") as temporary:
            savemat(temporary, {"X": images.transpose(1, 2, 3, 0), "y": labels}, do_compression=True)


DATASET = Dataset(
    name="svhn",
    title="SVHN, cropped digits",
    shape=(32, 32, 3),
    classes=tuple("0123456789"),
    counts={"train": 73_257, "test": 26_032},
    layouts=(LAYOUT,),
    md5=MD5,
    official=official,
    synthetic=synthetic,
    download=fetch,
    homepage="http://ufldl.stanford.edu/housenumbers/",
    licence="non-commercial use only",
    citation="Netzer et al.: Reading digits in natural images with unsupervised feature learning, 2011",
)
