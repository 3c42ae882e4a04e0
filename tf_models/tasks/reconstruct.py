"""Reconstruction: an autoencoder learns to repeat its input."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tf_data.errors import InputError
from tf_models.losses import PixelLoss, squared_error
from tf_models.losses.pixels import KINDS
from tf_models.tasks import grids, plots
from tf_models.tasks.base import Task
from tf_models.tasks.collapse import Collapse

SHOWN = 15  # pairs in the figure, as the originals have
SCATTERED = 2000  # samples in the figure of codes
STEPS = 11  # images on the way from one sample to another


class Reconstruct(Task):
    """Learn to repeat images through a code. The model gives logits of the pixels and has `encoder` and `decoder`.

    Args:
        loss: `cross-entropy`, `squared-error` or `jaccard`; see `tf_models.losses.PixelLoss`. Averaged over pixels.

    Raises:
        InputError: The loss is not known.
    """

    def __init__(self, loss: str = "cross-entropy"):
        if loss not in KINDS:
            raise InputError(f"loss must be one of {', '.join(KINDS)}, not {loss!r}")
        self.loss = loss

    def batch(self, x, y, position):
        return x, x

    def compile(self, optimizer, jit):
        self.require_shape(self.taken)
        mse = keras.metrics.MeanMetricWrapper(squared_error, name="mse")
        self.model.compile(optimizer=optimizer, loss=PixelLoss(self.loss), metrics=[mse], jit_compile=jit)

    @property
    def taken(self):
        inputs = self.model.inputs  # a conditional model takes labels besides
        return inputs[0].shape[1:] if len(inputs) == 1 else next(x.shape[1:] for x in inputs if len(x.shape) == 4)

    def callbacks(self, run):
        x, y = self._first(64)
        return [Collapse(lambda: self.reconstruct(x, y), run.warn)]

    def _first(self, count: int) -> tuple[np.ndarray, tf.Tensor | None]:
        """The first test images, and their labels where there are any."""
        x, y = next(iter(self.transformed(self.data.test, min(count, len(self.data.test)))))
        return x.numpy(), y

    # Codes and images; the variational task has its own of these two.

    def encode(self, images, y) -> tf.Tensor:
        """Codes of images `(batch, height, width, channels)`, 0..1; `y` are their labels, which only some need."""
        return self.model.get_layer("encoder")(images, training=False)

    def decode(self, codes, y) -> tf.Tensor:
        """Images, 0..1, of codes."""
        return tf.sigmoid(self.model.get_layer("decoder")(codes, training=False))

    def evaluate(self, split, batch_size=None):
        """`loss`, `mse` (of a pixel) and `samples`; means over samples and pixels."""
        totals: dict[str, float] = {}
        seen = 0
        score = tf.function(self._scores, autograph=False, reduce_retracing=True)
        for number, (x, y) in enumerate(self.transformed(split, batch_size)):
            count = int(x.shape[0])
            for name, value in score(x, y, tf.constant(number)).items():
                totals[name] = totals.get(name, 0.0) + count * float(value)
            seen += count
        assert seen == len(split), f"scored {seen} of {len(split)} samples"
        return {**{name: total / seen for name, total in totals.items()}, "samples": seen}

    def _scores(self, images, y, number) -> dict[str, tf.Tensor]:
        """Means over a batch of images. `number` of the batch is what random scores draw from."""
        logits = self.model(images, training=False)
        return {"loss": PixelLoss(self.loss)(images, logits), "mse": tf.reduce_mean(squared_error(images, logits))}

    def describe(self, results):
        return (
            f"loss {results['loss']:.4f}, squared error {results['mse']:.5f} a pixel on {results['samples']:,} samples"
        )

    def predict(self, inputs, names, out=None, label=None):
        """The squared error of each image; `out` takes images above their reconstructions."""
        images = np.asarray(self.transform(inputs))
        again = self.reconstruct(images, self._labels(len(images), label))
        if out:
            _pairs(images, again, Path(out))
        errors = np.mean(np.square(again - images), axis=(1, 2, 3))
        return [{"input": name, "mse": float(error)} for name, error in zip(names, errors, strict=True)]

    def _labels(self, count: int, label: int | None) -> tf.Tensor | None:
        """What the model must know of `count` images of one class. Raises `InputError` for what it cannot take."""
        if label is not None:
            raise InputError(f"model {self.model.name} takes no label; leave --label away")
        return None

    def reconstruct(self, images: np.ndarray, y) -> np.ndarray:
        """Reconstructions, 0..1, of images 0..1."""
        return self.decode(self.encode(tf.constant(images), y), y).numpy()

    def figures(self, history, folder: Path):
        images, y = self._first(SHOWN)
        return [
            plots.curves(history, folder / "curves.png"),
            _pairs(images, self.reconstruct(images, y), folder / "reconstructions.png"),
            self._codes(folder / "codes.png"),
            self._interpolation(images, y, folder / "interpolation.png"),
        ]

    def _codes(self, path: Path) -> str:
        codes, labels = [], []
        for x, y in self.transformed(self.data.test):
            code = self.encode(x, y).numpy()
            codes.append(code.reshape(len(code), -1))
            labels.append(None if y is None else y.numpy())
            if sum(map(len, codes)) >= SCATTERED:
                break
        points = np.concatenate(codes)
        y = None if labels[0] is None else np.concatenate(labels)
        title = f"codes of {len(points):,} test samples"
        points, fraction = grids.project(points)
        return grids.scatter(points, y, self.about.classes, path, title + fraction)

    def _interpolation(self, images, y, path: Path) -> str:
        """Straight lines between the codes of neighbouring samples, the images themselves at both ends."""
        pairs = min(5, len(images) // 2)
        first, last = slice(0, 2 * pairs, 2), slice(1, 2 * pairs, 2)
        codes = self.encode(tf.constant(images), y).numpy()
        rows = []
        for fraction in np.linspace(0, 1, STEPS):
            code = (1 - fraction) * codes[first] + fraction * codes[last]
            # A label cannot be halfway: it changes in the middle.
            label = None if y is None else y[first] if fraction < 0.5 else y[last]
            rows.append(self.decode(tf.constant(code, tf.float32), label).numpy())
        shown = np.stack([images[first], *rows, images[last]], axis=1).reshape(-1, *images.shape[1:])
        return grids.grid(shown, path, STEPS + 2, title="test sample | between their codes | test sample")


def _pairs(images: np.ndarray, again: np.ndarray, path: Path) -> str:
    return grids.grid(
        np.concatenate([images, again]), path, len(images), title="above: test samples, below: their codes decoded"
    )
