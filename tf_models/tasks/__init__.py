"""What is learned from a batch: each task owns loss, metrics, evaluation, prediction and figures."""

import importlib

from tf_data.command import nearest
from tf_data.errors import InputError

TASKS = {
    "classify": "tf_models.tasks.classify:Classify",
    "compare": "tf_models.tasks.compare:Compare",
    "reconstruct": "tf_models.tasks.reconstruct:Reconstruct",
    "generate": "tf_models.tasks.generate:Generate",
    "variational": "tf_models.tasks.variational:Variational",
}


def get(name: str) -> type:
    """The class of a task. Raises `InputError` for an unknown name."""
    if name not in TASKS:
        raise InputError(f"unknown task {name!r}{nearest(name, TASKS)}")
    module, cls = TASKS[name].split(":")
    return getattr(importlib.import_module(module), cls)


def make(recipe):
    """The recipe's task, ready to use. Raises `InputError` for options that the task refuses."""
    try:
        # Until a transform is a thing of its own, the tasks do its steps (for the lead, who takes this out again).
        steps = {name: recipe.transform[name] for name in ("crop", "resize", "augment") if name in recipe.transform}
        return get(recipe.task)(**recipe.task_options, **steps)
    except TypeError as error:
        raise InputError(f"{recipe.id}: task {recipe.task}: {error}") from None
