"""The run directory: what a training leaves behind, each file whole or not at all."""

import csv
import io
import itertools
import json
import os
import time
from pathlib import Path

from tf_data.errors import InputError
from tf_data.files import unwritable, write_text
from tf_data.transform import make
from tf_models import builders, saving
from tf_models.configs import format1
from tf_models.configs.recipe import Recipe
from tf_models.training.options import Options

RUNS = Path("runs")
FORMAT = 2
KEPT_CHECKPOINTS = 2
# What commands ask of a run, whatever its status.
ENTRIES = {"data": dict, "status": str}
DATA = {"name": str, "source": str, "counts": dict, "classes": list}


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

    @classmethod
    def create(cls, path: Path | None, recipe: Recipe) -> "RunDirectory":
        """A new run directory, by default `runs/<recipe>-<time>`.

        Raises:
            InputError: The directory holds a run already, or cannot be written.
        """
        run = cls(path or unused_directory(recipe.id))
        try:
            held = run._json.exists()
            run.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(run.path, error) from None
        if held:
            raise InputError(f"{run.path} holds a run already; add --resume to go on, or choose another --run-dir")
        return run

    @classmethod
    def open(cls, path) -> "RunDirectory":
        """An existing run directory; one of format 1 is read as format 2. Raises `InputError` for a bad `run.json`."""
        run = cls(Path(path))
        if not os.path.isfile(run._json):  # which takes a name that is too long for one that is not there
            raise InputError(f"{run.path} is not a run directory: it has no run.json")
        try:
            run.info = json.loads(run._json.read_text(encoding="utf-8"))
            if run.info["format"] == 1:
                run.info |= {"format": FORMAT, "recipe": format1.upgrade(run.info["recipe"])}
            if run.info["format"] != FORMAT:
                raise InputError(f"format {run.info['format']}, where this version reads 1 and {FORMAT}")
            Recipe.from_dict(run.info["recipe"])
            Options.of(run.info["options"])
            for place, kinds in {"": ENTRIES, "data": DATA}.items():
                for name, kind in kinds.items():
                    if not isinstance((run.info[place] if place else run.info)[name], kind):
                        raise InputError(f"{place} {name} must be {kind.__name__}".strip())
        except InputError as error:
            raise InputError(f"{run._json}: {error}") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{run._json} is damaged: {error}") from None
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
        return sorted((self.path / "checkpoints").glob("[0-9]*.npz"))

    def checkpoint_file(self, epoch: int, step: int) -> Path:
        return self.path / "checkpoints" / f"{epoch:05d}-{step:07d}.npz"

    def prune_checkpoints(self) -> None:
        """Delete all but the newest checkpoints, and what an interrupted save left."""
        for file in self.checkpoints[:-KEPT_CHECKPOINTS]:
            file.unlink(missing_ok=True)
        for file in (self.path / "checkpoints").glob(".*.partial.npz"):
            file.unlink(missing_ok=True)

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
        """Write `model.keras`."""
        saving.save(model, self.model_file)

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
