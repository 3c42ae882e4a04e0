"""Iris: four lengths of 150 flowers (Fisher 1936), as scikit-learn carries it."""

import numpy as np

from tf_data.dataset import Dataset, Reading, Split
from tf_data.errors import InputError

CLASSES = ("setosa", "versicolor", "virginica")
FEATURES = ("sepal length", "sepal width", "petal length", "petal width")


VERSIONS = ("fisher", "uci")
# Rows in which UCI's iris.data, which many programs read, is not what Fisher printed; its dataset's page says so.
UCI = {34: (4.9, 3.1, 1.5, 0.1), 37: (4.9, 3.1, 1.5, 0.1)}


def embedded(
    classes: int = 3,
    features: tuple[int, ...] = (0, 1, 2, 3),
    test: int = 50,
    seed: int = 1,
    version: str = "fisher",
) -> Reading:
    """Shuffled rows of the first `classes` species.

    Args:
        classes: Number of classes: 2 keeps setosa and versicolor, 3 keeps all.
        features: Columns to keep, 0..3 in the order of `FEATURES`, in cm.
        test: Number of rows in the test split; the others are for training.
        seed: Seed of the NumPy permutation that decides the split.
        version: `fisher` for what Fisher printed, `uci` for the file that UCI has, with two wrong rows of setosa.

    Raises:
        InputError: The version is unknown, or the data do not have so many classes, such a column or so many rows.
    """
    from sklearn.datasets import load_iris

    x, y = load_iris(return_X_y=True)
    if classes not in (2, 3):
        raise InputError(f"iris has 2 or 3 classes to choose, not {classes}")
    if not features or not set(features) <= set(range(4)):
        raise InputError(f"iris features are a choice of 0, 1, 2, 3, not {features}")
    if version not in VERSIONS:
        raise InputError(f"iris version must be one of {', '.join(VERSIONS)}, not {version!r}")
    if version == "uci":
        x[list(UCI)] = list(UCI.values())
    rows = y < classes
    x, y = x[rows][:, list(features)].astype(np.float32), y[rows].astype(np.int32)
    if not 0 < test < len(y):
        raise InputError(f"cannot test on {test} of {len(y)} iris rows")
    order = np.random.RandomState(seed).permutation(len(y))
    x, y = x[order], y[order]
    splits = {"train": Split("train", x[test:], y[test:]), "test": Split("test", x[:test], y[:test])}
    return Reading(splits, CLASSES[:classes], tuple(f"{FEATURES[column]} (cm)" for column in features))


DATASET = Dataset(
    name="iris",
    title="Iris",
    shape=(4,),
    classes=CLASSES,
    counts={"train": 100, "test": 50},
    embedded=embedded,
    embedded_origin="sklearn.datasets.load_iris",
    homepage="https://archive.ics.uci.edu/dataset/53/iris",
    licence="CC BY 4.0 (UCI)",
    citation="Fisher: The use of multiple measurements in taxonomic problems, 1936",
)
