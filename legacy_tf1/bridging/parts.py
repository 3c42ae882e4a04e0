"""Which variables of a checkpoint are the net, and which belong to an optimizer, an average of weights or a counter."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from legacy_tf1.bridging.slots import KINDS
from legacy_tf1.bridging.sources import Values
from tf_data.command import nearest
from tf_data.errors import InputError

SHADOW = "ExponentialMovingAverage"
STEP = "global_step"
POWER = re.compile(r"(?:.*/)?beta[12]_power(_\d+)?")
# Counters of the running, of no use to a net.
COUNTERS = ("local_step", "save_counter", "iter", "cond/beta1_power")


@dataclass(frozen=True)
class Parts:
    """The variables of a source, sorted.

    Attributes:
        weights: Variables of the net, moving averages of batch norms among them.
        shadows: Averages of weights over training, by the name of the weight.
        slots: What an optimizer keeps beside each weight: `{weight: {"Adam": array, "Adam_1": array}}`.
        counters: `global_step`, the powers of Adam's betas, and other counters, by their whole name.
    """

    weights: Values
    shadows: Values
    slots: dict[str, Values]
    counters: Values


def sort(values: Values) -> Parts:
    """Sort variables by their names: `W/Momentum` is a slot where `W` is a variable of the same shape."""
    weights, shadows, slots, counters = {}, {}, {}, {}
    for name, value in values.items():
        owner, tail = _owner(name, values)
        if is_counter(name, value) or (owner is None and is_slot(name)):
            counters[name] = value
        elif owner is None:
            weights[name] = value
        elif tail.partition("_")[0] == SHADOW:
            shadows[owner] = value
        else:
            slots.setdefault(owner, {})[tail] = value
    return Parts(weights, shadows, slots, counters)


def is_counter(name: str, value=None) -> bool:
    """Whether a variable counts steps: by its name, or because it is a whole number."""
    last = name.rpartition("/")[2]
    whole = value is not None and np.ndim(value) == 0 and np.asarray(value).dtype.kind in "iu"
    return last == STEP or bool(POWER.fullmatch(name)) or last in COUNTERS or whole


def is_slot(name: str) -> bool:
    """Whether a name ends as those of an optimizer's slots or of shadows do."""
    return re.sub(r"_\d+$", "", name.rpartition("/")[2]) in (*KINDS, SHADOW)


def _owner(name: str, values: Values) -> tuple[str | None, str]:
    """The weight that a slot or shadow belongs to, and what is kept of it. (None, "") for a weight itself."""
    if ".OPTIMIZER_SLOT" in name:  # of a checkpoint of TensorFlow 2's kind
        weight, _, tail = name.partition("/.OPTIMIZER_SLOT/")
        return weight, tail
    stem, _, tail = name.rpartition("/")
    # A slot that is made inside of a scope has that scope before the weight's own name.
    while stem:
        if stem in values and np.shape(values[stem]) == np.shape(values[name]):
            return stem, tail
        stem = stem.partition("/")[2]
    return None, ""


def without_scope(values: Values, scope: str) -> tuple[Values, list[str]]:
    """The variables below an outer scope, named without it, and counters; and the names of what lies elsewhere.

    Raises:
        InputError: Nothing lies below the scope.
    """
    outer = scope.strip("/") + "/"
    inside = {name.removeprefix(outer): value for name, value in values.items() if name.startswith(outer)}
    if not inside:
        scopes = ", ".join(sorted({name.partition("/")[0] for name in values if "/" in name}))
        raise InputError(f"no variable begins with {outer}; scopes that are there: {scopes or 'none'}")
    others = {name: value for name, value in values.items() if not name.startswith(outer)}
    counters = {name: value for name, value in others.items() if is_counter(name, value)}
    # Slots that an optimizer in another scope made of weights in this one: train/tower/W/Adam.
    slots = {name.rpartition(f"/{outer}")[2]: value for name, value in others.items() if f"/{outer}" in name}
    return {**counters, **slots, **inside}, [n for n in others if n not in counters and f"/{outer}" not in n]


def with_shadows(parts: Parts, origin: str) -> Parts:
    """The averages over training in the place of the weights; weights without one stay, as moving averages do.

    Raises:
        InputError: There are no shadows.
    """
    if not parts.shadows:
        raise InputError(f"{origin} has no {SHADOW} variables; leave --ema away")
    return replace(parts, weights=parts.weights | parts.shadows, shadows={})


def renamed(values: Values, names: Mapping[str, str]) -> Values:
    """The variables under other names: those of whole scopes and of single variables, slots along with them.

    Raises:
        InputError: A name belongs to nothing.
    """
    unused = [old for old in names if not any(name == old or name.startswith(f"{old}/") for name in values)]
    if unused:
        raise InputError(f"no variable and no scope {unused[0]}{nearest(unused[0], values)}")
    found = {}
    for name, value in values.items():
        for old in sorted(names, key=len, reverse=True):
            if name == old or name.startswith(f"{old}/"):
                name = names[old] + name.removeprefix(old)
                break
        found[name] = value
    return found
