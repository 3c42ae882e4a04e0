"""Losses for ordered labels: functions that give a loss for each sample, and the `keras.losses.Loss` of each.

All take integer labels `(batch,)` or `(batch, 1)`, or one-hot ones `(batch, classes)`, and what a head of `tf_models.layers.ordinal` gives, as logits. The
plain cross-entropy, and those of binomial and cumulative-link heads, are `keras.losses.SparseCategoricalCrossentropy`.
"""

import keras
from keras import ops

from tf_models.losses.levels import column, levels_from_labels
from tf_models.replicas import mean


def coral_loss(y_true, y_pred):
    """The sum of K - 1 binary cross-entropies of levels (Cao, Mirjalili and Raschka 2020, arXiv 1901.07884).

    L = -sum_k [ log(s(z_k)) l_k + log(1 - s(z_k)) (1 - l_k) ], the paper's loss with all importance weights 1; z_k are
    the logits, s the sigmoid and l_k the label's levels.

    Args:
        y_true: Labels `(batch,)` or `(batch, 1)`.
        y_pred: Logits of P(y > k), `(batch, classes - 1)`.

    Returns:
        Losses `(batch,)`.
    """
    levels = levels_from_labels(y_true, y_pred.shape[-1] + 1, y_pred.dtype)
    return ops.sum(_binary(levels, y_pred), axis=-1)


def niu_loss(y_true, y_pred):
    """The sum of K - 1 two-way softmax cross-entropies (Niu et al. 2016, "Ordinal regression with multiple output CNN").

    L = -sum_k [ l_k log o_k1 + (1 - l_k) log o_k0 ], with o_k the softmax of the k-th pair of logits and l_k the label's
    levels; the paper's task weights are 1, and each sample has all of its K - 1 answers.

    Args:
        y_true: Labels `(batch,)` or `(batch, 1)`.
        y_pred: Logits `(batch, classes - 1, 2)` of "not above k" and "above k".

    Returns:
        Losses `(batch,)`.
    """
    levels = levels_from_labels(y_true, y_pred.shape[-2] + 1, y_pred.dtype)
    # A softmax over two is a sigmoid of their difference.
    return ops.sum(_binary(levels, y_pred[..., 1] - y_pred[..., 0]), axis=-1)


def corn_loss(y_true, y_pred, average: str = "conditional"):
    """Binary cross-entropies of conditional levels, each over the samples that reach it (Shi et al. 2021, 2111.08851).

    A sample of rank y belongs to the conditional sets S_k of k = 0..min(y, K - 2): the k-th logit z_k answers "above k?"
    for those alone that are above k - 1. With s the sigmoid and l_k the levels,
    L = -sum_k sum_{i in S_k} [ log(s(z_k)) l_k + log(1 - s(z_k)) (1 - l_k) ] / N.

    Args:
        y_true: Labels `(batch,)` or `(batch, 1)`.
        y_pred: Logits of P(y > k given y > k - 1), `(batch, classes - 1)`.
        average: What N is. `conditional`: the number of examples in all sets of the batch together, |S_0| + |S_1| +
            ..., as coral-pytorch's code has it; neither tasks nor classes are averaged first, so that a set counts by
            its size. `samples`: the number of samples, as for `coral_loss`; a sample's loss then does not depend on
            the others of its batch.

    Returns:
        Losses `(batch,)`, of which the mean over the batch is L.

    Raises:
        ValueError: The average is unknown.
    """
    if average not in AVERAGES:
        raise ValueError(f"average must be one of {', '.join(AVERAGES)}, not {average!r}")
    classes = y_pred.shape[-1] + 1
    levels = levels_from_labels(y_true, classes, y_pred.dtype)
    # Above k - 1 is everything for k = 0.
    reached = ops.concatenate([ops.ones_like(levels[:, :1]), levels[:, :-1]], axis=-1)
    losses = ops.sum(reached * _binary(levels, y_pred), axis=-1)
    return losses / mean(ops.sum(reached, axis=-1)) if average == "conditional" else losses


