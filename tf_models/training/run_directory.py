"""The run directory: what a training leaves behind, each file whole or not at all."""

import csv
import io
import itertools
import json
import os
import sys
import time
from pathlib import Path

from tf_data.command import printable
from tf_data.errors import InputError
from tf_data.files import remove_leftovers, unwritable, write_text
from tf_data.locks import Lock
from tf_data.schema import read_json
from tf_data.transform import make
from tf_models import builders, saving
from tf_models.configs.recipe import Recipe
from tf_models.training.options import Options
from tf_models.training.run_info import FORMAT, checked

RUNS = Path("runs")
KEPT_CHECKPOINTS = 2
DAMAGED = ".damaged"  # ends the name of a checkpoint that was set aside


def unused_directory(name: str) -> Path:
    """A new, empty directory `runs/<name>-<time>`, made in one step: two runs of one second get two.

    Raises:
        InputError: It cannot be written.
    """
    stem = RUNS / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    for number in itertools.count(1):
        path = stem if number == 1 else stem.with_name(f"{stem.name}-{number}")
        try:
            RUNS.mkdir(exist_ok=True)
            path.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise unwritable(path, error) from None
        return path


class RunDirectory:
    """Paths and contents of one run.

    `run.json` holds the resolved recipe, versions, seed, data, status and results; see `create` and `open`.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        self.info: dict = {}
        self._lock: Lock | None = None

    @classmethod
    def create(cls, path: Path | None, recipe: Recipe) -> "RunDirectory":
        """A new run directory, by default `runs/<recipe>-<time>`, locked until `release`.

        Raises:
            InputError: The directory holds a run already, or cannot be written.
        """
        run = cls(path or unused_directory(recipe.id))
        try:
            run.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(run.path, error) from None
        run.acquire()
        if run._json.exists():
            run.release()
            raise InputError(f"{run.path} holds a run already; add --resume to go on, or choose another --run-dir")
        return run

    @classmethod
    def open(cls, path) -> "RunDirectory":
        """An existing run directory; one of format 1 is read as format 2. Raises `InputError` for a bad `run.json`."""
        run = cls(Path(path))
        if not os.path.isfile(run._json):  # which takes a name that is too long for one that is not there
            raise InputError(f"{run.path} is not a run directory: it has no run.json")
        try:
            run.info = checked(read_json(run._json))
        except InputError as error:
            raise InputError(str(error) if str(run._json) in str(error) else f"{run._json}: {error}") from None
        return run

    @classmethod
    def newest(cls, recipe: str) -> "RunDirectory":
        """The newest run of a recipe below `runs`. Raises `InputError` when there is none."""
        found = sorted(Path("runs").glob(f"{recipe}-*/run.json"), key=lambda file: file.stat().st_mtime)
        # A variant's id begins with its topic's, so the name alone does not tell.
        runs = [run for run in (cls.open(file.parent) for file in found) if run.info["recipe"]["id"] == recipe]
        if not runs:
            raise InputError(f"no run of {recipe} below runs/ to resume; name one with --run-dir")
        return runs[-1]

    @property
    def _json(self) -> Path:
        return self.path / "run.json"

    @property
    def model_file(self) -> Path:
        return self.path / "model.keras"

    @property
    def transform_file(self) -> Path:
        return self.path / "transform.json"

    @property
    def architecture(self) -> Path:
        """Keras' summary of the model, a text."""
        return self.path / "architecture.txt"

    def load_transform(self):
        """The recipe's transform with what it learned. Raises `InputError` when that is missing or damaged."""
        transform = make(self.recipe.transform)
        if transform.learns:
            transform.load(self.transform_file)
        return transform

    @property
    def figures(self) -> Path:
        return self.path / "figures"

    @property
    def recipe(self) -> Recipe:
        """The recipe as it was resolved for this run."""
        return Recipe.from_dict(self.info["recipe"])

    @property
    def options(self) -> Options:
        """What was said for this run, beside its recipe."""
        return Options.of(self.info["options"])

    @property
    def checkpoints(self) -> list[Path]:
        """Checkpoint files, oldest first."""
        found = (self.path / "checkpoints").glob("[0-9]*-[0-9]*.npz")
        places = {file: file.stem.split("-") for file in found}
        numbered = [file for file, parts in places.items() if len(parts) == 2 and all(map(str.isdecimal, parts))]
        # By number, because names of unlike length do not sort.
        return sorted(numbered, key=lambda file: tuple(map(int, places[file])))

    def checkpoint_file(self, epoch: int, step: int) -> Path:
        return self.path / "checkpoints" / f"{epoch:05d}-{step:07d}.npz"

    def prune_checkpoints(self) -> None:
        """Delete all but the newest checkpoints, and what an interrupted save left."""
        for file in self.checkpoints[:-KEPT_CHECKPOINTS]:
            file.unlink(missing_ok=True)
        remove_leftovers(self.path / "checkpoints")

    def set_aside(self, checkpoint: Path, reason: str) -> None:
        """Rename a damaged checkpoint, so that the one before it is the last, and record and say that.

        Raises:
            InputError: There is none before it, and it stays where it is.
        """
        before = self.checkpoints[: self.checkpoints.index(checkpoint)]
        if not before:
            raise InputError(f"{reason}; there is no checkpoint before it, so start a new run")
        os.replace(checkpoint, checkpoint.with_name(checkpoint.name + DAMAGED))
        text = f"{reason}; the run went on from {before[-1].name}"
        self.warn(text)
        print(f"warning: {printable(text)}", file=sys.stderr)

    def acquire(self) -> None:
        """Keep other processes from training here, until `release`. Raises `InputError` where one does."""
        if self._lock is None:
            self._lock = Lock(self.path, f"run directory {self.path}")
            figures = [self.figures, *(path for path in self.figures.glob("*/") if not path.is_symlink())]
            for folder in (self.path, self.path / "checkpoints", *figures):
                remove_leftovers(folder)

    def release(self) -> None:
        """Give back what `acquire` took."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def update(self, **values) -> None:
        """Change entries of `run.json`."""
        self.info = {"format": FORMAT, **self.info, **values}
        write_text(self._json, json.dumps(self.info, indent=2) + "\n")

    def warn(self, text: str) -> None:
        """Record under `warnings` what a user should know of the result."""
        self.update(warnings=list(dict.fromkeys([*self.info.get("warnings", ()), text])))

    def write_history(self, rows: list[dict[str, float]]) -> None:
        """Write `history.csv`: a row for each epoch, counted from 1."""
        names = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, ["epoch", *names], lineterminator="\n")
        writer.writeheader()
        writer.writerows({"epoch": number, **row} for number, row in enumerate(rows, 1))
        write_text(self.path / "history.csv", text.getvalue())

    def read_history(self) -> list[dict[str, float]]:
        """The rows of `history.csv`, without the epoch's number."""
        with open(self.path / "history.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return [{name: float(value) for name, value in row.items() if name != "epoch" and value} for row in rows]

    def save_model(self, model) -> None:
        """Write `model.keras`, and Keras' summary of it as `architecture.txt`."""
        saving.save(model, self.model_file)
        lines: list[str] = []
        model.summary(line_length=80, expand_nested=True, print_fn=lines.append)
        write_text(self.architecture, "\n".join(lines) + "\n")

    def load_model(self):
        """The trained model, compiled. Raises `InputError` when it is missing or damaged."""
        if not self.model_file.is_file():
            status = self.info.get("status", "unknown")
            raise InputError(
                f"{self.model_file} does not exist (the run's status is {status}); finish it with --resume"
            )
        builders.require(
            self.recipe.builder
        )  # the file would do without, but a run that names a stranger is not trusted
        return saving.load(self.model_file)
