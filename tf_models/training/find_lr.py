"""The learning-rate range test (Smith 2017, arXiv 1506.01186, section 3.3): raise the rate and watch the loss."""

import contextlib
import csv
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from tf_data.errors import InputError, TrainingError
from tf_data.figures import figure
from tf_data.files import write_text
from tf_data.pipeline import Batches
from tf_models.configs.overrides import for_source
from tf_models.configs.own_data import for_data
from tf_models.configs.recipe import Recipe
from tf_models.training import provenance, state
from tf_models.training.devices import require_tensorflow
from tf_models.training.fit import training_loop
from tf_models.training.run_directory import unused_directory
from tf_models.training.trainer import Options, build, load_data, training_batches

RISES = ("exponential", "linear")
SMOOTHING = 0.9  # fraction of the past in a moving average
DIVERGED = 4.0  # times the lowest smoothed loss
SETTLED = 10  # steps before anything is judged
END = 0.1  # fraction of the steps; where a loss that still falls is lowest among these, its noise decides
# Fractions of the rate with the lowest loss, which is already close to divergence.
HIGHEST, CONSTANT = 1 / 2, 1 / 10


@dataclass(frozen=True)
class Sweep:
    """The rates that a range test tries.

    Attributes:
        low, high: The first and the last rate.
        steps: Number of steps, of a batch each.
        rise: Form of the rise, `exponential` (equal factors) or `linear` (equal steps, as in the paper).

    Raises:
        InputError: The rates are not 0 < low < high, there are fewer than 20 steps, or the rise is unknown.
    """

    low: float = 1e-5
    high: float = 10.0
    steps: int = 200
    rise: str = "exponential"

    def __post_init__(self):
        if not 0 < self.low < self.high:
            raise InputError(f"rates must be 0 < low < high, not {self.low:g} and {self.high:g}")
        if self.steps < 2 * SETTLED:
            raise InputError(f"a range test needs at least {2 * SETTLED} steps, not {self.steps}")
        if self.rise not in RISES:
            raise InputError(f"rise must be one of {', '.join(RISES)}, not {self.rise!r}")

    @property
    def rates(self) -> np.ndarray:
        """The rates `(steps,)`."""
        space = np.geomspace if self.rise == "exponential" else np.linspace
        return space(self.low, self.high, self.steps)


@dataclass(frozen=True)
class Trace:
    """What a range test measured at each step: `rates`, `losses` and `accuracies` (empty where there are none)."""

    rates: np.ndarray
    losses: np.ndarray
    accuracies: np.ndarray
    diverged: bool

    @property
    def smoothed(self) -> np.ndarray:
        """Smoothed losses `(steps,)`, none counted above those of the first steps: divergence would hide all else."""
        return smooth(np.minimum(self.losses, self.losses[:SETTLED].mean()))


def average(values: np.ndarray) -> np.ndarray:
    """Exponential moving average `(n,)` without the pull towards its start at 0."""
    mean, out = 0.0, []
    for count, value in enumerate(values, 1):
        mean = SMOOTHING * mean + (1 - SMOOTHING) * value
        out.append(mean / (1 - SMOOTHING**count))
    return np.array(out)


def smooth(values: np.ndarray) -> np.ndarray:
    """The mean of the moving averages from both ends: one alone would lag behind."""
    return (average(values) + average(values[::-1])[::-1]) / 2


def range_test(model: keras.Model, batches: Batches, sweep: Sweep = Sweep(), plain: bool = False) -> Trace:
    """Train with rising rates, a batch each, until the loss diverges; afterwards the model is what it was before.

    Args:
        model: A compiled model with one optimizer of constant rate and a metric `loss`.
        batches: Batches of the training split; another epoch follows where they do not suffice.
        sweep: The rates.
        plain: As in `tf_models.training.fit.training_loop`.

    Raises:
        InputError: The model has no such loss.
    """
    rates, losses, accuracies = [], [], []
    diverged = False
    with training_loop(model, batches, plain) as loop, _undone(model):
        for number, rate in enumerate(sweep.rates):
            epoch, step = divmod(number, batches.steps)
            model.optimizer.learning_rate = rate
            model.reset_metrics()  # the logs are means since then: of this batch alone
            try:
                logs = loop.run(epoch, step, step + 1)
            except TrainingError:  # not finite any more
                diverged = True
                break
            if "loss" not in logs:
                raise InputError(f"{model.name} minimises no single loss (it has {', '.join(logs)}); nothing to follow")
            rates.append(rate)
            losses.append(float(logs["loss"]))
            if "accuracy" in logs:
                accuracies.append(float(logs["accuracy"]))
            means = average(losses)
            if len(losses) > SETTLED and means[-1] > DIVERGED * means[SETTLED:].min() > 0:
                diverged = True
                break
    return Trace(np.array(rates), np.array(losses), np.array(accuracies), diverged)


@contextlib.contextmanager
def _undone(model: keras.Model) -> Iterator[None]:
    """Gives the model back what it learned meanwhile."""
    saved = state.capture(model)
    try:
        yield
    finally:
        state.restore(model, saved)
        model.reset_metrics()


@dataclass(frozen=True)
class Suggestion:
    """Rates read off a range test.

    Attributes:
        lowest: Rate of the lowest smoothed loss.
        constant: A tenth of that, for a constant rate.
        highest: Half of `lowest`, for a schedule that rises and falls.
    """

    lowest: float
    constant: float
    highest: float


