"""Classification: one label for each sample, from logits."""

from pathlib import Path

import keras
import numpy as np

from tf_data.dataset import Split
from tf_data.errors import InputError
from tf_data.texts import Text
from tf_data.transform import Images
from tf_models.losses import SigmoidSquaredError, SmoothedCrossentropy
from tf_models.tasks import lexicon, plots, saliency
from tf_models.tasks.base import Task
from tf_models.tasks.explain import parts

LOSSES = ("cross-entropy", "sigmoid-squared-error")
REDUCTIONS = {"mean": "sum_over_batch_size", "sum": "sum"}


class Classify(Task):
    """Learn labels. A model with one output gives the logit of class 1, any other a logit for each class.

    Args:
        loss: `cross-entropy`, or `sigmoid-squared-error` (`tf_models.losses.SigmoidSquaredError`).
        reduction: Reduction of the loss over the batch, `mean` or `sum`.
        label_smoothing: Fraction of each label that the training loss spreads over all classes, 0 <= fraction < 1.
            Evaluation reports the loss without it.
        mirror: Whether to evaluate also with the mean logits of image and mirror image, as `mirrored_accuracy`.

    Raises:
        InputError: An unknown loss or reduction, a fraction out of range, or smoothing without cross-entropy.
    """

    def __init__(
        self,
        loss: str = "cross-entropy",
        reduction: str = "mean",
        label_smoothing: float = 0.0,
        mirror: bool = False,
    ):
        if loss not in LOSSES:
            raise InputError(f"loss must be one of {', '.join(LOSSES)}, not {loss!r}")
        if reduction not in REDUCTIONS:
            raise InputError(f"reduction must be one of {', '.join(REDUCTIONS)}, not {reduction!r}")
        if not 0 <= label_smoothing < 1 or (label_smoothing and loss != "cross-entropy"):
            raise InputError(f"label_smoothing must be in [0, 1) and goes with cross-entropy, not {label_smoothing}")
        self.loss, self.reduction = loss, reduction
        self.label_smoothing, self.mirror = label_smoothing, mirror

    def compile(self, optimizer, jit):
        self.require_shape(self.taken)
        outputs = self.model.output_shape[-1]
        expected = len(self.about.classes)
        if outputs != expected and (outputs != 1 or expected != 2):
            raise InputError(
                f"model {self.model.name} has {outputs} outputs, but {self.about.name} has {expected} classes"
            )
        if outputs == 1:
            accuracy = keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy")
        else:
            accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        loss = self._loss(outputs, REDUCTIONS[self.reduction], self.label_smoothing)
        self.model.compile(optimizer=optimizer, loss=loss, metrics=[accuracy], jit_compile=jit)

    def _loss(self, outputs: int, reduction: str | None, smoothing: float = 0.0) -> keras.losses.Loss:
        if self.loss == "sigmoid-squared-error":
            return SigmoidSquaredError(reduction=reduction)
        if outputs == 1:
            return keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=smoothing, reduction=reduction)
        if smoothing:
            return SmoothedCrossentropy(smoothing, reduction=reduction)
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction)

    def logits(self, split: Split, batch_size: int | None = None, mirror: bool = False) -> np.ndarray:
        """The model's outputs on a whole split, or on its mirror images, in its order: float32 `(samples, outputs)`."""
        return self.outputs(split, batch_size, (lambda x: x[:, :, ::-1]) if mirror else None)

    def evaluate(self, split, batch_size=None):
        """`accuracy`, `loss` (mean over the samples), `samples`, and `mirrored_accuracy` where `mirror` is set."""
        logits = self.logits(split, batch_size)
        losses = self._loss(logits.shape[-1], None)(split.y.reshape(-1, *[1] * (logits.shape[-1] == 1)), logits)
        scores = {
            "accuracy": float(np.mean(labels(logits) == split.y)),
            "loss": float(np.mean(keras.ops.convert_to_numpy(losses))),
            "samples": len(split),
        }
        if self.mirror:
            both = logits + self.logits(split, batch_size, mirror=True)
            scores["mirrored_accuracy"] = float(np.mean(labels(both) == split.y))
        return scores

    def describe(self, results):
        accuracy, count = results["accuracy"], results["samples"]
        mirrored = f" ({results['mirrored_accuracy']:.2%} with mirror images)" if "mirrored_accuracy" in results else ""
        return f"accuracy {accuracy:.2%}{mirrored}, loss {results['loss']:.4f} on {count:,} samples"

    def predict(self, inputs, names, top=5, explain=False):
        """Class, and probabilities by class; with `explain` what speaks for the class.

        Of images that is `explained`, the file of a figure; of texts `words`, each word's part in the verdict.
        """
        logits = self.model.predict(self.transform(inputs), verbose=0).astype(np.float32)
        rows = [
            {
                "input": name,
                "class": self.about.classes[int(np.argmax(row))],
                "probability": float(row.max()),
                "probabilities": dict(zip(self.about.classes, map(float, row), strict=True)),
            }
            for name, row in zip(names, probabilities(logits), strict=True)
        ]
        if explain:
            for row, one in zip(rows, inputs, strict=True):
                if isinstance(self.transform, Images):
                    row["explained"] = self._explained(row, one[None])
                else:
                    row["words"] = parts(self.model, self.transform, one)
        return rows

    def _explained(self, row: dict, image: np.ndarray) -> str:
        """Draw which pixels of an image `(1, height, width, channels)` speak for its class; the file, in this folder."""
        path = Path(f"{Path(row['input']).stem}-explained.png")
        x = np.asarray(self.transform(image))
        title = f"{row['class']} {row['probability']:.1%}"
        return saliency.draw(self.model, x, np.asarray(self.transform.visible(x)), [title], path)

    def describe_prediction(self, row, top=5, explain=False):
        best = sorted(row["probabilities"].items(), key=lambda item: -item[1])[:top]
        line = f"{row['input']}: " + ", ".join(f"{name} {probability:.1%}" for name, probability in best)
        if not explain:
            return line
        if "explained" in row:
            return f"{line}; {row['explained']}"
        return line + f"\n  for {row['class']}: " + "  ".join(f"{word} {part:+.2f}" for word, part in row["words"])

    def figures(self, history, folder: Path):
        test, classes = self.data.test, self.about.classes
        logits = self.logits(test)
        names = [
            plots.curves(history, folder / "curves.png"),
            plots.confusion(test.y, labels(logits), classes, folder / "confusion.png"),
        ]
        if test.samples.is_text:
            lengths = test.samples.lengths
            names.append(plots.accuracy_by_length(lengths, labels(logits) == test.y, folder / "lengths.png"))
            names.append(plots.calibration(test.y, probabilities(logits), folder / "calibration.png"))
            if type(self.transform) is Text:
                names += lexicon.draw(self.model, self.transform, classes, folder)
        elif test.samples.is_image:
            best = probabilities(logits[: plots.FIRST])
            said = [f"{classes[row.argmax()]} ({row.max():.1%})" for row in best]
            names.append(plots.first_samples(test, said, folder / "first.png"))
            names.append(plots.surest_mistakes(test, probabilities(logits), classes, folder / "mistakes.png"))
        elif test.samples.shape[1:] == (2,):
            classify = lambda x: labels(self.model.predict(self.transform(x), verbose=0, batch_size=4096))  # noqa: E731
            names.append(plots.decision_regions(classify, self.data, folder / "regions.png"))
        return names


def labels(logits: np.ndarray) -> np.ndarray:
    """Class numbers `(samples,)` from logits; a single logit means class 1 from 0 on."""
    return (logits[:, 0] >= 0).astype(np.int32) if logits.shape[1] == 1 else logits.argmax(axis=1)


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax of logits `(samples, classes)`; a single logit gives the two columns of a sigmoid."""
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)
