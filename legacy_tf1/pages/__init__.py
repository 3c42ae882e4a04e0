"""Mechanisms of TensorFlow 1 as small pages that run: `python -m legacy_tf1.pages [NAME]`.

A page is a module with `TITLE`, `then()` in TensorFlow 1's way, `now()` in today's, `trap()` that falls into the mistake
which everybody makes once, and `WATCH`, the sentence to remember. `then` and `now` give equal values. A comment
`# [step]` begins a step in both, so that `compare --html` can set them side by side.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tf_data.command import nearest
from tf_data.errors import InputError

NAMES = (
    "cond",
    "while_loop",
    "control_dependencies",
    "auto_reuse",
    "variables",
    "graph_collections",
    "metrics",
    "summaries",
    "monitored_session",
    "estimator",
    "eager",
    "function_or_session",
    "feeding",
)


@dataclass(frozen=True)
class Page:
    """One mechanism.

    Attributes:
        name: Name of the module.
        title: Title of one line.
        then: Runs TensorFlow 1's way and gives values by name.
        now: Runs today's way and gives the same.
        trap: Runs the mistake and gives what came of it, by a description.
        watch: What to watch for.
        left: The old code as text, where it cannot run any more; then `then` is None.
    """

    name: str
    title: str
    then: Callable[[], Mapping[str, Any]] | None
    now: Callable[[], Mapping[str, Any]]
    trap: Callable[[], Mapping[str, Any]]
    watch: str
    left: str = ""


def get(name: str) -> Page:
    """The page of this name; loads TensorFlow. Raises `InputError` where there is none, naming the nearest."""
    if name not in NAMES:
        raise InputError(f"unknown page {name!r}{nearest(name, NAMES) or '; known: ' + ', '.join(NAMES)}")
    module = importlib.import_module(f"{__name__}.{name}")
    return Page(
        name,
        module.TITLE,
        getattr(module, "then", None),
        module.now,
        module.trap,
        module.WATCH,
        getattr(module, "LEFT", ""),
    )
