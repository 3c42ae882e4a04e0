"""The one trainer: it turns a recipe into a run directory."""

import contextlib
import math
import shlex
import sys
import time
from dataclasses import replace
from pathlib import Path

import keras
import tensorflow as tf

from tf_data.command import say
from tf_data.dataset import Data
from tf_data.errors import CommandError, InputError, Interrupted, TrainingError
from tf_data.own import Own
from tf_data.pipeline import Batches, input_error
from tf_models import tasks
from tf_models.configs import schedules
from tf_models.configs.overrides import for_source
from tf_models.configs.own_data import for_data
from tf_models.configs.recipe import Recipe
from tf_models.tasks.base import Task, scoring_batch
from tf_models.training import jax_group, other_data, provenance
from tf_models.training.backends import finish_on_tensorflow, require
from tf_models.training.building import build, compiled_task, load_data, load_task, stored, training_batches
from tf_models.training.callbacks import Checkpoints, LearningRate, Samples, Signals, write_graph
from tf_models.training.devices import device_name, require_tensorflow
from tf_models.training.fit import training_loop
from tf_models.training.follower import Follower
from tf_models.training.group import Group, check, check_norms, open_group
from tf_models.training.live import LivePlot
from tf_models.training.options import Options
from tf_models.training.run_directory import RunDirectory
from tf_models.training.telling import announce, brightness, finish, say_where, scores


def train(recipe: Recipe, options: Options = Options(), run_dir: Path | None = None):
    """Train a recipe in a new run directory and evaluate it on the test split.

    Args:
        recipe: The recipe to train.
        options: The settings.
        run_dir: Directory of the run; default `runs/<recipe>-<time>`.

    Returns:
        The `RunDirectory`, with `info["results"]`.

    Raises:
        InputError: Settings or data are bad, data are missing, or the directory holds a run or cannot be written.
        TrainingError: The loss is not finite; the last good checkpoint is kept.
        Interrupted: A signal came; the message is the line that resumes.
    """
    require(options.backend)
    check(recipe, options)
    group = group_of(options)
    data = load_data(recipe, options)
    recipe = for_data(for_source(recipe, data.source), data)
    task = build(recipe, options, data)  # before anything is written, so that bad settings leave nothing behind
    check_norms(task, recipe, options, group)
    run = begin(recipe, options, task, run_dir, group)
    try:
        return _run(run, recipe, options, data, task, group)
    finally:
        run.release()


def group_of(options: Options) -> Group:
    """The devices and workers that the options name, on the backend that they name; see `group.open_group`."""
    return jax_group.open_group(options) if options.backend == "jax" else open_group(options)


def begin(
    recipe: Recipe, options: Options, task: Task, run_dir: Path | None = None, group: Group = Group()
) -> RunDirectory:
    """A new run directory, in which stands what is going to be trained, and what the task's transform has learned.

    Of several workers the chief alone writes it.

    It is locked until its `release`, or until this process ends.

    Raises:
        InputError: The directory holds a run already, or cannot be written.
    """
    run, data = (RunDirectory if group.chief else Follower).create(run_dir, recipe), task.data
    run.update(
        recipe=recipe.as_dict(),
        options=vars(options),
        status="running",
        started=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        versions=provenance.versions(),
        environment=provenance.environment(),
        revision=provenance.revision(),
        code=provenance.code(recipe),
        replacing=provenance.replacing_code(),
        seed=recipe.seed,
        data={
            "name": data.name,
            "source": data.source,
            "origin": data.origin,
            "counts": data.counts,
            "classes": data.classes,
            "shape": data.train.x.shape[1:],
            "skipped": data.skipped,
            "notes": data.notes,
            "brightness": brightness(data),
        },
    )
    if task.vectors:
        run.update(vectors=task.vectors)
    if task.pretrained:
        run.update(pretrained=task.pretrained)
    if task.transform.learns and group.chief:
        task.transform.save(run.transform_file)
    return run


def resume(
    run: RunDirectory,
    quiet: bool = False,
    figures: bool = True,
    epochs: int | None = None,
    data_dir: str | None = None,
    live: bool = False,
    strategy: str = "none",
    logical_devices: int | None = None,
) -> RunDirectory:
    """Go on with an interrupted run at its next batch; a finished one is left as it is, unless `epochs` grew.

    Figures are drawn unless either the run or `figures` says otherwise. The number of devices may be another one than
    before (`strategy`, `logical_devices`, as in `Options`): the weights then come out as they would have, but for
    rounding. Of several workers each must see the run directory.

    Raises:
        InputError: As in `train`, or the data differ from those that the run was trained on.
    """
    require(run.options.backend)
    options = replace(run.options, download=False, quiet=quiet, figures=figures and run.options.figures, live=live)
    options = replace(options, data_dir=data_dir or options.data_dir)
    options = replace(options, strategy=strategy, logical_devices=logical_devices)
    check(run.recipe, options)
    group = group_of(options)
    run = run if group.chief else Follower.open(run.path)
    run.acquire()
    try:
        return _resume(run, options, epochs, group)
    finally:
        run.release()


