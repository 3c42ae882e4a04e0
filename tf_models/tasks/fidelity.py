"""How good generated images are, as a small classifier of our own sees them."""

import keras
import numpy as np

from tf_data.dataset import Data
from tf_data.pipeline import Batches
from tf_models.cnn import cnn
from tf_models.seeding import seeded

EPOCHS, BATCH, FEATURES = 3, 128, 64
FAIR = 0.2  # a class counts as covered from this fraction of an equal part of the samples on


class Judge:
    """A small convolutional network, trained on labelled real images; its last hidden layer are the features.

    The same data give the same judge. Distances of judges of different data or settings do not compare, nor do they
    with published ones, which use Inception's features.

    Args:
        data: The samples, with labels.
        prepare: Turns samples into images in the range that `look` gets.
    """

    def __init__(self, data: Data, prepare):
        batches = Batches(data.train, BATCH, seed=0, prepare=prepare)
        x, _ = batches.element_spec
        with seeded(0):
            self.model = cnn(tuple(x.shape[1:]), len(data.classes), filters=(8, 16), dense=FEATURES)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile(keras.optimizers.Adam(1e-3), loss, jit_compile=False)
        for epoch in range(EPOCHS):
            self.model.fit(batches.dataset(epoch), shuffle=False, verbose=0)
        self._both = keras.Model(self.model.input, [self.model.get_layer("hidden").output, self.model.output])

    def look(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features `(count, 64)` and predicted classes `(count,)` of images."""
        features, logits = self._both.predict(images, batch_size=500, verbose=0)
        return features.astype(np.float64), logits.argmax(axis=1)


def frechet_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """Squared Fréchet distance of the Gaussians that fit two sets of features (Heusel et al. 2017, arXiv 1706.08500).

    Args:
        real, generated: Features `(samples, features)` of real and of generated images.
    """
    means = real.mean(axis=0), generated.mean(axis=0)
    # A single sample has no variance that could be estimated; it counts as none.
    covariances = [np.cov(samples, rowvar=False, ddof=min(1, len(samples) - 1)) for samples in (real, generated)]
    # The trace of the root of the product, by symmetric matrices only: features that never vary make it singular.
    values, vectors = np.linalg.eigh(covariances[0])
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ covariances[1] @ root), 0)).sum()
    spread = np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * cross
    return float(np.sum(np.square(means[0] - means[1])) + spread)


def coverage(predicted: np.ndarray, classes: int) -> dict[str, float]:
    """`classes_covered` and the `class_entropy` of predictions: 1 for even classes, 0 for a single one."""
    fractions = np.bincount(predicted, minlength=classes) / len(predicted)
    present = fractions[fractions > 0]
    return {
        "classes_covered": int(np.sum(fractions >= FAIR / classes)),
        "class_entropy": float(abs(np.sum(present * np.log(present))) / np.log(classes)),
    }
