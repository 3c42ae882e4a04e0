"""Tables as text: the one reader of CSV files, whatever their suffix, compression or line ends.

Python's own `csv` knows the dialects and, other than faster readers, the line of everything that is wrong.
"""

import csv
import io
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from tf_data.archives import unpacked
from tf_data.errors import InputError

SEPARATORS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
PATTERNS = tuple(f"*{suffix}" for suffix in ("[.][cC][sS][vV]", "[.][tT][sS][vV]", "[.]csv.gz", "[.]tsv.gz"))
OTHERS = {";": "semicolons", "\t": "tabs", "|": "bars"}  # what else separates columns, for messages
WIDE = (b"\xff\xfe", b"\xfe\xff")  # marks of UTF-16 and UTF-32
CELL_BYTES = 2**24  # of the longest cell
csv.field_size_limit(CELL_BYTES)  # the module's own is less than a long review has
INDEX = "Unnamed: "  # how pandas calls a column without a name


def is_table(path: str | Path) -> bool:
    """Whether a file's name is that of a table, in any case, compressed or not."""
    return _separator(Path(path)) is not None


def tables_in(folder: Path) -> list[Path]:
    """The tables in a folder by name, or `folder` itself where it is a file."""
    if folder.is_file():
        return [folder]
    return sorted(path for path in folder.iterdir() if path.is_file() and path.name[0] != "." and is_table(path))


def only_table(folder: Path) -> Path:
    """The table in a folder, or `folder` itself where it is a file. Raises `InputError` unless there is just one."""
    found = tables_in(folder)
    if len(found) != 1:
        raise InputError(f"{folder} holds {len(found)} CSV files; name the one to read as path")
    return found[0]


class TableFile:
    """A table with a header, read row by row.

    Names of columns come without blanks around them; cells as they are. A first column without a name that counts the
    rows, as pandas writes it, is left out, which `notes` says.

    Args:
        path: Path of a file as `is_table` knows it; others are taken for CSV.
        required: Columns that the table must have.
        skipped: List that gets a line for each row with too few or too many fields; None makes it an error.

    Attributes:
        columns: Names of the columns.
        notes: What a user should know, a line each.

    Raises:
        InputError: The file is missing or no text in UTF-8, lacks a column, has one without a name, or a row has too
            few or too many fields.
    """

    def __init__(self, path: Path, required: Iterable[str] = (), skipped: list[str] | None = None):
        self.path, self._skipped, self.notes = Path(path), skipped, ()
        names = next(self._lines(), (1, []))[1]
        names = [name.strip() for name in names]
        if len(names) == 1 and (found := [what for mark, what in OTHERS.items() if mark in names[0]]):
            raise InputError(
                f"{path} line 1 has {found[0]} between its columns, not commas; save it with commas, or as .tsv with tabs"
            )
        self._index = bool(names) and (names[0] == "" or names[0].startswith(INDEX)) and self._counts_rows()
        if self._index:
            self.notes = (f"{path}: the first column has no name and counts the rows; it is left out",)
        self.columns = names[self._index :]
        for number, name in enumerate(self.columns, 1 + self._index):
            if not name:
                raise InputError(f"{path} line 1: column {number} has no name; give it one or remove it")
        if len(set(self.columns)) < len(self.columns):
            raise InputError(f"{path} has two columns of one name in {', '.join(self.columns)}; rename one")
        for name in required:
            if name not in self.columns:
                raise InputError(f"{path} has no column {name!r}; it has {', '.join(self.columns)}")

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Line numbers and rows, one after the other; rows without any field are passed over."""
        lines, width = self._lines(), len(self.columns) + self._index
        next(lines, None)
        for line, cells in lines:
            if len(cells) != width:
                fault = f"{self.path} line {line} has another number of fields than the header"
                if self._skipped is None:
                    raise InputError(fault)
                self._skipped.append(fault)
                continue
            yield line, dict(zip(self.columns, cells[self._index :]))

    def number(self, line: int, column: str, text: str) -> float:
        """A finite number from a cell. Raises `InputError` naming line and column for anything else."""
        try:
            value = float(text)
        except ValueError:
            value = np.nan
        if not math.isfinite(value):
            raise InputError(
                f"{self.path} line {line}, column {column!r}: {text!r} is not a finite number; mend or remove it"
            )
        return value

    def label(self, line: int, column: str, text: str) -> str:
        """A label without the blanks around it. Raises `InputError` naming line and column where nothing is left."""
        if not (label := text.strip()):
            raise InputError(f"{self.path} line {line}, column {column!r} is empty; mend or remove it")
        return label

    def _counts_rows(self) -> bool:
        """Whether the first column is 0, 1, ... or 1, 2, ..."""
        lines = self._lines()
        next(lines, None)
        firsts = [cells[0].strip() for (_, cells), _ in zip(lines, range(1000))]
        return any(firsts == [str(start + place) for place in range(len(firsts))] for start in (0, 1))

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        """Numbers and cells of all lines that have any, the header first."""
        with unpacked(self.path) as file:
            if file.peek(2)[:2] in WIDE:
                raise InputError(f"{self.path} is text of 16 bits a character; save it as UTF-8")
            text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
            reader = csv.reader(self._limited(text), delimiter=_separator(self.path) or ",", strict=True)
            try:
                for cells in reader:
                    if cells:
                        yield reader.line_num, cells
            except UnicodeDecodeError as error:
                raise InputError(f"{self.path} line {reader.line_num + 1} is not UTF-8 ({error.reason})") from None
            except csv.Error as error:
                raise InputError(f"cannot read {self.path} line {reader.line_num} as CSV: {error}") from None

    def _limited(self, text: io.TextIOWrapper) -> Iterator[str]:
        """The lines, none longer than a cell may be: a file without line ends would come at once."""
        while line := text.readline(CELL_BYTES):
            if len(line) == CELL_BYTES:
                raise InputError(f"{self.path} has a line of more than {CELL_BYTES:,} characters; it is no table")
            if "\0" in line:  # which no text has, and no name of a file may have
                raise InputError(f"{self.path} holds a zero byte in {line[:40]!r}; it is damaged or no table")
            yield line


def numbered(names: list[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """The classes among labels, in the order of their numbers, and the number of each label, int32 `(len(names),)`."""
    classes = ordered(names)
    numbers = {name: number for number, name in enumerate(classes)}
    return classes, np.array([numbers[name] for name in names], np.int32)


def ordered(names: Iterable[str]) -> tuple[str, ...]:
    """Different labels in order: as numbers where all are, else as text."""
    different = sorted(set(names))
    try:
        values = {name: float(name) for name in different}
    except ValueError:
        return tuple(different)
    return tuple(sorted(different, key=values.__getitem__) if all(map(math.isfinite, values.values())) else different)


def _separator(path: Path) -> str | None:
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    return SEPARATORS.get(suffixes[-1]) if suffixes else None
