"""Tables between the marks of a page, `<!-- NAME: begin -->` and `<!-- NAME: end -->`."""

from pathlib import Path

from tf_data.errors import InputError
from tf_data.files import write_text


def put(path: Path, name: str, lines: str) -> None:
    """Put a new table in the place of the old one. Raises `InputError` where the page lacks the marks."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, found, rest = path.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise InputError(f"{path} has no lines {begin} and {end}")
    write_text(path, f"{before}{begin}\n{lines}\n{end}{after}")
