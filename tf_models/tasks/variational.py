"""Variational autoencoders: reconstruct, and draw new samples."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from tf_data.errors import InputError
from tf_models.layers import GaussianKL
from tf_models.losses import OutputAsLoss, PixelLoss
from tf_models.tasks import grids
from tf_models.tasks.frames import Frames, animation
from tf_models.tasks.reconstruct import Reconstruct

SAMPLES_SEED = 0  # of the figures' noise and of the ELBO's


class Variational(Reconstruct):
    """Maximise the evidence lower bound (ELBO) of a model as `tf_models.autoencoder.dense_vae` makes it.

    The training loss is -ELBO in nats a sample: `reconstruction_loss`, the cross-entropy summed over pixels, plus
    `kl_loss`. A model that repeats its label adds `label_loss`, the cross-entropy summed over the label's outputs, which
    the ELBO does not count.

    Args:
        crop, resize: as `Reconstruct`.
    """

    def __init__(self, crop: int = 0, resize: int = 0):
        super().__init__("cross-entropy", crop, resize)
        self._conditional = False
        self._label_shape: tuple | None = None

    def prepare(self, x, y, position):
        images = self._images(x)
        inputs = {"image": images, "label": _column(y)} if self._conditional else {"image": images}
        targets = {"reconstruction": images, "kl": tf.zeros(tf.shape(images)[:1])}
        if self._label_shape is not None:
            targets["label"] = self._label_targets(y)
        return inputs, targets

    def _label_targets(self, y):
        """One-hot labels in the shape of the model's label output."""
        *places, classes = self._label_shape
        one_hot = tf.one_hot(tf.reshape(y, (-1,)), classes)
        for _ in places:
            one_hot = one_hot[:, None]
        return tf.broadcast_to(one_hot, (tf.shape(y)[0], *places, classes))

    def compile(self, model, optimizer, data, jit):
        self._check(model, data)
        self._look(model)
        if self._conditional:
            classes = self._classes(model)
            if classes != len(data.classes):
                raise InputError(f"model {model.name} takes {classes} labels, but {data.name} has {len(data.classes)}")
        losses = {"reconstruction": PixelLoss(pixels="sum"), "kl": OutputAsLoss()}
        if self._label_shape is not None:
            losses["label"] = PixelLoss(pixels="sum")
        model.compile(optimizer=optimizer, loss=losses, jit_compile=jit)

    def _look(self, model) -> None:
        """See what the model takes and gives."""
        self._conditional = len(model.inputs) > 1
        decoded = model.get_layer("decoder").outputs
        self._label_shape = tuple(decoded[1].shape[1:]) if len(decoded) > 1 else None

    def moments(self, model, images, y):
        """Mean and log-variance of the code, `(batch, latent_dim)` each."""
        self._look(model)
        return model.get_layer("encoder")([images, _column(y)] if self._conditional else images, training=False)

    def encode(self, model, images, y):
        return self.moments(model, images, y)[0]

    def decode(self, model, codes, y):
        return tf.sigmoid(self._logits(model, codes, y))

    def _logits(self, model, codes, y):
        self._look(model)
        decoded = model.get_layer("decoder")([codes, _column(y)] if self._conditional else codes, training=False)
        return decoded[0] if isinstance(decoded, (list, tuple)) else decoded

    def _scores(self, model, x, y, number):
        images = self._images(x)
        mean, log_variance = self.moments(model, images, y)
        noise = tf.random.stateless_normal(tf.shape(mean), tf.stack([SAMPLES_SEED, number]))
        drawn = self._logits(model, mean + tf.exp(log_variance / 2) * noise, y)
        reconstruction = PixelLoss(pixels="sum")(images, drawn)
        kl = tf.reduce_mean(GaussianKL()([mean, log_variance]))
        mse = tf.reduce_mean(tf.square(self.decode(model, mean, y) - images))
        return {
            "elbo": -(reconstruction + kl),
            "loss": reconstruction + kl,
            "reconstruction": reconstruction,
            "kl": kl,
            "mse": mse,
        }

    def evaluate(self, model, split, batch_size):
        """Nats a sample: `elbo` (one draw of the code), `loss` (-ELBO), `reconstruction`, `kl`.

        `mse` is that of a pixel of the mean code's picture; `samples` is their number.
        """
        return super().evaluate(model, split, batch_size)

    def describe(self, results):
        return (
            f"ELBO {results['elbo']:.2f} nats (reconstruction {results['reconstruction']:.2f}, KL {results['kl']:.2f}), "
            f"squared error {results['mse']:.5f} a pixel on {results['samples']:,} samples"
        )

    def sample(self, model, count: int, seed: int, label: int | None = None) -> np.ndarray:
        """New images `(count, height, width, channels)`, 0..1, from codes of N(0, 1).

        Args:
            seed: of the codes.
            label: of all images; default one class after the other. Only for a conditional model.

        Raises:
            InputError: a label for a model that takes none, or one that it does not know.
        """
        self._look(model)
        latent_dim = model.get_layer("encoder").output_shape[0][-1]
        codes = np.random.default_rng(seed).standard_normal((count, latent_dim)).astype(np.float32)
        y = self._labels(model, count, label)
        if self._conditional and label is None:
            y = tf.range(count) % self._classes(model)
        return self.decode(model, tf.constant(codes), y).numpy()

    def _labels(self, model, count, label):
        self._look(model)
        if not self._conditional or label is None:
            return super()._labels(model, count, label)
        if not 0 <= label < self._classes(model):
            raise InputError(f"label must be in 0..{self._classes(model) - 1}, not {label}")
        return tf.fill([count], label)

    @staticmethod
    def _classes(model) -> int:
        return model.get_layer("decoder").get_layer("decoder_one_hot").num_tokens

    def predict(self, model, inputs, classes, invert=False, out=None, label=None, shape=None):
        self._look(model)
        if self._conditional and label is None:
            raise InputError(
                f"model {model.name} wants to know what it sees: add --label 0..{self._classes(model) - 1}"
            )
        return super().predict(model, inputs, classes, invert, out, label, shape)

    def callbacks(self, model, data, run):
        frames = []
        if run.info.get("options", {}).get("figures", True):
            frames.append(Frames(lambda: self.sample(model, 64, SAMPLES_SEED), run.figures, 8))
        return [*super().callbacks(model, data, run), *frames]

    def figures(self, model, data, history, folder: Path):
        names = super().figures(model, data, history, folder)
        self._look(model)
        if self._conditional:
            rows = [self.sample(model, 10, number, label=number) for number in range(len(data.classes))]
            images, labels = np.concatenate(rows), list(data.classes)
        else:
            images, labels = self.sample(model, 100, SAMPLES_SEED), None
        names.append(grids.grid(images, folder / "samples.png", 10, labels, "decoded from N(0, 1)"))
        return names + animation(folder)


def _column(y):
    return tf.reshape(tf.cast(y, tf.int32), (-1, 1))
