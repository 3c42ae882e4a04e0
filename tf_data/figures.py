"""Figures, drawn by matplotlib without a screen."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tf_data.errors import InputError
from tf_data.files import whole_file

DPI = 110


_name = ""  # of what figures show, in their corner


@contextlib.contextmanager
def named(name: str) -> Iterator[None]:
    """Within the context, figures carry a name in their lower left corner: they are passed on without their folder."""
    global _name
    before, _name = _name, name
    try:
        yield
    finally:
        _name = before


def require_png(path: Path) -> None:
    """Raise `InputError` for what `--out` names, unless it is a figure's file."""
    if path.suffix != ".png":
        raise InputError(f"--out {path}: the figure's name ends in .png")


@contextlib.contextmanager
def figure(path: Path, **arguments) -> Iterator:
    """Yield a matplotlib figure that is written to `path`, whole or not at all. Arguments as `Figure` takes."""
    # No pyplot: it would keep every figure and choose a backend for the whole process.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = Figure(layout="constrained", **arguments)
    FigureCanvasAgg(drawn)
    yield drawn
    if _name:
        drawn.supxlabel(_name, x=0.005, ha="left", fontsize=6, color="grey")
    with whole_file(path) as temporary:
        drawn.savefig(temporary, dpi=DPI)
