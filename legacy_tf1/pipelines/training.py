"""The common perceptron, trained through any of the mechanisms, and scored on scaled pixels of whole splits."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf1

from legacy_tf1.pipelines.mechanisms import Mechanism
from legacy_tf1.pipelines.perceptron import perceptron, score
from tf_data.errors import TrainingError
from tf_data.formats import Stored
from tf_models.configs.overrides import for_source
from tf_models.scores import show

Report = Callable[[str], None]


@dataclass(frozen=True)
class Trained:
    """What a training came to.

    Attributes:
        history: `loss`, the mean over the epoch's batches, and `validation_accuracy` where there is such a split.
        results: `accuracy` and `samples` of each split that was not trained on.
        seconds: Time of the epochs alone.
    """

    history: list[dict[str, float]]
    results: dict[str, dict]
    seconds: float


def train(
    mechanism: Mechanism,
    stored: Stored,
    epochs: int | None = None,
    checkpoint: Path | None = None,
    report: Report = print,
) -> Trained:
    """Train through one mechanism with the settings of its topic's recipe.

    Args:
        mechanism: One of `mechanisms.MECHANISMS`.
        stored: The files, as `mechanism.write` left them.
        epochs: Number of epochs; default the recipe's, which has more for the embedded sample. A queue without end has no epochs; as in
            the notebooks an epoch is as many whole batches as the samples fill.
        checkpoint: Path where a `Saver` puts the variables at the end; None for nowhere.
        report: Called with a line an epoch.

    Raises:
        InputError: A file is missing or bad.
        TrainingError: The loss is not finite.
    """
    recipe = for_source(mechanism.recipe, stored.manifest.dataset["source"])
    epochs = recipe.epochs if epochs is None else epochs
    with tf1.Graph().as_default():
        tf1.set_random_seed(recipe.seed)
        one_shot = mechanism.options.get("kind") == "one-shot"
        feed = mechanism.build(stored, recipe.batch_size, epochs if one_shot else None)
        model = perceptron(feed.images, feed.labels, recipe.learning_rate)
        held_out = {name: read(stored, name) for name in stored.splits if name != "train"}
        history, begin, scoring = [], time.perf_counter(), 0.0
        with feed.session() as session:
            for epoch in range(epochs):
                losses = [session.run((model.loss, model.train_op), values)[0] for values in feed.epoch(session, epoch)]
                row = {"loss": float(np.mean(losses))}
                if not np.isfinite(row["loss"]):
                    raise TrainingError(f"the loss is not finite in epoch {epoch + 1}")
                pause = time.perf_counter()
                if "validation" in held_out:
                    row["validation_accuracy"] = score(session, model.inputs, model.outputs, *held_out["validation"])
                scoring += time.perf_counter() - pause
                history.append(row)
                report(
                    f"epoch {epoch + 1}/{epochs}: " + ", ".join(f"{name} {show(name, v)}" for name, v in row.items())
                )
            seconds = time.perf_counter() - begin - scoring
            results = {
                name: {"accuracy": score(session, model.inputs, model.outputs, *samples), "samples": len(samples[0])}
                for name, samples in sorted(held_out.items())
            }
            if checkpoint is not None:
                Path(checkpoint).parent.mkdir(parents=True, exist_ok=True)
                model.saver.save(session, str(checkpoint))
    return Trained(history, results, seconds)


def read(stored: Stored, split: str) -> tuple[np.ndarray, np.ndarray]:
    """A whole split as stored: pixels uint8 and class numbers."""
    return stored.splits[split].x[:], stored.splits[split].y
