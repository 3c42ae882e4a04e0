"""Several runs on one page: what differs in their settings, their results, and their curves in the same panels."""

import tempfile
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from tf_data.figures import figure
from tf_data.files import write_text
from tf_models.scores import show
from tf_models.tasks.plots import of_epochs, over_epochs
from tf_models.training.page import html
from tf_models.training.run_directory import RunDirectory

TITLE = "Runs beside each other"
# Texts about a recipe, and what follows from its id.
LEFT = ("title", "notes", "original", "embedded", "section")


def write(runs: Sequence[RunDirectory], out: Path) -> None:
    """Write the page of at least one run that is done.

    Args:
        runs: Opened run directories.
        out: The HTML file to write.
    """
    with tempfile.TemporaryDirectory() as folder:
        chart = Path(folder) / "curves.png"
        draw({name: run.read_history() for name, run in names(runs).items()}, chart)
        write_text(out, html(TITLE, text(runs), {"curves.png": chart}))


def names(runs: Sequence[RunDirectory]) -> dict[str, RunDirectory]:
    """Runs by the shortest ends of their paths that tell them apart."""
    length = 1
    while len({run.path.resolve().parts[-length:] for run in runs}) < len(runs):
        length += 1
    return {"/".join(run.path.resolve().parts[-length:]): run for run in runs}


def text(runs: Sequence[RunDirectory]) -> str:
    """The page in Markdown."""
    named = names(runs)
    scores = {name: _scores(run) for name, run in named.items()}
    shown = list(dict.fromkeys(score for found in scores.values() for score in found))
    results = [["run", "recipe", "data", *(score.replace("_", " ") for score in shown), "epochs", "seconds"]]
    for name, run in named.items():
        info, found = run.info, scores[name]
        results.append(
            [
                name,
                run.recipe.id,
                f"{info['data']['name']}, {info['data']['source']}",
                *(show(score, found[score]) if score in found else "" for score in shown),
                str(len(run.read_history())),
                f"{info['seconds']:.1f}",
            ]
        )
    lines = [f"# {TITLE}", "", *_table(results), "", "## Settings that differ", ""]
    settings = {name: _settings(run) for name, run in named.items()}
    differing = [
        key
        for key in dict.fromkeys(key for found in settings.values() for key in found)
        if len({repr(found.get(key)) for found in settings.values()}) > 1
    ]
    if differing:
        rows = [[key, *(_code(found.get(key)) for found in settings.values())] for key in differing]
        lines += _table([["setting", *named], *rows])
    else:
        lines += ["None."]
    return "\n".join([*lines, "", "## Curves", "", "![curves of all runs](curves.png)"]) + "\n"


def _scores(run: RunDirectory) -> dict[str, float]:
    results = run.info["results"]
    return {f"{split}_{name}": value for split, found in results.items() for name, value in found.items()}


def _settings(run: RunDirectory) -> dict:
    """Settings by the keys that `--set` has for them."""
    found = {}
    for field in fields(run.recipe):
        value = getattr(run.recipe, field.name)
        if field.name in LEFT:
            continue
        if isinstance(value, dict):
            found |= {f"{field.name}.{key}": part for key, part in value.items()}
        else:
            found[field.name] = value
    options = run.info["options"]
    return {**found, **{name: options[name] for name in ("limit", "precision", "plain") if name in options}}


def _code(value) -> str:
    return "" if value is None else f"`{value}`".replace("|", "\\|")


def _table(rows: list[list[str]]) -> list[str]:
    """Lines of a Markdown table, figures to the right."""
    head, *body = rows
    marks = ["---:" if all(row[n][:1].isdigit() or not row[n] for row in body) else "---" for n in range(len(head))]
    return ["| " + " | ".join(row) + " |" for row in (head, marks, *body)]


def draw(histories: dict[str, list[dict[str, float]]], path: Path) -> None:
    """A panel for each metric of any of the runs, over epochs: training dashed, validation drawn through.

    Args:
        histories: Rows of `history.csv` by the runs' names.
        path: The PNG file to write.
    """
    keys = dict.fromkeys(key for history in histories.values() for row in history for key in row)
    metrics = [key for key in keys if not key.startswith("val_")] or ["loss"]
    columns = min(2, len(metrics))
    rows = -(-len(metrics) // columns)
    with figure(path, figsize=(5.2 * columns, 3.4 * rows)) as drawn:
        axes = drawn.subplots(rows, columns, squeeze=False).ravel()
        for axis in axes[len(metrics) :]:
            axis.axis("off")
        for axis, metric in zip(axes, metrics, strict=False):
            for number, history in enumerate(histories.values()):
                for key, style in ((metric, "--"), (f"val_{metric}", "-")):
                    over_epochs(axis, history, key, linestyle=style, color=f"C{number % 10}")
            of_epochs(axis, metric)
        for number, name in enumerate(histories):
            axes[0].plot([], [], color=f"C{number % 10}", label=name)
        axes[0].plot([], [], "--", color="grey", label="training")
        axes[0].plot([], [], "-", color="grey", label="validation")
        axes[0].legend(fontsize=7)
