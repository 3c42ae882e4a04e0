"""Models that are ready to train, built from recipes."""

import importlib.util
import inspect
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras
import numpy as np

import tf_data
from tf_data import datasets, formats
from tf_data.dataset import Data, Split
from tf_data.errors import InputError
from tf_data.order import require_seed
from tf_data.pipeline import Batches
from tf_data.statistics import statistics
from tf_data.transform import Transform, make
from tf_models import builders, tasks
from tf_models.configs import get, recipes, schedules
from tf_models.configs.own_data import with_nearest_size
from tf_models.configs.recipe import Recipe
from tf_models.optimizers import registered_name
from tf_models.seeding import seeded
from tf_models.tasks.base import About, Task
from tf_models.training import pretrained
from tf_models.training.devices import choose_jit, make_deterministic, precision
from tf_models.training.options import Options
from tf_models.training.run_directory import RunDirectory
from tf_models.training.vectors import load_vectors
from tf_models.weight_decay import exempt_from_decay


def build_model(recipe: Recipe, seed: int | None = None, **arguments) -> keras.Model:
    """The recipe's model, uncompiled. Raises `InputError` for arguments that the builder refuses."""
    seed = recipe.seed if seed is None else seed
    require_seed(seed)
    builder = builders.get(recipe.builder)
    _require_known(recipe, builder, arguments)
    with seeded(seed):
        try:
            return builder(**{**recipe.model, **arguments})
        except (TypeError, ValueError) as error:
            raise InputError(f"{recipe.id}: {error}") from error


def _require_known(recipe: Recipe, builder: Callable, arguments: Iterable[str]) -> None:
    """Raise `InputError`, naming those that there are, for arguments that a builder does not have."""
    parameters = inspect.signature(builder).parameters.values()
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return  # it says itself what it takes, as what it passes them to does
    known = [parameter.name for parameter in parameters]
    for name in (*recipe.model, *arguments):
        if name not in known:
            raise InputError(f"{recipe.id}: {recipe.builder} takes no {name!r}, only {', '.join(known)}")


def load_task(run: RunDirectory, model: keras.Model | None = None) -> Task:
    """A run's task, bound to its trained model and to what its transform learned; it has no data.

    Args:
        run: The run.
        model: Its model, where it has been loaded already.

    Raises:
        InputError: The model, or what the transform learned, is missing or damaged.
    """
    return tasks.make(run.recipe).bind(
        run.load_model() if model is None else model, run.load_transform(), About.of_run(run.info["data"])
    )


def task_of(source: str | Path) -> Task:
    """The task of a run directory, with its trained model, or of a recipe's id, with a new one.

    Raises:
        InputError: There is neither a run nor a recipe of this name.
    """
    if str(source) not in {recipe.id for recipe in recipes()}:
        return load_task(RunDirectory.open(source))
    recipe = get(str(source))
    about = About(recipe.dataset, datasets.get(recipe.dataset).classes)
    return tasks.make(recipe).bind(build_model(recipe), make(recipe.transform), about)


def build_optimizer(recipe: Recipe, steps: int | None = None) -> keras.optimizers.Optimizer:
    """The recipe's optimizer, whose weight decay spares biases and batch norms.

    Args:
        recipe: The recipe, with all that is set for this run.
        steps: Batches in an epoch, which a schedule must know.

    Raises:
        InputError: Optimizer or schedule are unknown, or refuse their options.
    """
    rate = schedules.build(recipe, steps) or recipe.learning_rate
    config = {"learning_rate": rate, **recipe.optimizer_options}
    try:
        made = keras.optimizers.get({"class_name": registered_name(recipe.optimizer), "config": config})
        return exempt_from_decay(made)
    except (TypeError, ValueError) as error:
        raise InputError(f"optimizer {recipe.optimizer} with {config}: {str(error).splitlines()[0]}") from error


