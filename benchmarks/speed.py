"""`python -m benchmarks speed`: what `measured/*.json` holds into the tables of `docs/speed.md`, and the bar chart of ratios."""

import json
from pathlib import Path

from benchmarks import pages
from tf_data import columns
from tf_data.command import Parser
from tf_data.figures import figure

MEASURED = Path(__file__).parent / "measured"
PAGE = Path(__file__).parents[1] / "docs" / "speed.md"
CHART = MEASURED / "figures" / "speed.png"
# By file in measured/: what names a row, and what is told of each candidate.
TABLES = {
    "train_step": (("network", "batch"), "samples_per_second"),
    "train_step_avx2": (("network", "batch"), "samples_per_second"),
    "train_step_bfloat16": (("network", "batch"), "samples_per_second"),
    "layers": (("measured",), "milliseconds"),
    "cold": (("measured",), "seconds"),
    "recurrent": (("measured",), "samples_per_second"),
    "memory": (("network", "batch"), "peak_mb"),
    "pipelines": (("candidate",), "samples_per_second"),
    "images": (("candidate",), "samples_per_second"),
}
OURS, KERAS, THEIRS = "ours", "keras fit", "pytorch DataLoader"


def parser() -> Parser:
    return Parser(prog="python -m benchmarks speed", description=__doc__)


def main(argv: list[str] | None = None) -> None:
    parser().parse_args(argv)
    for name in TABLES:
        pages.put(PAGE, name, table(name, measured(name)))
    draw(measured("train_step"), CHART)


def measured(name: str) -> list[dict]:
    """The rows that a benchmark has left."""
    return json.loads((MEASURED / f"{name}.json").read_text(encoding="utf-8"))["rows"]


def table(name: str, rows: list[dict]) -> str:
    """A benchmark's rows as a Markdown table: a line for what they measure, a column for each candidate or kind of data.

    Args:
        name: The benchmark's name, one of `TABLES`.
        rows: Its rows, see `benchmarks.measure.compare`.
    """
    keys, value = TABLES[name]
    across = next((key for key in ("candidate", "data") if key not in keys and key in rows[0]), None)
    heads = list(dict.fromkeys(row[across] for row in rows)) if across else [value.replace("_", " ")]
    lines: dict[str, dict[str, dict]] = {}
    for row in rows:
        named = " ".join(str(row[key]) if key != "batch" else f"({row[key]})" for key in keys)
        lines.setdefault(named, {})[row[across] if across else heads[0]] = row
    cells = [[keys[0], *heads]]
    for named, found in lines.items():
        cells.append([named, *(_cell(found.get(head), value) for head in heads)])
    first, *rest = columns.padded(cells)
    dashes = ["-" * len(first[0]), *("-" * (len(cell) - 1) + ":" for cell in first[1:])]
    return "\n".join("| " + " | ".join(line) + " |" for line in (first, dashes, *rest))


def _cell(row: dict | None, value: str) -> str:
    """The value, and its ratio to the benchmark's baseline where that is not 1."""
    if row is None:
        return ""
    number = f"{row[value]:,.0f}" if row[value] >= 100 else f"{row[value]:.1f}"
    ratio = row.get("ratio", 1.0)
    return number if ratio == 1.0 or value == "peak_mb" else f"{number} ({ratio:.2f})"


def draw(rows: list[dict], path: Path) -> None:
    """How many times as fast as PyTorch with a DataLoader each network is trained, by Keras' own `fit` and by ours."""
    ratios = {(row["network"], row["candidate"]): row["ratio"] for row in rows if row["candidate"] != THEIRS}
    networks = sorted({network for network, _ in ratios}, key=lambda network: ratios[network, OURS])
    with figure(path, figsize=(7, 4.8)) as drawn:
        axis = drawn.subplots()
        for offset, candidate, name, color in ((0.2, OURS, "this project", "C0"), (-0.2, KERAS, "Keras fit", "C7")):
            # A GAN has no `fit` of Keras' own.
            found = {
                place + offset: ratios[network, candidate]
                for place, network in enumerate(networks)
                if (network, candidate) in ratios
            }
            bars = axis.barh(list(found), list(found.values()), 0.4, label=name, color=color)
            axis.bar_label(bars, fmt="%.2f", fontsize=7, padding=2)
        axis.axvline(1, color="black", linewidth=0.8)
        axis.set_yticks(range(len(networks)), networks, fontsize=8)
        axis.set(xlabel="times as fast as PyTorch with a DataLoader", title="Training on two CPU cores, float32")
        axis.margins(x=0.08)
        axis.legend(fontsize=8, loc="lower right")
