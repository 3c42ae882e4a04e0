"""Figures, drawn by matplotlib without a screen; each function writes one file and returns its name."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from tf_data.dataset import Data, Split
from tf_data.figures import figure

FIRST = 10  # test samples that are shown with what a model says of them
RUNNING = 100  # batches of a running mean, fewer in a short training
DRAWN_STEPS = 10_000  # of a schedule, spread over the run


def curves(history: list[dict[str, float]], path: Path) -> str:
    """Every metric over the epochs, training and validation in one panel; `learning_rate` has a figure of its own.

    Metrics of two opponents, as the losses of a GAN's generator and discriminator, share a panel.
    """
    panels = shared(dict.fromkeys(key for row in history for key in row))
    with figure(path, figsize=(4.2 * max(1, len(panels)), 3.2)) as drawn:
        axes = drawn.subplots(1, max(1, len(panels)), squeeze=False)[0]
        for axis, (title, names) in zip(axes, panels.items(), strict=False):
            for name in names:
                who = name.removesuffix(f"_{title}") + " " if len(names) > 1 else ""
                for key, label, style in ((name, "training", "-"), (f"val_{name}", "validation", "--")):
                    over_epochs(axis, history, key, linestyle=style if who else "-", label=f"{who}{label}")
            of_epochs(axis, title)
            axis.legend()
    return path.name


def by_batch(places: np.ndarray, metrics: dict[str, np.ndarray], steps: int, path: Path) -> str:
    """Metrics of every batch, and their means over the batches up to each; batches along the bottom, epochs along the top.

    Args:
        places: Numbers of the batches, from 1, rising `(n,)`.
        metrics: Their values by name, each `(n,)`; opponents share a panel as in `curves`.
        steps: Batches in an epoch.
        path: The file to write.
    """
    panels = shared(metrics)
    window = min(RUNNING, max(1, len(places) // 50))
    with figure(path, figsize=(5.6 * len(panels), 3.4)) as drawn:
        for axis, (title, names) in zip(drawn.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
            for number, name in enumerate(names):
                color, values = f"C{number}", metrics[name]
                axis.plot(places, values, color=color, alpha=0.25, linewidth=0.5)
                means = np.convolve(values, np.full(window, 1 / window), "valid")
                axis.plot(places[window - 1 :], means, color=color, label=name.replace("_", " "))
            axis.set(xlabel=f"batch (lines: means of {window})", ylabel=title)
            axis.grid(alpha=0.3)
            axis.legend()
            epochs = axis.secondary_xaxis("top", (lambda x: x / steps, lambda x: x * steps))
            epochs.set_xlabel("epoch")
    return path.name


def over_epochs(axis, history: list[dict[str, float]], key: str, **style) -> None:
    """Draw a metric of the history's rows into a panel; nothing where no row has it."""
    values = np.array([row.get(key, np.nan) for row in history], float)
    if not np.isnan(values).all():
        axis.plot(np.arange(1, len(values) + 1), values, marker="o" if len(values) < 3 else None, **style)


def of_epochs(axis, title: str) -> None:
    """Name the axes of a panel whose values stand over epochs."""
    from matplotlib.ticker import MaxNLocator

    axis.set(xlabel="epoch", ylabel=title.replace("_", " "))
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.grid(alpha=0.3)


def shared(keys: Iterable[str]) -> dict[str, list[str]]:
    """Names of metrics by panel.

    Those that end with one word share its panel, unless that word is a metric itself, of which they are parts then.

    >>> shared(["generator_loss", "discriminator_loss", "val_generator_loss", "learning_rate"])
    {'loss': ['generator_loss', 'discriminator_loss']}
    >>> shared(["loss", "kl_loss", "reconstruction_loss"])
    {'loss': ['loss'], 'kl_loss': ['kl_loss'], 'reconstruction_loss': ['reconstruction_loss']}
    """
    names = [name for name in keys if not name.startswith("val_") and name != "learning_rate"]
    ends = [name.rpartition("_")[2] for name in names]
    panels: dict[str, list[str]] = {}
    for name, end in zip(names, ends):
        together = ends.count(end) > 1 and end not in names
        panels.setdefault(end if together else name, []).append(name)
    return panels


