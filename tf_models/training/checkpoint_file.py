"""The file of a checkpoint: an npz archive of all variables, and of where the run stands. Loads no Keras."""

import contextlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tf_data.errors import InputError
from tf_data.npz_files import NpzFile
from tf_data.schema import build

META = "meta"  # the entry of a file that holds the progress, beside the variables


@dataclass
class Progress:
    """Where a run stands: `step` batches of epoch `epoch` (from 0) are done; `history` has a row for each whole epoch."""

    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)

    def check(self, steps: int | None = None) -> None:
        """Raise `InputError` for what no run can have reached.

        Args:
            steps: Steps in an epoch, where they are known.
        """
        beyond = steps is not None and self.step >= max(1, steps)
        if min(self.epoch, self.step) < 0 or beyond or not 0 <= self.seconds < math.inf:
            of = "" if steps is None else f" of {steps}"
            raise InputError(f"its position, epoch {self.epoch}, step {self.step}{of}, is none that a run can reach")
        if len(self.history) != self.epoch:
            raise InputError(f"its history has {len(self.history)} epochs, not {self.epoch}")


class _Stored(Mapping):
    """The variables in an open file, read when they are asked for."""

    def __init__(self, archive: NpzFile):
        self.archive = archive

    def __getitem__(self, name: str) -> np.ndarray:
        with damage(self.archive.path):
            return self.archive.read(name)

    def __iter__(self):
        return (name for name in self.archive.names if name != META)

    def __len__(self) -> int:
        return len(self.archive.names) - 1


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[_Stored, Progress]]:
    with contextlib.ExitStack() as stack:
        with damage(path):
            archive = stack.enter_context(NpzFile(path, "delete it to resume from the one before"))
            progress = build(Progress, json.loads(archive.read(META).tobytes()), "its progress")
            progress.check()
        yield _Stored(archive), progress


class Damaged(InputError):
    """A checkpoint that is damaged, in place of which the one before it may serve."""


@contextlib.contextmanager
def damage(path: Path) -> Iterator[None]:
    """Turns what reading a damaged file raises into one line."""
    try:
        yield
    except (ValueError, RecursionError) as error:
        reason = str(error).removeprefix(f"{path}").removeprefix(":").strip()
        raise Damaged(f"checkpoint {path}: {reason}") from None


def load(path: Path) -> tuple[dict[str, np.ndarray], Progress]:
    """Read what `save` wrote. Raises `InputError` when the file is damaged (every entry has a checksum)."""
    with opened(path) as (stored, progress):
        return dict(stored), progress
