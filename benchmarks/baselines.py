"""What counting alone reaches on the same splits, to stand beside every result of a network.

Reviews: logistic regression on words and pairs of neighbouring words, each weighted by how much likelier it is in
praise than in blame (Wang and Manning 2012, "Baselines and Bigrams"). Dickens: an interpolated model of the last four
characters (Jelinek and Mercer 1980), and what bz2 makes of the text.
"""

import bz2
import math
import time
from collections import Counter, defaultdict

import numpy as np

import tf_data
from tf_data import words
from tf_data.dataset import Data

ORDER = 5  # characters, the last of which is guessed


def run(quick: bool = False) -> list[dict]:
    """A row for each baseline: data, score, samples that were scored, and seconds of processor time."""
    limit = 400 if quick else None
    source = "synthetic" if quick else "auto"
    book = tf_data.load("dickens", source, hold_out=0.05, test=0.05)
    return [_timed(reviews, tf_data.load("imdb", source, limit=limit)), _timed(ngrams, book), _timed(compressed, book)]


def _timed(baseline, data: Data) -> dict:
    begin = time.process_time()
    row = baseline(data)
    return {"data": f"{data.name}, {data.source}", **row, "cpu_seconds": round(time.process_time() - begin, 1)}


def reviews(data: Data) -> dict:
    """Accuracy on the test split, fitted on the training and validation split together."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    parts = [split for name, split in data.splits.items() if name != "test"]
    texts, y = np.concatenate([split.x for split in parts]), np.concatenate([split.y for split in parts])
    count = CountVectorizer(ngram_range=(1, 2), binary=True, token_pattern=r"[\w']+|[!?]")
    seen = count.fit_transform(texts)
    praise, blame = (1 + np.asarray(seen[y == label].sum(axis=0)).ravel() for label in (1, 0))
    weights = np.log((praise / praise.sum()) / (blame / blame.sum()))
    model = LogisticRegression(C=1.0, max_iter=200, solver="liblinear", dual=True)
    model.fit(seen.multiply(weights).tocsr(), y)
    right = model.score(count.transform(data.test.x).multiply(weights).tocsr(), data.test.y)
    return {
        "baseline": "naive-Bayes-weighted uni- and bigrams",
        "score": f"{right:.2%}",
        "samples": len(data.test),
        "fitted_on": len(texts),
    }


def ngrams(data: Data) -> dict:
    """Bits a character on the test split, of a mixture of models of 0 to 4 characters before.

    The weight of a longer model is n / (n + d), with n how often it has seen what stands before, d how many different
    characters followed (Witten and Bell 1991).
    """
    train, test = (str(split.x[0]) for split in (data.train, data.test))
    alphabet = len(words.alphabet(data.train.samples)) + 1
    counts = [defaultdict(Counter) for _ in range(ORDER)]
    for before in range(ORDER):
        for place in range(before, len(train)):
            counts[before][train[place - before : place]][train[place]] += 1
    totals = [{key: sum(one.values()) for key, one in table.items()} for table in counts]
    bits = 0.0
    for place, one in enumerate(test):
        probability = 1 / alphabet
        for before in range(min(ORDER, place + 1)):
            key = test[place - before : place]
            if key in totals[before]:
                followers = counts[before][key]
                kinds, total = len(followers), totals[before][key]
                probability = (followers[one] + kinds * probability) / (total + kinds)
        bits -= math.log2(probability)
    return {
        "baseline": f"interpolated {ORDER}-gram of characters",
        "score": f"{bits / len(test):.4f} bits a character",
        "samples": len(test),
        "fitted_on": len(train),
    }


def compressed(data: Data) -> dict:
    """Bits that the test split adds to the compressed training split, a character."""
    train, test = (str(split.x[0]) for split in (data.train, data.test))
    both, alone = (len(bz2.compress(text.encode(), 9)) for text in (train + test, train))
    return {
        "baseline": "bz2 of the training text and this, less that of the training text",
        "score": f"{8 * (both - alone) / len(test):.4f} bits a character",
        "samples": len(test),
        "fitted_on": len(train),
    }
