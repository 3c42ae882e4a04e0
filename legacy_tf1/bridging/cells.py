"""LSTM and GRU cells: one kernel for inputs and state in TensorFlow 1, two in Keras, and gates in another order.

| cell            | TensorFlow 1                                                | Keras                              |
| --------------- | ----------------------------------------------------------- | ---------------------------------- |
| `BasicLSTMCell` | `kernel` (inputs + units, 4 units): input, new, forget, output | `LSTM`: input, forget, new, output |
|                 | adds `forget_bias` (1.0) at every step                      | has it in its bias                 |
| `GRUCell`       | `gates` (reset, update) and `candidate`                     | `GRU(reset_after=False)`: update, reset, new |
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import keras
import numpy as np

from legacy_tf1.bridging.parts import Parts
from legacy_tf1.bridging.sources import Values
from tf_data.errors import InputError

FORGET_BIAS = 1.0  # what both of TensorFlow 1's LSTM cells add
KERNELS, BIASES = ("kernel", "weights"), ("bias", "biases")


def expand(found: Parts, model: keras.Model, forget_bias: float = FORGET_BIAS) -> tuple[Parts, list[str]]:
    """The parts with every cell that fits one of the model's as Keras has it: kernel, recurrent kernel and bias.

    Args:
        found: A checkpoint's parts.
        model: The model; the sizes of its recurrent layers show which kernels belong to a cell.
        forget_bias: Number that the TensorFlow 1 cell adds to its forget gate.

    Returns:
        The parts, and a line for each cell.

    Raises:
        InputError: No Keras layer computes what the cell does, or the layer computes something else.
    """
    notes = []
    for cell in model._flatten_layers():
        if isinstance(cell, keras.layers.LSTMCell):
            scopes, convert = list(_lstm_scopes(found.weights, cell)), _lstm
        elif isinstance(cell, keras.layers.GRUCell):
            scopes, convert = list(_gru_scopes(found.weights, cell)), _gru
        else:
            continue
        for scope in scopes:
            found = _converted(found, scope, cell.kernel.shape[0], convert, forget_bias)
            added = f", forget_bias {forget_bias:g} in its bias" if convert is _lstm else ""
            notes.append(f"{scope}: the cell's gates are put in Keras' order{added}")
    return found, notes


def _lstm_scopes(weights: Values, cell) -> Iterator[str]:
    inputs, gates = cell.kernel.shape
    for name, value in weights.items():
        scope, _, kind = name.rpartition("/")
        if kind in KERNELS and value.shape == (inputs + gates // 4, gates) and _bias(weights, scope, gates):
            if extra := [n for n in weights if n.startswith(f"{scope}/w_") or n.startswith(f"{scope}/projection")]:
                raise InputError(f"{scope} has {', '.join(extra)}: Keras' LSTM has neither peepholes nor projections")
            yield scope


def _gru_scopes(weights: Values, cell) -> Iterator[str]:
    inputs, gates = cell.kernel.shape
    units = gates // 3
    for name, value in weights.items():
        scope, _, kind = name.rpartition("/")
        if kind not in KERNELS or not scope.endswith("gates") or value.shape != (inputs + units, 2 * units):
            continue
        if cell.reset_after:
            raise InputError(
                f"{scope} is of a GRUCell, which multiplies by the reset gate before its product; the model's {cell.path} "
                "does so after it: build that layer with reset_after=False"
            )
        yield scope.rpartition("/")[0]


def _bias(weights: Values, scope: str, size: int) -> bool:
    return any(np.shape(weights.get(f"{scope}/{kind}")) == (size,) for kind in BIASES)


def _converted(found: Parts, scope: str, inputs: int, convert: Callable, forget_bias: float) -> Parts:
    """The parts with one cell converted, its slots as well; those know no forget bias."""
    below = [name for name in found.weights if name.startswith(f"{scope}/")]
    inside = {name.removeprefix(f"{scope}/"): found.weights[name] for name in below}
    weights = {name: value for name, value in found.weights.items() if name not in below}
    weights |= {f"{scope}/{kind}": value for kind, value in convert(inside, inputs, forget_bias).items()}
    slots = {name: kept for name, kept in found.slots.items() if name not in below}
    tails = {tail for name in below for tail in found.slots.get(name, {})}
    for tail in tails:
        if all(tail in found.slots.get(name, {}) for name in below):
            kept = {name.removeprefix(f"{scope}/"): found.slots[name][tail] for name in below}
            for kind, value in convert(kept, inputs, 0.0).items():
                slots.setdefault(f"{scope}/{kind}", {})[tail] = value
    return replace(found, weights=weights, slots=slots)


def _lstm(inside: Values, inputs: int, forget_bias: float) -> Values:
    kernel = _first(inside, KERNELS)
    entry, new, forget, out = np.split(kernel, 4, axis=1)
    kernel = np.concatenate([entry, forget, new, out], axis=1)
    entry, new, forget, out = np.split(_first(inside, BIASES), 4)
    bias = np.concatenate([entry, forget + np.asarray(forget_bias, forget.dtype), new, out])
    return {"kernel": kernel[:inputs], "recurrent_kernel": kernel[inputs:], "bias": bias}


def _gru(inside: Values, inputs: int, _: float) -> Values:
    gates, candidate = (_below(inside, part) for part in ("gates", "candidate"))
    arrays = {}
    for kinds, name in ((KERNELS, "kernel"), (BIASES, "bias")):
        reset, update = np.split(_first(gates, kinds), 2, axis=-1)
        arrays[name] = np.concatenate([update, reset, _first(candidate, kinds)], axis=-1)
    kernel = arrays["kernel"]
    return {"kernel": kernel[:inputs], "recurrent_kernel": kernel[inputs:], "bias": arrays["bias"]}


def _below(inside: Values, part: str) -> Values:
    return {name.rpartition("/")[2]: value for name, value in inside.items() if name.startswith(f"{part}/")}


def _first(inside: Values, kinds: tuple[str, ...]) -> np.ndarray:
    for kind in kinds:
        if kind in inside:
            return inside[kind]
    raise InputError(f"a recurrent cell lacks {' or '.join(kinds)}; it has {', '.join(inside) or 'nothing'}")
