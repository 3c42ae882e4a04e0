"""Fine-tuning: a model that begins with weights that another training has left, parts of it frozen or changed slowly."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import keras

from tf_data.command import nearest
from tf_data.errors import InputError
from tf_models import saving
from tf_models.configs.recipe import MOST_PATTERNS, Recipe
from tf_models.training.run_directory import RunDirectory

TORCH = (".pth", ".pt", ".bin")  # by which a `state_dict` of PyTorch is known


def prepare(model: keras.Model, recipe: Recipe, begins: bool) -> dict[str, int | str]:
    """Give a new model the weights that the recipe names, and freeze what it names.

    Args:
        model: The model, not compiled.
        recipe: The recipe; `weights` names a file, `freeze` and `rates` hold patterns of layers.
        begins: Whether training begins. A run that goes on has its weights already.

    Returns:
        What `run.json` says of it: the file, and how many of how many layers have weights from it; empty without one.

    Raises:
        InputError: As `read_weights` does; a pattern is of no layer; everything is frozen; or something is to be frozen
            or changed slowly without weights to begin with.
    """
    if not recipe.weights:
        if recipe.freeze or recipe.rates:
            raise InputError(f"{recipe.id} trains on from weights of another training; name them with --weights FILE")
        return {}
    taken = read_weights(model, Path(recipe.weights)) if begins else {}
    for pattern in recipe.freeze:
        for layer in matching(model, pattern):
            layer.trainable = False
    if not model.trainable_variables:
        raise InputError(f"--freeze {' '.join(recipe.freeze)} leaves nothing of {model.name} to be trained")
    for pattern in recipe.rates:
        matching(model, pattern)  # which says what is wrong before anything is trained
    return taken


def read_weights(model: keras.Model, path: Path) -> dict[str, int | str]:
    """Give a model's layers, but the last, the weights of another model of the same kind.

    The last layer is the head, which belongs to the classes that the other model knew: it keeps its own weights.

    Args:
        model: The model. It changes only if every layer but the head gets its weights.
        path: A run directory, a `.keras` file, or a `state_dict` of PyTorch; see `tf_models.cnn.load_torch_weights`.

    Returns:
        The `file`, and how many of how many `layers` with weights were `read` from it.

    Raises:
        InputError: The file cannot be read, or a layer is missing in it or has another shape there.
    """
    own = [layer for layer in _layers(model) if layer.weights]
    if path.suffix in TORCH:
        from tf_models.cnn.from_torch import load_torch_weights

        try:
            load_torch_weights(model, path, head="skip")
        except ValueError as error:
            raise InputError(f"{path}: {error}") from None
    else:
        # Anything else is said to be what it is: no run, no file, a damaged one.
        other = RunDirectory.open(path).load_model() if path.is_dir() else saving.load(path)
        found = {layer.name: layer for layer in _layers(other)}
        values = []
        for layer in own[:-1]:
            shapes = [tuple(weight.shape) for weight in layer.weights]
            there = found[layer.name].weights if layer.name in found else None
            if there is None or [tuple(weight.shape) for weight in there] != shapes:
                what = "no layer of this name" if there is None else f"other shapes, {[tuple(w.shape) for w in there]}"
                raise InputError(
                    f"{path} does not fit {model.name}: for {layer.name}, of the shapes {shapes}, it has {what}"
                )
            values.append([weight.numpy() for weight in there])
        for layer, arrays in zip(own[:-1], values, strict=True):
            layer.set_weights(arrays)
    return {"file": str(path), "read": len(own) - 1, "layers": len(own)}


def matching(model: keras.Model, pattern: str) -> list[keras.layers.Layer]:
    """The layers that a pattern names.

    Args:
        model: The model.
        pattern: `stage1` for all layers whose name begins so, `*_norm` as file names are matched, or `stage1..stage3`
            for these and all between.

    Raises:
        InputError: There are none, or the pattern names more than any model has.
    """
    patterns = list(_spelled_out(pattern))
    layers = [
        layer
        for layer in _layers(model)
        if any(fnmatchcase(layer.name, one) or layer.name.startswith(f"{one}_") for one in patterns)
    ]
    if not layers:
        groups = dict.fromkeys(layer.name.split("_")[0] for layer in _layers(model) if layer.weights)
        raise InputError(
            f"{pattern!r} is no layer of {model.name}{nearest(pattern, groups)}; its layers begin with {', '.join(groups)}"
        )
    return layers


def scale_rates(optimizer: keras.optimizers.Optimizer, model: keras.Model, rates: Mapping[str, float]) -> None:
    """Let an optimizer change some layers more slowly: discriminative rates (Howard and Ruder 2018, section 3.1).

    Args:
        optimizer: The optimizer of the model. Its updates are scaled, whatever it does with gradients; the decay of
            weights is not.
        model: The model.
        rates: By pattern of layers, as `matching` takes it, the fraction of the learning rate that they are changed at;
            where several name a layer, the last holds.
    """
    factors: dict[str, float] = {}
    for pattern, factor in rates.items():
        for layer in matching(model, pattern):
            factors.update({weight.path: float(factor) for weight in layer.weights})
    if not factors:
        return
    inner = getattr(optimizer, "inner_optimizer", optimizer)  # where losses are scaled, the one within
    update = inner.update_step

    def update_step(gradient, variable, learning_rate):
        # On TensorFlow this is not Keras' variable but the one within, whose name is its path and the output's number.
        path = getattr(variable, "path", None) or variable.name.partition(":")[0]
        return update(gradient, variable, learning_rate * factors.get(path, 1.0))

    # On the instance: a class of its own would have to be known wherever the model is loaded.
    inner.update_step = update_step


def _spelled_out(pattern: str) -> Iterator[str]:
    ends = re.fullmatch(r"(.*?)(\d+)\.\.(.*?)(\d+)", pattern)
    if ends is None or ends[1] != ends[3]:
        yield pattern
        return
    first, last = int(ends[2]), int(ends[4])
    if last - first >= MOST_PATTERNS:
        raise InputError(
            f"{pattern!r} names {last - first + 1:,} groups of layers, of which no model has so many; name fewer"
        )
    for number in range(first, last + 1):
        yield f"{ends[1]}{number}"


def _layers(model: keras.Model) -> list[keras.layers.Layer]:
    """All layers, also those of models within, but no models."""
    return [layer for layer in model._flatten_layers(include_self=False) if not isinstance(layer, keras.Model)]