def learning_rate(schedule: Callable[[np.ndarray], np.ndarray], steps: int, epochs: int, path: Path) -> str:
    """The rate over the whole run.

    Args:
        schedule: Maps step numbers int64 `(n,)` to rates `(n,)`.
        steps: Steps in an epoch.
        epochs: Epochs of the run.
    """
    places = spread(steps * epochs)
    with figure(path, figsize=(5.6, 3.2)) as drawn:
        axis = drawn.subplots()
        axis.plot(places / steps, np.asarray(schedule(places)))
        axis.set(xlabel="epoch", ylabel="learning rate", ylim=(0, None))
        axis.grid(alpha=0.3)
    return path.name


def spread(steps: int) -> np.ndarray:
    """Numbers of at most 10,000 steps, from the first of a run to the last."""
    return np.unique(np.linspace(0, steps - 1, min(steps, DRAWN_STEPS)).astype(np.int64))


def confusion(truth: np.ndarray, predicted: np.ndarray, classes: tuple[str, ...], path: Path) -> str:
    """The number of samples of each class by predicted class."""
    # Not scikit-learn's `ConfusionMatrixDisplay`: importing it takes as long as all the rest of a classifier's figures.
    counts = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(counts, (truth, predicted), 1)
    side = 2.6 + 0.42 * max(4, len(classes))
    with figure(path, figsize=(side, side)) as drawn:
        axis = drawn.subplots()
        axis.imshow(counts, cmap="Blues")
        for (row, column), count in np.ndenumerate(counts):
            color = "white" if count > counts.max() / 2 else "black"
            axis.text(column, row, str(count), ha="center", va="center", color=color)
        axis.set_xticks(
            range(len(classes)), classes, rotation="vertical" if max(map(len, classes)) > 3 else "horizontal"
        )
        axis.set_yticks(range(len(classes)), classes)
        accuracy = np.mean(truth == predicted)
        axis.set(xlabel="predicted", ylabel="true", title=f"{accuracy:.2%} of {len(truth):,} right")
    return path.name


def first_samples(split: Split, said: list[str], path: Path) -> str:
    """The first images of a split with what the model says of each.

    Args:
        split: Images `(samples, height, width, 1 or 3)`, uint8.
        said: A text for each image that is drawn.
        path: The file to write.
    """
    columns = 5
    rows = -(-len(said) // columns)
    with figure(path, figsize=(1.5 * columns, 1.75 * rows + 0.3)) as drawn:
        drawn.suptitle(f"The first {split.name} samples, and what the model says")
        axes = drawn.subplots(rows, columns, squeeze=False).ravel()
        for axis in axes:
            axis.axis("off")
        for axis, text, image in zip(axes, said, split.samples.read(np.arange(len(said))), strict=False):
            axis.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255)
            axis.set_title(text, fontsize=8)
    return path.name


