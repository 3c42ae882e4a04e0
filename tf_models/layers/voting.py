"""Words that vote, for networks that read texts."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="tf_models")
class WordVotes(layers.Layer):
    """Words and pairs of neighbouring words, each of which votes for the classes: a logistic regression, if all count alike.

    Pairs are told apart by a hash only (Weinberger et al. 2009), so that some share their votes. In training votes are
    dropped, which keeps rare words in check better than a penalty does (Wager, Wang and Liang 2013). Everything is
    computed in the type of the weights, whatever the precision of the model.

    Args:
        words: Number of ids of words, from 0, which stands for padding and has no vote.
        outputs: Number of votes of each, for each of the classes or for class 1 of two.
        pairs: Number of places for pairs.
        dropout: Fraction of votes that are dropped in training.
        scale: Factor of all votes; larger values make them learn faster.

    Returns:
        From ids `(batch, words)`, and weights of the places `(batch, words, 1)` or none, to the weighted votes' sum times
        `scale`, divided by the root of the number of words, `(batch, outputs)`.
    """

    def __init__(
        self, words: int, outputs: int = 1, *, pairs: int = 2**20, dropout: float = 0.5, scale: float = 4.0, **arguments
    ):
        super().__init__(**{"autocast": False, **arguments})
        self.supports_masking = True  # that of the weights; padding has the id 0
        if words < 2 or outputs < 1 or pairs < 1:
            raise ValueError(
                f"there must be two words, one output and one pair at least, not {words}, {outputs}, {pairs}"
            )
        self.words, self.outputs, self.pairs, self.rate, self.scale = words, outputs, pairs, dropout, scale
        # The largest odd factor for which a product with any id stays below 2**31 on every backend.
        self._factor = min((2**31 - 1 - words) // words - 1, 2**16) | 1
        self.dropout = layers.Dropout(dropout, dtype=self.variable_dtype, name="dropout")

    def build(self, ids_shape, weights_shape=None):
        self.word_votes = self.add_weight(shape=(self.words, self.outputs), initializer="zeros", name="word_votes")
        self.pair_votes = self.add_weight(shape=(self.pairs, self.outputs), initializer="zeros", name="pair_votes")

    def call(self, ids, weights=None, training=False):
        ids = ops.cast(ids, "int32")
        before = ops.pad(ids[:, :-1], ((0, 0), (1, 0)))
        pairs = ops.mod(before * self._factor + ids, self.pairs)
        counts = ops.cast(ids != 0, self.variable_dtype)[..., None]
        words = self.dropout(ops.take(self.word_votes, ids, axis=0), training=training)
        pairs = self.dropout(ops.take(self.pair_votes, pairs, axis=0), training=training)
        votes = (words + pairs) * counts
        if weights is not None:
            votes = votes * ops.cast(weights, self.variable_dtype)
        return self.scale * ops.sum(votes, axis=1) / ops.sqrt(ops.sum(counts, axis=1) + 1)

    def compute_mask(self, *inputs, **masks):
        return None

    def compute_output_shape(self, ids_shape, weights_shape=None):
        return (ids_shape[0], self.outputs)

    def get_config(self):
        options = {"words": self.words, "outputs": self.outputs, "pairs": self.pairs}
        return {**super().get_config(), **options, "dropout": self.rate, "scale": self.scale}
