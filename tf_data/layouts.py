"""How a dataset's files may be called and lie: one description, for "is it there?" and for reading."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tf_data.errors import InputError

SHOWN = 5  # names in a message
IGNORED = ("readme", "license", "licence")  # beginnings of names that say nothing about data


@dataclass(frozen=True)
class Layout:
    """One way in which a dataset lies in its folder.

    Attributes:
        members: For each thing that is needed, the names that it may have, the official one first. A name is a pattern,
            relative to the dataset's folder; that of a folder ends in a slash.
    """

    members: Mapping[str, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """The official name of each member."""
        return tuple(names[0] for names in self.members.values())

    def find(self, folder: Path) -> dict[str, Path]:
        """The members that are there, by the first of their names."""
        found = {}
        for member, names in self.members.items():
            path = next((path for name in names for path in matching(folder, name)), None)
            if path is not None:
                found[member] = path
        return found


def matching(folder: Path, name: str) -> list[Path]:
    """Files or, where the name ends in a slash, folders of this name or pattern."""
    return [path for path in sorted(folder.glob(name.rstrip("/"))) if path.is_dir() == name.endswith("/")]


def locate(folder: Path, layouts: tuple[Layout, ...]) -> tuple[Layout, dict[str, Path]]:
    """The first layout that is there as a whole, and its members.

    Raises:
        InputError: None is; the message names what is missing from the one that is there for the most part.
    """
    tried = [(layout, layout.find(folder)) for layout in layouts]
    for layout, found in tried:
        if len(found) == len(layout.members):
            return layout, found
    layout, found = max(tried, key=lambda pair: len(pair[1]) / len(pair[0].members))
    missing = next(member for member in layout.members if member not in found)
    raise InputError(f"missing file {folder / layout.members[missing][0]}; fetch it again or use another --data")


def not_understood(folder: Path) -> list[str]:
    """Names of what lies in a dataset's folder although none of it was known; texts about the data do not count."""
    if not folder.is_dir():
        return []
    names = sorted(path.name for path in folder.iterdir())
    return [name for name in names if name[0] != "." and not name.lower().startswith(IGNORED)]


def listed(names: Sequence[str]) -> str:
    """Names for a message, the first ones of many."""
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
