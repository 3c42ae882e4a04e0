"""LSTMs, GRUs and SimpleRNNs with the loops of `tf_models.layers.recurrent`, forwards and backwards."""

import functools

import keras

from tf_models.layers import recurrent

KINDS = (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN)


def replacements(model: keras.Model) -> list[tuple]:
    """`(layer, attribute, function)` for each LSTM, GRU and SimpleRNN of `model` that can use the faster loop.

    Left as they are: other activations, dropout of states, and layers with an `inner_loop` of their own.
    """
    return [
        (layer, "inner_loop", functools.partial(recurrent.inner_loop, layer))
        for layer in model._flatten_layers()
        if isinstance(layer, KINDS)
        and type(layer).inner_loop in [kind.inner_loop for kind in KINDS]
        and recurrent.replaceable(layer)
    ]
