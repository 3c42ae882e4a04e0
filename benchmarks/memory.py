"""Peak memory of training, each candidate in a process of its own, beside PyTorch's."""

from benchmarks.measure import in_a_fresh_process
from benchmarks.networks import NETWORKS, recipe
from benchmarks.train_step import LOADER, OURS, candidates
from tf_data import command
from tf_models.training.provenance import peak_memory

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
            name: in_a_fresh_process(_train, id, name)
            for name in candidates(id, STEPS * batch)
            if name != "pytorch, indexed by hand"
        }
        for name, (imported, peak) in found.items():
            row = {"network": id, "batch": batch, "candidate": name, "peak_mb": peak, "training_mb": peak - imported}
            rows.append(row | ({"ratio": found[LOADER][1] / peak} if LOADER in found else {}))
    return rows


def _train(id: str, candidate: str) -> tuple[float, float]:
    """Megabytes at most after the import and after some steps, in a fresh process."""
    if candidate == LOADER:
        import torch  # noqa: F401
    elif candidate == OURS:
        command.own_process()
        command.import_tensorflow()
    else:
        import tensorflow  # noqa: F401
    imported = peak_memory()
    epoch = candidates(id, STEPS * recipe(id).batch_size)[candidate]()
    for _ in range(EPOCHS):
        epoch()
    return imported, peak_memory()
