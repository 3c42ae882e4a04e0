"""Two revisions of this project side by side: the same short, seeded trainings must end with the same weights.

`python -m benchmarks revisions BEFORE AFTER` takes two worktrees (`git worktree add --detach ../before REVISION`). Each
training is a process of its own, started by the command line from its worktree. Exit code 1 where bits differ.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from benchmarks import measure

SHOWN = 12  # digits of a hash


@dataclass(frozen=True)
class Training:
    """A recipe, made short. Options only, no `--set`: keys may change their names between revisions.

    Attributes:
        shows: What no other training of the table has.
        limit, batch_size, epochs: as the command takes them.
        data: Where samples come from.
    """

    shows: str
    limit: int = 320
    batch_size: int = 32
    epochs: int = 2
    data: str = "embedded"

    def command(self, id: str, folder: Path) -> list[str]:
        options = {
            "--data": self.data,
            "--limit": self.limit,
            "--batch-size": self.batch_size,
            "--epochs": self.epochs,
            "--run-dir": folder,
        }
        flat = [str(part) for pair in options.items() for part in pair]
        return [sys.executable, "-m", "tf_models.train", id, *flat, "--quiet", "--no-figures"]


# By recipe id.
TRAININGS: dict[str, Training] = {
    "mlp-dropout": Training("dense layers, dropout", limit=1_000),
    "perceptron": Training("a rule of its own, a table's features", data="auto"),
    "cnn-resnet18-mnist": Training("batch norm, Adam", limit=128),
    "cnn-resnet18-mnist-fast": Training("one cycle, augmentation", limit=128),
    "cnn-airbench-cifar10": Training("whitening, smoothed labels", limit=128, data="synthetic"),
    "gan-conv-mnist": Training("two optimizers, noise"),
    "gan-wgan-conv-mnist": Training("a critic of several steps, clipping"),
    "ae-conv-cvae": Training("conditions, several outputs"),
    "metric-siamese-mlp": Training("pairs", limit=1_000),
    "mech-hdf5-images": Training("read from HDF5", limit=1_000),
    "mech-tfrecords": Training("read from TFRecord shards", limit=1_000),
    "mlp-backprop-scratch": Training("gradients by hand", limit=1_000),
}


def run(before: Path, after: Path, quick: bool = False, only: tuple[str, ...] = ()) -> list[dict]:
    """Train every recipe of `TRAININGS`, or those that `only` names, in both worktrees; `quick` the first one.

    Returns:
        A row for each: `weights` and `history` are `equal` or `different`, or say why there are none; `equal` of both.
    """
    rows = []
    for id in list(TRAININGS)[:1] if quick else only or TRAININGS:
        one, other = (trained(id, worktree) for worktree in (before, after))
        row = {"recipe": id, "shows": TRAININGS[id].shows}
        row |= {name: _compared(one[name], other[name]) for name in ("weights", "history")}
        rows.append(row | {"equal": one == other and "error" not in one, "hashes": [one, other]})
        print(measure.table(rows[-1:]).splitlines()[-1], file=sys.stderr, flush=True)  # all of it takes minutes
    return rows


def trained(id: str, worktree: Path) -> dict[str, str]:
    """Train the recipe in a worktree; hashes of its `weights` and its `history`, or what went wrong in their place."""
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder) / "run"
        done = subprocess.run(
            TRAININGS[id].command(id, run_dir),
            cwd=worktree,
            env=os.environ | {"PYTHONPATH": str(Path(worktree).resolve())},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            said = (done.stderr.strip() or "no message").splitlines()[-1]
            return dict.fromkeys(("weights", "history", "error"), f"exit code {done.returncode}: {said}")
        history = (run_dir / "history.csv").read_bytes()
        return {"weights": weights_hash(run_dir / "model.keras"), "history": hashlib.sha256(history).hexdigest()}


def weights_hash(path: Path) -> str:
    """SHA-256 of the names, types, shapes and bytes of all variables in a `.keras` file, optimizers' included.

    Names are those of layers, not of their classes, which may move or be renamed while the weights stay.
    """
    total = hashlib.sha256()
    with zipfile.ZipFile(path) as archive, archive.open("model.weights.h5") as stored, h5py.File(stored) as file:
        for name, values in sorted(_variables(file), key=lambda pair: pair[0]):
            total.update(f"{name} {values.dtype} {values.shape}\n".encode())
            total.update(np.ascontiguousarray(values).tobytes())
    return total.hexdigest()


def _variables(group, path: str = ""):
    """`(name, array)` of all data sets below a group of Keras' weights file."""
    for key, member in group.items():
        if isinstance(member, h5py.Dataset):
            yield f"{path}/{key}", member[()]
        else:
            # A layer's group is called by its class; the layer's name stands beside its variables.
            name = member["vars"].attrs.get("name", key) if "vars" in member else key
            yield from _variables(member, f"{path}/{name}")


def _compared(one: str, other: str) -> str:
    failed = [text for text in (one, other) if text.startswith("exit code")]
    if failed:
        return failed[0]
    return f"equal {one[:SHOWN]}" if one == other else f"different {one[:SHOWN]} {other[:SHOWN]}"
