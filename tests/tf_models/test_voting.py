"""Words and pairs of words that vote, and a network that weighs their votes."""

import keras
import numpy as np
import pytest

from tf_models.layers import WordVotes
from tf_models.rnn import voting_rnn


def test_votes_are_those_of_words_and_of_pairs():
    layer = WordVotes(6, pairs=50, dropout=0.0, scale=3.0, name="votes")
    layer.build((None, None))
    words, pairs = (np.random.default_rng(number).normal(size=(n, 1)) for number, n in enumerate((6, 50)))
    layer.set_weights([words, pairs])
    ids = np.array([[2, 5, 4, 0, 0], [0, 0, 0, 0, 0]])
    place = lambda before, word: (before * layer._factor + word) % 50  # noqa: E731
    total = words[2] + words[5] + words[4] + pairs[place(0, 2)] + pairs[place(2, 5)] + pairs[place(5, 4)]
    np.testing.assert_allclose(layer(ids), [3 * total / 2, [0]], rtol=1e-5)


@pytest.mark.parametrize("words", [2, 3, 20_002, 60_002, 10**6, 10**8])
def test_a_pairs_place_needs_no_more_than_31_bits(words):
    factor = WordVotes(words, name="votes")._factor
    assert factor % 2 == 1
    assert 0 < (words - 1) * factor + words - 1 < 2**31


def test_votes_are_dropped_in_training_only_and_kept_in_float32():
    layer = WordVotes(9, pairs=9, dtype="mixed_bfloat16", name="votes")
    layer.build((None, None))
    layer.set_weights([np.ones((9, 1)), np.zeros((9, 1))])
    ids = np.random.default_rng(0).integers(1, 9, (64, 50))
    still, dropped = np.asarray(layer(ids)), np.asarray(layer(ids, training=True))
    assert still.dtype == np.float32
    assert np.ptp(still) == 0
    assert np.ptp(dropped) > 1
    assert dropped.mean() == pytest.approx(still.mean(), rel=0.05)
    with pytest.raises(ValueError, match="at least, not 1, 1, 5"):
        WordVotes(1, pairs=5, name="votes")


def model_of_three():
    keras.utils.set_random_seed(0)
    model = voting_rnn(20, 3, embedding_dim=4, units=5, pairs=30)
    model.get_layer("logits").set_weights([np.random.default_rng(0).normal(size=(n, 3)) for n in (22, 30)])
    return model


def test_it_begins_with_counting():
    model, ids = model_of_three(), np.array([[3, 4, 5, 0], [7, 7, 1, 2]])
    counted = WordVotes(22, 3, pairs=30, scale=4.0, name="counted")
    counted.build((None, None))
    counted.set_weights(model.get_layer("logits").get_weights())
    np.testing.assert_allclose(model(ids), counted(ids), rtol=1e-5)


def test_padding_changes_nothing():
    model = model_of_three()
    model.get_layer("importance").set_weights([np.random.default_rng(1).normal(size=(10, 1)), np.ones(1)])
    ids = np.random.default_rng(0).integers(1, 22, (4, 9))
    ids[1, 6:] = 0
    found = model(ids)
    assert np.ptp(found) > 0.1
    np.testing.assert_allclose(found, model(np.pad(ids, ((0, 0), (0, 7)))), atol=1e-6)
