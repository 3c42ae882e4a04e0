"""Which TensorFlow 1 variable is which Keras variable, where nobody names it: from names, shapes and order.

What follows from the order alone is proposed, and listed as ambiguous; see `Proposal`. Loads no TensorFlow.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# Words that mean the same; the first is Keras'.
WORDS = (
    ("kernel", "weights", "weight", "w", "filter", "filters", "depthwise_weights"),
    ("bias", "biases", "b"),
    ("gamma", "scale"),
    ("beta", "shift"),
    ("moving_mean", "running_mean"),
    ("moving_variance", "running_variance", "running_var"),
    ("embeddings", "embedding", "embedding_weights", "embedding_matrix"),
    ("recurrent_kernel",),
    ("depthwise_kernel", "depthwise_weights"),
    ("pointwise_kernel", "pointwise_weights"),
    ("alpha",),
)
SIDES = {"fw": "forward", "bw": "backward"}

Shape = tuple[int, ...]


@dataclass
class Proposal:
    """A map from TensorFlow 1's names to the model's.

    Attributes:
        names: The map.
        ambiguous: Of each of the model's variables that only the order decided, the names it might be.
        missing: The model's variables that nothing fits.
        unused: TensorFlow 1 variables that the model has no place for.
    """

    names: dict[str, str] = field(default_factory=dict)
    ambiguous: dict[str, list[str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)


def propose(
    theirs: Mapping[str, Shape],
    ours: Mapping[str, Shape],
    given: Mapping[str, str] = {},
    order: Iterable[str] = (),
) -> Proposal:
    """Find a place for every variable of a model.

    A name that agrees decides, kernel being a synonym of weights and so on; then a shape that only one variable has;
    then what lies in the same scope as what has been found. The order decides the rest.

    Args:
        theirs: TensorFlow 1 variables and their shapes.
        ours: The model's, in its order.
        given: Pairs that are known.
        order: The order of their creation, where a graph shows it; else their numbers decide.
    """
    return _Search(theirs, ours, given, order).result()


class _Search:
    def __init__(self, theirs, ours, given, order):
        self.theirs, self.ours = theirs, ours
        self.found = Proposal(dict(given))
        self.places = {new: old for old, new in given.items()}
        made = {name: number for number, name in enumerate(order)}
        self.order = sorted(theirs, key=lambda name: (made.get(name, len(made)), natural(name)))

    def result(self) -> Proposal:
        self._decide(lambda name, old: _same_scope(old, name))
        self._settle()
        while remaining := [name for name in self._open() if self._candidates(name)]:
            name = remaining[0]
            candidates = self._candidates(name)
            self.found.ambiguous[name] = candidates
            self._take(name, candidates[0])
            # All that was certain is found already, so what follows now hangs on this guess.
            before = set(self.places)
            self._settle()
            for follower in self.places.keys() - before:
                self.found.ambiguous[follower] = [self.places[follower]]
        self.found.missing = self._open()
        self.found.unused = [old for old in self.order if old not in self.found.names]
        return self.found

    def _open(self) -> list[str]:
        return [name for name in self.ours if name not in self.places]

    def _candidates(self, name: str) -> list[str]:
        """Variables that may be this one; only those of one scope where its layer has been found there."""
        fitting = [
            old
            for old in self.order
            if old not in self.found.names and fits(self.theirs[old], self.ours[name]) and _same_kind(old, name)
        ]
        layer = name.rpartition("/")[0]
        scopes = {
            self.places[other].rpartition("/")[0] for other in self.places if other.rpartition("/")[0] == layer
        } - {""}
        return [old for old in fitting if old.rpartition("/")[0] in scopes] or fitting

    def _settle(self) -> None:
        """Take what has no alternative on either side, until nothing more follows."""
        while self._decide(lambda name, old: True):
            pass

    def _decide(self, allowed) -> bool:
        candidates = {name: [old for old in self._candidates(name) if allowed(name, old)] for name in self._open()}
        wanted: dict[str, int] = {}
        for names in candidates.values():
            for old in names:
                wanted[old] = wanted.get(old, 0) + 1
        sure = {name: olds[0] for name, olds in candidates.items() if len(olds) == 1 and wanted[olds[0]] == 1}
        for name, old in sure.items():
            self._take(name, old)
        return bool(sure)

    def _take(self, name: str, old: str) -> None:
        self.found.names[old] = name
        self.places[name] = old


def fits(theirs: Shape, ours: Shape) -> bool:
    """Whether a shape means the same as another one: equal, or with axes of length 1 more or less."""
    theirs, ours = tuple(theirs), tuple(ours)
    if theirs == ours:
        return True
    return len(theirs) != len(ours) and [n for n in theirs if n != 1] == [n for n in ours if n != 1]


def natural(name: str) -> list:
    """A key under which `dense_2/bias` comes before `dense_10/bias`, and `dense/bias` before both."""
    return [
        [(text.rstrip("_"), int(number or -1)) for text, number in re.findall(r"(\D*)(\d*)", token)[:-1]]
        for token in name.split("/")
    ]


def kinds(name: str) -> set[str]:
    """The Keras words that the last part of a name stands for; empty for names that mean nothing, as `Variable_3`."""
    last = name.rpartition("/")[2].lower()
    plain = re.sub(r"_?\d+$", "", last)
    return {words[0] for words in WORDS if last in words or plain in words}


def _same_kind(old: str, name: str) -> bool:
    theirs, ours = kinds(old), kinds(name)
    return not theirs or not ours or bool(theirs & ours)


def _same_scope(old: str, name: str) -> bool:
    """Whether the scopes agree as far as the shorter one goes, counted from the inside."""
    theirs, ours = (_tokens(each) for each in (old, name))
    count = min(len(theirs), len(ours))
    return count > 0 and theirs[-count:] == ours[-count:]


def _tokens(name: str) -> list[str]:
    scope = name.lower().split("/")[:-1]
    tokens = [SIDES.get(token, token) for token in scope]
    return [token for token in tokens if token not in ("rnn", "bidirectional_rnn")]
