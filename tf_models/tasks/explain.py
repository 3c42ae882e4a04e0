"""What each word of a text contributes to the class that a model names: the difference that taking it away makes."""

import keras
import numpy as np

from tf_data import words
from tf_data.errors import InputError
from tf_data.texts import Text

PARTS = 200  # a longer text is taken away in this many stretches of words
AT_ONCE = 50  # texts


def parts(model: keras.Model, transform: Text, text: str) -> list[tuple[str, float]]:
    """Each word of a text, as the model sees it, with its part in the verdict.

    A word's part is by how much the log-odds of the class that the model names fall when the word is exchanged for an
    unknown one: a negative part speaks for another class. Of a text of more than 200 words, stretches of neighbouring
    words are exchanged together, and stand together here.

    Args:
        model: A model from ids to logits.
        transform: The transform that makes the ids.
        text: The text.

    Raises:
        InputError: The transform is not one of words.
    """
    if type(transform) is not Text:
        raise InputError("--explain goes with models that read the words of texts, or images; leave it away")
    found = [word.decode() for word in transform.split(np.array([text], object))[0].numpy()]
    if not found:
        return []
    ids = np.asarray(transform(np.array([text], object)))
    stretches = np.array_split(np.arange(len(found)), min(len(found), PARTS))
    rows = np.repeat(ids, 1 + len(stretches), axis=0)
    for row, stretch in zip(rows[1:], stretches, strict=True):
        row[stretch] = words.UNKNOWN
    odds = log_odds(model.predict(rows, batch_size=AT_ONCE, verbose=0))
    odds = odds[:, odds[0].argmax()]
    return [
        (" ".join(found[place] for place in stretch), float(odds[0] - without))
        for stretch, without in zip(stretches, odds[1:], strict=True)
    ]


def log_odds(logits: np.ndarray) -> np.ndarray:
    """Log-odds float64 `(rows, classes)` of each class, from logits `(rows, classes)` or one logit of class 1."""
    logits = logits.astype(np.float64)
    if logits.shape[1] == 1:
        return np.concatenate([-logits, logits], axis=1)
    columns = range(logits.shape[1])
    others = [np.logaddexp.reduce(np.delete(logits, column, axis=1), axis=1) for column in columns]
    return logits - np.stack(others, axis=1)
