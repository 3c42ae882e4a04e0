"""`python -m legacy_tf1.compare [TOPIC]`: train a TensorFlow 1 graph and its Keras model side by side.

Both start from the same weights and see the same batches, dropout masks and noise; after every step both losses are
compared. Topics whose training amplifies rounding are compared in float64. Exit code 1 where losses part."""

import json
import math
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from legacy_tf1.topics import TOPICS, Topic, get
from tf_data.command import Parser, import_tensorflow, run
from tf_data.errors import InputError

STEPS = 100
TOLERANCE = 1e-5  # between the losses of both sides, at every step
EXACT_BATCH = 16  # samples a step in float64, for which convolutions have no fast code


@dataclass(frozen=True)
class Row:
    """What a comparison found.

    Attributes:
        topic: its id.
        precision: in which they were compared; times are those of float32.
        steps: training steps that both sides made.
        loss_difference: the largest difference of their losses, nan where one was not finite.
        weight_difference: the largest difference of any weight or moving average after the last step.
        tf1_ms, tf2_ms: milliseconds a step, None where they were not timed.
        ratio: TensorFlow 1's time over TensorFlow 2's, the median over rounds.
        equal: whether `loss_difference` is within the tolerance.
    """

    topic: str
    precision: str
    steps: int
    loss_difference: float
    weight_difference: float
    tf1_ms: float | None
    tf2_ms: float | None
    ratio: float | None
    equal: bool


def parser() -> Parser:
    parser = Parser(prog="python -m legacy_tf1.compare", description=__doc__)
    parser.add_argument("topic", nargs="?", help="default: all of them")
    parser.add_argument("--list", action="store_true", help="show the topics and what each is written with")
    parser.add_argument("--steps", type=int, metavar="N", help=f"training steps (default {STEPS})")
    parser.add_argument("--json", action="store_true", help="print rows as JSON; with --list the topics")
    parser.add_argument("--out", type=Path, metavar="DIR", help="draw the loss curves of both sides into DIR/TOPIC.png")
    parser.add_argument("--mechanics", action="store_true", help="compare the input pipelines instead")
    return parser


def main(argv: list[str] | None = None) -> int | None:
    arguments = parser().parse_args(argv)
    if arguments.list:
        print(_list_json() if arguments.json else _list_text())
        return None
    if arguments.steps is not None and arguments.steps < 1:
        raise InputError(f"--steps must be at least 1, not {arguments.steps}")
    if arguments.mechanics:
        if arguments.topic or arguments.steps or arguments.out:
            raise InputError("--mechanics goes with --json only")
        return _mechanics(arguments.json)
    chosen = [get(arguments.topic)] if arguments.topic else list(TOPICS)
    import_tensorflow()
    rows = []
    for topic in chosen:
        row, curves = compare(topic, arguments.steps or STEPS)
        rows.append(row)
        if not arguments.json:
            print(_line(row) if len(rows) > 1 else f"{_head()}\n{_line(row)}", flush=True)
        if arguments.out:
            draw(curves, topic.id, arguments.out / f"{topic.id}.png")
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    elif arguments.topic:
        print(f"TensorFlow 1: {chosen[0].then}\nTensorFlow 2: {chosen[0].now}")
    parted = [row.topic for row in rows if not row.equal]
    if parted:
        print(f"losses differ by more than {TOLERANCE:g}: {', '.join(parted)}", file=sys.stderr)
    return 1 if parted else None


def compare(topic: Topic, steps: int = STEPS, timed: bool = True):
    """Train both sides of a topic for some steps on the embedded sample.

    Args:
        topic: which.
        steps: how many.
        timed: whether to measure the time of a step, too.

    Returns:
        The `Row`, and the losses after every step: `{name: [(TensorFlow 1's, TensorFlow 2's), ...]}`.

    Raises:
        InputError: the data of the topic are not there.
    """
    from legacy_tf1.pair import Pair
    from tf_data.datasets import get as get_dataset
    from tf_models.training import trainer
    from tf_models.training.devices import precision

    recipe = topic.compared_recipe()
    exact = topic.precision == "float64"
    batch_size = min(EXACT_BATCH, recipe.batch_size) if exact else recipe.batch_size
    source = "embedded" if get_dataset(recipe.dataset).embedded else "auto"
    data = _fitted(trainer.load_data(recipe, trainer.Options(source=source)), recipe, steps)
    with precision(topic.precision), Pair(topic, replace(recipe, batch_size=batch_size), data, topic.precision) as pair:
        curves: dict[str, list[tuple[float, float]]] = {name: [] for name in pair.built.losses}
        for number in range(steps):
            one, two = pair.step(number)
            for name, points in curves.items():
                points.append((one[name], two[name]))
        differences = [abs(one - two) for points in curves.values() for one, two in points]
        largest = max(differences) if all(map(math.isfinite, differences)) else math.nan
        weights = pair.weight_difference()
        times = pair.milliseconds() if timed and not exact else (None, None, None)
    if timed and exact:
        with Pair(topic, recipe, data) as pair:
            times = pair.milliseconds()
    return Row(topic.id, topic.precision, steps, largest, weights, *times, equal=largest <= TOLERANCE), curves


def _fitted(data, recipe, steps: int):
    """The data with pictures in the recipe's size, black around them, and a training split of so many steps at least.

    A real epoch has hundreds of steps; in one of seven, a step's time would be that of starting an epoch.
    """
    import numpy as np

    train = data.train
    times = -(-steps * recipe.batch_size // len(train))
    x, y = np.concatenate([train.x] * times), None if train.y is None else np.concatenate([train.y] * times)
    wanted = recipe.model.get("input_shape", x.shape[1:])
    missing = [size - found for size, found in zip(wanted, x.shape[1:], strict=True)]
    x = np.pad(x, [(0, 0), *((size // 2, size - size // 2) for size in missing)])
    return replace(data, train=replace(train, x=x, y=y))


def draw(curves: dict[str, list[tuple[float, float]]], title: str, path: Path) -> None:
    """Both loss curves above, the size of their difference below; a column a loss."""
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
            # Equal losses have no place on a logarithmic axis; what float32 cannot tell apart stands in for them.
            below.semilogy(steps, np.maximum(np.abs(one - two), 1e-9), linewidth=1)
            below.axhline(TOLERANCE, color="tab:red", linewidth=1, linestyle=":", label=f"tolerance {TOLERANCE:g}")
            below.set(xlabel="step", ylabel="difference", ylim=(5e-10, None))
            below.legend(fontsize=8)
            for axis in (above, below):
                axis.grid(alpha=0.3)


COLUMNS = {
    "topic": 32,
    "type": 8,
    "steps": 6,
    "loss diff": 10,
    "weight diff": 12,
    "TF1 ms/step": 12,
    "TF2 ms/step": 12,
    "ratio": 6,
}


def _head() -> str:
    return " ".join(f"{name:<{width}}" if name == "topic" else f"{name:>{width}}" for name, width in COLUMNS.items())


def _line(row: Row) -> str:
    cells = [
        row.topic,
        row.precision,
        str(row.steps),
        f"{row.loss_difference:.1e}",
        f"{row.weight_difference:.1e}",
        f"{row.tf1_ms:.3f}",
        f"{row.tf2_ms:.3f}",
        f"{row.ratio:.2f}",
    ]
    widths = list(COLUMNS.values())
    text = f"{cells[0]:<{widths[0]}} " + " ".join(f"{c:>{w}}" for c, w in zip(cells[1:], widths[1:], strict=True))
    return text if row.equal else f"{text}  differ"


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
