"""`python -m legacy_tf1.compare [TOPIC]`: train a TensorFlow 1 graph and its Keras model side by side.

Both start from the same weights and see the same batches, dropout masks and noise. Losses and metrics are compared after
every step, weights and moving averages after the last one, outputs and metrics on held-out samples before and after. Topics
whose training amplifies rounding are compared in float64; of three deep nets the Keras side takes over TensorFlow 1's whole
state after every 100 steps, once it was compared. Exit code 1 where anything parts."""

import json
import math
import sys
from dataclasses import asdict, replace
from pathlib import Path

from legacy_tf1.judge import Row, largest, of_steps, parted, times, tolerances
from legacy_tf1.topics import TOPICS, Topic, get
from tf_data.command import Parser, import_tensorflow, run
from tf_data.errors import InputError

EXACT_BATCH = 16  # samples a step in float64, for which convolutions have no fast code
TIMED_STEPS = 100  # an epoch has as many at least while steps are timed
# What the graph has fixed, or takes from nowhere.
NOT_OF_THE_GRAPH = ("optimizer", "schedule", "task", "transform", "storage")


def parser() -> Parser:
    parser = Parser(prog="python -m legacy_tf1.compare", description=__doc__)
    add = parser.add_argument
    add("topic", nargs="?", help="default: all of them")
    add("--list", action="store_true", help="show the topics and what each is written with")
    add("--steps", type=int, metavar="N", help="training steps (default 1000)")
    add("--no-times", action="store_true", help="compare only, and take no times")
    add("--tolerance", type=float, metavar="X", help="of every difference, in place of those that README.md states")
    add("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings", help="a setting of both sides")
    add("--data-dir", help="folder of official files, by dataset name; default the embedded samples")
    add("--json", action="store_true", help="print rows as JSON; with --list the topics")
    add("--out", type=Path, metavar="DIR", help="draw the loss curves of both sides into DIR/TOPIC.png")
    add("--html", type=Path, metavar="DIR", help="write pages with both sources side by side, curves and differences")
    add("--mechanics", action="store_true", help="compare the input pipelines instead")
    return parser


def main(argv: list[str] | None = None) -> int | None:
    arguments = parser().parse_args(argv)
    if arguments.list:
        print(_list_json() if arguments.json else _list_text())
        return None
    if arguments.steps is not None and arguments.steps < 1:
        raise InputError(f"--steps must be at least 1, not {arguments.steps}")
    if arguments.tolerance is not None and not arguments.tolerance >= 0:
        raise InputError(f"--tolerance must be a number from 0 on, not {arguments.tolerance}")
    if arguments.mechanics:
        if arguments.topic or arguments.steps or arguments.out or arguments.html:
            raise InputError("--mechanics goes with --json only")
        return _mechanics(arguments.json)
    chosen = [_set(topic, arguments.settings) for topic in ([get(arguments.topic)] if arguments.topic else TOPICS)]
    import_tensorflow()
    from legacy_tf1.side_by_side import Compared

    rows, compared = [], []
    for topic in chosen:
        row, curves = compare(
            topic,
            arguments.steps,
            timed=not arguments.no_times,
            tolerance=arguments.tolerance,
            data_dir=arguments.data_dir,
        )
        rows.append(row)
        if not arguments.json:
            print(_line(row) if len(rows) > 1 else f"{_head()}\n{_line(row)}", flush=True)
        allowed = tolerances(topic.precision, arguments.tolerance)
        figure = f"{topic.id}.png"
        for folder in filter(None, (arguments.out, arguments.html and arguments.html / "figures")):
            draw(curves, topic.id, folder / figure, allowed["loss"])
        compared.append(Compared(topic, row, allowed, f"figures/{figure}"))
    if arguments.html:
        _write_html(arguments.html, compared)
    if arguments.json:
        print(json.dumps([{**asdict(row), "equal": row.equal} for row in rows], indent=2))
    elif arguments.topic:
        print(f"TensorFlow 1: {chosen[0].then}\nTensorFlow 2: {chosen[0].now}")
    apart = [f"{row.topic} ({', '.join(row.parted)})" for row in rows if not row.equal]
    if apart:
        print(f"apart by more than the tolerance: {'; '.join(apart)}", file=sys.stderr)
    return 1 if apart else None


