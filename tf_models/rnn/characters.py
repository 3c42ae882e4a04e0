"""Recurrent networks that continue a text, a character at a time (GRU: Cho et al. 2014)."""

import keras
from keras import initializers

from tf_models.layers.torch_like import dense, torch_recurrent
from tf_models.rnn import cells


def char_rnn(
    alphabet: int = 99,
    *,
    cell: str = "gru",
    embedding_dim: int = 100,
    units: int = 100,
    layers: int = 1,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    name: str = "char_rnn",
) -> keras.Model:
    """Embedded characters through recurrent layers; each state says what comes next.

    Args:
        alphabet: Number of characters. Id 0 stands for every other one, the alphabet has 1 to `alphabet`.
        cell: `simple` (tanh), `lstm` or `gru`.
        embedding_dim: Size of a character's vector, initially N(0, 1) as in PyTorch.
        units: Size of the state.
        layers: Number of recurrent layers.
        dropout: Fraction of each layer's outputs that is dropped in training.
        recurrent_dropout: Fraction of each layer's state that its next step does not see in training, the same entries in
            all steps of a window (Gal and Ghahramani 2016, section 4).
        name: Name of the model.

    Returns:
        A model from ids `(batch, characters)` to logits of the next character, `(batch, characters, alphabet + 1)`.

    Raises:
        ValueError: An unknown cell, or fewer than one character or layer.

    >>> char_rnn().count_params()
    80700
    """
    recurrent = cells.get(cell)
    if alphabet < 1 or layers < 1:
        raise ValueError(f"there must be one character and one layer at least, not {alphabet} and {layers}")
    ids = keras.Input((None,), dtype="int32", name="ids")
    normal = initializers.RandomNormal(stddev=1.0)
    x = keras.layers.Embedding(alphabet + 1, embedding_dim, embeddings_initializer=normal, name="embedding")(ids)
    for number in range(1, layers + 1):
        label = cell if layers == 1 else f"{cell}{number}"
        arguments = {"recurrent_dropout": recurrent_dropout, **torch_recurrent(cell, units)}
        x = recurrent(units, return_sequences=True, name=label, **arguments)(x)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"{label}_dropout")(x)
    return keras.Model(ids, dense(x, alphabet + 1, name="logits"), name=name)


def carrying(model: keras.Model) -> keras.Model:
    """A copy of a `char_rnn` that takes the recurrent layers' states and gives them back.

    Args:
        model: A model of `char_rnn`, whose weights are copied.

    Returns:
        A model from `[ids, *states]` to `[logits, *states]`; each state is `(batch, units)`, at the beginning zeros.
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    x, before, after = ids, [], []
    for layer in model.layers[1:]:
        if isinstance(layer, keras.layers.Dropout):
            continue
        config = layer.get_config()
        if not isinstance(layer, keras.layers.RNN):
            x = type(layer).from_config(config)(x)
            continue
        copy = type(layer).from_config({**config, "return_state": True})
        sizes = keras.tree.flatten(layer.state_size)
        begins = [keras.Input((size,), name=f"{layer.name}_state{number}") for number, size in enumerate(sizes)]
        x, *ends = copy(x, initial_state=begins)
        before += begins
        after += ends
    twin = keras.Model([ids, *before], [x, *after], name=f"{model.name}_carrying")
    twin.set_weights(model.get_weights())
    return twin
