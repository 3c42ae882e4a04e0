"""Peak memory of training, each candidate in a process of its own, beside PyTorch's."""

import multiprocessing
import resource
from pathlib import Path

from benchmarks.networks import NETWORKS, recipe
from benchmarks.train_step import LOADER, candidates

STEPS = 4  # after them nothing grows any more
EPOCHS = 2


def run(quick: bool = False, only: tuple[str, ...] = ()) -> list[dict]:
    """Measure every network, or those that `only` names; `quick` one small network.

    Returns:
        A row for each network and candidate: `peak_mb`, the most memory that the process ever had; `training_mb`, that
        without what importing its library takes; `ratio` of PyTorch's peak to the candidate's, above 1 where it needs
        less.
    """
    rows = []
    for id in ("mlp-basic",) if quick else only or NETWORKS:
        batch = recipe(id).batch_size
        found = {
            name: _measured(id, name) for name in candidates(id, STEPS * batch) if name != "pytorch, indexed by hand"
        }
        for name, (imported, peak) in found.items():
            row = {"network": id, "batch": batch, "candidate": name, "peak_mb": peak, "training_mb": peak - imported}
            rows.append(row | ({"ratio": found[LOADER][1] / peak} if LOADER in found else {}))
    return rows


def _measured(id: str, candidate: str) -> tuple[float, float]:
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_train, (id, candidate))


def _train(id: str, candidate: str) -> tuple[float, float]:
    """Megabytes at most after the import and after some steps, in a fresh process."""
    if candidate == LOADER:
        import torch  # noqa: F401
    else:
        import tensorflow  # noqa: F401
    imported = _peak()
    epoch = candidates(id, STEPS * recipe(id).batch_size)[candidate]()
    for _ in range(EPOCHS):
        epoch()
    return imported, _peak()


def _peak() -> float:
    status = Path("/proc/self/status")
    if status.exists():  # the kernel's `ru_maxrss` begins at what the process had that started this one
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(fields["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS counts bytes