def _write_html(out: Path, compared: list) -> None:
    from legacy_tf1 import pages, side_by_side
    from legacy_tf1.deprecations import deprecations_silenced

    with deprecations_silenced():
        written = side_by_side.write(out, compared, map(pages.get, pages.NAMES))
    print(f"{len(written)} pages; {written[0]}", file=sys.stderr)


def _set(topic: Topic, settings: list[str]) -> Topic:
    for text in settings:
        if (key := text.partition("=")[0].strip()).partition(".")[0] in NOT_OF_THE_GRAPH:
            raise InputError(f"--set {key}: the graph of {topic.id} has that fixed, so both sides would differ")
    return topic.with_settings(settings)


def compare(
    topic: Topic,
    steps: int | None = None,
    timed: bool = True,
    tolerance: float | None = None,
    data_dir: str | None = None,
) -> tuple[Row, dict[str, list[tuple[float, float]]]]:
    """Train both sides of a topic for some steps.

    Args:
        topic: The topic to train.
        steps: Number of training steps; None for the topic's own.
        timed: Whether to measure the time of a step as well; not of texts.
        tolerance: Largest difference allowed anywhere; None for those of `judge.TOLERANCES`.
        data_dir: Folder of official files; None for the embedded samples, where the dataset has some, or drawn ones.

    Returns:
        The `Row`, and the losses at every step: `{name: [(TensorFlow 1's, TensorFlow 2's), ...]}`.

    Raises:
        InputError: The topic's data are missing.
    """
    from legacy_tf1 import partner
    from legacy_tf1.pair import Pair
    from tf_data.datasets import get as get_dataset
    from tf_models.training.devices import precision

    recipe, steps = topic.compared_recipe(), steps or topic.steps
    exact = topic.precision == "float64"
    batch_size = min(EXACT_BATCH, recipe.batch_size) if exact else recipe.batch_size
    source = "auto"
    if data_dir is None and (get_dataset(recipe.dataset).embedded or topic.drawn):
        source = "synthetic" if topic.drawn else "embedded"
    data = _fitted(partner.load_data(recipe, source, data_dir), recipe)
    timed = timed and data.train.samples.lengths is None  # texts come in batches as wide as the longest in them
    with precision(topic.precision), Pair(topic, replace(recipe, batch_size=batch_size), data, topic.precision) as pair:
        curves: dict[str, list[tuple[float, float]]] = {name: [] for name in pair.built.metrics}
        evaluated, apart = [pair.evaluation_differences()], []
        for number in range(steps):
            if topic.stretch and number and number % topic.stretch == 0:
                evaluated.append(pair.evaluation_differences())
                apart.append(pair.weight_differences())
                pair.take_over()
            one, two = pair.step(number)
            for name, points in curves.items():
                points.append((one[name], two[name]))
        evaluated.append(pair.evaluation_differences())
        apart.append(pair.weight_differences())
        weight, weights = largest(_worst(apart))
        losses = pair.built.losses
        rounds = pair.rounds() if timed and not exact else []
    if timed and exact:
        with Pair(topic, recipe, data) as pair:
            rounds = pair.rounds()
    at_steps = of_steps(curves)
    metric, metrics = largest(
        {name: math.fsum(found) / steps for name, found in at_steps.items() if name not in losses}
        | {f"evaluated {name}": found for name, found in _worst(evaluated).items() if name not in ("outputs", *losses)}
    )
    _, loss = largest(
        {name: largest(dict(enumerate(at_steps[name])))[1] for name in losses}
        | {f"evaluated {name}": found for name, found in _worst(evaluated).items() if name in losses}
    )
    outputs = _worst(evaluated)["outputs"]
    found = {"loss": loss, "metrics": metrics, "weights": weights, "outputs": outputs}
    row = Row(
        topic.id,
        topic.precision,
        steps,
        *found.values(),
        (weight, metric),
        *(times(rounds) if rounds else (None,) * 5),
        parted=parted(found, tolerances(topic.precision, tolerance)),
    )
    return row, {name: curves[name] for name in losses}


def _worst(found: list[dict[str, float]]) -> dict[str, float]:
    """The largest of each difference over all comparisons."""
    return {name: largest({str(n): each[name] for n, each in enumerate(found)})[1] for name in found[0]}


