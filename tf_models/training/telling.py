"""What a run says: what it learns from before it begins; scores, figures and report when it has ended."""

import numpy as np

from tf_data.command import say
from tf_data.dataset import Data
from tf_data.figures import named
from tf_data.pipeline import Batches
from tf_models.configs import schedules
from tf_models.configs.recipe import Recipe
from tf_models.tasks import plots
from tf_models.tasks.base import Task
from tf_models.training import architecture, by_batch
from tf_models.training.checkpoint_file import Progress
from tf_models.training.options import Options
from tf_models.training.report import write_report
from tf_models.training.run_directory import RunDirectory

BRIGHTNESS_OF = 100  # images
SHOWN_LINES = 20  # of what was skipped or is worth a note


def brightness(data: Data) -> float | None:
    """The mean of the first training images, 0..1, None for other samples: it tells later ones that look inverted."""
    if not data.train.samples.is_image:
        return None
    first = data.train.samples.read(np.arange(min(BRIGHTNESS_OF, len(data.train))))
    return round(float(first.mean()) / (255 if first.dtype == np.uint8 else 1), 3)


def announce(recipe: Recipe, options: Options, data: Data) -> None:
    """Print what is trained on which data, unless the options say quiet."""
    if options.quiet:
        return
    counts = ", ".join(f"{count:,} {name}" for name, count in data.counts.items())
    say(f"{recipe.id}: {recipe.title}", wrap=True)
    say(f"data: {data.name}, {data.source} ({data.origin}): {counts}", wrap=True)
    for kind, lines in {"skipped": data.skipped, "note": data.notes}.items():
        for line in lines[:SHOWN_LINES]:
            say(f"{kind}: {line}", wrap=True)
        if len(lines) > SHOWN_LINES:
            say(f"{kind}: and {len(lines) - SHOWN_LINES} more; run.json lists them all", wrap=True)


def say_where(progress: Progress, epochs: int, steps: int) -> None:
    """Print at which step a run goes on.

    Args:
        progress: How far it came.
        epochs: Epochs of the whole run.
        steps: Steps in an epoch.
    """
    epoch, step = (progress.epoch + 1, 0) if progress.step == steps else (progress.epoch, progress.step)
    if epoch < epochs:
        say(f"goes on at epoch {epoch + 1} of {epochs}, step {step + 1} of {steps}")
    else:
        say("all epochs are trained; scores and figures follow")


def finish(run: RunDirectory, options: Options, task: Task, history, seconds: float) -> None:
    """Evaluate and save a trained model, draw its figures, write the report and print the result."""
    results = scores(task)
    run.save_model(task.model)
    run.write_history(history)
    with named(run.recipe.id):
        figures = task.figures(history, run.figures) if options.figures else []
        if figures and run.recipe.schedule:
            figures.insert(1, _draw_schedule(run, task))
        if figures and by_batch.exists(run.path):
            figures.insert(1, by_batch.draw(run.path, _steps(run, task), run.figures / "batches.png"))
        if options.figures:
            figures.append(architecture.draw(task.model, run.figures))
    run.update(seconds=round(seconds, 3), results=results, figures=figures)
    write_report(run)
    run.update(status="done")  # last, for a run that is done is left as it is
    if not options.quiet:
        for line in run.info.get("warnings", ()):
            say(f"warning: {line}", wrap=True)
        say(f"test: {task.describe(results['test'])}", wrap=True)
        say(f"trained {seconds:.1f} s; {run.path / 'report.md'}", wrap=True)


def _draw_schedule(run: RunDirectory, task: Task) -> str:
    steps = _steps(run, task)
    schedule = schedules.build(run.recipe, steps)
    return plots.learning_rate(schedule, steps, run.recipe.epochs, run.figures / "learning_rate.png")


def _steps(run: RunDirectory, task: Task) -> int:
    """Steps in an epoch."""
    train = task.data.train
    return Batches(train, run.recipe.batch_size, order=task.order(train)).steps


def scores(task: Task) -> dict[str, dict]:
    """A bound task's scores by held-out split."""
    held_out = {name: split for name, split in task.data.splits.items() if name != "train"}
    return {name: task.evaluate(split) for name, split in sorted(held_out.items())}
