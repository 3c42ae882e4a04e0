"""Which TensorFlow 1 variable is which Keras variable, and their values as one dictionary by TensorFlow 1's names."""

import re

import keras
import numpy as np
import tensorflow as tf

from legacy_tf1.graphs.built import Built
from legacy_tf1.topics import Topic
from tf_data.errors import InputError

tf1 = tf.compat.v1

# Keras' names where they differ from those in the graphs.
KINDS = {"kernel": "weights", "bias": "biases"}
# Of Keras layers, and of nothing that a graph has.
UNSHARED = ("count", "seed_generator_state")
SLOTS = {"momentum": "Adam", "velocity": "Adam_1"}
STEP = "global_step"
POWER = re.compile(r"beta[12]_power(_\d+)?")

Values = dict[str, np.ndarray]


def is_bookkeeping(name: str) -> bool:
    """Whether a variable belongs to an optimizer or counts steps."""
    return name == STEP or bool(POWER.fullmatch(name)) or name.endswith(tuple(f"/{slot}" for slot in SLOTS.values()))


def model_variables(topic: Topic, model: keras.Model) -> dict[str, keras.Variable]:
    """The model's weights and moving averages by TensorFlow 1's names.

    Raises:
        InputError: the model's layers are not those of the topic.
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
    _complain(f"model {model.name}", topic, missing=missing, unknown=unknown)
    return named


def optimizer_variables(named: dict[str, keras.Variable], model: keras.Model) -> dict[str, keras.Variable]:
    """Adam's moments by the names of TensorFlow 1's slots; empty for an uncompiled model and for other optimizers."""
    moments = {
        variable.path.rpartition("/")[2]: variable
        for optimizer in optimizers(model)
        if isinstance(optimizer, keras.optimizers.Adam)
        for variable in optimizer.variables
    }
    wanted = {
        f"{name}/{slot}": f"{weight.path.replace('/', '_')}_{kind}"
        for name, weight in named.items()
        for kind, slot in SLOTS.items()
    }
    return {name: moments[moment] for name, moment in wanted.items() if moment in moments}


def from_model(model: keras.Model, topic: Topic) -> Values:
    """A model's weights by TensorFlow 1's names; of a compiled one also Adam's moments and the number of steps.

    Raises:
        InputError: the model's layers are not those of the topic.
    """
    named = model_variables(topic, model)
    every = named | optimizer_variables(named, model)
    values = {name: keras.ops.convert_to_numpy(variable) for name, variable in every.items()}
    if found := optimizers(model):
        values[STEP] = np.asarray(found[0].iterations, np.int64)
    return values


def to_model(values: Values, model: keras.Model, topic: Topic, origin: str) -> None:
    """Set a model's weights, all of them or none; and its optimizer's state where model and values both have one.

    Args:
        origin: of the values, for messages.

    Raises:
        InputError: names every variable that is missing, unknown or of another shape.
    """
    named = model_variables(topic, model)
    state = optimizer_variables(named, model)
    check(values, {name: tuple(variable.shape) for name, variable in (named | state).items()}, topic, origin)
    for name, variable in named.items():
        variable.assign(values[name])
    if STEP in values and state.keys() <= values.keys():
        for name, variable in state.items():
            variable.assign(values[name])
        for optimizer in optimizers(model):
            optimizer.iterations.assign(int(values[STEP]))
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()


def from_session(built: Built, session) -> Values:
    """The present value of every variable of the graph."""
    return session.run({variable.op.name: variable for variable in _variables(built)})


def to_session(values: Values, built: Built, session, topic: Topic, origin: str) -> None:
    """Set the graph's variables, all or none; optimizer's ones that the values lack get their initial value.

    Raises:
        InputError: names every variable that is missing, unknown or of another shape.
    """
    variables = {variable.op.name: variable for variable in _variables(built)}
    check(values, {name: tuple(variable.shape) for name, variable in variables.items()}, topic, origin)
    session.run(built.initializer)
    initial = from_session(built, session)
    steps = int(values.get(STEP, 0))
    for name, variable in variables.items():
        if POWER.fullmatch(name):
            # It starts at beta and is multiplied by beta at every step.
            value = np.float32(np.float64(initial[name]) ** (steps + 1))
        else:
            value = values.get(name, initial[name])
        # Feeding what the initializer would assign sets a variable without adding to the graph.
        session.run(variable.initializer, {variable.initializer.inputs[1]: value})


def check(values: Values, shapes: dict[str, tuple[int, ...]], topic: Topic, origin: str) -> None:
    """Raise `InputError`, naming them all, for variables that are missing, unknown or of another shape.

    Optimizer's variables may be there or not, but not in another shape.
    """
    missing = [name for name in shapes if name not in values and not is_bookkeeping(name)]
    unknown = [name for name in values if name not in shapes and not is_bookkeeping(name)]
    misshaped = [
        f"{name} {np.shape(values[name])} instead of {shape}"
        for name, shape in shapes.items()
        if name in values and np.shape(values[name]) != shape
    ]
    _complain(origin, topic, missing=missing, unknown=unknown, misshaped=misshaped)


def _complain(origin: str, topic: Topic, **faults: list[str]) -> None:
    said = [f"{kind}: {', '.join(names)}" for kind, names in faults.items() if names]
    if said:
        raise InputError(f"{origin} does not fit {topic.id}; {'; '.join(said)}")


def _variables(built: Built) -> list:
    return built.graph.get_collection(tf1.GraphKeys.GLOBAL_VARIABLES)


def optimizers(model: keras.Model) -> list:
    """The model's optimizers, a GAN's generator's first; none of an uncompiled model."""
    found = dict.fromkeys(value for value in vars(model).values() if isinstance(value, keras.optimizers.Optimizer))
    return list(found)
