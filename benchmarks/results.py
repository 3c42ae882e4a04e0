"""`python -m benchmarks results RUN_DIR...`: finished runs into `measured.json`, `docs/results.md` and the READMEs.

The run with the recipe's own seed and full official data gives a recipe's row; runs with other seeds give its spread,
at once or later, as long as code, data and command are the row's. A run of an older code is a row that the audit names;
`--renew` tries whether today's code gives the same. `--audit` tries the rows instead, see `benchmarks.audit`.
"""

import json
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from types import MappingProxyType

from benchmarks import commands, measure, pages, peak, speed
from tf_data.command import Parser, import_tensorflow
from tf_data.errors import InputError
from tf_data.files import write_text
from tf_models.builders import BUILDERS
from tf_models.configs import get, measured, recipes
from tf_models.configs.overrides import for_source
from tf_models.scores import headline, main_score, printed_score, show, training_losses
from tf_models.training.run_directory import RunDirectory

ROOT = Path(__file__).parents[1]
MEASURED = ROOT / "tf_models" / "configs" / "measured.json"
PAGE, READMES = ROOT / "docs" / "results.md", (ROOT / "README.md", ROOT / "README.zh-CN.md")
# What the READMEs show of it.
CHOSEN = (
    "mlp-basic",
    "mlp-batchnorm",
    "cnn-basic",
    "cnn-resnet18-mnist",
    "cnn-alexnet-cifar10",
    "cnn-airbench-cifar10",
    "ae-conv-vae",
    "gan-conv-mnist",
)
LOADED = 0.2  # cores that other processes keep busy, from which on a time is not one taken alone


def parser() -> Parser:
    parser = Parser(prog="python -m benchmarks results", description=__doc__)
    parser.add_argument("runs", nargs="*", type=Path, help="run directories; none only rewrites the table")
    parser.add_argument(
        "--renew",
        action="store_true",
        help="take runs of an older code for today's where it makes their first steps and scores to the same bits",
    )
    parser.add_argument("--audit", action="store_true", help="try the rows; exit code 1 where one cannot be right")
    parser.add_argument("--replay", metavar="RECIPE", help="with --audit: the row whose first steps are made again")
    parser.add_argument("--data-dir", metavar="DIR", help="with --audit and --renew: folder of official files")
    return parser


def main(argv: list[str] | None = None) -> int | None:
    arguments = parser().parse_args(argv)
    if arguments.audit:
        if arguments.runs:
            raise InputError("--audit tries the rows that are there and takes no run directories")
        from benchmarks import audit

        return audit.main(measured(), arguments.replay, arguments.data_dir)
    if arguments.replay or (arguments.data_dir and not arguments.renew):
        raise InputError(f"--{'replay' if arguments.replay else 'data-dir'} goes with --audit")
    known = measured()
    found = collect([RunDirectory.open(path) for path in arguments.runs], known)
    if arguments.renew:
        found = {id: _renewed(id, row, arguments) for id, row in found.items()}
    rows = {**known, **found}
    order = [recipe.id for recipe in recipes()]
    write_text(MEASURED, json.dumps({id: rows[id] for id in order if id in rows}, indent=2) + "\n")
    hours = {row["recipe"]: row["hours"] for row in speed.measured("hours")}
    pages.put(PAGE, "results", table(rows, [recipe.id for recipe in recipes()], "../", hours))
    for name in ("baselines", "time_to_accuracy", "windows"):
        pages.put(PAGE, name, measure.table(speed.measured(name)))
    for readme in READMES:
        pages.put(readme, "results", table(rows, CHOSEN))
    return None


def collect(runs: list[RunDirectory], known: Mapping[str, dict] = MappingProxyType({})) -> dict[str, dict]:
    """Rows by recipe id.

    Args:
        runs: Runs of one or more recipes, of different seeds.
        known: Rows that there are; runs of other seeds are added to those that were made alike.

    Raises:
        InputError: A run is not done or not what its recipe says, or no row has the recipe's own seed.
    """
    by_id: dict[str, list[RunDirectory]] = {}
    for directory in runs:
        if directory.info["status"] != "done":
            raise InputError(f"{directory.path} is {directory.info['status']}, not done")
        by_id.setdefault(directory.info["recipe"]["id"], []).append(directory)
    return {id: _row(id, members, known.get(id)) for id, members in by_id.items()}


