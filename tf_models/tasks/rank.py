"""Ordinal regression: learn ordered labels, by the outputs of an ordinal head."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from tf_data.errors import InputError
from tf_data.figures import figure
from tf_models.losses import (
    ClassDistanceLoss,
    CoralLoss,
    CornLoss,
    EarthMoverLoss,
    NiuLoss,
    RankSquaredError,
    SoftLabelLoss,
    labels_from_outputs,
    levels_from_outputs,
    probabilities_from_levels,
)
from tf_models.metrics import (
    RankAccuracy,
    RankMAE,
    confusion,
    ordinal,
    rank_inconsistencies,
    ranked_probability_score,
)
from tf_models.tasks import plots
from tf_models.tasks.base import Task

# The kind of outputs that each loss takes, see `tf_models.losses.levels`, and what makes it for a task.
LOSSES: dict[str, tuple[str, Callable[["Rank"], keras.losses.Loss]]] = {
    "cross-entropy": ("classes", lambda task: keras.losses.SparseCategoricalCrossentropy(from_logits=True)),
    "class-distance": ("classes", lambda task: ClassDistanceLoss(task.power)),
    "earth-mover": ("classes", lambda task: EarthMoverLoss()),
    "soft-labels": ("classes", lambda task: SoftLabelLoss(task.scale)),
    "coral": ("levels", lambda task: CoralLoss()),
    "corn": ("conditional", lambda task: CornLoss()),
    "niu": ("pairs", lambda task: NiuLoss()),
    "squared-error": ("value", lambda task: RankSquaredError()),
}
SHOWN = 0.005  # probabilities below it are left out of a printed distribution


class Rank(Task):
    """Learn ordered labels. The model ends with a head of `tf_models.ordinal.heads`.

    Args:
        loss: `coral`, `niu`, `corn` and `squared-error` go with the heads `coral`, `niu`, `corn` and `beckham`; with a
            head of a logit for each class `cross-entropy`, `class-distance`, `earth-mover` or `soft-labels`.
        decision: For a head of logits for each class: predict the `mode`, or the `median`.
        power: Power of the distance in the loss `class-distance`.
        scale: Sharpness of the targets of the loss `soft-labels`.

    Raises:
        InputError: The loss or the decision are unknown, or power or scale are not positive.
    """

    def __init__(self, loss: str = "coral", decision: str = "mode", power: float = 5.0, scale: float = 1.0):
        if loss not in LOSSES:
            raise InputError(f"loss must be one of {', '.join(LOSSES)}, not {loss!r}")
        if decision not in ("mode", "median"):
            raise InputError(f"decision must be mode or median, not {decision!r}")
        if not (power > 0 and scale > 0):
            raise InputError(f"power and scale must be positive, not {power} and {scale}")
        self.loss, self.decision, self.power, self.scale = loss, decision, power, scale

    @property
    def kind(self) -> str:
        """The kind of the model's outputs, one of `tf_models.losses.levels.OUTPUTS`."""
        return LOSSES[self.loss][0]

    def compile(self, optimizer, jit):
        self.require_shape(self.taken)
        count = len(self.about.classes)
        try:
            levels_from_outputs(keras.ops.zeros((1, *self.model.output_shape[1:])), self.kind, count)
        except ValueError as error:
            raise InputError(
                f"model {self.model.name} does not fit loss {self.loss} on {self.about.name} with {count} classes: {error}"
            ) from None
        arguments = {"classes": count, "outputs": self.kind, "decision": self.decision}
        metrics = [RankMAE(**arguments, name="mae"), RankAccuracy(**arguments, name="accuracy")]
        self.model.compile(optimizer=optimizer, loss=self._loss(), metrics=metrics, jit_compile=jit)

    def _loss(self) -> keras.losses.Loss:
        return LOSSES[self.loss][1](self)

    def ranks(self, outputs: np.ndarray) -> np.ndarray:
        """Predicted ranks `(samples,)` from the model's outputs."""
        return np.asarray(labels_from_outputs(outputs, self.kind, len(self.about.classes), self.decision))

    def levels(self, outputs: np.ndarray) -> np.ndarray:
        """P(y > k), `(samples, classes - 1)`, from the model's outputs."""
        return np.asarray(levels_from_outputs(outputs, self.kind, len(self.about.classes)))

    def evaluate(self, split, batch_size=None):
        """Scores of a split, distances counted in ranks.

        `mae`, `rmse`, `accuracy`, `average_mae` and `maximum_mae` over the classes, `quadratic_kappa`,
        `ranked_probability_score`, `inconsistencies` (levels of a sample above the one before), `loss`, `samples`.
        """
        outputs = self.outputs(split, batch_size)
        levels, matrix = self.levels(outputs), confusion(split.y, self.ranks(outputs), len(self.about.classes))
        names = ("mae", "rmse", "accuracy", "average_mae", "maximum_mae", "quadratic_kappa")
        return {
            **{name: float(getattr(ordinal, name)(matrix)) for name in names},
            "ranked_probability_score": float(np.mean(ranked_probability_score(split.y, levels))),
            "inconsistencies": float(np.mean(rank_inconsistencies(levels))),
            "loss": float(self._loss()(split.y, outputs)),
            "samples": len(split),
        }

    def describe(self, results):
        return (
            f"MAE {results['mae']:.3f}, RMSE {results['rmse']:.3f}, accuracy {results['accuracy']:.2%}, "
            f"loss {results['loss']:.4f} on {results['samples']:,} samples"
        )

    @property
    def values(self) -> np.ndarray:
        """What the ranks stand for: the classes' names where all are numbers, as ages are, else 0, 1, 2, ..."""
        try:
            return np.array([float(name) for name in self.about.classes])
        except ValueError:
            return np.arange(len(self.about.classes), dtype=float)

    def predict(self, inputs, names):
        """The rank, the expected value, and the probabilities of the ranks.

        Levels that contradict each other, as CORAL's and Niu's may, are first lowered to consistent ones; see
        `tf_models.losses.probabilities_from_levels`.
        """
        outputs = self.model.predict(self.transform(inputs), verbose=0).astype(np.float32)
        distributions = np.asarray(probabilities_from_levels(self.levels(outputs)), np.float64)
        return [
            {
                "input": name,
                "class": self.about.classes[int(rank)],
                "expected": float(row @ self.values),
                "probabilities": dict(zip(self.about.classes, map(float, row), strict=True)),
            }
            for name, rank, row in zip(names, self.ranks(outputs), distributions, strict=True)
        ]

    def describe_prediction(self, row):
        likely = [f"{name} {p:.1%}" for name, p in row["probabilities"].items() if p >= SHOWN]
        return f"{row['input']}: {row['class']}, expected {row['expected']:.2f}; " + ", ".join(likely)

    def figures(self, history, folder: Path):
        test, found = self.data.test, self.ranks(self.outputs(self.data.test))
        names = [
            plots.curves(history, folder / "curves.png"),
            plots.confusion(test.y, found, self.about.classes, folder / "confusion.png"),
            _errors(test.y, found, self.about.classes, folder / "errors.png"),
        ]
        if test.samples.is_image:
            pairs = zip(found[: plots.FIRST], test.y[: plots.FIRST], strict=True)
            said = [f"{self.about.classes[rank]} (is {self.about.classes[truth]})" for rank, truth in pairs]
            names.append(plots.first_samples(test, said, folder / "first.png"))
        return names


def _errors(truth: np.ndarray, predicted: np.ndarray, classes: tuple[str, ...], path: Path) -> str:
    """The mean absolute error of each class, and of all samples together."""
    counts = np.bincount(truth, minlength=len(classes))
    errors = np.bincount(truth, np.abs(predicted - truth), len(classes)) / np.maximum(counts, 1)
    with figure(path, figsize=(2 + 0.32 * len(classes), 3.2)) as drawn:
        axis = drawn.subplots()
        axis.bar(classes, errors)
        mean = np.abs(predicted - truth).mean()
        axis.axhline(mean, color="grey", linestyle="--", label=f"all {len(truth):,} test samples: {mean:.3f}")
        axis.set(xlabel="class", ylabel="mean absolute error")
        axis.tick_params(axis="x", labelrotation=90 if max(map(len, classes)) > 1 else 0)
        axis.legend()
    return path.name
