"""`report.md` and `report.html`: what was trained, on which data, with which result, beside the original's."""

from pathlib import Path

from tf_data.datasets import get
from tf_data.files import write_text
from tf_models.configs.recipe import Original, Recipe
from tf_models.scores import show
from tf_models.training.page import html
from tf_models.training.run_directory import RunDirectory


def write_report(run: RunDirectory) -> None:
    """Write both reports from `run.json`, `history.csv`, `architecture.txt` and the figures that exist."""
    text = _text(run)
    write_text(run.path / "report.md", text)
    write_text(run.path / "report.html", html(run.recipe.title, text, images(run)))


def images(run: RunDirectory) -> dict[str, Path]:
    """The figures that are there, by the names that reports have for them; a run's figures are files of its own."""
    files = {f"figures/{name}": run.figures / Path(name).name for name in run.info.get("figures", ())}
    return {name: file for name, file in files.items() if file.is_file() and not file.is_symlink()}


def _text(run: RunDirectory) -> str:
    info, recipe = run.info, run.recipe
    data = info["data"]
    counts = ", ".join(f"{count:,} {name}" for name, count in data["counts"].items())
    lines = [
        f"# {recipe.title}",
        "",
        f"Recipe `{recipe.id}`, {info['parameters']:,} trainable parameters.",
        "",
        "| | |",
        "| --- | --- |",
        f"| data | {data['name']}, {data['source']} ({data['origin']}) |",
        f"| samples | {counts} |",
        f"| training | {recipe.epochs} epochs, batch {recipe.batch_size}, {recipe.optimizer} {recipe.learning_rate:g}, "
        f"seed {recipe.seed} |",
        *_schedule_row(recipe),
        f"| time | {info['seconds']:.1f} s on {info['device']}, XLA {'on' if info['jit'] else 'off'} |",
        f"| versions | {', '.join(f'{name} {number}' for name, number in info['versions'].items())} |",
        "",
        "## Result",
        "",
        *_result_table(info["results"], run.read_history()[-1], recipe.original),
    ]
    lines += [line for text in info.get("warnings", ()) for line in ("", f"**{text}**")]
    if data["source"] == "synthetic":
        lines += ["", "**Trained on drawn samples, not on real data: the figures say nothing about the task.**"]
    if recipe.original:
        lines += ["", f"The original is `{recipe.original.notebook}`; its figures are the ones it printed."]
        lines += [recipe.original.footnote] if recipe.original.footnote else []
        if data["source"] == "embedded" and get(data["name"]).official:
            lines += ["It used the full dataset, this run a small sample, so the two do not compare."]
    if recipe.notes:
        lines += ["", "## Notes", "", *(f"- {note}" for note in recipe.notes)]
    if info["figures"]:
        lines += ["", "## Figures", "", *(f"![{name}](figures/{name})" for name in info["figures"])]
    if run.architecture.is_file():
        summary = run.architecture.read_text(encoding="utf-8").rstrip().splitlines()
        lines += ["", "## Architecture", "", *(f"    {line}" for line in summary)]
    return "\n".join(lines) + "\n"


def _schedule_row(recipe: Recipe) -> list[str]:
    stated = dict(recipe.schedule)
    if not stated:
        return []
    arguments = [f"{name.replace('_', ' ')} {value}" for name, value in stated.items() if name != "name"]
    return [f"| schedule | {', '.join([stated['name'], *arguments])}; the learning rate above is its highest |"]


def _result_table(results: dict, last_epoch: dict, original: Original | None) -> list[str]:
    """Scores of the held-out splits, and what the original printed of its training beside our last epoch's."""
    rows = ["| | ours | original |", "| --- | ---: | ---: |"]
    printed = dict(original.results) if original else {}
    for split, scores in results.items():
        for name, value in scores.items():
            if name == "samples":
                continue
            before = printed.get(f"{split}_{name}")
            label = f"{split} {name} ({scores['samples']:,} samples)"
            rows.append(f"| {label} | {show(name, value)} | {'-' if before is None else show(name, before)} |")
    for name, value in last_epoch.items():
        before = printed.get(f"train_{name}")
        if before is not None:
            rows.append(f"| train {name} (last epoch) | {show(name, value)} | {show(name, before)} |")
    return rows
