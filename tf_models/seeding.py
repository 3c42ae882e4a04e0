"""Reproducible building without touching anybody's global random state."""

import contextlib
import random
from collections.abc import Iterator


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Within the context, layers and initialisers without a seed of their own get theirs from `seed`.

    Keras draws those seeds from Python's generator, whose state is put back at the end.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
