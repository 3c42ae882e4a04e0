"""Layers for texts: pooling that sees no padding, and words that vote."""

import keras
import numpy as np
import pytest

from tf_models.layers import MeanMaxPooling, WordVotes
from tf_models.rnn import wide_sentiment_rnn


def test_pooling_is_the_mean_and_the_maximum_of_what_counts():
    x = np.random.default_rng(0).normal(size=(3, 5, 2)).astype(np.float32) - 2  # maxima below the zero of padding
    mask = np.arange(5) < np.array([5, 2, 0])[:, None]
    found = np.asarray(MeanMaxPooling(name="pooling")(x, mask=mask))
    for row, count in enumerate((5, 2)):
        part = x[row, :count]
        np.testing.assert_allclose(found[row], [*part.mean(0), *part.max(0)], rtol=1e-6)
    np.testing.assert_array_equal(found[2], 0)
    np.testing.assert_allclose(MeanMaxPooling(name="pooling")(x), np.concatenate([x.mean(1), x.max(1)], 1), rtol=1e-6)


def test_a_mean_of_many_words_is_right_in_16_bits():
    x, mask = np.ones((1, 3000, 2), np.float32), np.ones((1, 3000), bool)
    np.testing.assert_array_equal(MeanMaxPooling(dtype="bfloat16", name="pooling")(x, mask=mask), 1)


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


def test_padding_changes_nothing():
    keras.utils.set_random_seed(0)
    model = wide_sentiment_rnn(20, 3, embedding_dim=4, units=5, pairs=30)
    model.get_layer("votes").set_weights([np.random.default_rng(0).normal(size=(n, 3)) for n in (22, 30)])
    ids = np.random.default_rng(0).integers(1, 22, (4, 9))
    ids[1, 6:] = 0
    np.testing.assert_allclose(model(ids), model(np.pad(ids, ((0, 0), (0, 7)))), atol=1e-6)