def _renewed(id: str, row: dict, arguments) -> dict:
    from benchmarks import audit

    runs = (RunDirectory.open(path) for path in arguments.runs)
    run = next((run for run in runs if run.recipe.id == id and run.info["seed"] == row["seed"]), None)
    return audit.renew(run, row, arguments.data_dir) if run else row  # with seeds added, the row stays as it was


def _require_own_settings(run: RunDirectory) -> None:
    """Raise `InputError` where a run was trained otherwise than its recipe says; seed and precision are its own."""
    from tf_models.training import provenance

    ran, limit = run.recipe, run.info["options"]["limit"]
    says = for_source(get(ran.id), run.info["data"]["source"])
    says = replace(says, **{name: getattr(ran, name) for name in ("seed", *provenance.REMARKS)})
    differing = [field.name for field in fields(says) if getattr(ran, field.name) != getattr(says, field.name)]
    if differing:
        name = differing[0]
        raise InputError(f"{run.path}: {name} is {getattr(ran, name)!r}, the recipe says {getattr(says, name)!r}")
    if limit is not None:
        raise InputError(f"{run.path}: only {limit} samples of each split; run it without --limit")


def _row(id: str, members: list[RunDirectory], known: dict | None) -> dict:
    for member in members:
        _require_own_settings(member)
    own = [member for member in members if member.info["seed"] == get(id).seed]
    if not own and known is None:
        raise InputError(f"no run of {id} has the recipe's own seed {get(id).seed}")
    row = _row_of(own[-1]) if own else known
    for member in members:
        for name, value in (made := _made(member)).items():
            if row.get(name) != value:
                raise InputError(f"{member.path}: {name} is {value!r}, that of the recipe's own seed {row.get(name)!r}")
    name = headline(get(id).task, row["results"]["test"])
    scores = {row["seed"]: row["results"]["test"][name]}
    if known and "spread" in known and all(known.get(key) == value for key, value in made.items()):
        # Rows of before say only what came of all seeds.
        scores = dict(zip(known["spread"]["seeds"], known["spread"].get("scores", ()), strict=False)) | scores
    scores |= {member.info["seed"]: member.info["results"]["test"][name] for member in members}
    return {**row, "spread": _spread(name, scores)} if len(scores) > 1 else row


def _made(run: RunDirectory) -> dict:
    """What runs must have in common to be one recipe's with several seeds."""
    from tf_models.training import provenance

    info, id = run.info, run.recipe.id
    return {
        "code": {**info.get("code", {}), "recipe": provenance.recipe_code(replace(run.recipe, seed=get(id).seed))},
        "data": {"source": info["data"]["source"], "counts": info["data"]["counts"]},
        "command": commands.command(id, info),
    }


def _spread(name: str, scores: dict[int, float]) -> dict:
    seeds = sorted(scores)
    scores = [scores[seed] for seed in seeds]
    return {
        "score": name,
        "seeds": seeds,
        "scores": scores,
        "mean": statistics.mean(scores),
        "sd": statistics.stdev(scores),
    }


def _row_of(run: RunDirectory) -> dict:
    info = run.info
    return {
        "results": info["results"],
        "last_epoch": run.read_history()[-1],
        "epochs": info["recipe"]["epochs"],
        "batch_size": info["recipe"]["batch_size"],
        "seed": info["seed"],
        "seconds": info["seconds"],
        **_provenance(run),
        **_made(run),
    }


