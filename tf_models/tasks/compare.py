"""Comparison: a siamese network learns to put samples of one class near each other and others apart."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tf_data.augment import uniform
from tf_data.dataset import Split
from tf_data.errors import InputError
from tf_data.figures import figure
from tf_models.losses import ContrastiveLoss, pair_accuracy
from tf_models.tasks import grids, plots
from tf_models.tasks.base import Task, scoring_batch

PAIRS_SEED = 0  # of the pairs that are scored
SCATTERED = 3000  # samples in the figure of the embedding


class Compare(Task):
    """Train a `tf_models.metric.siamese_mlp` on pairs of a batch's samples, half of them of one class.

    Each sample of a training batch is the first of one pair. At even places its partner is drawn from the batch's other
    samples of its class, at odd places from those of other classes; where there are none, from the other side.

    Args:
        margin: Margin of the contrastive loss; pairs nearer than half of it are taken for the same class.
        neighbours: Number of training samples that vote in the classification by nearest neighbours.

    Raises:
        InputError: The margin is not positive, or there are no neighbours.
    """

    mixes = True  # partners come from the whole batch

    def __init__(self, margin: float = 1.0, neighbours: int = 5):
        if not margin > 0 or neighbours < 1:
            raise InputError(f"margin must be positive and neighbours at least 1, not {margin} and {neighbours}")
        self.margin, self.neighbours = margin, neighbours

    reference = True

    def batch(self, x, y, position):
        partners = partner_places(y, uniform(position, 0))
        same = tf.cast(y == tf.gather(y, partners), tf.float32)
        return {"first": x, "second": tf.gather(x, partners)}, same[:, None]

    def compile(self, optimizer, jit):
        self.require_shape(self.taken)
        if len(self.about.classes) < 2 or self.data.train.y is None:
            raise InputError(f"pairs need labels of two classes or more, which {self.about.name} does not have")
        for name, split in self.data.splits.items():
            counts = np.unique(split.y, return_counts=True)[1]
            if len(counts) < 2 or counts.max() < 2:
                raise InputError(
                    f"the {len(split)} {name} samples make no pairs of one class and of two; take more with --limit"
                )
        self.model.compile(
            optimizer=optimizer,
            loss=ContrastiveLoss(self.margin),
            metrics=[keras.metrics.MeanMetricWrapper(pair_accuracy, name="pair_accuracy", margin=self.margin)],
            jit_compile=jit,
        )

    def embed(self, split: Split, limit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Embeddings float32 `(samples, dimensions)` and labels of a split's first `limit` samples, in its order."""
        size = scoring_batch(split)
        batches = self.transformed(split, size)
        if limit is not None:
            batches = batches.take(-(-limit // size))
        encoder = self.model.get_layer("encoder")
        encode = tf.function(lambda x: encoder(x, training=False), autograph=False, reduce_retracing=True)
        found = [(encode(x).numpy(), y.numpy()) for x, y in batches]
        codes, labels = (np.concatenate(parts)[:limit] for parts in zip(*found, strict=True))
        return codes.astype(np.float32), labels

    def evaluate(self, split, batch_size=None):
        """Scores of a split.

        As many pairs are drawn as it has samples, half of them of one class: `loss`, `pair_accuracy` (nearer than half
        the margin or not) and `auc`, the area below the ROC curve of the distance. `knn_accuracy`: its samples,
        classified by their nearest training samples. `samples` is their number.
        """
        from sklearn.metrics import roc_auc_score
        from sklearn.neighbors import KNeighborsClassifier

        codes, y = self.embed(split)
        distances, same = scored_pairs(codes, y)
        loss = ContrastiveLoss(self.margin)(same[:, None], distances[:, None])
        voters = KNeighborsClassifier(min(self.neighbours, len(self.data.train))).fit(*self.embed(self.data.train))
        return {
            "knn_accuracy": float(np.mean(voters.predict(codes) == y)),
            "auc": float(roc_auc_score(same, -distances)),
            "pair_accuracy": float(np.mean((distances < self.margin / 2) == same)),
            "loss": float(loss),
            "samples": len(y),
        }

    def describe(self, results):
        return (
            f"{self.neighbours}-nearest-neighbour accuracy {results['knn_accuracy']:.2%}, pairs: AUC "
            f"{results['auc']:.4f}, accuracy {results['pair_accuracy']:.2%}, loss {results['loss']:.4f} "
            f"with {results['samples']:,} samples"
        )

    def predict(self, inputs, names):
        """Distance of the first sample to each other one, and whether they are taken for the same class."""
        if len(inputs) < 2:
            raise InputError(f"model {self.model.name} compares samples: name the first and at least one other")
        samples = np.asarray(self.transform(inputs))
        first = np.repeat(samples[:1], len(samples) - 1, axis=0)
        distances = self.model({"first": first, "second": samples[1:]}, training=False).numpy()[:, 0]
        return [
            {"input": name, "distance": float(distance), "same": bool(distance < self.margin / 2)}
            for name, distance in zip(names[1:], distances, strict=True)
        ]

    def figures(self, history, folder: Path):
        codes, y = self.embed(self.data.test)
        distances, same = scored_pairs(codes, y)
        return [
            plots.curves(history, folder / "curves.png"),
            _histogram(distances, same, self.margin, folder / "distances.png"),
            _roc(distances, same, folder / "roc.png"),
            _embedding(codes[:SCATTERED], y[:SCATTERED], self.about.classes, folder / "embedding.png"),
        ]


def partner_places(y: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """The place of the partner of each sample in a batch; see `Compare`.

    Args:
        y: Labels `(batch,)`.
        draws: Numbers in [0, 1) `(batch,)` that decide among the candidates, all of which are equally likely.
    """
    count = tf.shape(y)[0]
    equal = y[:, None] == y[None, :]
    others = tf.logical_not(tf.eye(count, dtype=tf.bool))
    wanted = tf.logical_and(equal == (tf.range(count) % 2 == 0)[:, None], others)
    wanted = tf.where(tf.reduce_any(wanted, axis=1, keepdims=True), wanted, others)
    order = tf.cumsum(tf.cast(wanted, tf.int32), axis=1)
    rank = 1 + tf.cast(draws * tf.cast(order[:, -1], tf.float32), tf.int32)
    # A batch of one sample has no other: the sample is its own partner.
    return tf.argmax(tf.cast(order >= tf.minimum(rank, order[:, -1])[:, None], tf.int32), axis=1)


def scored_pairs(codes: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances of as many pairs as there are samples, and which of them are of one class (every second one).

    Args:
        codes: Embeddings `(samples, dimensions)`.
        y: Labels `(samples,)`, of two classes or more.
    """
    rng = np.random.default_rng(PAIRS_SEED)
    same = np.arange(len(y)) % 2 == 0
    partners = np.empty(len(y), np.int64)
    for number, label in enumerate(y):
        candidates = np.flatnonzero((y == label) == same[number])
        candidates = candidates[candidates != number]
        if not len(candidates):  # the only one of its class
            same[number], candidates = False, np.flatnonzero(y != label)
        partners[number] = rng.choice(candidates)
    return np.linalg.norm(codes - codes[partners], axis=1), same


def _histogram(distances: np.ndarray, same: np.ndarray, margin: float, path: Path) -> str:
    with figure(path, figsize=(5.6, 3.6)) as drawn:
        axis = drawn.subplots()
        bins = np.linspace(0, max(float(np.quantile(distances, 0.995)), 1.2 * margin), 60)
        axis.hist(distances[same], bins, alpha=0.6, label="same class")
        axis.hist(distances[~same], bins, alpha=0.6, label="different classes")
        axis.axvline(margin / 2, color="k", linestyle="--", linewidth=1, label="half the margin")
        axis.set(xlabel="distance", ylabel="pairs", title=f"{len(distances):,} pairs of test samples")
        axis.legend()
    return path.name


def _roc(distances: np.ndarray, same: np.ndarray, path: Path) -> str:
    from sklearn.metrics import RocCurveDisplay

    with figure(path, figsize=(4.2, 4.2)) as drawn:
        axis = drawn.subplots()
        RocCurveDisplay.from_predictions(same, -distances, ax=axis, name="small distance means same class")
        axis.plot([0, 1], [0, 1], color="grey", linestyle=":")
        axis.set(xlabel="pairs of two classes taken for one", ylabel="pairs of one class found")
        axis.grid(alpha=0.3)
    return path.name


def _embedding(codes: np.ndarray, y: np.ndarray, classes: tuple[str, ...], path: Path) -> str:
    title = f"embedding of {len(codes):,} test samples"
    if codes.shape[1] == 1:  # a line: the labels spread it
        spread = np.random.default_rng(PAIRS_SEED).uniform(-0.35, 0.35, len(y))
        return grids.scatter(
            np.column_stack([codes[:, 0], y + spread]), y, classes, path, f"{title}; height: its class"
        )
    points, explained = grids.project(codes)
    return grids.scatter(points, y, classes, path, title + explained)
