"""What networks that read texts have beside their recurrent layers: pooling over words, and words that vote."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="tf_models")
class MeanMaxPooling(layers.Layer):
    """From states `(batch, steps, features)` to their means and maxima over the steps that count, `(batch, 2 * features)`.

    Keras' own `GlobalMaxPooling1D` looks at masked steps, too. Where no step counts all is zero.
    """

    supports_masking = True

    def call(self, inputs, mask=None):
        if mask is None:
            return ops.concatenate([ops.mean(inputs, axis=1), ops.max(inputs, axis=1)], axis=-1)
        counts = ops.cast(mask, inputs.dtype)[..., None]
        number = ops.sum(ops.cast(mask, "float32"), axis=1)[:, None]  # 16 bits hold no count above 256
        mean = ops.sum(ops.cast(inputs * counts, "float32"), axis=1) / ops.maximum(number, 1)
        lowest = ops.cast(-1e4, inputs.dtype)
        largest = ops.max(ops.where(counts > 0, inputs, lowest), axis=1)
        largest = ops.where(number > 0, largest, ops.zeros_like(largest))
        return ops.concatenate([ops.cast(mean, inputs.dtype), largest], axis=-1)

    def compute_mask(self, inputs, mask=None):
        return None

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 2 * input_shape[-1])


@keras.saving.register_keras_serializable(package="tf_models")
class WordVotes(layers.Layer):
    """Words and pairs of neighbouring words, each of which votes for the classes: a logistic regression.

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
        From ids `(batch, words)` to the votes' sum times `scale`, divided by the root of their number, `(batch, outputs)`.
    """

    def __init__(
        self, words: int, outputs: int = 1, *, pairs: int = 2**20, dropout: float = 0.5, scale: float = 4.0, **arguments
    ):
        super().__init__(**{"autocast": False, **arguments})
        if words < 2 or outputs < 1 or pairs < 1:
            raise ValueError(
                f"there must be two words, one output and one pair at least, not {words}, {outputs}, {pairs}"
            )
        self.words, self.outputs, self.pairs, self.rate, self.scale = words, outputs, pairs, dropout, scale
        # The largest odd factor for which a product with any id stays below 2**31 on every backend.
        self._factor = min((2**31 - 1 - words) // words - 1, 2**16) | 1
        self.dropout = layers.Dropout(dropout, dtype=self.variable_dtype, name="dropout")

    def build(self, input_shape):
        self.word_votes = self.add_weight(shape=(self.words, self.outputs), initializer="zeros", name="word_votes")
        self.pair_votes = self.add_weight(shape=(self.pairs, self.outputs), initializer="zeros", name="pair_votes")

    def call(self, ids, training=False):
        ids = ops.cast(ids, "int32")
        before = ops.pad(ids[:, :-1], ((0, 0), (1, 0)))
        pairs = ops.mod(before * self._factor + ids, self.pairs)
        counts = ops.cast(ids != 0, self.variable_dtype)[..., None]
        words = self.dropout(ops.take(self.word_votes, ids, axis=0), training=training)
        pairs = self.dropout(ops.take(self.pair_votes, pairs, axis=0), training=training)
        return self.scale * ops.sum((words + pairs) * counts, axis=1) / ops.sqrt(ops.sum(counts, axis=1) + 1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.outputs)

    def get_config(self):
        options = {"words": self.words, "outputs": self.outputs, "pairs": self.pairs}
        return {**super().get_config(), **options, "dropout": self.rate, "scale": self.scale}
