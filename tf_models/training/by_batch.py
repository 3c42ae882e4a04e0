"""`batches.csv`: metrics of every single batch, of a training whose means over an epoch say little, as a GAN's."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from tf_data.errors import InputError
from tf_data.files import write_text
from tf_models.tasks import plots
from tf_models.training.loop import ByBatch

FILE = "batches.csv"


def exists(run_folder: Path) -> bool:
    """Whether a run directory holds the file with a row at least."""
    file = run_folder / FILE
    return file.is_file() and next(rows(file), None) is not None


class BatchHistory:
    """The rows of a run so far: `epoch` and `step`, both counted from 1, and the metrics of that batch alone.

    Args:
        names: The metrics.
    """

    def __init__(self, names: Iterable[str]):
        self.names = list(names)
        self._lines: list[str] = []

    def add(self, found: Iterable[ByBatch]) -> None:
        for part in found:
            for step, values in enumerate(part.values, part.step + 1):
                # As float32, whose shortest digits give the same number again.
                self._lines.append(",".join([str(part.epoch + 1), str(step), *map(str, values)]))

    def write(self, folder: Path) -> None:
        """Write the file of a run directory anew."""
        write_text(folder / FILE, "\n".join([",".join(["epoch", "step", *self.names]), *self._lines]) + "\n")

    def read(self, folder: Path, epoch: int, step: int) -> None:
        """Take the rows of a run directory up to a position: `step` batches of `epoch`, from 0, are done.

        What stands behind them belongs to steps after the last checkpoint, which are made again. A run that was begun
        without the file goes on without its first rows.

        Raises:
            InputError: The file is damaged.
        """
        self._lines, file = [], folder / FILE
        if not file.is_file():
            return
        for place, values in rows(file, self.names):
            if place >= (epoch + 1, step + 1):
                break
            self._lines.append(",".join([*map(str, place), *values]))


def rows(file: Path, names: list[str] | None = None) -> Iterator[tuple[tuple[int, int], list[str]]]:
    """The rows of a file one by one: `(epoch, step)`, from 1, and the metrics as they are written.

    Args:
        file: A `batches.csv`.
        names: The metrics that it must have; any by default.

    Raises:
        InputError: It is damaged, or has other metrics, or its rows are out of order.
    """
    last = (0, 0)
    try:
        with open(file, encoding="utf-8", newline="") as opened:
            lines = csv.reader(opened)
            head = next(lines, [])
            if head[:2] != ["epoch", "step"] or names not in (None, head[2:]):
                raise ValueError(f"its columns are {', '.join(head)[:100] or 'none'}")
            for line in lines:
                place, values = (int(line[0]), int(line[1])), line[2:]
                if place <= last or len(line) != len(head) or not np.isfinite([float(value) for value in values]).all():
                    raise ValueError(f"line {lines.line_num} is none of a batch after that of the line before")
                last = place
                yield place, values
    except (ValueError, IndexError, csv.Error) as error:
        reason = str(error)[:200]
        raise InputError(f"{file}: {reason}; delete it to go on without what it says of single batches") from None


def draw(run_folder: Path, steps: int, path: Path) -> str:
    """Draw a run's `batches.csv`: losses and scores of every batch, and running means.

    Args:
        run_folder: The run directory.
        steps: Steps in an epoch.
        path: The figure to write.

    Returns:
        The figure's name.
    """
    with open(run_folder / FILE, encoding="utf-8") as file:
        names = file.readline().strip().split(",")[2:]
    found = [((epoch - 1) * steps + step, *map(float, values)) for (epoch, step), values in rows(run_folder / FILE)]
    places, *columns = np.array(found).T
    return plots.by_batch(places, dict(zip(names, columns, strict=True)), steps, path)