def _provenance(run: RunDirectory) -> dict:
    """On what, with which code and how near to the machine's peak a run was made."""
    info = run.info
    if "parts" not in info:
        raise InputError(f"{run.path} does not say on what it was made, being of an older version; train it again")
    if len({json.dumps(part["environment"]) for part in info["parts"]}) > 1:
        raise InputError(f"{run.path} was made on several machines; its seconds mean nothing")
    precision, environment = info["options"]["precision"], info["parts"][0]["environment"]
    seconds = sum(part["seconds"] for part in info["parts"])
    others = [part["other_cores"] * part["seconds"] for part in info["parts"] if part["other_cores"] is not None]
    operations = _operations(run)
    samples = info["data"]["counts"]["train"] * info["recipe"]["epochs"]
    return {
        "environment": environment,
        "versions": info["versions"],
        "precision": precision,
        "revision": info["revision"],
        "replacing": info.get("replacing"),
        "other_cores": round(sum(others) / seconds, 2) if others else None,
        "operations": operations,
        "gflops": operations and round(operations * samples / info["seconds"] / 1e9, 3),
        "peak": peak.known().get(peak.machine(environment), {}).get(precision),
        "first_steps": info["first_steps"],
    }


def _operations(run: RunDirectory) -> int | None:
    """Operations of the training for each sample, see `benchmarks.operations`."""
    import_tensorflow()
    from benchmarks import operations
    from tf_models.training import trainer

    size = run.recipe.batch_size
    options = replace(run.options, limit=size, download=False)
    count = operations.of_training(trainer.build(run.recipe, options, trainer.load_data(run.recipe, options)), size)
    return count and round(count / size)


def table(
    rows: dict[str, dict],
    ids: Iterable[str] | None = None,
    root: str = "",
    hours: Mapping[str, float] = MappingProxyType({}),
) -> str:
    """The results as a Markdown table: the original's test score beside ours; below it footnotes on the originals'.

    Args:
        rows: Rows by recipe id.
        ids: Recipes to show, in their order; None for all.
        root: The way from the page to the root of the repository.
        hours: By recipe id, how many a training would take that was not run.
    """
    footnotes: dict[str, str] = {}  # by text, so that variants share one
    lines = [
        "| recipe | data | parameters | original, test | ours, test | mean ± sd (seeds) | epochs | time |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for recipe in recipes() if ids is None else map(get, ids):
        row = rows.get(recipe.id)
        original = printed_score(recipe.task, recipe.original.results if recipe.original else {})
        if recipe.original and recipe.original.footnote:
            original += f"[^{footnotes.setdefault(recipe.original.footnote, recipe.id)}]"
        source = BUILDERS[recipe.builder].split(":")[0].replace(".", "/") + ".py"
        cells = [
            f"[`{recipe.id}`]({root}{source})",
            recipe.dataset,
            f"{recipe.parameters:,}",
            original,
            _not_run(hours[recipe.id]) if recipe.id in hours else "-",
            "",
            "",
            "",
        ]
        if row:
            test, spread = row["results"]["test"], row.get("spread")
            cells[1] += "" if row["data"]["source"] in ("official", "generated") else f" ({row['data']['source']})"
            cells[4] = f"{main_score(recipe.task, test)} of {test['samples']:,}"
            if "mirrored_accuracy" in test:
                cells[4] += f" ({show('accuracy', test['mirrored_accuracy'])} with mirror images)"
            if original.startswith("train"):
                cells[4] += f" (train {training_losses(row['last_epoch'])})"
            if spread:
                mean, deviation = show(spread["score"], spread["mean"]), show(spread["score"], spread["sd"])
                cells[5] = f"{mean} ± {deviation} ({len(spread['seeds'])})"
            cells[6] = str(row["epochs"])
            cells[7] = f"{row['seconds']:.0f} s" if row["seconds"] < 100 else f"{row['seconds'] / 60:.1f} min"
            cells[7] += f", {row['precision']}" if row.get("precision", "float32") != "float32" else ""
            cells[7] += ", loaded" if (row.get("other_cores") or 0) > LOADED else ""
            if row.get("gflops"):
                cells[7] += f", {_rate(row['gflops'])} of {_rate(row['peak'])} GFLOP/s" if row["peak"] else ""
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *(f"[^{id}]: {text}" for text, id in footnotes.items())])


def _rate(gflops: float) -> str:
    return f"{gflops:.3g}" if gflops < 1000 else f"{gflops:,.0f}"


def _not_run(hours: float) -> str:
    return f"not run: {hours:,.1f} hours" if hours < 10 else f"not run: {hours:,.0f} hours"
