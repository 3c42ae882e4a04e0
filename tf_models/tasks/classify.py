"""Classification: one label for each sample, from logits."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tf_data.augment import Augment
from tf_data.dataset import Data, Split
from tf_data.errors import InputError
from tf_data.pipeline import Batches, Position
from tf_models.losses import SigmoidSquaredError, SmoothedCrossentropy
from tf_models.tasks import plots
from tf_models.tasks.base import Task, require_shape, scoring_batch
from tf_models.tasks.images import crop_and_scale, read_images

LOSSES = ("cross-entropy", "sigmoid-squared-error")
REDUCTIONS = {"mean": "sum_over_batch_size", "sum": "sum"}


class Classify(Task):
    """Learn labels. A model with one output gives the logit of class 1, any other a logit for each class.

    Args:
        loss: `cross-entropy`, or `sigmoid-squared-error` (`tf_models.losses.SigmoidSquaredError`).
        reduction: over the batch, `mean` or `sum`.
        crop: cut the middle `crop` x `crop` pixels out of each picture first; 0 for none.
        resize: then scale to `resize` x `resize` pixels, bilinear; 0 for none.
        augment: arguments of `tf_data.augment.Augment`, for training only; None for none.
        label_smoothing: share of each label that the training loss spreads over all classes, 0 <= share < 1.
            Evaluation reports the loss without it.
        mirror: evaluate also with the mean logits of each picture and its mirror image, as `mirrored_accuracy`.

    Raises:
        InputError: an unknown loss or reduction, a share out of range, smoothing without cross-entropy, or bad
            arguments of the augmentation.
    """

    def __init__(
        self,
        loss: str = "cross-entropy",
        reduction: str = "mean",
        crop: int = 0,
        resize: int = 0,
        augment: dict | None = None,
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
        self.crop, self.resize = crop, resize
        self.augment = Augment.of(augment) if augment else None

    def prepare(self, x, y, position):
        return crop_and_scale(x, self.crop, self.resize), y

    def prepare_training(self, x, y, position):
        x, y = self.prepare(x, y, position)
        return (self.augment(x, position) if self.augment else x), y

    def compile(self, model, optimizer, data, jit):
        sample = tf.zeros((1, *data.train.x.shape[1:]), data.train.x.dtype)
        first = Position(0, tf.zeros((), tf.int64), tf.zeros(1, tf.int64))
        for prepare in (self.prepare, self.prepare_training):
            require_shape(model, model.input_shape[1:], data, prepare(sample, None, first)[0].shape[1:])
        outputs = model.output_shape[-1]
        expected = len(data.classes)
        if outputs != expected and (outputs != 1 or expected != 2):
            raise InputError(f"model {model.name} has {outputs} outputs, but {data.name} has {expected} classes")
        if outputs == 1:
            accuracy = keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy")
        else:
            accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        loss = self._loss(outputs, REDUCTIONS[self.reduction], self.label_smoothing)
        model.compile(optimizer=optimizer, loss=loss, metrics=[accuracy], jit_compile=jit)

    def _loss(self, outputs: int, reduction: str | None, smoothing: float = 0.0) -> keras.losses.Loss:
        if self.loss == "sigmoid-squared-error":
            return SigmoidSquaredError(reduction=reduction)
        if outputs == 1:
            return keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=smoothing, reduction=reduction)
        if smoothing:
            return SmoothedCrossentropy(smoothing, reduction=reduction)
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction)

    def logits(
        self, model: keras.Model, split: Split, batch_size: int | None = None, mirror: bool = False
    ) -> np.ndarray:
        """The model's outputs on a whole split, or on its mirror images, in its order: float32 `(samples, outputs)`."""
        batches = Batches(split, batch_size or scoring_batch(split), shuffle=False, prepare=self.prepare).dataset()
        inputs = batches.map(lambda x, y: x[:, :, ::-1] if mirror else x)
        logits = model.predict(inputs, verbose=0).astype(np.float32)
        assert len(logits) == len(split), f"scored {len(logits)} of {len(split)} samples"
        return logits

    def evaluate(self, model, split, batch_size):
        """`accuracy`, `loss` (mean over the samples), `samples`, and `mirrored_accuracy` where `mirror` is set."""
        logits = self.logits(model, split, batch_size)
        losses = self._loss(logits.shape[-1], None)(split.y.reshape(-1, *[1] * (logits.shape[-1] == 1)), logits)
        scores = {
            "accuracy": float(np.mean(labels(logits) == split.y)),
            "loss": float(np.mean(keras.ops.convert_to_numpy(losses))),
            "samples": len(split),
        }
        if self.mirror:
            both = logits + self.logits(model, split, batch_size, mirror=True)
            scores["mirrored_accuracy"] = float(np.mean(labels(both) == split.y))
        return scores

    def describe(self, results):
        accuracy, count = results["accuracy"], results["samples"]
        mirrored = f" ({results['mirrored_accuracy']:.2%} with mirror images)" if "mirrored_accuracy" in results else ""
        return f"accuracy {accuracy:.2%}{mirrored}, loss {results['loss']:.4f} on {count:,} samples"

    def predict(self, model, inputs, classes, invert=False, out=None, label=None, shape=None):
        """Class and probabilities for image files.

        Args:
            inputs: paths of pictures of any size and colour.
            invert: exchange light and dark first.
            out, label: refused: a classifier makes no pictures and is told no label.
            shape: of the samples as stored; see `Task.predict`.
        """
        if out or label is not None:
            raise InputError(f"{model.name} is a classifier; leave --out and --label away")
        taken = model.input_shape[1:]
        if len(taken) != 3:
            raise InputError(f"{model.name} takes {taken} numbers, not pictures; call tf_models.load(...) in Python")
        images = read_images(inputs, shape or taken, invert)
        if shape:
            images = crop_and_scale(images, self.crop, self.resize)
        logits = model.predict(images, verbose=0).astype(np.float32)
        chances = probabilities(logits)
        return [
            {
                "input": str(path),
                "class": classes[int(np.argmax(row))],
                "probability": float(row.max()),
                "probabilities": {name: float(chance) for name, chance in zip(classes, row, strict=True)},
            }
            for path, row in zip(inputs, chances, strict=True)
        ]

    def figures(self, model, data: Data, history, folder: Path):
        test = data.test
        logits = self.logits(model, test)
        names = [
            plots.curves(history, folder / "curves.png"),
            plots.confusion(test.y, labels(logits), data.classes, folder / "confusion.png"),
        ]
        if len(test.x.shape) == 4:
            names.append(plots.surest_mistakes(test, probabilities(logits), data.classes, folder / "mistakes.png"))
        elif test.x.shape[1:] == (2,):
            names.append(
                plots.decision_regions(
                    lambda x: labels(model.predict(x, verbose=0, batch_size=4096)), data, folder / "regions.png"
                )
            )
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
