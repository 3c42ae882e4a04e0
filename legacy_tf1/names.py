"""Which TensorFlow 1 variable is which Keras variable, and their values as one dictionary by TensorFlow 1's names."""

from collections.abc import Iterable, Mapping

import keras
import numpy as np
import tensorflow as tf

from legacy_tf1.bridging import parts, slots
from legacy_tf1.bridging.parts import POWER, STEP
from legacy_tf1.bridging.sources import Values
from legacy_tf1.graphs.built import Built
from legacy_tf1.topics import Topic
from tf_data.errors import InputError
from tf_models.training.state import optimizers

tf1 = tf.compat.v1

# Keras' names where they differ from those in the graphs.
KINDS = {"kernel": "weights", "bias": "biases"}
# Of Keras layers, and of nothing that a graph has.
UNSHARED = ("count", "seed_generator_state")


def is_bookkeeping(name: str) -> bool:
    """Whether a variable belongs to an optimizer or counts steps."""
    return parts.is_counter(name) or parts.is_slot(name)


def model_variables(topic: Topic, model: keras.Model) -> dict[str, keras.Variable]:
    """The model's weights and moving averages by TensorFlow 1's names.

    Raises:
        InputError: The model's layers are not those of the topic.
    """
    scopes = {layer: scope for scope, layer in topic.scopes.items()}
    named, unknown = {}, []
    for variable in model.variables:
        layer, kind = variable.path.split("/")[-2:]
        if kind in UNSHARED:
            continue
        if layer in scopes:
            named[f"{scopes[layer]}/{KINDS.get(kind, kind)}"] = variable
        else:
            unknown.append(variable.path)
    found = {name.rpartition("/")[0] for name in named}
    missing = [layer for scope, layer in topic.scopes.items() if scope not in found]
    _complain(f"model {model.name}", topic.id, missing=missing, unknown=unknown)
    return named


def optimizer_variables(
    named: Mapping[str, keras.Variable], model: keras.Model
) -> dict[str, tuple[keras.Variable, float]]:
    """What the model's optimizers keep, by the names of TensorFlow 1's slots, with the factor of each; see `slots`."""
    return {
        name: (variable, factor)
        for optimizer in optimizers(model)
        if optimizer.built
        for name, variable, factor in slots.slot_variables(named, optimizer)
    }


def from_model(model: keras.Model, topic: Topic) -> Values:
    """A model's weights by TensorFlow 1's names; of a compiled one also its optimizer's slots and number of steps.

    Raises:
        InputError: The model's layers are not those of the topic.
    """
    return from_variables(model_variables(topic, model), model)


def from_variables(named: Mapping[str, keras.Variable], model: keras.Model) -> Values:
    """As `from_model`, of variables whose names are known."""
    values = {name: value(variable) for name, variable in named.items()}
    for name, (variable, factor) in optimizer_variables(named, model).items():
        values[name] = value(variable) if factor == 1 else value(variable) / _like(factor, value(variable))
    if found := optimizers(model):
        values[STEP] = np.asarray(found[0].iterations, np.int64)
    return values


def to_model(values: Values, model: keras.Model, topic: Topic, origin: str) -> list[str]:
    """Set a model's weights, all of them or none; and its optimizer's state where model and values both have one.

    Args:
        origin: Where the values come from, for messages.

    Returns:
        Notes for the user, a line each.

    Raises:
        InputError: Variables are missing, unknown or of another shape; the message names each.
    """
    return to_variables(values, model_variables(topic, model), model, topic.id, origin)


def to_variables(
    values: Values, named: Mapping[str, keras.Variable], model: keras.Model, target: str, origin: str
) -> list[str]:
    """As `to_model`, of variables whose names are known; `target` is what the values must fit, for messages."""
    state = optimizer_variables(named, model)
    every = dict(named) | {name: variable for name, (variable, _) in state.items()}
    check(values, {name: tuple(variable.shape) for name, variable in every.items()}, target, origin)
    for name, variable in named.items():
        variable.assign(values[name])
    notes = _set_optimizers(values, state, model)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()
    return notes


