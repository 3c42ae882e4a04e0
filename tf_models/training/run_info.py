"""What `run.json` may say, whoever wrote it. Importing this loads no TensorFlow."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from tf_data.errors import InputError
from tf_data.schema import build, require_types
from tf_models.configs import format1
from tf_models.configs.recipe import Recipe
from tf_models.training.options import Options

FORMAT = 2
STATUSES = ("running", "interrupted", "failed", "done")
CLASS_KEYS = ("class_name", "registered_name", "module")  # by which Keras would look for code


@dataclass(frozen=True)
class DataInfo:
    """The entry `data`: what the run was trained on. `shape`, `skipped`, `notes` and `brightness` are missing in old runs.

    `brightness` is the mean of the first training images, 0..1; None for other samples.
    """

    name: str
    source: str
    counts: Mapping[str, int]
    classes: tuple[str, ...]
    origin: str = ""
    shape: tuple[int | None, ...] | None = None
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    brightness: float | None = None


@dataclass(frozen=True)
class RunInfo:
    """The entries that the project itself asks for. Others are kept as they are: a newer version may have more."""

    format: int
    recipe: Mapping[str, Any]
    options: Mapping[str, Any]
    data: Mapping[str, Any]
    status: str
    seed: int = 0
    seconds: float = 0.0
    parameters: int = 0
    started: str = ""
    device: str = ""
    error: str = ""
    trainer: str = ""
    jit: bool | None = None
    versions: Mapping[str, str] | None = None
    environment: Mapping[str, Any] | None = None
    results: Mapping[str, Mapping[str, float | int | None]] | None = None
    figures: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def checked(values: dict) -> dict:
    """The content of a `run.json`, of format 1 as format 2 writes it.

    Raises:
        InputError: An entry is missing, of another type or out of range; the format is unknown; or the recipe names
            classes, which no recipe does and which Keras would import.
    """
    if values.get("format") == 1 and "recipe" in values:
        values = {**values, "format": FORMAT, "recipe": format1.upgrade(values["recipe"])}
    if (found := values.get("format")) != FORMAT:
        newer = isinstance(found, int) and found > FORMAT
        raise InputError(
            f"format {found!r}, where this version reads 1 and {FORMAT}"
            + ("; a newer version wrote it, update this one" if newer else "")
        )
    known = {field.name for field in fields(RunInfo)}
    info = build(RunInfo, {name: value for name, value in values.items() if name in known}, "run.json")
    if info.status not in STATUSES:
        raise InputError(f"status must be one of {', '.join(STATUSES)}, not {info.status!r}")
    data = build(DataInfo, info.data, "data")
    if min(data.counts.values(), default=0) < 0:
        raise InputError(f"data counts fewer than 0 samples: {data.counts}")
    for node in _objects(info.recipe):
        if stranger := next((key for key in CLASS_KEYS if key in node), None):
            raise InputError(f"its recipe has a key {stranger!r}, by which Keras would import code; do not trust it")
    require_types(Recipe.from_dict(info.recipe))
    require_types(Options.of(info.options))
    return values


def _objects(node: Any) -> Iterator[Mapping]:
    if isinstance(node, Mapping):
        yield node
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for item in node:
            yield from _objects(item)
