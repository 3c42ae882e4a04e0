"""Names that recipes, run directories and users give, looked up in tables of the project. None is ever imported as it is."""

import importlib
from collections.abc import Iterable
from typing import Any

from tf_data.command import nearest
from tf_data.errors import InputError


def require(kind: str, name: str, known: Iterable[str], otherwise: str = "") -> None:
    """Raise `InputError` unless a name is known.

    Args:
        kind: What it is a name of, for the message.
        name: The name.
        known: All names that there are.
        otherwise: The end of the message where no known name is near.
    """
    if not isinstance(name, str):  # JSON can hold anything
        raise InputError(f"the name of a {kind} is a text, not {name!r}")
    if name not in known:
        raise InputError(f"unknown {kind} {name!r}{nearest(name, known) or otherwise}")


def load(entry: Any) -> Any:
    """What a table's entry stands for: the object itself, or that of a text `module:attribute`."""
    if not isinstance(entry, str):
        return entry
    module, attribute = entry.split(":")
    return getattr(importlib.import_module(module), attribute)
