"""`python -m benchmarks results --audit`: are the rows of the results possible, of today's code, and repeatable?

A row above the machine's peak is refused. A row that is older than what decides it (recipe, builder, task) is named. Of
one row, by chance where none is named, the first steps are made again: their metrics must be the row's, to the bit on the
row's machine with the row's versions and today's replaced operations (`provenance.REPLACING`), else to a thousandth.
"""

import math
import random
import tempfile
from pathlib import Path

from benchmarks import commands, peak
from tf_data.command import import_tensorflow
from tf_data.errors import InputError
from tf_models.configs import get
from tf_models.configs.overrides import for_source
from tf_models.training.run_directory import RunDirectory

MARGIN = 1.05  # a peak is measured, too
CLOSE = 1e-3
TRIED = ("recipe", "builder", "task")


def main(rows: dict[str, dict], replayed: str | None = None, data_dir: str | None = None) -> int:
    """Print what is wrong with the rows, and what came of the replay; 1 where a row cannot be right."""
    import_tensorflow()
    faults, remarks = judged(rows)
    candidates = [id for id, row in rows.items() if row.get("first_steps") and not _older(id, row)]
    if replayed is not None and replayed not in candidates:
        raise InputError(f"{replayed} has no row of today's code that records its first steps")
    for line in (*faults, *remarks):
        print(line)
    if replayed or candidates:
        text, equal = replay(replayed or random.choice(candidates), rows, data_dir)
        print(text)
        faults += [] if equal else [text]
    else:
        print("replay: no row records its first steps and is of today's code")
    print(f"{len(rows)} rows, {len(faults)} cannot be right")
    return 1 if faults else 0


def judged(rows: dict[str, dict]) -> tuple[list[str], list[str]]:
    """Rows that cannot be right, and those that are old, a line each."""
    faults, remarks, peaks = [], [], peak.known()
    for id, row in rows.items():
        if "environment" not in row:
            remarks.append(f"{id}: does not say on what it was made")
            continue
        highest = peaks.get(peak.machine(row["environment"]), {}).get(row["precision"], row["peak"])
        if highest and row["gflops"] and row["gflops"] > MARGIN * highest:
            faults.append(f"{id}: {row['gflops']:.4g} GFLOP/s in {row['precision']}, above the peak of {highest:.4g}")
        if older := _older(id, row):
            remarks.append(f"{id}: older than its {' and its '.join(older)}")
    return faults, remarks


def _older(id: str, row: dict) -> list[str]:
    """What decides the row and has changed since."""
    from tf_models.training import provenance

    now = provenance.code(for_source(get(id), row["data"]["source"]))
    return [name for name in TRIED if row.get("code", {}).get(name) != now[name]]


def renew(run: RunDirectory, row: dict, data_dir: str | None = None) -> dict:
    """The row as one of today's code, after a trial: the first steps of a training and the scores of what the run saved.

    Args:
        run: The run that the row was made of.
        row: The row.
        data_dir: Folder of official files, if it has moved.

    Raises:
        InputError: Today's code gives other bits.
    """
    from tf_models.training import provenance, trainer

    id = run.recipe.id
    text, equal = replay(id, {id: row}, data_dir)
    if not equal or "to the bit" not in text:
        raise InputError(f"{run.path} is not what today's code gives: {text}")
    _, results = trainer.evaluate(run, data_dir)
    if results != row["results"]:
        raise InputError(f"{run.path} is scored {results} by today's code, not {row['results']}; train it again")
    now = provenance.code(for_source(get(id), row["data"]["source"]))
    return {**row, "code": now, "replacing": provenance.replacing_code(), "renewed": provenance.revision()}


def replay(id: str, rows: dict[str, dict], data_dir: str | None = None) -> tuple[str, bool]:
    """Make the first steps of a row again: a line on what came out, and whether it is what the row says."""
    from tf_models.training import provenance, trainer
    from tf_models.training.options import Options

    row = rows[id]
    source = row["data"]["source"]
    options = Options(
        source=source if source in ("official", "embedded") else "auto",
        data_dir=data_dir,
        figures=False,
        quiet=True,
        **commands.options(row["command"]),
    )
    recipe = get(id)
    with tempfile.TemporaryDirectory() as folder:
        found = trainer.first_steps(recipe, options, Path(folder) / "run")
    wanted = row["first_steps"]
    steps = len(next(iter(wanted.values())))
    if found.keys() != wanted.keys():
        return f"replay of {id}: it reports {', '.join(found)}, the row {', '.join(wanted)}", False
    here = {**provenance.environment(), **provenance.versions()} == {**row["environment"], **row["versions"]}
    as_then = row.get("replacing") == provenance.replacing_code()
    if here and (as_then or found == wanted):
        bits = "equal to the bit" if found == wanted else "other bits"
        return f"replay of {id}: {steps} steps on the row's machine, {bits}", found == wanted
    apart = max(
        abs(a - b) / max(abs(b), 1e-9)
        for name in wanted
        for a, b in zip(found[name], wanted[name], strict=True)
        if not math.isnan(b)
    )
    where = "the row's machine, by operations changed since" if here else "another machine"
    return f"replay of {id}: {steps} steps on {where}, apart by {apart:.1e} of the value", apart < CLOSE