def _fitted(data, recipe):
    """The data with images in the recipe's size, black around them, and a training split of some steps at least.
    Texts stay as they are.

    A real epoch has hundreds of steps; in one of seven, a step's time would be that of starting an epoch.
    """
    import numpy as np

    train, test = data.train, data.test
    if train.samples.lengths is not None:  # texts, as they are
        return data
    times = -(-TIMED_STEPS * recipe.batch_size // len(train))
    x, y = np.concatenate([train.x] * times), None if train.y is None else np.concatenate([train.y] * times)
    wanted = recipe.model.get("input_shape", x.shape[1:])
    missing = [size - found for size, found in zip(wanted, x.shape[1:], strict=True)]
    margins = [(0, 0), *((size // 2, size - size // 2) for size in missing)]
    train, test = replace(train, x=np.pad(x, margins), y=y), replace(test, x=np.pad(test.x, margins))
    return replace(data, train=train, test=test)


def draw(curves: dict[str, list[tuple[float, float]]], title: str, path: Path, tolerance: float) -> None:
    """Both loss curves above, the size of their difference and the tolerance below; a column a loss."""
    import numpy as np

    from tf_data.figures import figure

    with figure(path, figsize=(4.8 * len(curves), 4.8)) as drawn:
        drawn.suptitle(title)
        panels = drawn.subplots(2, len(curves), squeeze=False, sharex=True, height_ratios=(2, 1))
        for (above, below), (name, points) in zip(panels.T, curves.items(), strict=True):
            one, two = np.array(points).T
            steps = np.arange(1, len(points) + 1)
            above.plot(steps, one, label="TensorFlow 1", linewidth=3, alpha=0.4)
            above.plot(steps, two, label="TensorFlow 2", linewidth=1, color="black", linestyle="--")
            above.set_ylabel(name.replace("_", " "))
            above.legend()
            # Equal losses have no place on a logarithmic axis; what float32 cannot resolve stands in for them.
            below.semilogy(steps, np.maximum(np.abs(one - two), 1e-9), linewidth=1)
            below.axhline(tolerance, color="tab:red", linewidth=1, linestyle=":", label=f"tolerance {tolerance:g}")
            below.set(xlabel="step", ylabel="difference", ylim=(5e-10, None))
            below.legend(fontsize=8)
            for axis in (above, below):
                axis.grid(alpha=0.3)


COLUMNS = ("topic", "type", "steps", "loss", "metrics", "weights", "outputs", "TF1 ms/step", "TF2 ms/step", "ratio")
WIDTHS = (31, 7, 5, 7, 7, 7, 7, 14, 14, 5)


def _head() -> str:
    return _columns(COLUMNS)


def _line(row: Row) -> str:
    times = ("-", "-", "-")
    if row.ratio is not None:
        sides = ((row.tf1_ms, row.tf1_spread), (row.tf2_ms, row.tf2_spread))
        times = (*(f"{ms:.2f} ±{spread:.2f}" for ms, spread in sides), f"{row.ratio:.2f}")
    cells = row.topic, row.precision, str(row.steps), *(f"{value:.0e}" for value in row.differences.values()), *times
    return _columns(cells) + ("" if row.equal else f"  apart: {', '.join(row.parted)}")


def _columns(cells: tuple[str, ...]) -> str:
    padded = (c.rjust(width) if n else c.ljust(width) for n, (c, width) in enumerate(zip(cells, WIDTHS, strict=True)))
    return "  ".join(padded).rstrip()


def _list_json() -> str:
    return json.dumps([_described(topic) for topic in TOPICS], indent=2)


def _list_text() -> str:
    blocks = (
        f"{d['id']} (recipe {d['recipe']})\n  TensorFlow 1: {d['tf1']}\n  TensorFlow 2: {d['tf2']}"
        for d in map(_described, TOPICS)
    )
    return "\n".join(blocks)


def _described(topic: Topic) -> dict:
    return {"id": topic.id, "recipe": topic.partner, "tf1": topic.then, "tf2": topic.now}


def _mechanics(as_json: bool) -> int | None:
    import_tensorflow()
    from legacy_tf1 import mechanics

    rows = mechanics.compare_all()
    print(json.dumps([asdict(row) for row in rows], indent=2) if as_json else mechanics.show(rows))
    return None if all(row.equal for row in rows) else 1


if __name__ == "__main__":
    sys.exit(run(main))
