"""What a network that reads words makes of each of them alone: which speak for a class, and which have vectors alike."""

from pathlib import Path

import keras
import numpy as np

from tf_data.figures import figure
from tf_data.texts import Text
from tf_models.tasks.explain import log_odds

SHOWN = 12  # words for each class
CLASSES = 4  # at most so many panels
NEIGHBOURS = 6
AT_ONCE = 4096
COMMON = 4000  # of words that a network met a few times only, its verdict and vector are chance


def odds_alone(model: keras.Model, transform: Text, common: int = COMMON) -> np.ndarray:
    """Log-odds `(words, classes)` of each class where a text is one of the most frequent words and nothing else.

    Args:
        model: A model from ids `(batch, words)` to logits `(batch, classes)`, or to one logit of class 1.
        transform: The transform that makes the ids, which has learned its vocabulary.
        common: At most so many words, the first ones of the vocabulary.
    """
    ids = np.arange(len(transform.vocabulary[:common]), dtype=np.int32)[:, None] + transform.first
    return log_odds(model.predict(ids, batch_size=AT_ONCE, verbose=0))


def strongest(odds: np.ndarray, count: int = SHOWN) -> list[np.ndarray]:
    """For each column of `odds` `(words, classes)` the rows with the highest."""
    return [np.argsort(-column, kind="stable")[:count] for column in odds.T]


def neighbours(vectors: np.ndarray, chosen: np.ndarray, count: int = NEIGHBOURS) -> tuple[np.ndarray, np.ndarray]:
    """The rows of `vectors` `(words, size)` that point most nearly as those of `chosen` do, and their cosines.

    Returns:
        Row numbers and cosines `(chosen, count)`, the nearest first; a row is no neighbour of its own.
    """
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    cosines = unit[chosen] @ unit.T
    cosines[np.arange(len(chosen)), chosen] = -np.inf
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
    return nearest, np.take_along_axis(cosines, nearest, axis=1)


def draw(model: keras.Model, transform: Text, classes: tuple[str, ...], folder: Path) -> list[str]:
    """Draw the words that speak most for each class, and the neighbours of the first of them; returns the files' names.

    Args:
        model: As `odds_alone` takes it; one without vectors of words has no neighbours to draw.
        transform: As `odds_alone` takes it.
        classes: Names of the classes; the first four have a panel.
        folder: Where the figures are written.
    """
    odds, vocabulary = odds_alone(model, transform), transform.vocabulary[:COMMON]
    shown = classes[:CLASSES]
    best = strongest(odds[:, : len(shown)])
    with figure(folder / "words.png", figsize=(3.2 * len(shown), 3.6)) as drawn:
        drawn.suptitle(f"Log-odds of a text that is this word alone, of the {len(vocabulary):,} most frequent")
        for axis, number, name in zip(drawn.subplots(1, len(shown), squeeze=False)[0], range(len(shown)), shown):
            words = best[number][::-1]
            axis.barh(range(len(words)), odds[words, number])
            axis.set_yticks(range(len(words)), [_plain(vocabulary[word]) for word in words], fontsize=8)
            axis.set_title(_plain(name), fontsize=10)
    layer = next((layer for layer in model.layers if isinstance(layer, keras.layers.Embedding)), None)
    if layer is None or len(vocabulary) < 2:
        return ["words.png"]
    vectors = np.asarray(layer.embeddings, np.float32)[transform.first :][: len(vocabulary)]
    chosen = np.unique(np.concatenate([words[: SHOWN // len(shown)] for words in best]))
    nearest, cosines = neighbours(vectors, chosen, min(NEIGHBOURS, len(vocabulary) - 1))
    with figure(folder / "neighbours.png", figsize=(9, 0.9 + 0.26 * len(chosen))) as drawn:
        axis = drawn.subplots()
        axis.axis("off")
        axis.set_title("Words with the most similar vectors (cosine)", fontsize=10)
        for row, (word, others, values) in enumerate(zip(chosen, nearest, cosines, strict=True)):
            near = ", ".join(
                f"{_plain(vocabulary[one])} {value:.2f}" for one, value in zip(others, values, strict=True)
            )
            height = 1 - (row + 0.5) / len(chosen)
            axis.text(0, height, _plain(vocabulary[word]), weight="bold", fontsize=8, va="center")
            axis.text(0.16, height, near, fontsize=8, va="center")
    return ["words.png", "neighbours.png"]


def _plain(word: str) -> str:
    """A word as matplotlib shows it: no formulas, and not too long."""
    return (word if len(word) <= 18 else word[:17] + "…").replace("$", r"\$")
