"""A picture of a model: its layers below each other, shapes and parameters in them, and what skips some beside them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import keras

from tf_data.figures import figure

NAME = "architecture.png"
MOST_ROWS = 45  # in a column; a larger model has a row for each block, or for each stage
BLOCKS = (r"(\D*\d+_block\d+|\D*\d+)_", r"(\D*\d+)_")  # how the names of a block's layers begin, and of a stage's
HEIGHT, WIDTH = 0.3, 4.6  # inches of a row and of a column


@dataclass
class Row:
    """One layer, or all layers of a block.

    Attributes:
        name: Of the layer or block.
        kinds: Classes of its layers.
        shape: Of the last layer's output, without the batch.
        parameters: Their number.
        inputs: Names of the rows that it gets something from.
    """

    name: str
    kinds: list[str]
    shape: str
    parameters: int
    inputs: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        kind = self.kinds[0] if len(self.kinds) == 1 else f"{len(self.kinds)} layers"
        return "  ".join([kind, self.shape, *([f"{self.parameters:,}"] if self.parameters else [])])


def draw(model: keras.Model, folder: Path) -> str:
    """Draw a model, and beside it each model that it is made of; returns the file's name.

    Args:
        model: A functional model, or one made of such, as a GAN.
        folder: Where `architecture.png` is written.
    """
    found = list(columns(model))
    longest = max(len(rows) for _, rows in found)
    with figure(folder / NAME, figsize=(WIDTH * len(found), HEIGHT * longest + 0.5)) as drawn:
        for axis, (title, rows) in zip(drawn.subplots(1, len(found), squeeze=False)[0], found, strict=True):
            axis.set(xlim=(0, 1), ylim=(longest - 0.4, -0.6))
            axis.axis("off")
            axis.set_title(title, fontsize=9)
            _draw_column(axis, rows)
    return NAME


def columns(model: keras.Model) -> Iterator[tuple[str, list[Row]]]:
    """Titles and rows of a model and of those in it."""
    if hasattr(model, "operations"):
        yield f"{model.name}, {model.count_params():,} parameters", rows(model)
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from columns(layer)


def rows(model: keras.Model) -> list[Row]:
    """The layers of a functional model in order; of a large one its blocks, told by the layers' names."""
    every = [  # operations that are no layers, too: an embedding compares its ids with zero for a mask
        Row(
            one.name,
            [type(one).__name__],
            _shape(one.output),
            one.count_params() if isinstance(one, keras.Layer) else 0,
            list(dict.fromkeys(_sources(described["inbound_nodes"]))),
        )
        for one, described in zip(model.operations, model.get_config()["layers"], strict=True)
    ]
    found = every
    for pattern in BLOCKS:
        if len(found) > MOST_ROWS:
            found = _merged(every, pattern)
    return found


def _merged(every: list[Row], pattern: str) -> list[Row]:
    """Rows of neighbouring layers whose names begin alike."""
    found: list[Row] = []
    place: dict[str, str] = {}  # of each layer
    for row in every:
        match = re.match(pattern, row.name)
        name = match[1] if match else row.name
        if not (found and found[-1].name == name):
            found.append(Row(name, [], "", 0))
        last = found[-1]
        place[row.name] = name
        last.kinds += row.kinds
        last.shape, last.parameters = row.shape, last.parameters + row.parameters
        last.inputs += [place[one] for one in row.inputs if place[one] != name and place[one] not in last.inputs]
    return found


def _sources(node) -> Iterator[str]:
    """Names of the layers whose outputs a layer is called with, in its configuration."""
    if isinstance(node, dict):
        if node.get("class_name") == "__keras_tensor__":
            yield node["config"]["keras_history"][0]
        else:
            yield from _sources(list(node.values()))
    elif isinstance(node, (list, tuple)):
        for part in node:
            yield from _sources(part)


def _shape(outputs) -> str:
    first = keras.tree.flatten(outputs)[0]
    return "x".join("?" if size is None else str(size) for size in first.shape[1:]) or "scalar"


def _draw_column(axis, rows: list[Row]) -> None:
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

    place = {row.name: number for number, row in enumerate(rows)}
    arrow = {"arrowstyle": "-|>", "mutation_scale": 6, "color": "grey", "linewidth": 0.7}
    for number, row in enumerate(rows):
        colour = "#dbe9f6" if row.parameters else "#f1f1f1"
        box = FancyBboxPatch((0.04, number - 0.3), 0.82, 0.6, "round,pad=0,rounding_size=0.02", fc=colour, ec="grey")
        axis.add_patch(box)
        axis.text(0.06, number, row.name, va="center", fontsize=6, weight="bold")
        axis.text(0.84, number, row.text, va="center", ha="right", fontsize=6)
        for one in row.inputs:
            if number - place[one] == 1:
                axis.add_patch(
                    FancyArrowPatch((0.45, number - 0.7), (0.45, number - 0.3), shrinkA=0, shrinkB=0, **arrow)
                )
            else:
                bend = f"arc3,rad={-0.25 / max(1, number - place[one]) ** 0.5}"
                ends = (0.86, place[one]), (0.86, number)
                axis.add_patch(FancyArrowPatch(*ends, connectionstyle=bend, shrinkA=0, shrinkB=0, **arrow))
