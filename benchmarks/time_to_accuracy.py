"""How long recipes take to an accuracy on the test set: whole commands, a process for each seed, one look at that set.

A recipe has a fixed number of epochs, and no run is chosen by its score: what counts is the mean accuracy over the seeds.
(How the recipes' settings were found, their notes say.) Times are those of training, first compilation included, and of the whole command, which also imports
TensorFlow, loads the data, scores and writes the run directory.
"""

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks import measure
from tf_data.files import write_text
from tf_models.training import processor


class Goal(NamedTuple):
    """An accuracy, the options with which a recipe is to reach it, and the seconds in which it should on two cores.

    `mirrored` takes the accuracy of the mean logits of image and mirror image, as published times for CIFAR-10 do, which
    average over six views. `seeds` is how often it is tried.
    """

    options: tuple[str, ...]
    accuracy: float
    seconds: float
    mirrored: bool = False
    seeds: int = 5


GOALS = {
    "cnn-compact-mnist-fast": Goal((), 0.99, 6),
    "cnn-compact-mnist": Goal((), 0.995, 30),
    "cnn-airbench-cifar10": Goal(("--precision", "mixed_bfloat16"), 0.94, 1200, mirrored=True, seeds=3),
}
# What --quick trains: drawn data, few samples.
QUICK = ("--data", "synthetic", "--limit", "200", "--epochs", "1", "--batch-size", "64")


def run(quick: bool = False, only: tuple[str, ...] = (), runs: Path | None = None) -> list[dict]:
    """A row for each goal: mean and standard deviation of accuracy and seconds over the seeds, and whether it is met.

    Args:
        quick: Drawn data, one seed, to see that it works.
        only: Ids of the recipes to time; default all of `GOALS`.
        runs: Folder that keeps the run directories; what lies there finished is not trained again.
    """
    if runs is not None:
        runs.mkdir(parents=True, exist_ok=True)
        return [_row(id, goal, quick, runs) for id, goal in GOALS.items() if not only or id in only]
    with tempfile.TemporaryDirectory() as folder:
        return run(quick, only, Path(folder))


def _row(id: str, goal: Goal, quick: bool, runs: Path) -> dict:
    found = [_once(id, goal, seed, quick, runs) for seed in range(1, (1 if quick else goal.seeds) + 1)]
    accuracy, training, command = ([one[name] for one in found] for name in ("accuracy", "training", "command"))
    return {
        "recipe": " ".join((id, *goal.options)),
        "seeds": len(found),
        "goal": f"{goal.accuracy:.1%}{' with mirror images' * goal.mirrored} in {goal.seconds:g} s",
        "accuracy": f"{statistics.mean(accuracy):.2%}",
        "accuracy_sd": f"{_deviation(accuracy):.2%}",
        "training_seconds": round(statistics.mean(training), 2),
        "training_sd": round(_deviation(training), 2),
        "command_seconds": round(statistics.mean(command), 2),
        "processor": processor.name(),
        "met": statistics.mean(accuracy) >= goal.accuracy and statistics.mean(training) <= goal.seconds,
        "accuracies": accuracy,
        "seconds": training,
    }


def _deviation(values: list[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0


def _once(id: str, goal: Goal, seed: int, quick: bool, runs: Path) -> dict:
    """Train with the command that a user would give, unless it has been done."""
    folder = runs / f"{id}-{seed}"
    timed = folder.with_suffix(".json")
    if not timed.exists():
        options = QUICK if quick else ("--data", "official")
        command = ["-m", "tf_models.train", id, *goal.options, *options, "--seed", str(seed)]
        begin = time.perf_counter()
        measure.complete([*command, "--quiet", "--no-figures", "--run-dir", str(folder)])
        seconds = time.perf_counter() - begin
        write_text(timed, json.dumps({"command": seconds}))
    info = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    score = "mirrored_accuracy" if goal.mirrored else "accuracy"
    seconds = json.loads(timed.read_text(encoding="utf-8"))["command"]
    return {"accuracy": info["results"]["test"][score], "training": info["seconds"], "command": seconds}