def adapt_layers(model: keras.Model, train: Split, transform: Transform) -> None:
    """Show the training samples to the layers that must see them before training begins.

    A `Normalization` layer takes mean and standard deviation of all of them. Any other layer with a method `adapt` is
    given what the model takes of the first `adapt_samples`, an attribute of the layer, or of all where it has none.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            found = statistics(train)
            layer.adapt_mean.assign(found.mean)
            layer.adapt_variance.assign(np.square(found.sd))
            layer.finalize_state()
        elif hasattr(layer, "adapt"):
            count = min(getattr(layer, "adapt_samples", len(train)), len(train))
            layer.adapt(np.asarray(transform(train.samples.read(np.arange(count)))))


def load_data(recipe: Recipe, options: Options) -> Data:
    """The recipe's data from the source that the options name; the first step of whatever computes with it."""
    if options.deterministic:
        make_deterministic()
    return tf_data.load(
        recipe.dataset,
        options.source,
        options.data_dir,
        download=options.download,
        limit=options.limit,
        validation=recipe.validation,
        **recipe.data,
    )


def build(recipe: Recipe, options: Options, data: Data, learned: Transform | None = None) -> Task:
    """The recipe's task, bound to its data and to its model, which is compiled.

    Args:
        recipe: The recipe, with all that is set for this run.
        options: The settings of the run.
        data: The data to train on.
        learned: The transform of a run that goes on; None makes one, which learns from the training split.
    """
    if options.tensorboard and not importlib.util.find_spec("tensorboard"):
        raise InputError("--tensorboard needs a package; pip install 'tf-models[tensorboard]'")
    tasks.make(recipe)  # so that bad options are told before the data are looked at
    begins = learned is None
    if begins:
        learned = make(recipe.transform)
        learned.fit(data.train)
    task = compiled_task(recipe, options, data, learned, begins)
    if begins:  # a run that goes on has them in its weights
        task.vectors = load_vectors(task.model, learned, options.data_dir)
    return task


def compiled_task(recipe: Recipe, options: Options, data: Data, learned: Transform, begins: bool = False) -> Task:
    """The recipe's task with a new model, which is compiled; of `build`, what several devices need once more.

    Args:
        recipe, options, data, learned: As `build` takes them.
        begins: Whether the model begins with the weights that the recipe names, where it names some.
    """
    with precision(options.precision):
        try:
            model = build_model(recipe)
        except InputError as error:
            raise with_nearest_size(recipe, error) from error.__cause__
        adapt_layers(model, data.train, learned)
        began = pretrained.prepare(model, recipe, begins)
        if options.sync_batch_norm and options.backend == "tensorflow":  # on JAX norms always see the whole batch
            for layer in model._flatten_layers():
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.synchronized = True
        task = tasks.make(recipe).bind(model, learned, About.of(data), data)
        batches = training_batches(recipe, task)
        # A strategy's replicas meet within a step, and XLA lets nothing out of one.
        jit = options.strategy == "none" and choose_jit(model, options.jit, batches)
        if options.backend != "tensorflow":  # JAX without XLA is no JAX; PyTorch's compiler wants one of C++
            jit = options.jit == "on" or (options.backend == "jax" and options.jit == "auto")
        optimizer = build_optimizer(recipe, batches.steps)
        pretrained.scale_rates(optimizer, model, recipe.rates)
        task.compile(optimizer, jit)
        task.pretrained = began
    return task


def training_batches(recipe: Recipe, task: Task, shard: tuple[int, int] = (0, 1)) -> Batches:
    """The batches that a recipe's task learns from; of each the rows of one worker.

    Rows are taken at the very beginning, unless the whole batch decides about them: by pairing its samples, or by the
    length that all are padded to.
    """
    train = task.data.train
    whole = task.mixes or train.samples.lengths is not None
    prepare = partial(task.prepare_shard, shard=shard) if whole and shard[1] > 1 else task.prepare_training
    return Batches(
        train,
        recipe.batch_size,
        seed=recipe.seed,
        shuffle=recipe.shuffle,
        prepare=prepare,
        shard=(0, 1) if whole else shard,
        order=task.order(train),
    )


def stored(data: Data, storage: str, run: RunDirectory, quiet: bool) -> Data:
    """The data with its splits read from the run directory, where they are converted to the storage first."""
    if storage == "memory":
        return data
    folder = run.path / storage
    # The manifest is written last, so it tells a finished conversion.
    if not (folder / formats.manifest.NAME).is_file():
        formats.write(formats.Source.of(data), storage, folder, formats.Options(quiet=quiet))
    splits = formats.open(folder).splits
    return replace(data, **{name: splits[name] for name in data.splits})
