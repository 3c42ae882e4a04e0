"""A look at samples: contact sheets of images, histograms of tables, beginnings of texts and how long they are."""

from pathlib import Path

import numpy as np

from tf_data.dataset import BaseSplit
from tf_data.errors import InputError
from tf_data.figures import figure

COLUMNS = 10
ROWS_BY_CLASS = 20  # with more classes than these, samples come in their order
GAP = 0.12  # between images, of an image's size
FEATURES = 16  # that are drawn of a table
TEXTS = 16  # that are shown
TEXT_WIDTH = 100  # characters of each


def draw(name: str, split: BaseSplit, classes: tuple[str, ...], features: tuple[str, ...], path: Path) -> None:
    """Draw samples of a split with their labels into a PNG file.

    Args:
        name: Name of the dataset.
        split: Split of images, texts, sequences or rows of numbers.
        classes, features: Names of classes and features, where there are any.

    Raises:
        InputError: The samples are none of these.
    """
    samples = split.samples
    title = f"{name}, {split.name}: {len(split):,} samples"
    if samples.is_image:
        rows = chosen(split, len(classes))
        labels = [[label(split, number, classes) for number in row] for row in rows]
        contact_sheet([samples.read(row) for row in rows], labels, title, path)
    elif samples.lengths is not None:
        beginnings(split, classes, title, path)
    elif len(samples.shape) == 2:
        histograms(split, classes, features, title, path)
    else:
        raise InputError(f"{name} holds neither images nor texts nor rows of numbers; there is nothing to draw")


def chosen(split, classes: int) -> list[np.ndarray]:
    """Samples to show, by row of the sheet: the first ones of each class, or the first ones."""
    if split.y is not None and split.y.ndim == 1 and 0 < classes <= ROWS_BY_CLASS:
        rows = [np.flatnonzero(split.y == number)[:COLUMNS] for number in range(classes)]
        return [row for row in rows if len(row)]
    shown = np.arange(min(len(split), COLUMNS * 8))
    return [shown[start : start + COLUMNS] for start in range(0, len(shown), COLUMNS)]


def label(split, number: int, classes: tuple[str, ...]) -> str:
    """A sample's label in words."""
    if split.y is None:
        return f"#{number}"
    value = split.y[number]
    if np.ndim(value) == 0 and 0 <= value < len(classes):
        return classes[int(value)]
    return f"{value:g}" if np.ndim(value) == 0 else f"#{number}"


def contact_sheet(rows: list[np.ndarray], labels: list[list[str]], title: str, path: Path) -> None:
    """Rows of images, each with its label above.

    Args:
        rows: Rows of images, each `(up to COLUMNS, height, width, 1 or 3)`, uint8.
        labels: Label of each image.
    """
    height, width, channels = rows[0].shape[1:]
    # One image of all: an axis for each would take seconds.
    gap, head = max(1, round(GAP * width)), max(4, round(3 * GAP * height))
    columns = max(len(row) for row in rows)
    step = (head + height, gap + width)
    sheet = np.full((step[0] * len(rows), step[1] * columns - gap, channels), 255, np.uint8)
    scale = 7.5 / COLUMNS / width  # inches a pixel, for a sheet of 7.5 inches
    with figure(path, figsize=(max(3.0, sheet.shape[1] * scale), sheet.shape[0] * scale + 0.5)) as drawn:
        axis = drawn.subplots()
        for i, row in enumerate(rows):
            for j, image in enumerate(row):
                top, left = i * step[0] + head, j * step[1]
                sheet[top : top + height, left : left + width] = image
                axis.text(left, top - 0.25 * head, _short(labels[i][j]), fontsize=6, clip_on=True)
        axis.imshow(sheet.squeeze(-1) if channels == 1 else sheet, cmap="gray", vmin=0, vmax=255)
        axis.axis("off")
        axis.set_title(title, fontsize=9)


def _short(text: str, most: int = 12) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def beginnings(split: BaseSplit, classes: tuple[str, ...], title: str, path: Path) -> None:
    """Some texts or sequences, a line each with its label, and a histogram of all lengths."""
    samples = split.samples
    shown = np.concatenate([row[: max(1, TEXTS // max(1, len(classes)))] for row in chosen(split, len(classes))])[
        :TEXTS
    ]
    with figure(path, figsize=(9.0, 0.22 * len(shown) + 3.0)) as drawn:
        above, below = drawn.subplots(2, height_ratios=(0.22 * len(shown) + 0.3, 2.2))
        above.axis("off")
        above.set_ylim(len(shown), 0)
        for line, (number, sample) in enumerate(zip(shown, samples.read(shown), strict=True)):
            text = sample[:TEXT_WIDTH] if samples.is_text else " ".join(map(str, sample[:TEXT_WIDTH].tolist()))
            # A dollar sign would begin a formula, and a control character is no glyph.
            text = "".join(c if c.isprintable() else " " for c in text).replace("$", r"\$")
            above.text(0.0, line + 0.5, _short(label(split, number, classes)), fontsize=7, weight="bold", va="center")
            above.text(0.12, line + 0.5, _short(text, TEXT_WIDTH), fontsize=7, va="center")
        below.hist(samples.lengths, 50)
        below.set_xlabel("characters" if samples.is_text else "values", fontsize=8)
        below.set_ylabel("samples", fontsize=8)
        below.tick_params(labelsize=7)
        drawn.suptitle(title, fontsize=9)


def histograms(split, classes: tuple[str, ...], features: tuple[str, ...], title: str, path: Path) -> None:
    """Each column's values, a histogram for each class on top of another."""
    width = split.samples.shape[1]
    count = min(width, FEATURES)
    values = split.samples.read(np.arange(len(split)))[:, :count]
    groups = {name: values[split.y == number] for number, name in enumerate(classes)} if classes else {"": values}
    columns = min(4, count)
    rows = -(-count // columns)
    with figure(path, figsize=(2.4 * columns, 2.0 * rows + 0.6)) as drawn:
        axes = drawn.subplots(rows, columns, squeeze=False).ravel()
        for number, axis in enumerate(axes):
            if number >= count:
                axis.axis("off")
                continue
            bins = np.histogram_bin_edges(values[:, number], 20)
            for name, group in groups.items():
                axis.hist(group[:, number], bins, alpha=0.6, label=name)
            axis.set_xlabel(features[number] if features else f"column {number}", fontsize=8)
            axis.tick_params(labelsize=7)
        if classes:
            axes[0].legend(fontsize=7)
        drawn.suptitle(title if count == width else f"{title}, the first {count} columns", fontsize=9)
