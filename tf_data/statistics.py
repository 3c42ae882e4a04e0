"""Mean and standard deviation of samples, in one pass."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tf_data.dataset import Split
from tf_data.errors import InputError
from tf_data.files import write_text

CHUNK = 1000  # samples that are read at once


@dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation of each channel or feature, over all samples and places.

    Attributes:
        mean, sd: Mean and standard deviation for each of the last axis; pixels count as 0..1.
        count: Number of values that each is computed from.
    """

    mean: tuple[float, ...]
    sd: tuple[float, ...]
    count: int

    def save(self, path: str | Path) -> None:
        """Write as JSON, whole or not at all."""
        write_text(path, json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> "Statistics":
        """Read what `save` wrote. Raises `InputError` when it is missing or damaged."""
        try:
            return cls.of(json.loads(Path(path).read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise InputError(f"{path} does not exist; compute the statistics again") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} holds no statistics: {error!r}; compute them again") from None

    @classmethod
    def of(cls, values: Mapping) -> "Statistics":
        """Make them from plain numbers from JSON. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(tuple(map(float, values["mean"])), tuple(map(float, values["sd"])), int(values["count"]))

    def layer(self, name: str = "standardize"):
        """A `keras.layers.Normalization` that subtracts the mean and divides by the standard deviation."""
        import keras

        return keras.layers.Normalization(axis=-1, mean=self.mean, variance=np.square(self.sd), name=name)


def statistics(split: Split) -> Statistics:
    """Mean and true standard deviation of a split in one pass, of any size and kind of samples.

    Chunks are merged by Chan's rule (Chan, Golub, LeVeque 1983), in float64. The mean of batches' deviations would be
    too small: it leaves out how the batches differ.

    Args:
        split: Samples `(n, ..., channels)`; integers are pixels 0..255 and count as 0..1.

    Raises:
        InputError: There are no samples.
    """
    count, mean, squares = 0, 0.0, 0.0
    for chunk in _chunks(split):
        scale = 255.0 if np.issubdtype(chunk.dtype, np.integer) else 1.0
        values = chunk.reshape(-1, chunk.shape[-1]).astype(np.float64) / scale
        here, centre = len(values), values.mean(axis=0)
        shift = centre - mean
        squares = squares + np.square(values - centre).sum(axis=0) + np.square(shift) * count * here / (count + here)
        mean = mean + shift * here / (count + here)
        count += here
    if not count:
        raise InputError(f"the {split.name} split holds no samples to take statistics of")
    return Statistics(tuple(mean.tolist()), tuple(np.sqrt(squares / count).tolist()), count)


def _chunks(split: Split) -> Iterator[np.ndarray]:
    for start in range(0, len(split), CHUNK):
        yield split.samples.read(np.arange(start, min(start + CHUNK, len(split))))