def class_distance_loss(y_true, y_pred, power: float = 5.0):
    """Class-distance weighted cross-entropy (Polat, Ergenc and Temizel 2022, arXiv 2202.05167).

    L = -sum_i log(1 - p_i) |i - y|^power: probability in a wrong class costs the more the farther that class is.

    Args:
        y_true: Labels `(batch,)` or `(batch, 1)`.
        y_pred: Logits `(batch, classes)`.
        power: The power of the distance, above 0; the paper finds 5 to 7 best.

    Returns:
        Losses `(batch,)`.
    """
    classes = y_pred.shape[-1]
    # log(1 - p_i) is a sum over all classes but i, never 1 minus a number near 1.
    without = -1e30 * ops.eye(classes, dtype=y_pred.dtype)
    others = ops.logsumexp(y_pred[:, None, :] + without, axis=-1) - ops.logsumexp(y_pred, axis=-1, keepdims=True)
    return -ops.sum(others * distances(y_true, classes, y_pred.dtype) ** power, axis=-1)


def earth_mover_loss(y_true, y_pred):
    """The squared earth mover's distance of predicted and true ranks (Hou, Yu and Samaras 2016, arXiv 1611.05916).

    L = sum_k (P_k - T_k)^2, with P_k and T_k the cumulated probabilities up to rank k of the softmax and of the label.
    The same number is called the ranked probability score (Epstein 1969).

    Args:
        y_true: Labels `(batch,)` or `(batch, 1)`.
        y_pred: Logits `(batch, classes)`.

    Returns:
        Losses `(batch,)`.
    """
    classes = y_pred.shape[-1]
    reached = ops.cast(column(y_true) <= ops.arange(classes, dtype="int32"), y_pred.dtype)
    return ops.sum(ops.square(ops.cumsum(ops.softmax(y_pred), axis=-1) - reached), axis=-1)


def soft_labels(labels, classes: int, scale: float = 1.0, power: float = 1.0, dtype: str = "float32"):
    """Targets that give near ranks a part of the probability, called SORD (Diaz and Marathe 2019, CVPR).

    t_i = exp(-phi_i) / sum_j exp(-phi_j) with phi_i = scale |i - y|^power.

    Args:
        labels: Labels `(batch,)` or `(batch, 1)`.
        classes: Number of ranks.
        scale: How sharp the targets are, above 0.
        power: Power of the distance, above 0.
        dtype: Type of the result.

    Returns:
        Probabilities `(batch, classes)`.
    """
    return ops.softmax(-scale * distances(labels, classes, dtype) ** power)


def soft_label_loss(y_true, y_pred, scale: float = 1.0, power: float = 1.0):
    """Cross-entropy of a softmax with the `soft_labels` (Diaz and Marathe 2019): L = -sum_i t_i log p_i.

    Args:
        y_true: Labels `(batch,)` or `(batch, 1)`.
        y_pred: Logits `(batch, classes)`.
        scale, power: As for `soft_labels`.

    Returns:
        Losses `(batch,)`.
    """
    targets = soft_labels(y_true, y_pred.shape[-1], scale, power, y_pred.dtype)
    return -ops.sum(targets * ops.log_softmax(y_pred), axis=-1)


def rank_squared_error(y_true, y_pred):
    """The squared difference of label and predicted value, L = (v - y)^2 (Beckham and Pal 2016, arXiv 1612.00775).

    Args:
        y_true: Labels `(batch,)` or `(batch, 1)`.
        y_pred: Values in 0..classes-1, `(batch, 1)`.

    Returns:
        Losses `(batch,)`.
    """
    return ops.sum(ops.square(y_pred - ops.cast(column(y_true), y_pred.dtype)), axis=-1)


def distances(labels, classes: int, dtype: str = "float32"):
    """How far each rank is from the labels, |i - y|, `(batch, classes)`."""
    return ops.cast(ops.abs(column(labels) - ops.arange(classes, dtype="int32")), dtype)


def _binary(levels, logits):
    """-[l log s(z) + (1 - l) log(1 - s(z))] for each logit z, with log(1 - s(z)) = log s(z) - z."""
    return -(ops.log_sigmoid(logits) - (1 - levels) * logits)


AVERAGES = ("conditional", "samples")


class _Ordinal(keras.losses.Loss):
    """A loss by one of the functions above. `sample_weight` multiplies each sample's loss, as in all losses of Keras."""

    function = None  # of labels, outputs and `arguments`

    def __init__(self, reduction="sum_over_batch_size", name=None, dtype=None, **arguments):
        super().__init__(reduction=reduction, name=name, dtype=dtype)
        self.arguments = arguments

    def call(self, y_true, y_pred):
        """Losses `(batch,)`."""
        return type(self).function(y_true, y_pred, **self.arguments)

    def get_config(self):
        return {**super().get_config(), **self.arguments}


