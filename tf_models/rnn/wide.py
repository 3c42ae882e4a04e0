"""Words that vote beside a recurrent network that reads: a wide and a deep part, learned together (Cheng et al. 2016)."""

import keras
from keras import initializers

from tf_models.layers.reading import MeanMaxPooling, WordVotes
from tf_models.layers.torch_like import dense
from tf_models.rnn.cells import CELLS


def wide_sentiment_rnn(
    vocabulary: int = 60_000,
    classes: int = 2,
    *,
    cell: str = "lstm",
    embedding_dim: int = 64,
    units: int = 64,
    pairs: int = 2**20,
    dropout: float = 0.5,
    name: str = "wide_sentiment_rnn",
) -> keras.Model:
    """A network in both directions whose states are pooled over all words, and votes of words and pairs of words.

    Counting words and pairs is hard to beat on long reviews (Wang and Manning 2012); pooled states see what counting
    cannot (Johnson and Zhang 2016). In training the logits of a part are dropped at random, for each review, so that
    neither leans on the other.

    Args:
        vocabulary: Number of words. Ids are 0 for padding, 1 for unknown words, and `vocabulary` more.
        classes: Number of classes.
        cell: `simple` (tanh), `lstm` or `gru`.
        embedding_dim: Size of a word's vector.
        units: Size of the state, in each direction.
        pairs: Number of places for pairs of neighbouring words, see `tf_models.layers.WordVotes`.
        dropout: Fraction that is dropped in training of words' vectors, pooled states, votes, and of both parts' logits.
        name: Name of the model.

    Returns:
        A model from ids `(batch, words)`, padded after the last word, to logits `(batch, classes)`; of two classes to
        the one logit of class 1, `(batch, 1)`.

    Raises:
        ValueError: An unknown cell, or fewer than two classes.
    """
    if cell not in CELLS:
        raise ValueError(f"cell must be one of {', '.join(CELLS)}, not {cell!r}")
    if classes < 2:
        raise ValueError(f"there must be two classes at least, not {classes}")
    outputs = 1 if classes == 2 else classes
    ids = keras.Input((None,), dtype="int32", name="ids")
    begin = initializers.RandomNormal(stddev=0.1)
    x = keras.layers.Embedding(
        vocabulary + 2, embedding_dim, embeddings_initializer=begin, mask_zero=True, name="embedding"
    )(ids)
    x = keras.layers.Dropout(dropout, name="words_dropout")(x)
    x = keras.layers.Bidirectional(CELLS[cell](units, return_sequences=True, name=cell), name=f"both_{cell}")(x)
    x = keras.layers.Dropout(dropout, name="states_dropout")(MeanMaxPooling(name="pooling")(x))
    deep = keras.layers.Dropout(dropout, name="deep_dropout")(dense(x, outputs, name="deep"))
    wide = WordVotes(vocabulary + 2, outputs, pairs=pairs, dropout=dropout, name="votes")(ids)
    wide = keras.layers.Dropout(dropout, name="wide_dropout")(wide)
    return keras.Model(ids, keras.layers.Add(name="logits")([deep, wide]), name=name)
