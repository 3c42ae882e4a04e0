"""LSTMs, GRUs and SimpleRNNs with the loops of `tf_models.layers.recurrent`, forwards and backwards."""

import functools

import keras

from tf_models.layers import recurrent


def replacements(model: keras.Model) -> list[tuple]:
    """`(layer, attribute, function)` for each LSTM, GRU and SimpleRNN of `model` that can use the faster loop.

    Left as they are: other activations, unrolled loops, and layers with an `inner_loop` of their own.
    """
    return [
        (layer, "inner_loop", functools.partial(recurrent.inner_loop, layer))
        for layer in model._flatten_layers()
        if recurrent.replaceable(layer) and type(layer).inner_loop in [kind.inner_loop for kind in recurrent.KINDS]
    ]
