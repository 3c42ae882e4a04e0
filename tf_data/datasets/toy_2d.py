"""Two clouds of points in the plane that a line can nearly separate: the perceptron's toy problem."""

import numpy as np

from tf_data.dataset import Dataset, Reading, Split
from tf_data.errors import InputError


def generate(count: int = 100, test: int = 30, distance: float = 3.0, seed: int = 123) -> Reading:
    """Draw two Gaussian clouds with unit deviation.

    Args:
        count: Number of points, half of them in each class; it must be even.
        test: Number of points in the test split, half in each class; it must be even.
        distance: Distance between the two centres, in standard deviations.
        seed: Seed of the generator that is made here and used for nothing else.
    """
    if count % 2 or test % 2 or not 0 < test < count:
        raise InputError(f"count {count} and test {test} must be even, and test the smaller one")
    rng = np.random.default_rng(seed)
    y = (np.arange(count) % 2).astype(np.int32)  # classes alternate, so every even cut holds both alike
    centre = distance / np.sqrt(8) * np.where(y[:, None], [1, 1], [-1, -1])
    x = (centre + rng.normal(size=(count, 2))).astype(np.float32)
    return Reading({"train": Split("train", x[test:], y[test:]), "test": Split("test", x[:test], y[:test])})


DATASET = Dataset(
    name="toy-2d",
    title="Two clouds",
    shape=(2,),
    classes=("0", "1"),
    counts={"train": 70, "test": 30},
    generated=generate,
    licence="made here, free to use",
    citation="after the toy data of Raschka's perceptron notebook: 100 points, two features, 50 a class",
)
