"""Which slot of a TensorFlow 1 optimizer is which variable of a Keras optimizer, and Adam's count of steps."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from legacy_tf1.bridging.sources import Values

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Kind:
    """A TensorFlow 1 optimizer and its Keras counterpart.

    Attributes:
        keras: The counterpart's class.
        slots: The Keras variable of each slot, in the order in which TensorFlow 1 makes and numbers them.
        constants: The counterpart's arguments that TensorFlow 1's defaults are.
        needs: Arguments without which the slots mean nothing on the other side.
        note: What does not agree.
    """

    keras: str
    slots: tuple[str, ...]
    constants: Mapping[str, Any]
    needs: tuple[str, ...] = ()
    note: str = ""


KINDS: dict[str, Kind] = {
    "Adam": Kind("Adam", ("momentum", "velocity"), {"learning_rate": 1e-3, "epsilon": 1e-8}),
    "Momentum": Kind(
        "SGD",
        ("momentum",),
        {},
        needs=("learning_rate", "momentum"),
        note="Keras keeps -learning_rate times the slot: equal but for rounding, and only while the rate stays",
    ),
    "RMSProp": Kind("RMSprop", ("velocity", "momentum"), {"rho": 0.9, "epsilon": 1e-10}),
    "Adagrad": Kind("Adagrad", ("accumulator",), {"epsilon": 0.0}),
    "Adadelta": Kind(
        "Adadelta", ("accumulated_grad", "accumulated_delta_var"), {"learning_rate": 1e-3, "epsilon": 1e-8}
    ),
    "Ftrl": Kind("Ftrl", ("accumulator", "linear"), {"learning_rate_power": -0.5}),
}
CENTERED = ("velocity", "average_gradient", "momentum")  # of RMSProp; the mean gradient comes before the momentum
LEAST_POWER = 1e-36  # below it a float32 power loses its digits, and ends as 0
UNCORRECTED = 100_000  # steps after which neither of Adam's powers corrects anything more


def kind_of(slots: dict[str, Values]) -> str | None:
    """The optimizer that made the slots of a checkpoint, None where there are none or nobody knows them."""
    tails = {tail.partition("_")[0] for kept in slots.values() for tail in kept}
    known = [name for name in KINDS if name in tails]
    return known[0] if len(known) == 1 else None


def named(kept: dict[str, Values]) -> str:
    """The slots of a checkpoint for a line of text."""
    return f"slots {', '.join(sorted({tail for each in kept.values() for tail in each}))}"


def slot_names(kind: str, centered: bool = False) -> dict[str, str]:
    """The Keras variable of each slot by the end of the slot's name: `{"Adam": "momentum", "Adam_1": "velocity"}`."""
    slots = CENTERED if kind == "RMSProp" and centered else KINDS[kind].slots
    return {kind if number == 0 else f"{kind}_{number}": name for number, name in enumerate(slots)}


def counterpart(kind: str, settings: Mapping[str, Any], slots: dict[str, Values]) -> "keras.optimizers.Optimizer":
    """A Keras optimizer that goes on as the TensorFlow 1 one would.

    Args:
        kind: One of `KINDS`.
        settings: Arguments that are known of it; TensorFlow 1's defaults stand for the others.
        slots: The checkpoint's slots; three of RMSProp show that it was centered.
    """
    import inspect

    import keras

    constants = {**KINDS[kind].constants, **settings}
    if kind == "RMSProp" and any(f"{kind}_2" in kept for kept in slots.values()):
        constants["centered"] = True
    made = getattr(keras.optimizers, KINDS[kind].keras)
    taken = inspect.signature(made).parameters
    return made(**{name: value for name, value in constants.items() if name in taken})


def kind_of_keras(optimizer: "keras.optimizers.Optimizer") -> str | None:
    """The TensorFlow 1 optimizer whose slots this Keras one has; None where it has none or no counterpart."""
    name = type(optimizer).__name__
    if name == "SGD" and not optimizer.momentum:
        return None
    return next((kind for kind, about in KINDS.items() if about.keras == name), None)


def slot_variables(
    named: "Mapping[str, keras.Variable]", optimizer: "keras.optimizers.Optimizer"
) -> Iterator[tuple[str, "keras.Variable", float]]:
    """TensorFlow 1's slots of an optimizer's variables: name, variable, and what the slot is multiplied by for Keras.

    Args:
        named: The weights by TensorFlow 1's names.
        optimizer: A built optimizer.
    """
    kind = kind_of_keras(optimizer)
    if kind is None:
        return
    kept = {variable.path.rpartition("/")[2]: variable for variable in optimizer.variables}
    for name, weight in named.items():
        for tail, role in slot_names(kind, getattr(optimizer, "centered", False)).items():
            variable = kept.get(f"{weight.path.replace('/', '_')}_{role}")
            if variable is not None:
                yield f"{name}/{tail}", variable, _factor(kind, optimizer)


def _factor(kind: str, optimizer) -> float:
    return -float(optimizer.learning_rate) if kind == "Momentum" else 1.0


def adam_steps(found: Mapping[str, np.ndarray], beta_1: float = 0.9, beta_2: float = 0.999) -> int | None:
    """The steps that Adam had made: its variables `beta1_power` and `beta2_power` are beta to the power of steps + 1.

    Args:
        found: The result of `powers` for one optimizer.

    Returns:
        None where there are no powers, or both are too small to have digits left, which they are after some 80,000 steps.
    """
    betas = {"beta1_power": beta_1, "beta2_power": beta_2}
    logs = {name: math.log(float(np.float32(beta))) for name, beta in betas.items() if name in found and 0 < beta < 1}
    for name, log in logs.items():
        power = float(found[name])
        if LEAST_POWER < power < 1:
            return max(0, round(math.log(power) / log) - 1)
    return None


def powers(counters: Values, number: int = 0) -> Values:
    """`beta1_power` and `beta2_power` of a graph's n-th Adam; they are numbered in the order of `minimize`."""
    tail = f"_{number}" if number else ""
    by_name = {name.rpartition("/")[2]: value for name, value in counters.items()}
    names = ("beta1_power", "beta2_power")
    return {name: by_name[f"{name}{tail}"] for name in names if f"{name}{tail}" in by_name}


def powers_after(steps: int, beta_1: float, beta_2: float, number: int = 0) -> Values:
    """The variables of a graph's n-th Adam after so many steps."""
    tail = f"_{number}" if number else ""
    return {
        f"beta{n}_power{tail}": np.float32(np.float64(beta) ** (steps + 1)) for n, beta in ((1, beta_1), (2, beta_2))
    }
