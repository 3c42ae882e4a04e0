"""Samples cut into splits at random: as they come, or so that each class has its fraction of every split."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tf_data.dataset import Split
from tf_data.errors import InputError


def cut(x: Any, y: np.ndarray | None, fractions: Mapping[str, float], seed: int, origin: Path) -> dict[str, Split]:
    """Cut samples at random into splits, by a NumPy permutation that only `seed` decides.

    Args:
        x, y: Samples and targets as a `Split` takes them; `x` must take an integer array as index.
        fractions: The fraction of each split, by name; they add up to 1.
        seed: Seed of the permutation.
        origin: Where the samples come from, for the message.

    Raises:
        InputError: There are too few samples for every split to get one.
    """
    count = x.shape[0]
    order = np.random.RandomState(seed).permutation(count)
    ends = [0, *(round(count * fraction) for fraction in np.cumsum(list(fractions.values())))]
    if min(np.diff(ends)) < 1:
        raise InputError(f"{origin}: {count} samples are too few to cut into {', '.join(fractions)}")
    return {
        name: Split(name, x[order[start:stop]], None if y is None else y[order[start:stop]])
        for name, start, stop in zip(fractions, ends, ends[1:], strict=False)
    }


def cut_by_class(
    x: Any, y: np.ndarray, classes: tuple[str, ...], fractions: Mapping[str, float], seed: int, place: str
) -> dict[str, Split]:
    """Cut labelled samples at random into splits in each of which every class is as frequent as in all.

    Args:
        x, y: Samples and class numbers `(n,)`; `x` must take an integer array as index.
        classes: Names of the classes, for messages.
        fractions: The fraction of each split but the training split, by name.
        seed: Decides the cut, together with `y`.
        place: Where the samples come from, for messages.

    Raises:
        InputError: There are too few samples of a class for one in each split.
    """
    random, parts = np.random.RandomState(seed), {name: [] for name in ("train", *fractions)}
    for number in range(len(classes)):
        members = random.permutation(np.flatnonzero(y == number))
        if len(members) <= len(fractions):
            raise InputError(
                f"{place}: class {classes[number]} has {len(members)} samples, too few for one in each of "
                f"{', '.join(parts)}; add some or take the class out"
            )
        for name, fraction in fractions.items():
            count = max(1, round(len(members) * fraction))
            parts[name].append(members[:count])
            members = members[count:]
        parts["train"].append(members)
    numbers = {name: random.permutation(np.concatenate(chosen)) for name, chosen in parts.items()}
    return {name: Split(name, x[chosen], y[chosen]) for name, chosen in numbers.items()}


def stratified(y: np.ndarray, counts: Mapping[str, int], seed: int) -> dict[str, np.ndarray]:
    """Numbers of samples, cut at random into splits of these sizes in which each class is as frequent as in all.

    Args:
        y: Class numbers `(n,)`.
        counts: Samples of each split by name; they add up to n.
        seed: Decides the cut, together with `y`.

    Returns:
        By name the numbers int64 `(count,)` in a random order. A class's part of a split is its exact fraction, rounded.

    Raises:
        InputError: There are too few samples, or too few of a class for one in each split.
    """
    if sum(counts.values()) != len(y) or min(counts.values()) < 1:
        raise InputError(f"{len(y)} samples are too few to cut into {', '.join(counts)}")
    random = np.random.RandomState(seed)
    # Each sample stands at its fraction of the way through its class, so that any stretch of the order by these places
    # has of each class the same fraction.
    places = np.empty(len(y))
    for label in np.unique(y):
        members = random.permutation(np.flatnonzero(y == label))
        places[members] = (np.arange(len(members)) + 0.5) / len(members)
    order = np.argsort(places, kind="stable")
    ends = np.cumsum(list(counts.values()))
    found = {name: random.permutation(order[end - counts[name] : end]) for name, end in zip(counts, ends, strict=True)}
    for name, numbers in found.items():
        if missing := sorted(set(y.tolist()) - set(y[numbers].tolist())):
            few = int(np.sum(y == missing[0]))
            raise InputError(f"class {missing[0]} has {few} samples, too few for one in the {name} split")
    return found
