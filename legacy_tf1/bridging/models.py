"""Any source into any Keras model, and any Keras model to TensorFlow 1's names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from legacy_tf1 import names
from legacy_tf1.bridging import cells, constants, parts, slots
from legacy_tf1.bridging.proposals import Proposal, fits, propose
from legacy_tf1.bridging.sources import Source, Values
from tf_data.command import nearest
from tf_data.errors import InputError


@dataclass(frozen=True)
class Carried:
    """What was carried into a model.

    Attributes:
        names: The Keras name of each TensorFlow 1 variable.
        notes: Notes for the user, a line each.
    """

    names: dict[str, str]
    notes: list[str] = field(default_factory=list)


class Ambiguous(InputError):
    """Some variables could be several. `proposal.names` has a guess to check and to give back as `names`."""

    def __init__(self, message: str, proposal: Proposal):
        super().__init__(message)
        self.proposal = proposal


def model_variables(model: keras.Model) -> dict[str, keras.Variable]:
    """A model's weights by `layer/kernel` and the like, without the model's own name before it.

    Raises:
        InputError: Two variables have one name.
    """
    named: dict[str, keras.Variable] = {}
    for variable in model.variables:
        if variable.path.rpartition("/")[2] in names.UNSHARED:
            continue
        name = variable.path.removeprefix(f"{model.name}/")
        if name in named:
            raise InputError(f"two variables of {model.name} are called {name}; give every layer a name")
        named[name] = variable
    if not named:
        raise InputError(f"model {model.name} has no weights; call it once on a batch so that they are made")
    return named


def carry(
    source: Source,
    model: keras.Model,
    given: Mapping[str, str] = {},
    scope: str = "",
    ema: bool = False,
    settings: Mapping[str, Any] = {},
    forget_bias: float | None = None,
) -> Carried:
    """Set a built model's weights from a source: all of them or none.

    Args:
        source: The source that was read.
        model: A built model; where it is compiled with the optimizer of the source's slots, or not compiled at all, those go
            along.
        given: The Keras name of each TensorFlow 1 variable or scope that is known; the others are found.
        scope: An outer scope to strip.
        ema: Whether to take the averages over training in the place of the weights.
        settings: Arguments of the optimizer that the source does not hold.
        forget_bias: Forget bias of LSTM cells; default that of the graph beside the weights, else 1.

    Raises:
        Ambiguous: A variable could be several.
        InputError: A variable has no counterpart or another shape, or a cell computes something else.
    """
    notes, values = list(source.notes), source.values
    if scope:
        values, outside = parts.without_scope(values, scope)
        notes += [f"outside of {scope}, left: {', '.join(outside)}"] if outside else []
    found = parts.sort(values)
    if ema:
        found = parts.with_shadows(found, source.origin)
    elif found.shadows:
        notes.append(f"{len(found.shadows)} averages over training were left; --ema takes them for the weights")
    of_net = constants.of_net(source.graph)
    bias = of_net.get("forget_bias", cells.FORGET_BIAS) if forget_bias is None else forget_bias
    if isinstance(bias, tuple):
        raise InputError(f"{source.origin}: its LSTM cells add {bias}; give one by --forget-bias, or carry them apart")
    found, cell_notes = cells.expand(found, model, bias)
    named = model_variables(model)
    proposal = _proposed(found.weights, named, given, source)
    _refuse(proposal, named, found.weights, model, source)
    weights = {ours: np.reshape(found.weights[theirs], named[ours].shape) for theirs, ours in proposal.names.items()}
    weights |= {name: names.value(named[name]) for name in proposal.missing}
    kept = {
        f"{ours}/{tail}": np.reshape(value, named[ours].shape)
        for theirs, ours in proposal.names.items()
        for tail, value in found.slots.get(theirs, {}).items()
        if parts.is_slot(tail)
    }
    optimizer_notes = compile_for(model, {n: found.slots.get(n, {}) for n in proposal.names}, source, settings)
    counters = {name.rpartition("/")[2]: value for name, value in found.counters.items() if parts.is_counter(name)}
    notes += cell_notes + optimizer_notes
    notes += names.to_variables(weights | kept | counters, named, model, f"model {model.name}", source.origin)
    notes += _about_constants(of_net, model)
    if proposal.missing:
        notes.append(f"the source has no {', '.join(proposal.missing)}; they stay as they were")
    if proposal.unused:
        notes.append(f"left, as the model has no place for them: {', '.join(proposal.unused)}")
    return Carried(proposal.names, notes)


def _proposed(
    weights: Values, named: Mapping[str, keras.Variable], given: Mapping[str, str], source: Source
) -> Proposal:
    theirs = {name: value.shape for name, value in weights.items()}
    ours = {name: tuple(variable.shape) for name, variable in named.items()}
    pairs: dict[str, str] = {}
    for old, new in given.items():
        pairs |= pair(old, new, theirs, ours, source.origin)
    order = constants.variables_in_order(source.graph)
    return propose(theirs, ours, pairs, order)


def pair(old: str, new: str, theirs: Mapping, ours: Mapping, origin: str) -> dict[str, str]:
    """The pairs of names that `OLD=NEW` means: one of two variables, or all of a scope and a layer.

    Raises:
        InputError: One of them is unknown, or they do not fit.
    """
    old = old.removesuffix(":0")
    new_names = [name for name in ours if name == new or name.endswith(f"/{new}")]
    if old in theirs and len(new_names) == 1:
        if not fits(theirs[old], ours[new_names[0]]):
            raise InputError(f"{old} has shape {theirs[old]}, {new} has {ours[new_names[0]]}: they cannot be paired")
        return {old: new_names[0]}
    inside = {name: shape for name, shape in theirs.items() if name.startswith(f"{old}/")}
    layer = {name: shape for name, shape in ours.items() if f"/{new}/" in f"/{name}"}
    if not inside and old not in theirs:
        raise InputError(f"{origin} has no variable and no scope {old}{nearest(old, theirs)}")
    if not layer and not new_names:
        raise InputError(f"the model has no variable and no layer {new}{nearest(new, ours)}")
    found = propose(inside, layer)
    if found.ambiguous or found.missing or not found.names:
        raise InputError(f"{old} and {new} cannot be paired as a scope and a layer; pair their variables one by one")
    return found.names


def _refuse(proposal: Proposal, named, weights: Values, model: keras.Model, source: Source) -> None:
    # A layer that standardises is often one that the old program did by hand.
    standard = {
        f"{layer.name}/{kind}"
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.Normalization)
        for kind in ("mean", "variance")
    }
    missing = [name for name in proposal.missing if not any(name.endswith(each) for each in standard)]
    if missing:
        wanted = ", ".join(f"{name} {tuple(named[name].shape)}" for name in missing)
        there = ", ".join(f"{name} {weights[name].shape}" for name in proposal.unused) or "nothing"
        raise InputError(
            f"{source.origin} has nothing for {wanted} of model {model.name}; without a place there: {there}"
        )
    if proposal.ambiguous:
        several = {name: olds for name, olds in proposal.ambiguous.items() if len(olds) > 1}
        listed = "; ".join(f"{name} could be {', '.join(olds)}" for name, olds in several.items())
        raise Ambiguous(f"{listed}; check the proposed map and give it by --map-file or --map", proposal)


def compile_for(model: keras.Model, kept: dict[str, Values], source: Source, settings: Mapping[str, Any]) -> list[str]:
    """Give an uncompiled model the optimizer that made these slots, so that they have a place; notes for the user."""
    kind = slots.kind_of(kept)
    if kind is None and any(kept.values()):
        return [f"{slots.named(kept)} were left: they are of several optimizers or of an unknown one"]
    if kind is None or names.optimizers(model):
        for optimizer in names.optimizers(model):
            if not optimizer.built:
                optimizer.build(model.trainable_variables)
        return []
    known_kind, known = constants.of_optimizer(source.graph)
    arguments = {**(known if known_kind == kind else {}), **settings}
    if lacking := [name for name in slots.KINDS[kind].needs if name not in arguments]:
        asked = " ".join(f"--set optimizer.{name}=..." for name in lacking)
        return [f"{kind}'s slots were left: they mean nothing without {', '.join(lacking)}; add {asked}"]
    optimizer = slots.counterpart(kind, arguments, kept)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer=optimizer)
    rate = (
        ""
        if "learning_rate" in {**slots.KINDS[kind].constants, **arguments}
        else "; its learning rate is not in the file"
    )
    return [f"compiled with {type(optimizer).__name__}, which goes on from {kind}'s slots{rate}; give it a loss"]


def _about_constants(of_net: Mapping[str, Any], model: keras.Model) -> list[str]:
    """Lines about constants of the net that the graph has and a layer of the model has otherwise."""
    checked = {
        keras.layers.BatchNormalization: ("epsilon", "momentum"),
        keras.layers.LeakyReLU: ("negative_slope",),
    }
    lines = []
    for layer in model._flatten_layers():
        for kind, attributes in checked.items():
            for name in attributes if isinstance(layer, kind) else ():
                values = of_net.get(name)
                values = values if isinstance(values, tuple) else (values,)
                if values != (None,) and not np.any(np.isclose(np.array(values, float), getattr(layer, name))):
                    lines.append(f"{layer.name} has {name} {getattr(layer, name):g}, the graph {values[0]:g}")
    return lines


def to_values(model: keras.Model, given: Mapping[str, str] = {}) -> Values:
    """A model's weights, and of a compiled one its optimizer's slots, by TensorFlow 1's names.

    Args:
        given: The Keras name of each TensorFlow 1 variable, as `Carried.names` has it; Keras' own names for the others.
    """
    named = model_variables(model)
    theirs = {new: old for old, new in given.items()}
    unknown = [new for new in theirs if new not in named]
    if unknown:
        raise InputError(f"the model has no {', '.join(unknown)}{nearest(unknown[0], named)}")
    values = names.from_variables({theirs.get(name, name): variable for name, variable in named.items()}, model)
    for number, optimizer in enumerate(names.optimizers(model)):
        if slots.kind_of_keras(optimizer) == "Adam" and optimizer.built:
            values |= slots.powers_after(int(optimizer.iterations), optimizer.beta_1, optimizer.beta_2, number)
    return values
