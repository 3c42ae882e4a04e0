"""Any source to the names of a topic's graph: by the topic's own names, or by those of the original notebook."""

from collections.abc import Iterator, Mapping

import numpy as np

from legacy_tf1 import names, partner
from legacy_tf1.bridging import constants, parts, slots
from legacy_tf1.bridging.notebooks import NOTEBOOKS, REFUSALS, Notebook
from legacy_tf1.bridging.parts import Parts
from legacy_tf1.bridging.sources import Source, Values
from legacy_tf1.topics import Topic
from tf_data.errors import InputError

Shapes = Mapping[str, tuple[int, ...]]


def as_topic(source: Source, topic: Topic, scope: str = "", ema: bool = False) -> tuple[Values, list[str]]:
    """A source's variables by the names of the topic's graph, slots and counters among them, and notes for the user.

    Args:
        source: The source that was read.
        topic: Whose names and shapes are wanted.
        scope: An outer scope to strip.
        ema: Whether to take the averages over training in the place of the weights.

    Raises:
        InputError: The weights do not fit, and the message names every variable that is missing, unknown or of another
            shape; or the notebook's net cannot mean the same as the topic's.
    """
    notes, values = list(source.notes), source.values
    if scope:
        values, outside = parts.without_scope(values, scope)
        if outside:
            notes.append(f"outside of {scope}, left: {', '.join(outside)}")
    found = parts.sort(values)
    if ema:
        found = parts.with_shadows(found, source.origin)
    elif found.shadows:
        notes.append(f"{len(found.shadows)} averages over training were left; --ema takes them for the weights")
    model = partner.model_of(topic)
    shapes = {name: tuple(variable.shape) for name, variable in names.model_variables(topic, model).items()}
    notebook, renamed = _choose(found, topic, shapes, source.origin)
    if notebook.name:
        notes.append(f"the names are those of the notebook {notebook.name}")
    weights = {
        ours: _fit(found.weights[theirs], shapes[ours], ours == notebook.scalar) for theirs, ours in renamed.items()
    }
    if notebook.filled:
        weights |= _filled(notebook, topic, model, notes)
    notes += _notes_on_constants(source, topic, notebook)
    scalars = [name for name in found.weights if name not in renamed]
    if scalars:
        notes.append(f"left, of no use to the net: {', '.join(scalars)}")
    kept, left = {}, []
    for name, value in _slots(found, renamed, shapes):
        if parts.is_slot(name):
            kept[name] = value
        else:
            left.append(name)
    if left:
        notes.append(f"left, of no optimizer that is known: {', '.join(left)}")
    counters = {name.rpartition("/")[2]: value for name, value in found.counters.items()}
    counters = {n: value for n, value in counters.items() if n == parts.STEP or parts.POWER.fullmatch(n)}
    return weights | kept | counters, notes


def _choose(found: Parts, topic: Topic, shapes: Shapes, origin: str) -> tuple[Notebook, dict[str, str]]:
    """The map under which all weights fit, and the topic's name of each. Raises `InputError` where none does."""
    own = Notebook("", scopes={scope: scope for scope in topic.scopes})
    best = None
    for notebook in (own, *NOTEBOOKS.get(topic.id, ())):
        renamed = {theirs: ours for theirs in found.weights if (ours := _renamed(theirs, notebook)) in shapes}
        wanted = {ours: shape for ours, shape in shapes.items() if not _within(ours, notebook.filled)}
        values = {
            ours: _fit(found.weights[theirs], shapes[ours], ours == notebook.scalar) for theirs, ours in renamed.items()
        }
        unknown = {n: v for n, v in found.weights.items() if n not in renamed and np.ndim(v)}
        faults = names.faults(values | unknown, wanted)
        if not any(faults.values()):
            return notebook, renamed
        if best is None or sum(map(len, faults.values())) < best[0]:
            best = sum(map(len, faults.values())), notebook, faults
    for refusal in REFUSALS.get(topic.id, ()):
        if np.shape(found.weights.get(refusal.variable)) == refusal.shape:
            raise InputError(f"{origin} is of the notebook {refusal.name}, not of {topic.id}: {refusal.reason}")
    _, notebook, faults = best
    listed = "; ".join(f"{kind}: {', '.join(several)}" for kind, several in faults.items() if several)
    by = f" by the names of the notebook {notebook.name}" if notebook.name else ""
    raise InputError(f"{origin} does not fit {topic.id}{by}; {listed}{_scope_hint(found)}")


def _renamed(name: str, notebook: Notebook) -> str | None:
    if name in notebook.variables:
        return notebook.variables[name]
    scope, _, kind = name.rpartition("/")
    return f"{notebook.scopes[scope]}/{names.KINDS.get(kind, kind)}" if scope in notebook.scopes else None


