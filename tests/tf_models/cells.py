"""Cells of a generated table: a file each, made by processes of their own, so that whoever makes them can go on."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tf_data.files import write_text

CHUNK = 20  # recipes of one process, whose memory grows with each
PATIENCE = 300  # seconds that a cell may take; an operation of PyTorch was seen that never ends


def path(folder: Path, id: str, column: str) -> Path:
    return folder / f"{id}.{column}.json"


def keep(folder: Path, id: str, column: str, make: Callable[[], dict]) -> None:
    """Write a cell; what goes wrong is one, too, because none may be silent."""
    try:
        cell = make()
    except Exception as error:
        cell = {"failed": f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"}
    write_text(path(folder, id, column), json.dumps(cell))


def fill(
    folder: Path, ids: Sequence[str], column: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None
) -> None:
    """Have processes `command ID...` make the cells that `folder` lacks; one that dies or stands leaves a cell that says so."""

    def lacking() -> list[str]:
        return [id for id in ids if not path(folder, id, column).exists()]

    while missing := lacking():
        process, left = subprocess.Popen([*command, *missing[:CHUNK]], env={**os.environ, **(env or {})}), len(missing)
        code = None
        while code is None:
            try:
                code = process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                before, left = left, len(lacking())
                if left == before:
                    process.kill()
        if code and lacking():
            how = f"no end in {PATIENCE // 60} minutes" if code == -9 else f"the process ended with {code}"
            write_text(path(folder, lacking()[0], column), json.dumps({"failed": how}))


def read(folder: Path, id: str, column: str) -> dict | None:
    """A cell; None where it has not been made."""
    file = path(folder, id, column)
    return json.loads(file.read_text()) if file.exists() else None
