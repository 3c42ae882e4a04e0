"""Transforms of texts: into numbers of words, or of characters. Importing this loads no TensorFlow."""

from tf_data import words
from tf_data.errors import InputError
from tf_data.transform import Transform


class Text(Transform):
    """Texts as numbers of words; the vocabulary is learned from the training split.

    What the model takes is int32 `(batch, words)`: `words.PADDING` (0) after the last word of shorter texts,
    `words.UNKNOWN` (1) for a word outside the vocabulary, and from 2 on the words, the most frequent first. A text
    without words is a row of padding. How texts are cut stands in `tf_data.words`.

    Args:
        size: Largest number of words in the vocabulary.
        lower: Whether to make all letters small.
        longest: Keep no more than the first `longest` words of a text; 0 keeps all.
        vectors: `glove` begins a model's embedding with GloVe's vectors of the words; empty leaves it random.

    Raises:
        InputError: The vocabulary may hold no word, `longest` is negative, or the vectors are unknown.
    """

    learns = True
    first = words.FIRST  # id of the first word

    def __init__(self, size: int = 20_000, lower: bool = True, longest: int = 0, vectors: str = ""):
        if vectors not in ("", "glove"):
            raise InputError(f"vectors must be glove or nothing, not {vectors!r}")
        if size < 1 or longest < 0:
            raise InputError(f"size must be at least 1 word and longest not negative, not {size} and {longest}")
        self.size, self.lower, self.longest, self.vectors = size, lower, longest, vectors
        self.vocabulary: list[str] = []
        self._table = None

    def fit(self, train):
        self.learn({"vocabulary": words.most_frequent(train.samples, self.size, self.lower)})

    @property
    def learned(self):
        return {"vocabulary": self.vocabulary}

    def learn(self, values):
        found = values["vocabulary"]
        if not isinstance(found, list) or not all(isinstance(word, str) and word for word in found):
            raise InputError("a vocabulary is a list of words")
        if not 0 < len(set(found)) == len(found) <= self.size:
            raise InputError(f"a vocabulary holds 1 to {self.size} different words")
        self.vocabulary, self._table = found, None

    def split(self, x):
        """The words of texts `(batch,)` that the model sees, a ragged string tensor `(batch, words)`."""
        found = words.split(x, self.lower)
        return found[:, : self.longest] if self.longest else found

    def __call__(self, x, position=None, training=False):
        import tensorflow as tf

        if not self.vocabulary:
            raise InputError(f"{type(self).__name__} has not learned from training texts yet; call fit")
        self._table = self._table or words.table(self.vocabulary, self.first)
        found = self.split(tf.convert_to_tensor(x, tf.string))
        ids = found.with_values(self._table.lookup(found.values)).to_tensor(words.PADDING)
        # Recurrent layers want one step at least, of padding where no text of the batch has a word.
        return tf.pad(ids, [[0, 0], [0, tf.cast(tf.shape(ids)[1] == 0, tf.int32)]])

    def shape(self, stored, dtype="object", training=False):
        if dtype != "object" or stored:
            raise InputError(f"{type(self).__name__} takes texts, not samples of {tuple(stored or ())} {dtype}")
        return (None,)

    def read(self, inputs, stored, taken):
        """Texts as they are given, from `.txt` files, or from standard input, which `-` names."""
        return words.read_texts(inputs)


class Characters(Text):
    """Texts as numbers of characters; the alphabet is learned from the training split, of whatever script.

    What the model takes is int32 `(batch, characters)`: 0 for a character outside the alphabet, and from 1 on the
    alphabet, the most frequent first. A character is a code point.

    Args:
        size: Largest number of characters in the alphabet.
    """

    first = 1

    def __init__(self, size: int = 99):
        super().__init__(size, lower=False)

    def fit(self, train):
        self.learn({"vocabulary": words.alphabet(train.samples, self.size)})

    def split(self, x):
        """The characters of texts `(batch,)`, a ragged string tensor `(batch, characters)`."""
        import tensorflow as tf

        return tf.strings.unicode_split(x, "UTF-8")
