"""Keras' recurrent layers by the names that builders take."""

import keras

CELLS = {"simple": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}


def get(name: str) -> type[keras.layers.RNN]:
    """The layer of this name. Raises `ValueError` for an unknown one."""
    if name not in CELLS:
        raise ValueError(f"cell must be one of {', '.join(CELLS)}, not {name!r}")
    return CELLS[name]