def _resume(run: RunDirectory, options: Options, epochs: int | None, group: Group) -> RunDirectory:
    if "trainer" in run.info:
        raise InputError(f"{run.path} was trained by {run.info['trainer']}, whose runs cannot be resumed")
    recipe = run.recipe
    if epochs is not None and epochs != recipe.epochs:
        if epochs < recipe.epochs and run.info["status"] == "done":
            raise InputError(f"{run.path} has been trained for {recipe.epochs} epochs; --epochs can only grow")
        if schedules.spans_the_run(recipe):
            raise InputError(
                f"{run.path} has a {recipe.schedule['name']} schedule laid out for {recipe.epochs} epochs, which cannot "
                f"become {epochs}; start a new run"
            )
        recipe = replace(recipe, epochs=epochs)
    elif run.info["status"] == "done":
        return run
    data = load_data(recipe, options)
    known = run.info["data"]
    if (data.source, data.counts) != (known["source"], known["counts"]):
        raise InputError(
            f"{run.path} was trained on {known['source']} data {known['counts']}, "
            f"but {data.origin} holds {data.source} data {data.counts}"
        )
    task = build(recipe, options, data, run.load_transform())
    check_norms(task, recipe, options, group)
    if different := provenance.differences(run.info):
        # A word of its own in run.json: whoever compares two runs asks there.
        run.warn(f"the run went on with {', '.join(different)}; its bits may differ from those of an uninterrupted one")
    run.update(recipe=recipe.as_dict(), status="running")
    return _run(run, recipe, options, data, task, group)


def _run(run: RunDirectory, recipe: Recipe, options: Options, data: Data, task: Task, group: Group) -> RunDirectory:
    if not group.chief:
        options = replace(options, quiet=True, figures=False, tensorboard=False, live=False)
    announce(recipe, options, data)
    if task.vectors and not options.quiet:
        found, count = task.vectors["found"], task.vectors["words"]
        print(f"embedding: {task.vectors['vectors']} has {found:,} of {count:,} words ({found / count:.1%})")
    if recipe.weights and not options.quiet:
        frozen = sum(math.prod(weight.shape) for weight in task.model.non_trainable_variables)
        say(f"weights: {recipe.weights}; {task.model.count_params():,} parameters, {frozen:,} of them not trained")
    try:
        with Signals() as signals:
            if group.chief:
                own = stored(data, recipe.storage, run, options.quiet)
            group.some(False)  # who follows must not look for it earlier
            task = task.on(own if group.chief else stored(data, recipe.storage, run, True))
            try:
                history, seconds = _fit(run, recipe, options, task, signals, group)
            finally:
                group.leave()
        if group.chief and options.backend != "tensorflow":
            run.save_model(task.model)
            run.write_history(history)
            run.update(seconds=round(seconds, 3))
            finish_on_tensorflow(run)
        elif group.chief:
            finish(run, options, task, history, seconds)
        group.some(False)  # who went away earlier would be taken for dead
    except KeyboardInterrupt:
        raise _stopped(run, recipe, Interrupted()) from None
    except tf.errors.OpError as error:
        found = input_error(error)
        if group.count > 1 and found is error:
            found = Interrupted("a worker is gone, or the network to it")
        raise _stopped(run, recipe, found) from error
    except CommandError as error:
        raise _stopped(run, recipe, error) from error.__cause__
    return run


def first_steps(recipe: Recipe, options: Options, run_dir: Path) -> dict[str, list[float]]:
    """What `run.json` records of the first steps of a new training, which goes no further; metrics by name."""
    data = load_data(recipe, options)
    recipe = for_data(for_source(recipe, data.source), data)
    task = build(recipe, options, data)
    run = begin(recipe, options, task, run_dir)
    task = task.on(stored(data, recipe.storage, run, quiet=True))
    with training_loop(task.model, training_batches(recipe, task), options.plain) as loop:
        Checkpoints(run, loop, Signals(), options.checkpoint_seconds).begin()
    return run.info["first_steps"]


