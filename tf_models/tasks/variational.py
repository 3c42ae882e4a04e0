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
    """

    def __init__(self):
        super().__init__("cross-entropy")

    def look(self):
        self.conditional = len(self.model.inputs) > 1
        decoded = self.model.get_layer("decoder").outputs
        self._label_shape = tuple(decoded[1].shape[1:]) if len(decoded) > 1 else None

    @property
    def labels(self) -> int:
        """The number of labels that a conditional model knows."""
        return self.model.get_layer("decoder").get_layer("decoder_one_hot").num_tokens

    def batch(self, x, y, position):
        inputs = {"image": x, "label": _column(y)} if self.conditional else {"image": x}
        targets = {"reconstruction": x, "kl": tf.zeros(tf.shape(x)[:1])}
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

    def compile(self, optimizer, jit):
        self.require_shape(self.taken)
        if self.conditional and self.labels != len(self.about.classes):
            raise InputError(
                f"model {self.model.name} takes {self.labels} labels, but {self.about.name} has {len(self.about.classes)}"
            )
        losses = {"reconstruction": PixelLoss(pixels="sum"), "kl": OutputAsLoss()}
        if self._label_shape is not None:
            losses["label"] = PixelLoss(pixels="sum")
        self.model.compile(optimizer=optimizer, loss=losses, jit_compile=jit)

    def moments(self, images, y):
        """Mean and log-variance of the code, `(batch, latent_dim)` each."""
        encoder = self.model.get_layer("encoder")
        return encoder([images, _column(y)] if self.conditional else images, training=False)

    def encode(self, images, y):
        return self.moments(images, y)[0]

    def decode(self, codes, y):
        return tf.sigmoid(self._logits(codes, y))

    def _logits(self, codes, y):
        decoder = self.model.get_layer("decoder")
        decoded = decoder([codes, _column(y)] if self.conditional else codes, training=False)
        return decoded[0] if isinstance(decoded, (list, tuple)) else decoded

    def _scores(self, images, y, number):
        mean, log_variance = self.moments(images, y)
        noise = tf.random.stateless_normal(tf.shape(mean), tf.stack([SAMPLES_SEED, number]))
        drawn = self._logits(mean + tf.exp(log_variance / 2) * noise, y)
        reconstruction = PixelLoss(pixels="sum")(images, drawn)
        kl = tf.reduce_mean(GaussianKL()([mean, log_variance]))
        mse = tf.reduce_mean(tf.square(self.decode(mean, y) - images))
        return {
            "elbo": -(reconstruction + kl),
            "loss": reconstruction + kl,
            "reconstruction": reconstruction,
            "kl": kl,
            "mse": mse,
        }

    def evaluate(self, split, batch_size=None):
        """Nats a sample: `elbo` (one draw of the code), `loss` (-ELBO), `reconstruction`, `kl`.

        `mse` is that of a pixel of the mean code's image; `samples` is their number.
        """
        return super().evaluate(split, batch_size)

    def describe(self, results):
        return (
            f"ELBO {results['elbo']:.2f} nats (reconstruction {results['reconstruction']:.2f}, KL {results['kl']:.2f}), "
            f"squared error {results['mse']:.5f} a pixel on {results['samples']:,} samples"
        )

    def sample(self, count, seed=0, label=None):
        """New images `(count, height, width, channels)`, 0..1, from codes of N(0, 1).

        Args:
            count: Number of images.
            seed: Seed of the codes.
            label: Class of all images, for a conditional model only; by default the classes take turns.

        Raises:
            InputError: There is a label for a model that takes none, or one that it does not know.
        """
        latent_dim = self.model.get_layer("encoder").output_shape[0][-1]
        codes = np.random.default_rng(seed).standard_normal((count, latent_dim)).astype(np.float32)
        y = self._labels(count, label)
        if self.conditional and label is None:
            y = tf.range(count) % self.labels
        return self.decode(tf.constant(codes), y).numpy()

    def _labels(self, count, label):
        if not self.conditional or label is None:
            return super()._labels(count, label)
        if not 0 <= label < self.labels:
            raise InputError(f"label must be in 0..{self.labels - 1}, not {label}")
        return tf.fill([count], label)

    def predict(self, inputs, names, out=None, label=None):
        if self.conditional and label is None:
            raise InputError(f"model {self.model.name} wants to know what it sees: add --label 0..{self.labels - 1}")
        return super().predict(inputs, names, out, label)

    def callbacks(self, run):
        frames = []
        if run.options.figures:
            frames.append(Frames(lambda: self.sample(64, SAMPLES_SEED), run.figures, 8))
        return [*super().callbacks(run), *frames]

    def figures(self, history, folder: Path):
        names = super().figures(history, folder)
        if self.conditional:
            rows = [self.sample(10, number, label=number) for number in range(self.labels)]
            images, labels = np.concatenate(rows), list(self.about.classes)
        else:
            images, labels = self.sample(100, SAMPLES_SEED), None
        names.append(grids.grid(images, folder / "samples.png", 10, labels, "decoded from N(0, 1)"))
        return names + animation(folder)


def _column(y):
    return tf.reshape(tf.cast(y, tf.int32), (-1, 1))
