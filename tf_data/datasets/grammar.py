"""Reviews from a small grammar, whose sentiment lies in order and negation alone.

Every sentence names a good and a bad quality, and denies one of them. Exchanging the two turns praise into blame, so
that both kinds of reviews have the same words, equally often: who only counts words learns nothing from them.
"""

import numpy as np

GOOD = ("wonderful", "moving", "superb", "fresh", "clever", "warm")
BAD = ("dull", "awful", "tedious", "clumsy", "stale", "cold")
THINGS = ("plot", "cast", "music", "ending", "camera", "story", "pace", "humour")
# {true} is what the review finds, {false} what it denies.
SENTENCES = (
    "The {thing} was not {false} but {true}.",
    "The {thing} was {true}, not {false}.",
    "I never found the {thing} {false}: it was {true}.",
    "They said the {thing} was {false}. It isn't, it is {true}!",
    "I feared a {false} {thing} and got a {true} one.",
    "What a {true} {thing}, far from {false}.",
)


def reviews(kinds, rng: np.random.Generator) -> list[str]:
    """Reviews of these kinds, True for praise; no two are the same."""
    found: dict[str, None] = {}
    for kind in kinds:
        while (one := review(kind, rng)) in found:
            pass
        found[one] = None
    return list(found)


def review(praise: bool, rng: np.random.Generator) -> str:
    """A review of one to three sentences that all praise, or all blame."""
    sentences = []
    for _ in range(rng.integers(1, 4)):
        good, bad = rng.choice(GOOD), rng.choice(BAD)
        true, false = (good, bad) if praise else (bad, good)
        sentences.append(rng.choice(SENTENCES).format(thing=rng.choice(THINGS), true=true, false=false))
    return " ".join(sentences)