def surest_mistakes(split: Split, probabilities: np.ndarray, classes: tuple[str, ...], path: Path) -> str:
    """The wrongly classified samples of which the model was surest.

    Args:
        split: Images `(samples, height, width, 1 or 3)`, uint8, and labels `(samples,)`.
        probabilities: Predicted probabilities `(samples, classes)`.
    """
    truth, predicted = split.y, probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != truth)
    worst = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")][:25]
    columns = 5
    rows = max(1, -(-len(worst) // columns))
    with figure(path, figsize=(1.5 * columns, 1.75 * rows + 0.4)) as drawn:
        shown = f"the {len(worst)} surest of {len(wrong)}" if len(wrong) > len(worst) else f"all {len(wrong)}"
        drawn.suptitle(f"Mistakes: {shown} (of {len(truth):,} test samples)" if len(wrong) else "No mistakes")
        axes = drawn.subplots(rows, columns, squeeze=False).ravel()
        for axis in axes:
            axis.axis("off")
        for axis, sample, image in zip(axes, worst, split.samples.read(worst), strict=False):
            guess = predicted[sample]
            axis.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255)
            axis.set_title(
                f"{classes[truth[sample]]}, not {classes[guess]}\n({probabilities[sample, guess]:.0%})", fontsize=8
            )
    return path.name


def calibration(truth: np.ndarray, probabilities: np.ndarray, path: Path, groups: int = 10) -> str:
    """How often the model is right where it is how sure, and its expected calibration error (Guo et al. 2017, eq. 3).

    Args:
        truth: Class numbers `(n,)`.
        probabilities: Predicted probabilities `(n, classes)`.
        path: The file to write.
        groups: Number of groups of equally wide ranges of the highest probability, from 1 / classes to 1.
    """
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    borders = np.linspace(1 / probabilities.shape[1], 1, groups + 1)
    group = np.clip(np.digitize(sure, borders) - 1, 0, groups - 1)
    filled = np.unique(group)
    counts = np.array([np.sum(group == one) for one in filled])
    said = np.array([sure[group == one].mean() for one in filled])
    found = np.array([right[group == one].mean() for one in filled])
    apart = float(np.sum(counts * np.abs(found - said)) / len(truth))
    with figure(path, figsize=(4.2, 4)) as drawn:
        axis = drawn.subplots()
        axis.plot([borders[0], 1], [borders[0], 1], color="grey", linewidth=0.8)
        axis.plot(said, found, marker="o")
        for x, y, count in zip(said, found, counts, strict=True):
            axis.annotate(f"{count:,}", (x, y), fontsize=7, xytext=(4, -9), textcoords="offset points")
        title = f"expected calibration error {apart:.2%} on {len(truth):,} samples"
        axis.set(xlabel="probability of the class named", ylabel="fraction right")
        axis.set_title(title, fontsize=9)
        axis.grid(alpha=0.3)
    return path.name


def accuracy_by_length(lengths: np.ndarray, right: np.ndarray, path: Path, groups: int = 10) -> str:
    """How many texts of about one length were classified right, with twice the standard error.

    Args:
        lengths: Characters of each text, `(n,)`.
        right: Whether it was right, `(n,)`.
        path: The file to write.
        groups: Number of groups of equally many texts, at most.
    """
    order = np.argsort(lengths, kind="stable")
    parts = [part for part in np.array_split(order, groups) if len(part)]
    middle = np.array([np.median(lengths[part]) for part in parts])
    rate = np.array([right[part].mean() for part in parts])
    error = 2 * np.sqrt(rate * (1 - rate) / [len(part) for part in parts])
    with figure(path, figsize=(5.6, 3.2)) as drawn:
        axis = drawn.subplots()
        axis.errorbar(middle, rate, yerr=error, marker="o", capsize=3)
        axis.set(xlabel="characters (median of a group)", ylabel="accuracy", title=f"{len(lengths):,} test samples")
        axis.grid(alpha=0.3)
    return path.name


def decision_regions(classify: Callable[[np.ndarray], np.ndarray], data: Data, path: Path) -> str:
    """The class that the model predicts at each place in the plane, with training and test samples.

    Args:
        classify: Maps points float32 `(n, 2)` to class numbers `(n,)`.
    """
    every = np.concatenate([split.x for split in data.splits.values()])
    margin = 0.1 * np.ptp(every, axis=0)
    (left, low), (right, high) = every.min(axis=0) - margin, every.max(axis=0) + margin
    horizontal, vertical = np.meshgrid(np.linspace(left, right, 300), np.linspace(low, high, 300))
    regions = classify(np.column_stack([horizontal.ravel(), vertical.ravel()]).astype(np.float32))
    colours = ["tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple"]
    count = len(data.classes)
    names = data.features or ("feature 1", "feature 2")
    with figure(path, figsize=(4.2 * 2, 3.6)) as drawn:
        axes = drawn.subplots(1, 2, sharex=True, sharey=True)
        for axis, split in zip(axes, (data.train, data.test), strict=True):
            axis.contourf(
                horizontal,
                vertical,
                regions.reshape(horizontal.shape),
                levels=np.arange(count + 1) - 0.5,
                colors=colours[:count],
                alpha=0.25,
            )
            right_ones = np.mean(classify(split.x) == split.y)
            for number in range(count):
                points = split.x[split.y == number]
                axis.scatter(*points.T, color=colours[number], edgecolor="white", label=data.classes[number], s=28)
            axis.set(title=f"{split.name}: {right_ones:.1%} of {len(split)} right", xlabel=names[0])
        axes[0].set_ylabel(names[1])
        axes[0].legend()
    return path.name
