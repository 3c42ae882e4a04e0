"""Rows of cells as text in columns."""

import textwrap
from collections.abc import Collection, Iterable, Sequence


def padded(rows: Iterable[Sequence[str]], right: Collection[int] = ()) -> list[list[str]]:
    """The rows with every cell as wide as the widest of its column; those of the columns `right` end together."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        [cell.rjust(width) if column in right else cell.ljust(width) for column, (cell, width) in enumerate(line)]
        for line in (zip(row, widths) for row in rows)
    ]


def text(rows: Iterable[Sequence[str]], right: Collection[int] = (), width: int | None = None) -> str:
    """The rows as lines of aligned columns, two spaces apart.

    Args:
        rows: Rows of the table, with the same number of cells each.
        right: Columns, counted from 0, that are aligned to the right.
        width: Width of a line. The widest cells are broken between words until all fit; a single word is never broken.
    """
    rows = list(rows)
    if width is not None:
        rows = [line for row in _broken(rows, width) for line in row]
    return "\n".join("  ".join(cells).rstrip() for cells in padded(rows, right))


def _broken(rows: list[Sequence[str]], width: int) -> list[list[Sequence[str]]]:
    """Each row as one or more, so that all together are no wider than `width` where words allow it."""
    columns = list(zip(*rows))
    widths = [max(map(len, column)) for column in columns]
    words = [max((len(word) for cell in column for word in cell.split()), default=0) for column in columns]
    while sum(widths) + 2 * (len(widths) - 1) > width:
        wide = [number for number in range(len(widths)) if widths[number] > words[number]]
        if not wide:
            break
        widths[max(wide, key=widths.__getitem__)] -= 1
    folded = [
        [
            [cell] if len(cell) <= size else textwrap.wrap(cell, size, break_long_words=False, break_on_hyphens=False)
            for cell, size in zip(row, widths)
        ]
        for row in rows
    ]
    return [
        [[cell[line] if line < len(cell) else "" for cell in row] for line in range(max(map(len, row)))]
        for row in folded
    ]
