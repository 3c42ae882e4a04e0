"""A recurrent network that decides how much each word's vote counts."""

import keras
from keras import initializers

from tf_models.layers.voting import WordVotes
from tf_models.rnn import cells


def voting_rnn(
    vocabulary: int = 60_000,
    classes: int = 2,
    *,
    cell: str = "lstm",
    embedding_dim: int = 32,
    units: int = 32,
    pairs: int = 2**20,
    dropout: float = 0.5,
    name: str = "voting_rnn",
) -> keras.Model:
    """Words and pairs of words vote, and a network that reads the text in both directions weighs the votes by their place.

    Counting words and pairs is hard to beat on long reviews (Wang and Manning 2012), and a network that reads them learns
    single reviews by heart instead. Here it cannot: all it does is to say, from 0 to 1, how much the votes at each place
    count, a plot's words less than a judgement's. It begins with one half everywhere, which is counting.

    Args:
        vocabulary: Number of words. Ids are 0 for padding, 1 for unknown words, and `vocabulary` more.
        classes: Number of classes.
        cell: `simple` (tanh), `lstm` or `gru`.
        embedding_dim: Size of the vector of a word that is read.
        units: Size of the state, in each direction.
        pairs: Number of places for pairs of neighbouring words, see `tf_models.layers.WordVotes`.
        dropout: Fraction of votes that is dropped in training.
        name: Name of the model.

    Returns:
        A model from ids `(batch, words)`, padded after the last word, to logits `(batch, classes)`; of two classes to
        the one logit of class 1, `(batch, 1)`.

    Raises:
        ValueError: An unknown cell, or fewer than two classes.
    """
    recurrent = cells.get(cell)
    if classes < 2:
        raise ValueError(f"there must be two classes at least, not {classes}")
    ids = keras.Input((None,), dtype="int32", name="ids")
    begin = initializers.RandomNormal(stddev=0.1)
    x = keras.layers.Embedding(
        vocabulary + 2, embedding_dim, embeddings_initializer=begin, mask_zero=True, name="embedding"
    )(ids)
    x = keras.layers.Dropout(0.2, name="embedding_dropout")(x)
    x = keras.layers.Bidirectional(recurrent(units, return_sequences=True, name=cell), name=f"both_{cell}")(x)
    x = keras.layers.Dropout(0.3, name="states_dropout")(x)
    weights = keras.layers.Dense(1, activation="sigmoid", kernel_initializer="zeros", name="importance")(x)
    outputs = 1 if classes == 2 else classes
    votes = WordVotes(vocabulary + 2, outputs, pairs=pairs, dropout=dropout, scale=8.0, name="logits")
    return keras.Model(ids, votes(ids, weights), name=name)