def suggest(trace: Trace) -> Suggestion | None:
    """Rates by the rules of `Suggestion`; None where the loss is lowest at one of the ends."""
    place, steps = int(np.argmin(trace.smoothed)), len(trace.losses)
    if not SETTLED <= place < (steps - 1 if trace.diverged else (1 - END) * steps):
        return None
    lowest = float(trace.rates[place])
    return Suggestion(lowest, CONSTANT * lowest, HIGHEST * lowest)


def find_lr(
    recipe: Recipe, options: Options = Options(), sweep: Sweep = Sweep(), run_dir: Path | None = None
) -> Suggestion | None:
    """Make a range test of a recipe from its initial weights and write it into a directory of its own.

    The directory gets `find_lr.csv`, `find_lr.png` and `find_lr.json`; it holds no run, and nothing can be resumed
    there. The recipe's schedule and rate are left out.

    Args:
        recipe, options: As in `tf_models.training.trainer.train`.
        sweep: The rates.
        run_dir: Directory of the results; default `runs/<recipe>-find-lr-<time>`.

    Returns:
        What it suggests, None where the loss is lowest at one of the ends.

    Raises:
        InputError: As in `train`, or the model has no single loss.
    """
    require_tensorflow()
    data = load_data(recipe, options)
    recipe = replace(for_data(for_source(recipe, data.source), data), schedule={}, storage="memory")
    task = build(recipe, options, data)
    if run_dir and any(os.path.exists(Path(run_dir) / name) for name in ("run.json", "find_lr.json")):
        raise InputError(f"{run_dir} holds a run already; choose another --run-dir")
    say = (lambda *_: None) if options.quiet else print
    say(f"{recipe.id}: {sweep.steps} batches of {recipe.batch_size}, rates {sweep.low:g} to {sweep.high:g}")
    batches = training_batches(recipe, task)
    trace = range_test(task.model, batches, sweep, options.plain)
    if not len(trace.rates):
        raise TrainingError(f"the loss is not finite at the first rate, {sweep.low:g}; begin lower with --lr-range")
    found = suggest(trace)
    folder = Path(run_dir) if run_dir else unused_directory(f"{recipe.id}-find-lr")
    _write(folder, recipe, options, sweep, trace, found)
    say(f"{_outcome(trace, sweep)}; {folder / 'find_lr.png'}")
    if found:
        say(f"the smoothed loss is lowest at {found.lowest:.2g}")
        say(f"  constant rate, a tenth of that: --set learning_rate={found.constant:.2g}")
        say(f"  highest rate of a schedule, half of that: --set learning_rate={found.highest:.2g}")
    else:
        say("no suggestion: the loss is lowest at one end; try other rates (--lr-range) or more steps (--lr-steps)")
    return found


def _outcome(trace: Trace, sweep: Sweep) -> str:
    if trace.diverged:
        return f"the loss diverges above {trace.rates[-1]:.3g}, after {len(trace.rates)} of {sweep.steps} steps"
    return f"the loss does not diverge up to {trace.rates[-1]:.3g}"


def _write(folder: Path, recipe: Recipe, options: Options, sweep: Sweep, trace: Trace, found: Suggestion | None):
    columns = {"learning_rate": trace.rates, "loss": trace.losses, "smoothed_loss": trace.smoothed}
    if len(trace.accuracies):
        columns["accuracy"] = trace.accuracies
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["step", *columns])
    writer.writerows([step, *row] for step, row in enumerate(zip(*(map(float, c) for c in columns.values())), 1))
    write_text(folder / "find_lr.csv", text.getvalue())
    draw(trace, found, recipe.id, folder / "find_lr.png", logarithmic=sweep.rise == "exponential")
    record = {
        "recipe": recipe.as_dict(),
        "options": vars(options),
        "sweep": vars(sweep),
        "versions": provenance.versions(),
        "diverged": trace.diverged,
        "suggestion": vars(found) if found else None,
    }
    write_text(folder / "find_lr.json", json.dumps(record, indent=2) + "\n")


def draw(trace: Trace, found: Suggestion | None, title: str, path: Path, logarithmic: bool = True) -> str:
    """Loss, and accuracy where there is one, against the rate, with what is suggested; returns the file's name."""
    panels = [("loss", trace.losses, trace.smoothed)]
    if len(trace.accuracies):
        panels.append(("accuracy", trace.accuracies, smooth(trace.accuracies)))
    lines = [("constant", found.constant, "--"), ("highest of a schedule", found.highest, ":")] if found else []
    with figure(path, figsize=(4.6 * len(panels), 3.4)) as drawn:
        drawn.suptitle(f"{title}: one batch a rate")
        axes = drawn.subplots(1, len(panels), squeeze=False)[0]
        for axis, (name, values, means) in zip(axes, panels, strict=True):
            axis.plot(trace.rates, values, alpha=0.3, label="batch")
            axis.plot(trace.rates, means, color="tab:blue", label="smoothed")
            for label, rate, style in lines:
                axis.axvline(rate, color="black", linestyle=style, label=f"{label}: {rate:.2g}")
            axis.set(xlabel="learning rate", ylabel=name, xscale="log" if logarithmic else "linear")
            axis.grid(alpha=0.3)
        margin = 0.2 * np.ptp(trace.smoothed) + 1e-9
        axes[0].set_ylim(trace.smoothed.min() - margin, trace.smoothed.max() + margin)
        axes[0].legend(fontsize=8)
    return path.name
