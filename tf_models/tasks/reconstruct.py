"""Reconstruction: an autoencoder learns to repeat its input."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tf_data.dataset import Data, Split
from tf_data.errors import InputError
from tf_data.pipeline import Batches
from tf_models.losses import PixelLoss, squared_error
from tf_models.losses.pixels import KINDS
from tf_models.tasks import grids, plots
from tf_models.tasks.base import Task, require_shape, scoring_batch
from tf_models.tasks.collapse import Collapse
from tf_models.tasks.images import crop_and_scale, read_images

SHOWN = 15  # pairs in the figure, as the originals have
SCATTERED = 2000  # samples in the figure of codes
STEPS = 11  # pictures on the way from one sample to another


class Reconstruct(Task):
    """Learn to repeat images through a code. The model gives logits of the pixels and has `encoder` and `decoder`.

    Args:
        loss: `cross-entropy`, `squared-error` or `jaccard`; see `tf_models.losses.PixelLoss`. Averaged over pixels.
        crop: cut the middle `crop` x `crop` pixels out of each picture first; 0 for none.
        resize: then scale to `resize` x `resize` pixels, bilinear; 0 for none.

    Raises:
        InputError: an unknown loss.
    """

    def __init__(self, loss: str = "cross-entropy", crop: int = 0, resize: int = 0):
        if loss not in KINDS:
            raise InputError(f"loss must be one of {', '.join(KINDS)}, not {loss!r}")
        self.loss, self.crop, self.resize = loss, crop, resize

    def prepare(self, x, y, position):
        x = self._images(x)
        return x, x

    def _images(self, x):
        return crop_and_scale(x, self.crop, self.resize)

    def compile(self, model, optimizer, data, jit):
        self._check(model, data)
        mse = keras.metrics.MeanMetricWrapper(squared_error, name="mse")
        model.compile(optimizer=optimizer, loss=PixelLoss(self.loss), metrics=[mse], jit_compile=jit)

    def _check(self, model: keras.Model, data: Data) -> None:
        """Raise `InputError` unless the data's pictures, cropped and resized, fit the model."""
        stored = data.train.x.shape[1:]
        side = self.resize or self.crop
        found = (side, side, stored[-1]) if side and len(stored) == 3 else stored
        wanted = model.inputs[0].shape[1:] if len(model.inputs) == 1 else self._image_shape(model)
        require_shape(model, wanted, data, found)

    @staticmethod
    def _image_shape(model: keras.Model) -> tuple[int, ...]:
        return next(tensor.shape[1:] for tensor in model.inputs if len(tensor.shape) == 4)

    def callbacks(self, model, data, run):
        x, y = next(iter(_stored(data.test, min(64, len(data.test)))))
        images = self._images(x).numpy()
        return [Collapse(lambda: self.reconstruct(model, images, y))]

    # Codes and pictures; the variational task has its own of these two.

    def encode(self, model: keras.Model, images, y) -> tf.Tensor:
        """Codes of images `(batch, height, width, channels)`, 0..1; `y` are their labels, which only some need."""
        return model.get_layer("encoder")(images, training=False)

    def decode(self, model: keras.Model, codes, y) -> tf.Tensor:
        """Images, 0..1, of codes."""
        return tf.sigmoid(model.get_layer("decoder")(codes, training=False))

    def evaluate(self, model, split, batch_size):
        """`loss`, `mse` (of a pixel) and `samples`; means over samples and pixels."""
        totals: dict[str, float] = {}
        seen = 0
        score = tf.function(self._scores, autograph=False, reduce_retracing=True)
        for number, (x, y) in enumerate(_stored(split, batch_size)):
            count = int(x.shape[0])
            for name, value in score(model, x, y, tf.constant(number)).items():
                totals[name] = totals.get(name, 0.0) + count * float(value)
            seen += count
        assert seen == len(split), f"scored {seen} of {len(split)} samples"
        return {**{name: total / seen for name, total in totals.items()}, "samples": seen}

    def _scores(self, model, x, y, number) -> dict[str, tf.Tensor]:
        """Means over a batch of stored samples. `number` of the batch is what random scores draw from."""
        images = self._images(x)
        logits = model(images, training=False)
        return {"loss": PixelLoss(self.loss)(images, logits), "mse": tf.reduce_mean(squared_error(images, logits))}

    def describe(self, results):
        return (
            f"loss {results['loss']:.4f}, squared error {results['mse']:.5f} a pixel on {results['samples']:,} samples"
        )

    def predict(self, model, inputs, classes, invert=False, out=None, label=None, shape=None):
        """The squared error of each picture; `out` takes pictures above their reconstructions."""
        images = read_images(inputs, shape or self._image_shape(model), invert)
        if shape:
            images = self._images(images).numpy()
        again = self.reconstruct(model, images, self._labels(model, len(images), label))
        if out:
            _pairs(images, again, Path(out))
        errors = np.mean(np.square(again - images), axis=(1, 2, 3))
        return [{"input": str(path), "mse": float(error)} for path, error in zip(inputs, errors, strict=True)]

    def _labels(self, model: keras.Model, count: int, label: int | None) -> tf.Tensor | None:
        """What the model must be told of `count` pictures of one class. Raises `InputError` for what it cannot take."""
        if label is not None:
            raise InputError(f"model {model.name} takes no label; leave --label away")
        return None

    def reconstruct(self, model: keras.Model, images: np.ndarray, y) -> np.ndarray:
        """Reconstructions, 0..1, of images 0..1."""
        return self.decode(model, self.encode(model, tf.constant(images), y), y).numpy()

    def figures(self, model, data: Data, history, folder: Path):
        x, y = next(iter(_stored(data.test, min(SHOWN, len(data.test)))))
        images = self._images(x).numpy()
        return [
            plots.curves(history, folder / "curves.png"),
            _pairs(images, self.reconstruct(model, images, y), folder / "reconstructions.png"),
            self._codes(model, data, folder / "codes.png"),
            self._interpolation(model, images, y, folder / "interpolation.png"),
        ]

    def _codes(self, model, data: Data, path: Path) -> str:
        test = data.test
        codes, labels = [], []
        for x, y in _stored(test, scoring_batch(test)):
            code = self.encode(model, self._images(x), y).numpy()
            codes.append(code.reshape(len(code), -1))
            labels.append(None if y is None else y.numpy())
            if sum(map(len, codes)) >= SCATTERED:
                break
        points = np.concatenate(codes)
        y = None if labels[0] is None else np.concatenate(labels)
        title = f"codes of {len(points):,} test samples"
        points, share = grids.project(points)
        return grids.scatter(points, y, data.classes, path, title + share)

    def _interpolation(self, model, images, y, path: Path) -> str:
        """Straight lines between the codes of neighbouring samples, the images themselves at both ends."""
        pairs = min(5, len(images) // 2)
        first, last = slice(0, 2 * pairs, 2), slice(1, 2 * pairs, 2)
        codes = self.encode(model, tf.constant(images), y).numpy()
        rows = []
        for share in np.linspace(0, 1, STEPS):
            code = (1 - share) * codes[first] + share * codes[last]
            # A label cannot be halfway: it changes in the middle.
            label = None if y is None else y[first] if share < 0.5 else y[last]
            rows.append(self.decode(model, tf.constant(code, tf.float32), label).numpy())
        shown = np.stack([images[first], *rows, images[last]], axis=1).reshape(-1, *images.shape[1:])
        return grids.grid(shown, path, STEPS + 2, title="test sample | between their codes | test sample")


def _stored(split: Split, batch_size: int) -> tf.data.Dataset:
    """`(x, y)` as stored, in order; y is None where there are no labels."""
    batches = Batches(split, batch_size, shuffle=False, prepare=lambda x, y, position: (x, y))
    return batches.dataset()


def _pairs(images: np.ndarray, again: np.ndarray, path: Path) -> str:
    return grids.grid(
        np.concatenate([images, again]), path, len(images), title="above: test samples, below: their codes decoded"
    )