def _set_optimizers(values: Values, state: Mapping, model: keras.Model) -> list[str]:
    """Set slots and steps where the values have all of them; the notes name what was left."""
    found = parts.sort(values)
    kind, there = slots.kind_of(found.slots), [name for name in state if name in values]
    if not optimizers(model):
        return []
    if found.slots and not there:
        return [f"{slots.named(found.slots)} were left: the model's optimizer keeps others"]
    if len(there) < len(state):
        return [f"the optimizer's state was left: {len(state) - len(there)} of its {len(state)} slots are missing"]
    steps = [_steps(found.counters, optimizer, number) for number, optimizer in enumerate(_in_order_of_graph(model))]
    if kind == "Adam" and None in steps:
        return ["Adam's moments were left: neither global_step nor beta1_power tells their step"]
    notes = []
    for optimizer, count in zip(_in_order_of_graph(model), steps, strict=True):
        if count is not None:
            optimizer.iterations.assign(count)
        if kind == "Adam" and STEP not in found.counters:
            notes.append(f"{type(optimizer).__name__} had made {count:,} steps, by beta1_power and beta2_power")
    for name, (variable, factor) in state.items():
        variable.assign(values[name] if factor == 1 else values[name] * _like(factor, values[name]))
    if kind and slots.KINDS[kind].note:
        notes.append(f"{kind}: {slots.KINDS[kind].note}")
    return list(dict.fromkeys(notes))


def _like(factor: float, value: np.ndarray) -> np.ndarray:
    return np.asarray(factor, np.asarray(value).dtype)


def _steps(counters: Values, optimizer, number: int) -> int | None:
    """The steps that an optimizer had made, None where it is not known."""
    betas = {name: float(getattr(optimizer, name)) for name in ("beta_1", "beta_2") if hasattr(optimizer, name)}
    powers = (slots.powers(counters, number) or slots.powers(counters)) if betas else {}
    # The powers count this optimizer's own steps; global_step may count another's as well.
    steps = slots.adam_steps(powers, **betas) if powers else None
    if steps is None and STEP in counters:
        return int(counters[STEP])
    return slots.UNCORRECTED if powers and steps is None else steps


def _in_order_of_graph(model: keras.Model) -> list:
    """The optimizers in the order in which the graph minimises: a GAN's discriminator first."""
    return optimizers(model)[::-1]


def from_session(built: Built, session) -> Values:
    """The present value of every variable of the graph."""
    return session.run({variable.op.name: variable for variable in _variables(built)})


def to_session(values: Values, built: Built, session, topic: Topic, origin: str) -> list[str]:
    """Set the graph's variables, all or none; optimizer's ones that the values lack get their initial value.

    Returns:
        What was left, a line each.

    Raises:
        InputError: Variables are missing, unknown or of another shape; the message names each.
    """
    variables = {variable.op.name: variable for variable in _variables(built)}
    check(values, {name: tuple(variable.shape) for name, variable in variables.items()}, topic.id, origin)
    session.run(built.initializer)
    initial = from_session(built, session)
    steps = values.get(STEP)
    if steps is None:
        steps = slots.adam_steps(slots.powers(values)) or 0
    feed = {}
    for name, variable in variables.items():
        given = values.get(name, initial[name])
        if POWER.fullmatch(name) and name not in values:
            # It starts at beta and is multiplied by beta at every step.
            given = np.float32(np.float64(initial[name]) ** (int(steps) + 1))
        elif name == STEP:
            given = steps
        feed[variable.initializer.inputs[1]] = given
    # Feeding what the initializers would assign sets the variables without adding to the graph.
    session.run([variable.initializer for variable in variables.values()], feed)
    left = sorted({name.rpartition("/")[2] for name in values if name not in variables and parts.is_slot(name)})
    return [f"slots {', '.join(left)} were left: the topic's graph has another optimizer"] if left else []


def check(values: Values, shapes: Mapping[str, tuple[int, ...]], target: str, origin: str) -> None:
    """Raise `InputError`, naming them all, for variables that are missing, unknown or of another shape.

    Optimizer's variables may be there or not, but not in another shape.
    """
    _complain(origin, target, **faults(values, shapes))


def faults(values: Values, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, list[str]]:
    """The variables that are missing, unknown or misshaped."""
    return {
        "missing": [name for name in shapes if name not in values and not is_bookkeeping(name)],
        "unknown": [name for name in values if name not in shapes and not is_bookkeeping(name)],
        "misshaped": [
            f"{name} {np.shape(values[name])} instead of {shape}"
            for name, shape in shapes.items()
            if name in values and np.shape(values[name]) != shape
        ],
    }


def _complain(origin: str, target: str, **found: Iterable[str]) -> None:
    said = [f"{kind}: {', '.join(names)}" for kind, names in found.items() if names]
    if said:
        raise InputError(f"{origin} does not fit {target}; {'; '.join(said)}")


def value(variable: keras.Variable) -> np.ndarray:
    return keras.ops.convert_to_numpy(variable)


def _variables(built: Built) -> list:
    return built.graph.get_collection(tf1.GraphKeys.GLOBAL_VARIABLES)
