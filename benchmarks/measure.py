"""Interleaved timing of several candidates in one run: medians, ratios, a table and JSON."""

import gc
import json
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tf_data import columns
from tf_data.command import installed
from tf_data.errors import TrainingError
from tf_data.files import write_text
from tf_models.training import processor

PACKAGES = ("tensorflow", "keras", "torch", "numpy", "h5py")


def compare(candidates: dict[str, Callable[[], int]], baseline: str, repeats: int = 5, warmup: int = 1) -> list[dict]:
    """Time candidates turn by turn, so that a busy moment of the machine meets all of them.

    Args:
        candidates: Functions by name; each does a whole unit of work and returns the samples it handled.
        baseline: The name of the candidate that ratios refer to; where it is missing there are no ratios.
        repeats: Timed calls of each candidate; the median counts.
        warmup: Calls of each before the first timed one.

    Returns:
        A row a candidate: `candidate`, `samples_per_second` (median), `spread` (lowest and highest), `ratio`: how many
        times as fast as the baseline, the median over the rounds.
    """
    speeds: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(warmup + repeats):
        for name, work in candidates.items():
            gc.collect()
            begin = time.perf_counter()
            samples = work()
            seconds = time.perf_counter() - begin
            if number >= warmup:
                speeds[name].append(samples / seconds)
    rows = []
    for name, found in speeds.items():
        row = {"candidate": name, "samples_per_second": statistics.median(found), "spread": [min(found), max(found)]}
        if baseline in speeds:
            row["ratio"] = statistics.median(a / b for a, b in zip(found, speeds[baseline], strict=True))
        rows.append(row)
    return rows


def taking(measured: str, compared: list[dict], unit: str, each: float = 1.0) -> list[dict]:
    """Rows of `compare`, whose sample is a whole piece of work, by the time that one takes, in a `unit` of `each` to the second."""
    return [
        {
            "measured": measured,
            "candidate": row["candidate"],
            unit: each / row["samples_per_second"],
            "ratio": row["ratio"],
        }
        for row in compared
    ]


def complete(arguments: list[str]) -> None:
    """Run Python with these arguments to its end. Raises `TrainingError`, with the end of what it said, where it fails."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise TrainingError(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()[-300:]}")


def in_a_fresh_process(function: Callable, *arguments):
    """What `function`, one of a module, returns in a process that has imported and computed nothing yet."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def hardware() -> dict[str, str]:
    """Processor, cores and versions, for the record."""
    versions = {package: installed(package) for package in PACKAGES}
    return {
        "processor": processor.name(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        **versions,
    }


def table(rows: list[dict]) -> str:
    """Rows as a Markdown table; numbers are shortened, lists left out."""
    names = list(dict.fromkeys(name for row in rows for name, value in row.items() if not isinstance(value, list)))
    head, *cells = columns.padded([names, *([_show(row.get(name)) for name in names] for row in rows)])
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ["-" * len(cell) for cell in head], *cells))


def save(path: Path, name: str, rows: list[dict]) -> None:
    """Write rows with hardware and command as JSON."""
    content = {"benchmark": name, "command": f"python -m benchmarks {name}", "hardware": hardware(), "rows": rows}
    write_text(path, json.dumps(content, indent=2) + "\n")


def _show(value) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
    return "" if value is None else str(value)