def _within(name: str, scope: str) -> bool:
    return bool(scope) and name.startswith(f"{scope}/")


def _fit(value: np.ndarray, shape: tuple[int, ...], scalar: bool = False) -> np.ndarray:
    """A value in a shape that means the same: without axes of length 1, or one number for all; else as it is."""
    if scalar and value.size == 1:
        return np.full(shape, value.reshape(()), value.dtype)
    same = [size for size in value.shape if size != 1] == [size for size in shape if size != 1]
    return value.reshape(shape) if same else value


def _scope_hint(found: Parts) -> str:
    scopes = {name.partition("/")[0] for name in found.weights}
    inside = all(name.count("/") > 1 for name in found.weights)
    return f"; all lie in {next(iter(scopes))}: try --scope {next(iter(scopes))}" if len(scopes) == 1 and inside else ""


def _slots(found: Parts, renamed: Mapping[str, str], shapes: Shapes) -> Iterator[tuple[str, np.ndarray]]:
    for theirs, ours in renamed.items():
        for tail, value in found.slots.get(theirs, {}).items():
            fitted = _fit(value, shapes[ours])
            if fitted.shape == shapes[ours]:
                yield f"{ours}/{tail}", fitted


def _filled(notebook: Notebook, topic: Topic, model, notes: list[str]) -> Values:
    """What the notebook did to its samples outside of its graph, from the topic's own training data."""
    data = partner.load_data(topic.recipe())
    partner.adapt(model, topic.recipe(), data)
    named = names.model_variables(topic, model)
    notes.append(
        f"{notebook.filled} was filled from the training samples of {data.name} ({data.source}): the notebook "
        "standardised its own outside of the graph"
    )
    return {name: names.value(variable) for name, variable in named.items() if _within(name, notebook.filled)}


def _notes_on_constants(source: Source, topic: Topic, notebook: Notebook) -> list[str]:
    """Lines about constants of the net that differ from the topic's: those of its nodes, else those of the notebook."""
    recipe = topic.recipe()
    ours = {**recipe.model, **topic.constants}
    found = constants.of_net(source.graph)
    where = "the graph beside the weights"
    if not found:
        found, where = dict(notebook.constants), f"the notebook {notebook.name}"
    lines = [
        f"{where} has {name} {value}, the topic {ours[name]}; if the net is to mean the same, add --set model.{name}={value}"
        for name, value in found.items()
        if name in ours and ours[name] != value
    ]
    missing = [name for name in found if name == "activation" and name not in ours]
    lines += [
        f"{where} has an activation, {found[n]}, that the topic has not; add --set model.{n}={found[n]}"
        for n in missing
    ]
    if source.graph is None and not notebook.name and topic.constants.get("logits_activation") == "linear":
        lines += [known.note for known in NOTEBOOKS.get(topic.id, ()) if known.note]
    if unknown := constants.unknown_operations(source.graph):
        lines.append(
            f"the graph has operations that are unknown here, {', '.join(unknown)}; the weights do not need them"
        )
    return lines


def compile_for(values: Values, model, topic: Topic) -> list[str]:
    """Give a topic's model the optimizer that made the slots among the values, so that they have a place.

    It is the recipe's where that is of the same kind, else the counterpart of TensorFlow 1's at the recipe's rate.
    """
    kept = parts.sort(values).slots
    kind = slots.kind_of(kept)
    if kind is None:
        return [f"{slots.named(kept)} were left: they are of several optimizers"] if kept else []
    trained = [name for name, variable in names.model_variables(topic, model).items() if variable.trainable]
    if lacking := [name for name in trained if name not in kept]:
        return [f"{kind}'s slots were left: there are none in their shape for {', '.join(lacking)}"]
    recipe = topic.recipe()
    own = partner.optimizer_of(recipe)
    notes = []
    if slots.kind_of_keras(own) != kind:
        settings = {"learning_rate": recipe.learning_rate, **recipe.optimizer_options}
        if lacking := [name for name in slots.KINDS[kind].needs if name not in settings]:
            asked = " ".join(f"--set optimizer.{name}=..." for name in lacking)
            if recipe.optimizer != "sgd":
                asked = f"{asked} to a call with --model"
            return [f"{kind}'s slots were left: they mean nothing without {', '.join(lacking)}; add {asked}"]
        own = slots.counterpart(kind, settings, kept)
        notes.append(f"compiled with {type(own).__name__} at the recipe's rate, which goes on from {kind}'s slots")
    partner.compile_with(model, own)
    return notes
