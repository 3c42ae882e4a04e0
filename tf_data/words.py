"""Words of a text: how it is cut into them, which are known, and their numbers. TensorFlow is imported late.

A word is a run of letters, marks and digits; every other sign is a word of its own, an emoji too, and so is each
character of Chinese and Japanese, which have no spaces. English contractions are cut as the Penn Treebank does, and as
GloVe's vectors have it: "don't" is `do` and `n't`, "it's" is `it` and `'s`. HTML tags are taken away.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from tf_data.errors import InputError
from tf_data.samples import Samples, objects

PADDING, UNKNOWN, FIRST = 0, 1, 2  # ids: after the last word, of a word that is not known, of the most frequent word
PART = 1000  # texts that are cut at once
KEPT = "\x01"  # stands for an apostrophe that belongs to a word, while all others are set apart

CONTROLS = r"[\x00-\x1f\x7f]"  # to which KEPT belongs; making letters small would end a text at the first zero byte
# (pattern, replacement) of RE2, in this order.
RULES = (
    (r"</?[A-Za-z][^<>]*>", " "),
    (r"[\x{2018}\x{2019}\x{b4}`]", "'"),
    (r"([A-Za-z])([Nn])'([Tt])\b", rf"\1 \2{KEPT}\3 "),
    (r"(\pL)'(s|re|ve|ll|d|m|S|RE|VE|LL|D|M)\b", rf"\1 {KEPT}\2 "),
    (rf"([^\pL\pM\pN\s{KEPT}]|[\p{{Han}}\p{{Hiragana}}\p{{Katakana}}])", r" \1 "),
    (KEPT, "'"),
)


def split(texts, lower: bool = True):
    """The words of texts.

    Args:
        texts: String tensor `(batch,)`, UTF-8.
        lower: Whether to make all letters small first.

    Returns:
        A ragged string tensor `(batch, words)`; a text without words gives an empty row.
    """
    import tensorflow as tf

    texts = tf.strings.regex_replace(texts, CONTROLS, " ")
    if lower:
        texts = tf.strings.lower(texts, encoding="utf-8")
    for pattern, replacement in RULES:
        texts = tf.strings.regex_replace(texts, pattern, replacement)
    return tf.strings.split(texts)


def most_frequent(texts: Samples, size: int, lower: bool = True) -> list[str]:
    """The words that are most frequent in texts, at most `size`; those of equal frequency in alphabetical order.

    Raises:
        InputError: The samples are no texts, or there is not a single word.
    """
    if not texts.is_text:
        raise InputError(f"words are found in texts, not in samples of {texts.dtype}")
    import tensorflow as tf

    counts: Counter[bytes] = Counter()
    for start in range(0, len(texts), PART):
        part = texts.read(np.arange(start, min(start + PART, len(texts))))
        counts.update(split(tf.constant(part, tf.string), lower).values.numpy().tolist())
    if not counts:
        raise InputError(f"there is not a single word in {len(texts):,} texts")
    best = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:size]
    return [word.decode() for word, _ in best]


def alphabet(texts: Samples, size: int | None = None) -> list[str]:
    """The characters that are most frequent in texts, at most `size`; those of equal frequency by code point.

    Raises:
        InputError: The samples are no texts, or hold not a single character.
    """
    if not texts.is_text:
        raise InputError(f"characters are found in texts, not in samples of {texts.dtype}")
    counts: Counter[str] = Counter()
    for start in range(0, len(texts), PART):
        for text in texts.read(np.arange(start, min(start + PART, len(texts)))):
            counts.update(text if isinstance(text, str) else text.decode())
    if not counts:
        raise InputError(f"there is not a single character in {len(texts):,} texts")
    return [one for one, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:size]]


def table(vocabulary: Sequence[str], first: int = FIRST):
    """A `tf.lookup.StaticHashTable` from the words of a vocabulary to `first`, `first` + 1, ..., else `first` - 1."""
    import tensorflow as tf

    with tf.init_scope():
        numbers = tf.range(first, first + len(vocabulary))
        keys = tf.constant(list(vocabulary), tf.string)
        return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, numbers), first - 1)


def read_texts(inputs: Iterable[str]) -> np.ndarray:
    """A user's texts `(count,)` of str: a text itself, the name of a `.txt` file, or `-` for standard input.

    Raises:
        InputError: A file is missing or no UTF-8.
    """
    return objects([_text(str(one)) for one in inputs])


def _text(given: str) -> str:
    import sys

    path = Path(given)
    try:
        if given == "-":
            return sys.stdin.read()
        if path.suffix.lower() == ".txt" and len(given.splitlines()) == 1:
            return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"missing file {given}; a text that ends in .txt is taken for the name of one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {given} as UTF-8 text: {error}") from None
    return given
