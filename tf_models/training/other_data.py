"""A trained run on other data of its user's: they are read as the run's own were, and their classes are the run's."""

from dataclasses import replace

import numpy as np

from tf_data import own
from tf_data.dataset import BaseSplit, Data, Split
from tf_data.errors import InputError
from tf_data.own import Own
from tf_models.training.run_directory import RunDirectory

# Tasks whose scores compare with training samples; the data are cut for them.
WITH_TRAINING = ("compare", "generate")


def load(run: RunDirectory, given: Own) -> Data:
    """Data of a user's own, to be scored by a run.

    Args:
        run: The run.
        given: The data: all of them are scored, but for tasks that compare with training samples.

    Raises:
        InputError: They are what the run was trained on, of another kind, or have classes that the run does not know.
    """
    recipe, known = run.recipe, run.info["data"]
    if given.options["path"] == recipe.data.get("path"):
        raise InputError(
            f"{run.path} was trained on a part of {given.path}; without {given.flag}, its held-out part is scored"
        )
    options, shape = dict(given.options), tuple(known.get("shape", ()))
    if given.is_image:
        if len(shape) != 3:
            raise InputError(f"{run.path} was trained on samples of {shape}, not on images")
        if options.setdefault("size", shape[:2]) != shape[:2]:
            raise InputError(f"--image-size: {run.path} takes images scaled to {shape[0]}x{shape[1]}; leave it away")
        options["channels"] = shape[2]
    elif given.dataset == own.NUMBERS and recipe.dataset == own.NUMBERS:
        options["features"] = tuple(recipe.data["features"])
    given = replace(given, options=options)
    data = given.load() if recipe.task in WITH_TRAINING else given.load_uncut()
    found = data.train.samples.shape[1:]
    if shape and (len(found) != len(shape) or any(a and a != b for a, b in zip(shape, found))):
        raise InputError(f"{given.path} holds samples of {tuple(found)}, but {run.path} was trained on {shape}")
    return _with_classes(data, tuple(known["classes"]), run)


def _with_classes(data: Data, classes: tuple[str, ...], run: RunDirectory) -> Data:
    """The data with labels that are the numbers of these classes."""
    if data.classes == classes or not classes:
        return data
    if not data.classes:
        raise InputError(f"{data.origin} has no labels; {run.path} needs a folder or a label for each class")
    if strangers := [name for name in data.classes if name not in classes]:
        raise InputError(
            f"{data.origin} has the class {strangers[0]}, which {run.path} does not know; it knows {', '.join(classes)}"
        )
    numbers = np.array([classes.index(name) for name in data.classes], np.int32)

    def renumbered(split: BaseSplit) -> Split:
        return replace(split, y=numbers[split.y])

    missing = [name for name in classes if name not in data.classes]
    notes = (*data.notes, *([f"{data.origin} has no samples of {', '.join(missing)}"] if missing else []))
    return replace(
        data, classes=classes, notes=notes, **{name: renumbered(split) for name, split in data.splits.items()}
    )
