"""How far what an export's own runtime gives is from the outputs of the model that it was made of. Keras is imported late."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tf_models import runtimes, saving

if TYPE_CHECKING:
    import keras

    from tf_models.tasks.base import Task

RUN = tuple(kind for kind, form in saving.EXPORTS.items() if form.read)  # the forms that run; the others hold weights
STEPS = 500  # of a sample at most, where any number fits: to a model that continues a text all of it is one sample


def difference(model: "keras.Model", kind: str, path: Path, inputs: dict[str, np.ndarray]) -> float:
    """The largest difference of an output, as a fraction of the largest number in that output.

    Args:
        model: The model that was exported; of a GAN the generator runs.
        kind: One of `RUN`.
        path: What `saving.export` wrote.
        inputs: What the model takes, by the names of its inputs, `(samples, ...)` each.

    Raises:
        InputError: The file is missing or damaged, or a package that reads it is missing.
        ValueError: The runtime gives other outputs or other shapes, or an output is zero everywhere, which shows nothing.
    """
    import keras

    model = runtimes.serving(model)
    outputs = keras.tree.flatten(model(keras.tree.pack_sequence_as(model.input, list(inputs.values()))))
    expected = dict(zip(runtimes.outputs(model), map(keras.ops.convert_to_numpy, outputs), strict=True))
    found = saving.read_export(kind, path)(inputs)
    shapes = [{name: values.shape for name, values in each.items()} for each in (expected, found)]
    if shapes[0] != shapes[1]:
        raise ValueError(f"{path} gives {shapes[1]}, the model {shapes[0]}")
    if silent := [name for name, values in expected.items() if not np.abs(values).max() > 0]:
        raise ValueError(f"{silent[0]} is zero everywhere, which shows nothing")
    return max(float(np.abs(found[name] - one).max() / np.abs(one).max()) for name, one in expected.items())


def drawn(model: "keras.Model", count: int) -> dict[str, np.ndarray]:
    """Random inputs for a model, by name: texts, integers below 10, or numbers in 0..1; 5 steps where any number fits."""
    rng = np.random.default_rng(1)

    def one(tensor):
        shape = (count, *(size or 5 for size in tensor.shape[1:]))
        if tensor.dtype == "string":
            return rng.choice(["one two", "two three four", "five"], shape)
        return (rng.integers(0, 10, shape) if "int" in tensor.dtype else rng.random(shape)).astype(tensor.dtype)

    return {name: one(tensor) for name, tensor in runtimes.inputs(runtimes.serving(model)).items()}


def of_test_split(task: "Task", count: int) -> dict[str, np.ndarray] | None:
    """The first test samples as the model takes them, by its input's name; None where it takes something else.

    A GAN's generator takes noise, and a conditional autoencoder labels besides. Long sequences are cut to `STEPS`.

    Args:
        task: A task, bound to its model and its data.
        count: How many samples at most.
    """
    inputs = runtimes.inputs(runtimes.serving(task.model))
    if len(inputs) > 1:
        return None
    ((name, tensor),) = inputs.items()
    x, _ = next(iter(task.transformed(task.data.test, min(count, len(task.data.test)))))
    values, wanted = x.numpy(), tensor.shape[1:]
    if len(wanted) != values.ndim - 1 or any(a not in (None, b) for a, b in zip(wanted, values.shape[1:], strict=True)):
        return None
    values = values[(slice(None), *(slice(None if size else STEPS) for size in wanted))]
    return {name: values if tensor.dtype == "string" else values.astype(tensor.dtype)}
