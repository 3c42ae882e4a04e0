"""Kills trainings and conversions at any moment and goes on: `python tests/faults/kills.py --count 200`.

A moment is a call by which files become whole (`os.replace`, `os.fsync`), just before or just after it, or a time. What
is killed goes on by the same command until it is done; it must then hold the same bits as what nobody killed, and
nothing that is left over.
"""

import argparse
import functools
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

SECONDS = 600.0  # that anything may take, also on a machine that does much else


def forked(work: Callable[[], None], kill_at: float | None = None) -> int:
    """Run in a forked process, killed after `kill_at` seconds; the exit status, negative for a signal."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        finally:
            os._exit(status)
    begin = time.monotonic()
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        passed = time.monotonic() - begin
        if passed > (SECONDS if kill_at is None else kill_at):
            os.kill(child, signal.SIGKILL)
        time.sleep(0.005)


def counted(work: Callable[[], None], at: int | None, count: Path) -> Callable[[], None]:
    """`work` that kills itself at its `at`th moment; for None it writes how many there were into `count`."""

    def run():
        seen = 0

        def watch(function):
            def call(*arguments, **options):
                nonlocal seen
                seen += 1
                if seen == at:
                    os.kill(os.getpid(), signal.SIGKILL)
                result = function(*arguments, **options)
                seen += 1
                if seen == at:
                    os.kill(os.getpid(), signal.SIGKILL)
                return result

            return call

        os.replace, os.fsync = watch(os.replace), watch(os.fsync)
        work()
        if at is None:
            count.write_text(str(seen))

    return run


def convert(to: str, folder: Path) -> None:
    from tf_data import formats
    from tf_data.dataset import Data, Split

    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (60, 6, 6, 3), np.uint8), (np.arange(60) % 3).astype(np.int32)
    data = Data("drawn", "synthetic", "x", Split("train", x, y), Split("test", x[:9], y[:9]), classes=("a", "b", "c"))
    formats.write(formats.Source.of(data), to, folder, formats.Options(quiet=True, workers=1, chunk_size=8))


def convert_csv(folder: Path) -> None:
    from tf_data import formats
    from tf_data.formats.csv_hdf5 import convert

    table = folder.with_name("table.csv")
    if not table.exists():  # a torn table would be another one
        table.with_suffix(".new").write_text("a,b,kind\n" + "".join(f"{n},{n / 7},{n % 3}\n" for n in range(5000)))
        table.with_suffix(".new").rename(table)
    convert(table, folder, "kind", options=formats.Options(quiet=True, chunk_size=500))


def converted(folder: Path) -> dict:
    """Every file of a conversion that is done."""
    from tf_data import formats

    assert formats.open(folder).faults() == []
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def train(id: str, folder: Path) -> None:
    """Train a recipe on few samples, or go on with it."""
    from tf_models.configs import get
    from tf_models.training import trainer
    from tf_models.training.fit import CompiledLoop
    from tf_models.training.options import Options
    from tf_models.training.run_directory import RunDirectory

    CompiledLoop.calibrate = lambda self: setattr(self, "block", 3)
    if (folder / "run.json").exists():
        trainer.resume(RunDirectory.open(folder), quiet=True)
        return
    recipe = replace(get(id), epochs=3, batch_size=16, embedded={})
    options = Options(source="embedded", limit=96, quiet=True, checkpoint_seconds=0.0)
    trainer.train(recipe, options, folder)


def trained(folder: Path) -> dict:
    """What a run that is done ended with."""
    from tf_models.training import checkpoint_file
    from tf_models.training.run_directory import KEPT_CHECKPOINTS, RunDirectory

    run = RunDirectory.open(folder)
    assert run.info["status"] == "done", run.info["status"]
    checkpoints = set(run.checkpoints)  # at which steps they were saved follows from how fast the machine was
    assert 1 <= len(checkpoints) <= KEPT_CHECKPOINTS, checkpoints
    values, progress = checkpoint_file.load(run.checkpoints[-1])
    figures = sorted(path.name for path in run.figures.iterdir())
    files = {path for path in folder.rglob("*") if path.is_file()} - checkpoints
    files = sorted(str(path.relative_to(folder)) for path in files)
    weights = {name: value.tobytes() for name, value in values.items()}
    return {**weights, "history": progress.history, "results": run.info["results"], "figures": figures, "files": files}


def kinds(recipes: list[str]) -> dict:
    """What is killed: how it is begun and gone on with, and what it leaves."""
    found = {
        f"convert to {to}": (functools.partial(convert, to), converted) for to in ("npz", "hdf5", "tfrecord", "images")
    }
    found["convert a CSV file"] = (convert_csv, converted)
    return {**found, **{f"train {id}": (functools.partial(train, id), trained) for id in recipes}}


def run(
    name: str, begin: Callable[[Path], None], left: Callable[[Path], dict], count: int, seed: int, root: Path
) -> dict:
    """Counts of kills of one kind, and what was wrong afterwards."""
    whole, moments = root / "whole", root / "moments"
    start = time.monotonic()
    if forked(counted(lambda: begin(whole), None, moments)) != 0:
        return {"kind": name, "kills": 0, "same bits": 0, "faults": [f"{name} fails without any kill"]}
    took, total, expected = time.monotonic() - start, int(moments.read_text()), left(whole)
    rng, killed, same, faults = np.random.default_rng(seed), 0, 0, []
    places = np.linspace(1, total, max(1, count)).round().astype(int)
    for number in range(count):
        folder = root / f"killed-{number}"
        by_time = number % 4 == 3  # the others at calls, spread over all of them
        at = float(rng.uniform(0, took)) if by_time else int(places[number])
        work = counted(lambda: begin(folder), None if by_time else at, moments)  # noqa: B023 - it runs at once
        status = forked(work, at if by_time else None)
        killed += status == -signal.SIGKILL
        if status not in (0, -signal.SIGKILL):
            faults.append(f"{name} at {at}: ended with {status} before it was killed")
        if (status := forked(lambda: begin(folder))) != 0:  # noqa: B023
            faults.append(f"{name} at {at}: could not go on ({status})")
            continue
        try:
            found = left(folder)
        except Exception as error:
            faults.append(f"{name} at {at}: {type(error).__name__}: {error}")
            continue
        if different := sorted(key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)):
            shown = {key: (expected.get(key), found.get(key)) for key in different if key in ("files", "figures")}
            faults.append(f"{name} at {at}: other {different[:4]} {shown or ''}")
        else:
            same += 1
        shutil.rmtree(folder)
    return {"kind": name, "kills": killed, "same bits": same, "faults": faults}


def table(rows: list[dict]) -> str:
    """The counts as a table in Markdown."""
    total = {"kind": "all", **{key: sum(row[key] for row in rows) for key in ("kills", "same bits")}}
    lines = ["| kind | kills | went on to the same bits |", "| --- | ---: | ---: |"]
    return "\n".join([*lines, *(f"| {row['kind']} | {row['kills']} | {row['same bits']} |" for row in (*rows, total))])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10, help="kills of all kinds together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--recipe", action="append", default=[], help="a recipe to train; may be repeated")
    parser.add_argument("--only", help="kinds whose name has this")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    # Imported but not used here, so that all processes may be forked from this one, and cost no import each.
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras  # noqa: F401
    import tensorflow  # noqa: F401

    root = Path(tempfile.mkdtemp(prefix="kills-"))
    chosen = {
        name: kind for name, kind in kinds(arguments.recipe).items() if not arguments.only or arguments.only in name
    }
    each = max(1, arguments.count // len(chosen))
    try:
        rows = []
        for name, (begin, left) in chosen.items():
            (root / name.replace(" ", "-")).mkdir()
            rows.append(run(name, begin, left, each, arguments.seed, root / name.replace(" ", "-")))
    finally:
        shutil.rmtree(root, ignore_errors=True)
    print(json.dumps(rows) if arguments.json else table(rows))
    faults = [fault for row in rows for fault in row["faults"]]
    for fault in faults[:30]:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
