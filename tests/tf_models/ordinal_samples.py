"""Ranks and outputs for them, drawn once, for the tests of the ordinal library."""

import numpy as np
from hypothesis import strategies as st

CLASSES, COUNT = 6, 40
RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, CLASSES, COUNT)
LABELS[:CLASSES] = np.arange(CLASSES)
LOGITS = 3 * RNG.normal(size=(COUNT, CLASSES))
LEVELS = 3 * RNG.normal(size=(COUNT, CLASSES - 1))
PAIRS = 3 * RNG.normal(size=(COUNT, CLASSES - 1, 2))
VALUES = RNG.uniform(0, CLASSES - 1, (COUNT, 1))
WEIGHTS = RNG.uniform(0, 2, COUNT)
FLOATS = st.floats(-60, 60, width=32)
