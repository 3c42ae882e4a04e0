"""Recurrent networks that read a text and name its class (LSTM: Hochreiter and Schmidhuber 1997; GRU: Cho et al. 2014)."""

import keras
from keras import initializers

from tf_models.layers.torch_like import dense, torch_recurrent
from tf_models.rnn import cells


def sentiment_rnn(
    vocabulary: int = 20_000,
    classes: int = 2,
    *,
    cell: str = "lstm",
    embedding_dim: int = 128,
    units: int = 256,
    layers: int = 1,
    bidirectional: bool = False,
    packed: bool = True,
    frozen: bool = False,
    name: str = "sentiment_rnn",
) -> keras.Model:
    """Embedded words through recurrent layers; the last state decides.

    Args:
        vocabulary: Number of words. Ids are 0 for padding, 1 for unknown words, and `vocabulary` more.
        classes: Number of classes.
        cell: `simple` (tanh), `lstm` or `gru`.
        embedding_dim: Size of a word's vector, initially N(0, 1) as in PyTorch.
        units: Size of the state, in each direction.
        layers: Number of recurrent layers.
        bidirectional: Whether each layer reads in both directions and hands on both states, one after the other.
        packed: Whether padding is skipped, so that the last state is that of the last word, and of the first word
            backwards. False reads on through the padding, which the state of a short text does not survive.
        frozen: Whether the words' vectors stay as they begin, which suits vectors that others have learned.
        name: Name of the model.

    Returns:
        A model from ids `(batch, words)`, padded after the last word, to logits `(batch, classes)`; of two classes to
        the one logit of class 1, `(batch, 1)`.

    Raises:
        ValueError: An unknown cell, or fewer than two classes or one layer.

    >>> sentiment_rnn(cell="gru").count_params()
    2856961
    """
    recurrent = cells.get(cell)
    if classes < 2 or layers < 1:
        raise ValueError(f"there must be two classes and one layer at least, not {classes} and {layers}")
    ids = keras.Input((None,), dtype="int32", name="ids")
    normal = initializers.RandomNormal(stddev=1.0)
    x = keras.layers.Embedding(
        vocabulary + 2,
        embedding_dim,
        embeddings_initializer=normal,
        mask_zero=packed,
        trainable=not frozen,
        name="embedding",
    )(ids)
    for number in range(1, layers + 1):
        label = cell if layers == 1 else f"{cell}{number}"
        layer = recurrent(units, return_sequences=number < layers, name=label, **torch_recurrent(cell, units))
        x = (_both_ways(layer) if bidirectional else layer)(x)
    return keras.Model(ids, dense(x, 1 if classes == 2 else classes, name="logits"), name=name)


def _both_ways(layer: keras.layers.Layer) -> keras.layers.Layer:
    return keras.layers.Bidirectional(layer, name=f"both_{layer.name}")
