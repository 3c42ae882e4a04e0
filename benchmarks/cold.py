"""Whole commands from start to end beside scripts that do the same: imports, reading, training, scoring and saving.

Short trainings are decided by what comes before the first step. Every candidate is a process of its own that reads MNIST,
trains the recipe's network for the recipe's epochs or for one, scores the test digits and saves the model; ours writes
its run directory besides, with history, checkpoint and report.
"""

import tempfile
from pathlib import Path

from benchmarks import measure
from tf_data.errors import TrainingError
from tf_models.configs import get

RECIPES = ("softmax-regression", "mlp-basic", "cnn-basic-wide")
REPEATS = 3
THEIRS = "pytorch script"


def run(quick: bool = False, only: tuple[str, ...] = ()) -> list[dict]:
    """Time the recipes, or those that `only` names; `quick` one epoch of few drawn digits, once.

    Returns:
        Rows with `measured`, `candidate`, `seconds` of the whole process, the median, and `ratio`: by how much PyTorch's
        takes longer.
    """
    rows = []
    for id in only or RECIPES:
        for epochs in (1,) if quick else (1, get(id).epochs):
            data = ("synthetic", "--limit", "200") if quick else ("official",)
            work = {
                name: lambda command=command: _once(command) for name, command in candidates(id, epochs, data).items()
            }
            compared = measure.compare(work, THEIRS, repeats=1 if quick else REPEATS, warmup=0 if quick else 1)
            name = f"{id}, {epochs} epoch{'s' * (epochs > 1)}"
            rows += measure.taking(name, compared, "seconds")
    return rows


def candidates(id: str, epochs: int, data: tuple[str, ...]) -> dict[str, list[str]]:
    """By name the arguments of Python for each candidate; the last is the name of what it writes."""
    shared = [id, "--epochs", str(epochs), "--data", *data]
    return {
        "ours": ["-m", "tf_models.train", *shared, "--quiet", "--no-figures", "--run-dir", "run"],
        "keras fit": ["-m", "benchmarks.scripts", "keras", *shared, "--out", "model.keras"],
        THEIRS: ["-m", "benchmarks.scripts", "torch", *shared, "--out", "model.pt"],
    }


def _once(arguments: list[str]) -> int:
    """Run one of `candidates`, which writes into a folder of its own; 1, the number of runs."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / arguments[-1]
        measure.complete([*arguments[:-1], str(out)])
        if not out.exists():
            raise TrainingError(f"{' '.join(arguments)} wrote nothing")
    return 1