@keras.saving.register_keras_serializable(package="tf_models")
class CoralLoss(_Ordinal):
    """`coral_loss` as a Keras loss.

    Args:
        reduction: Kind of mean or sum over the batch, as in every Keras loss.
        name: Name of the loss.
        dtype: Type to compute in; default Keras' floating type.
    """

    function = staticmethod(coral_loss)

    def __init__(self, reduction="sum_over_batch_size", name="coral_loss", dtype=None):
        super().__init__(reduction, name, dtype)


@keras.saving.register_keras_serializable(package="tf_models")
class NiuLoss(_Ordinal):
    """`niu_loss` as a Keras loss.

    Args:
        reduction: Kind of mean or sum over the batch, as in every Keras loss.
        name: Name of the loss.
        dtype: Type to compute in; default Keras' floating type.
    """

    function = staticmethod(niu_loss)

    def __init__(self, reduction="sum_over_batch_size", name="niu_loss", dtype=None):
        super().__init__(reduction, name, dtype)


@keras.saving.register_keras_serializable(package="tf_models")
class CornLoss(_Ordinal):
    """`corn_loss` as a Keras loss.

    A `sample_weight` multiplies the sample's part of the sum and leaves the number of examples that it is divided by.

    Args:
        average: As for `corn_loss`.
        reduction: Kind of mean or sum over the batch, as in every Keras loss.
        name: Name of the loss.
        dtype: Type to compute in; default Keras' floating type.

    Raises:
        ValueError: The average is unknown.
    """

    function = staticmethod(corn_loss)

    def __init__(self, average: str = "conditional", reduction="sum_over_batch_size", name="corn_loss", dtype=None):
        if average not in AVERAGES:
            raise ValueError(f"average must be one of {', '.join(AVERAGES)}, not {average!r}")
        super().__init__(reduction, name, dtype, average=average)


@keras.saving.register_keras_serializable(package="tf_models")
class ClassDistanceLoss(_Ordinal):
    """`class_distance_loss` as a Keras loss.

    Args:
        power: As for `class_distance_loss`.
        reduction: Kind of mean or sum over the batch, as in every Keras loss.
        name: Name of the loss.
        dtype: Type to compute in; default Keras' floating type.

    Raises:
        ValueError: The power is not positive.
    """

    function = staticmethod(class_distance_loss)

    def __init__(self, power: float = 5.0, reduction="sum_over_batch_size", name="class_distance_loss", dtype=None):
        _require_positive(power=power)
        super().__init__(reduction, name, dtype, power=power)


@keras.saving.register_keras_serializable(package="tf_models")
class EarthMoverLoss(_Ordinal):
    """`earth_mover_loss` as a Keras loss.

    Args:
        reduction: Kind of mean or sum over the batch, as in every Keras loss.
        name: Name of the loss.
        dtype: Type to compute in; default Keras' floating type.
    """

    function = staticmethod(earth_mover_loss)

    def __init__(self, reduction="sum_over_batch_size", name="earth_mover_loss", dtype=None):
        super().__init__(reduction, name, dtype)


@keras.saving.register_keras_serializable(package="tf_models")
class SoftLabelLoss(_Ordinal):
    """`soft_label_loss` as a Keras loss.

    Args:
        scale, power: As for `soft_labels`.
        reduction: Kind of mean or sum over the batch, as in every Keras loss.
        name: Name of the loss.
        dtype: Type to compute in; default Keras' floating type.

    Raises:
        ValueError: Scale or power are not positive.
    """

    function = staticmethod(soft_label_loss)

    def __init__(
        self,
        scale: float = 1.0,
        power: float = 1.0,
        reduction="sum_over_batch_size",
        name="soft_label_loss",
        dtype=None,
    ):
        _require_positive(scale=scale, power=power)
        super().__init__(reduction, name, dtype, scale=scale, power=power)


@keras.saving.register_keras_serializable(package="tf_models")
class RankSquaredError(_Ordinal):
    """`rank_squared_error` as a Keras loss.

    Args:
        reduction: Kind of mean or sum over the batch, as in every Keras loss.
        name: Name of the loss.
        dtype: Type to compute in; default Keras' floating type.
    """

    function = staticmethod(rank_squared_error)

    def __init__(self, reduction="sum_over_batch_size", name="rank_squared_error", dtype=None):
        super().__init__(reduction, name, dtype)


def _require_positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"{name} must be positive, not {value}")
