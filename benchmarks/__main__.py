"""`python -m benchmarks [NAME]`: run a benchmark, or list them."""

import importlib
import json
import sys
from pathlib import Path

from tf_data.command import Parser, import_tensorflow, nearest, run
from tf_data.errors import InputError

BENCHMARKS = {
    "baselines": "what counting words and characters reaches on the reviews and on Dickens",
    "cold": "whole commands, from imports to the saved model, beside scripts in PyTorch and with Keras' fit",
    "exports": "which model runs in SavedModel, ONNX and TFLite, and why others do not; the table of docs/export.md",
    "peak": "GFLOP/s of this machine in matrix products and convolutions, by precision",
    "layers": "layers whose operations training replaces, forwards and back, beside Keras' own",
    "memory": "peak memory of training beside PyTorch's",
    "ordinal": "ordinal methods on cement strength, five seeds each; with --out also a figure beside the file",
    "hours": "how many hours the recipes without a result would train here, from some of their steps",
    "images": "feeding from JPEG images against PyTorch's DataLoader and the decoder alone",
    "pipelines": "feeding from memory and every format against PyTorch's DataLoader",
    "prefetch": "training from JPEG files with and without reading ahead",
    "quantize": "accuracy of digits before and after int8 quantisation, and what exports differ by on real samples",
    "revisions": "two worktrees, BEFORE and AFTER, must train to the same weights; exit code 1 where they do not",
    "recurrent": "recurrent layers and an epoch of reviews against PyTorch and Keras' own layers",
    "results": "finished runs into the table of results; --audit tries the table; options of its own, see --help",
    "speed": "what the others left in measured/ into docs/speed.md and its bar chart",
    "time_to_accuracy": "whole commands that reach 99.0 % and 99.5 % of MNIST and 94 % of CIFAR-10, over several seeds",
    "train_step": "training epochs against PyTorch eager and plain Keras fit",
    "windows": "random windows of Dickens against contiguous ones whose state is kept, at equal cost",
}

# What --only chooses from: by benchmark the module, and in it the name of what has the recipes as keys.
CHOOSES = {
    "train_step": ("benchmarks.networks", "NETWORKS"),
    "hours": ("tf_models.configs.topics", "RECIPES"),
    "cold": ("benchmarks.cold", "RECIPES"),
    "memory": ("benchmarks.networks", "NETWORKS"),
    "revisions": ("benchmarks.revisions", "TRAININGS"),
    "time_to_accuracy": ("benchmarks.time_to_accuracy", "GOALS"),
}

# What some benchmarks alone take.
OPTIONS = {"precision": ("train_step", "hours"), "runs": ("time_to_accuracy",)}


def parser() -> Parser:
    parser = Parser(prog="python -m benchmarks", description=__doc__)
    known = "; ".join(f"{name}: {what}" for name, what in BENCHMARKS.items())
    parser.add_argument("name", nargs="?", help=known.replace("%", "%%"))  # argparse fills in what follows a %
    parser.add_argument("worktrees", nargs="*", type=Path, metavar="WORKTREE", help="revisions: BEFORE AFTER")
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="RECIPE",
        help=f"{', '.join(CHOOSES)}: recipes to measure",
    )
    parser.add_argument(
        "--precision",
        choices=("float32", "mixed_bfloat16"),
        help="train_step, hours: what all compute in, PyTorch by torch.autocast; default float32",
    )
    parser.add_argument(
        "--runs",
        type=Path,
        metavar="FOLDER",
        help="time_to_accuracy: keep the run directories here, and do not repeat those that are finished",
    )
    parser.add_argument("--quick", action="store_true", help="few samples, to see that it works; times mean nothing")
    parser.add_argument("--json", action="store_true", help="print rows as JSON instead of a table")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write rows, hardware and versions as JSON")
    return parser


def main(argv: list[str] | None = None) -> int | None:
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] in (["results"], ["speed"]):  # they write pages, and measure nothing
        return importlib.import_module(f"benchmarks.{argv[0]}").main(argv[1:])
    arguments = parser().parse_args(argv)
    if arguments.name is None:
        print("\n".join(f"{name}: {what}" for name, what in BENCHMARKS.items()))
        return None
    if arguments.name not in BENCHMARKS:
        raise InputError(f"unknown benchmark {arguments.name!r}{nearest(arguments.name, BENCHMARKS)}")
    for option, benchmarks in OPTIONS.items():
        if getattr(arguments, option) and arguments.name not in benchmarks:
            raise InputError(f"--{option} goes with {' and '.join(benchmarks)}, not with {arguments.name}")
    worktrees = _worktrees(arguments)
    import_tensorflow()
    from benchmarks import measure

    options = {"only": _recipes(arguments)} if arguments.only else {}
    options |= {name: getattr(arguments, name) for name in OPTIONS if getattr(arguments, name)}
    benchmark = importlib.import_module(f"benchmarks.{arguments.name}")
    rows = benchmark.run(*worktrees, quick=arguments.quick, **options)
    if arguments.json:
        print(json.dumps({"hardware": measure.hardware(), "rows": rows}, indent=2))
    else:
        print(", ".join(f"{name} {value}" for name, value in measure.hardware().items()))
        print(measure.table(rows))
    if arguments.out:
        measure.save(arguments.out, arguments.name, rows)
        if hasattr(benchmark, "draw"):
            benchmark.draw(rows, arguments.out.with_suffix(".png"))
    return None if all(row.get("equal", True) for row in rows) else 1


def _worktrees(arguments) -> list[Path]:
    wanted = 2 if arguments.name == "revisions" else 0
    if len(arguments.worktrees) != wanted:
        raise InputError(f"{arguments.name} takes {wanted or 'no'} worktrees, not {len(arguments.worktrees)}")
    for worktree in arguments.worktrees:
        if not (worktree / "tf_models").is_dir():
            raise InputError(f"{worktree} is no worktree of this project")
    return arguments.worktrees


def _recipes(arguments) -> tuple[str, ...]:
    if arguments.name not in CHOOSES:
        raise InputError(f"--only goes with {', '.join(CHOOSES)}, not with {arguments.name}")
    module, recipes = CHOOSES[arguments.name]
    known = getattr(importlib.import_module(module), recipes)
    for id in arguments.only:
        if id not in known:
            raise InputError(f"{arguments.name} does not know {id!r}{nearest(id, known)}; it knows {', '.join(known)}")
    return tuple(arguments.only)


if __name__ == "__main__":
    sys.exit(run(main))
