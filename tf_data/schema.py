"""What JSON files may say: read within limits, and checked against the types that dataclasses state."""

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from tf_data.errors import InputError

MOST_BYTES = 2**28  # of a JSON file; the manifest of a million files has about this
SHOWN = 200  # characters of a value in a message
T = TypeVar("T")


def read_json(path: str | Path, most: int = MOST_BYTES) -> dict:
    """The object in a JSON file.

    Raises:
        InputError: The file cannot be read, is damaged, holds something else or more than `most` bytes. A missing file
            raises `FileNotFoundError`, for the caller to say what that means.
    """
    path = Path(path)
    try:
        with open(path, "rb") as file:
            content = file.read(most + 1)
        if len(content) > most:
            raise InputError(f"{path} has more than {most:,} bytes, which is too much; do not trust it")
        values = json.loads(content.decode("utf-8"))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is damaged: {str(error) or type(error).__name__}") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} is damaged: it holds {type(values).__name__}, not an object")
    return values


def sealed(values: Mapping) -> dict:
    """An object for JSON with a `checksum` of what it says, whatever the file's layout."""
    return {**values, "checksum": _checksum(json.loads(json.dumps(values)))}


def unsealed(values: Mapping, path: str | Path) -> dict:
    """An object that was read from a file, without its `checksum`; one that was written before there was any has none.

    Raises:
        InputError: It says something else than when it was written.
    """
    values = dict(values)
    if values.pop("checksum", None) not in (None, _checksum(values)):
        raise InputError(f"{path} is damaged: its content does not have the checksum that it states")
    return values


def _checksum(values: Mapping) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def build(kind: type[T], values: Any, what: str = "it") -> T:
    """A dataclass from an object of JSON, whose lists become tuples where a field wants them.

    Raises:
        InputError: A key is missing, unknown, or of another type than its field states.
    """
    if not isinstance(values, Mapping):
        raise InputError(f"{what} must be an object, not {_brief(values)}")
    known = {field.name for field in fields(kind)}
    if strangers := sorted(map(str, values.keys() - known)):
        raise InputError(f"{what} has an unknown key {strangers[0]!r}")
    hints = _hints(kind)
    try:
        made = kind(**{name: tuples(value) if _wants_tuple(hints[name]) else value for name, value in values.items()})
    except TypeError as error:
        raise InputError(f"{what}: {error}") from None
    require_types(made)
    return made


def tuples(value: Any) -> Any:
    """A value of JSON with tuples in place of its lists."""
    if isinstance(value, list):
        return tuple(tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: tuples(item) for key, item in value.items()}
    return value


_hints = functools.cache(get_type_hints)


def require_types(data) -> None:
    """Raise `InputError` where a field of a dataclass holds another type than it states."""
    for name, hint in _hints(type(data)).items():
        value = getattr(data, name)
        if not fits(value, hint):
            raise InputError(f"{name} must be {getattr(hint, '__name__', hint)}, not {_brief(value)}")


def _brief(value: Any) -> str:
    """A value for a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of the type that a hint states."""
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind is Any:
        return True
    if kind is UnionType:
        return any(fits(value, one) for one in inner)
    if kind is Mapping or kind is dict:
        wanted = inner[1] if inner else Any
        return isinstance(value, Mapping) and all(isinstance(k, str) and fits(v, wanted) for k, v in value.items())
    if kind is tuple:
        return isinstance(value, tuple) and all(fits(one, inner[0]) for one in value)
    if kind is list:
        return isinstance(value, list) and all(fits(one, inner[0] if inner else Any) for one in value)
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


def _wants_tuple(hint: Any) -> bool:
    return any((get_origin(one) or one) is tuple for one in (hint, *get_args(hint)))
