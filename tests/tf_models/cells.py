"""Cells of a generated table: a file each, made by processes of their own, so that whoever makes them can go on.

What has been made is kept in one file of `benchmarks/measured`, from which another machine goes on.
"""

import datetime
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tf_data.files import write_text

CHUNK = 20  # recipes of one process, whose memory grows with each
ROUNDING = 100  # times as far as rounding alone goes is what a difference must be to be one of its own
PATIENCE = 300  # seconds that a cell may take; an operation of PyTorch was seen that never ends


def path(folder: Path, id: str, column: str) -> Path:
    return folder / f"{id}.{column}.json"


def keep(folder: Path, id: str, column: str, make: Callable[[], dict]) -> None:
    """Write a cell; what goes wrong is one, too, because none may be silent."""
    try:
        cell = make()
    except Exception as error:
        cell = {"failed": f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"}
    write(folder, id, column, cell)


def write(folder: Path, id: str, column: str, cell: dict) -> None:
    write_text(path(folder, id, column), json.dumps({"made": str(datetime.date.today()), **cell}))


def fill(
    folder: Path, ids: Sequence[str], column: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None
) -> None:
    """Have processes `command ID...` make the cells that `folder` lacks; one that dies or stands leaves a cell that says so."""

    def lacking() -> list[str]:
        return [id for id in ids if not path(folder, id, column).exists()]

    while missing := lacking():
        process = subprocess.Popen([*command, *missing[:CHUNK]], env={**os.environ, **(env or {})})
        left, how = len(missing), None
        while process.poll() is None:
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                before, left = left, len(lacking())
                if left == before:
                    how = f"no end in {PATIENCE // 60} minutes"
                    process.kill()
                    process.wait()
        if process.returncode and (missing := lacking()):
            how = how or f"the process ended with {process.returncode}"
            write(folder, missing[0], column, {"failed": how})


def read(folder: Path, id: str, column: str) -> dict | None:
    """A cell; None where it has not been made."""
    file = path(folder, id, column)
    return json.loads(file.read_text()) if file.exists() else None


def unpack(store: Path, folder: Path) -> None:
    """Write the cells that are kept into a folder, but for those that it has."""
    for id, columns in (json.loads(store.read_text()) if store.exists() else {}).items():
        for column, cell in columns.items():
            if not path(folder, id, column).exists():
                write(folder, id, column, cell)


def pack(store: Path, cells: Mapping[str, Mapping[str, dict | None]]) -> None:
    """Keep cells, by recipe and column."""
    lines = []
    for id, columns in cells.items():
        made = {column: cell for column, cell in columns.items() if cell}
        lines.append(f"  {json.dumps(id)}: {json.dumps(made)}")  # a line a recipe, for whoever reads the changes
    write_text(store, "{\n" + ",\n".join(lines) + "\n}\n")


def put(page: Path, name: str, table: str) -> None:
    """Put a table into its page."""
    sys.path.append(str(Path(__file__).parents[2]))  # which a script in this folder does not see
    from benchmarks import pages

    pages.put(page, name, table)


def days(cells: Mapping[str, Mapping[str, dict | None]]) -> str:
    """When cells were made."""
    made = sorted({cell["made"] for columns in cells.values() for cell in columns.values() if cell})
    return " to ".join(dict.fromkeys([made[0], made[-1]])) if made else "not begun"


def difference(value: float, close: float, rounding: float) -> str:
    """What a page says of a difference; where it is not close, how far rounding alone goes, if that explains it."""
    if value <= close:
        return f"{value:.0e}"
    return f"{value:.0e}" + (f" (rounding: {rounding:.0e})" if value < ROUNDING * rounding else " **apart**")


def status(cell: dict | None) -> str:
    """What a page says of a cell that holds no difference."""
    if cell is None:
        return "not run"
    return "refused" if "refused" in cell else cell.get("failed", "yes")