def _fit(
    run: RunDirectory, recipe: Recipe, options: Options, task: Task, signals: Signals, group: Group = Group()
) -> tuple[list[dict], float]:
    """Train to the recipe's last epoch; the history's rows and the seconds of all parts of the run together."""
    model, data = task.model, task.data
    batches = training_batches(recipe, task, group.shard)
    run.update(
        device=device_name(),
        jit=model.jit_compile,
        parameters=sum(math.prod(weight.shape) for weight in model.trainable_variables),
    )
    validation = None
    if data.validation is not None:
        size = scoring_batch(data.validation)
        order = task.order(data.validation)
        validation = Batches(data.validation, size, shuffle=False, prepare=task.prepare, order=order).dataset()

    def twin() -> keras.Model:
        return compiled_task(recipe, options, data, task.transform).model

    with _part(run, group), training_loop(model, batches, options.plain, group, twin) as loop:
        checkpoints = Checkpoints(run, loop, signals, options.checkpoint_seconds, group)
        resumed = bool(run.checkpoints)
        checkpoints.begin()
        if resumed and not options.quiet:
            say_where(checkpoints.progress, recipe.epochs, batches.steps)
        draws = group.chief and options.backend == "tensorflow"  # what is drawn meanwhile is computed by TensorFlow
        callbacks = [*(task.callbacks(run) if draws else ()), checkpoints]
        if recipe.schedule:
            # First, so that the others find the rate in the logs.
            callbacks.insert(0, LearningRate(schedules.build(recipe, batches.steps), batches.steps))
        if options.tensorboard:
            folder = run.path / "tensorboard"
            callbacks.append(keras.callbacks.TensorBoard(str(folder), histogram_freq=1, write_graph=False))
            if draws:
                write_graph(model, folder / "graph")
            if draws and tasks.SAMPLES in tasks.entry(recipe.task).draws:
                callbacks.append(Samples(task.sample, folder / "samples"))
        if options.live and not options.quiet:
            callbacks.append(LivePlot())
        loop.fit(recipe.epochs, callbacks, validation, _verbosity(options))
    run.update(checkpoints_saved=checkpoints.saves, checkpoint_seconds=round(checkpoints.saving_seconds, 3))
    return checkpoints.progress.history, checkpoints.progress.seconds


def _verbosity(options: Options) -> int:
    if options.quiet or options.live:
        return 0
    return 1 if sys.stdout.isatty() else 2


@contextlib.contextmanager
def _part(run: RunDirectory, group: Group):
    """Record under `parts` where and for how long this process trained, and how many cores others kept busy meanwhile."""
    load, begin = provenance.OtherLoad(), time.perf_counter()
    try:
        yield
    finally:
        part = {
            "environment": provenance.environment(),
            "versions": provenance.versions(),
            "revision": provenance.revision(),
            "seconds": round(time.perf_counter() - begin, 3),
            "other_cores": load.cores(),
            "workers": group.count,
            "replicas": group.replicas,
        }
        with contextlib.suppress(InputError):  # as in `_stopped`
            run.update(parts=[*run.info.get("parts", []), part])


def _stopped(run: RunDirectory, recipe: Recipe, error: CommandError) -> CommandError:
    """Record why a run ended early, and say how to go on."""
    status = "interrupted" if isinstance(error, Interrupted) else "failed"
    with contextlib.suppress(InputError):  # where even this cannot be written, the first error is the one to tell
        run.update(status=status, error=str(error))
    if isinstance(error, Interrupted):
        return Interrupted(
            f"{str(error) or 'interrupted'}; to go on: python -m tf_models.train --run-dir {shlex.quote(str(run.path))} --resume"
        )
    if isinstance(error, TrainingError):
        kept = run.checkpoints[-1] if run.checkpoints else "none"
        return TrainingError(
            f"{error}; last good checkpoint: {kept}; try a learning rate below {recipe.learning_rate:g}"
        )
    return error


def evaluate(run: RunDirectory, data_dir: str | None = None, given: Own | None = None) -> tuple[Task, dict[str, dict]]:
    """Score a run's saved model on the splits it was not trained on, or on other data.

    Args:
        run: The run.
        data_dir: Folder of official files, if it has moved since the training.
        given: Data of the user's own to score in place of the run's; see `tf_models.training.other_data`.

    Returns:
        The task, bound to the model and its data, and scores by split as in `run.json`.

    Raises:
        InputError: The model is missing or damaged, or the data are not there any more.
    """
    task = task_with_data(run, data_dir, given)
    try:
        return task, scores(task)
    except tf.errors.OpError as error:
        raise input_error(error) from error


def task_with_data(
    run: RunDirectory, data_dir: str | None = None, given: Own | None = None, model: keras.Model | None = None
) -> Task:
    """A run's task, bound to its trained model and its data, or to other data; as in `evaluate` and `load_task`."""
    require_tensorflow()
    if given is not None:
        data = other_data.load(run, given)
    else:
        options, source = run.options, run.info["data"]["source"]
        options = replace(
            options,
            source="auto" if source == "generated" else source,
            data_dir=data_dir or options.data_dir,
            download=False,
        )
        data = load_data(run.recipe, options)  # first, while TensorFlow has not computed yet
    return load_task(run, model).on(data)
