"""Metrics of ordered labels: functions, and the `keras.metrics.Metric` of each.

Whatever looks at predicted ranks alone is a function of their confusion matrix, `(true, predicted)`, which is what its
metric adds up. The others are means over the samples of a function of the levels P(y > k).
"""

import keras
from keras import ops

from tf_models.losses.levels import labels_from_outputs, levels_from_labels, levels_from_outputs, require_classes


def confusion(labels, predicted, classes: int, sample_weight=None):
    """The number, or the weight, of samples by true and predicted rank.

    Args:
        labels, predicted: Integers 0..classes-1, `(batch,)` or `(batch, 1)`.
        classes: Number of ranks.
        sample_weight: Weights `(batch,)`; None for 1.

    Returns:
        A tensor `(classes, classes)`, rows by true rank.
    """
    true, found = (ops.one_hot(ops.reshape(ops.cast(y, "int32"), (-1,)), classes) for y in (labels, predicted))
    if sample_weight is not None:
        true = true * ops.reshape(ops.cast(sample_weight, true.dtype), (-1, 1))
    return ops.matmul(ops.transpose(true), found)


def accuracy(matrix):
    """The fraction of samples on the diagonal of a confusion matrix."""
    return _ratio(ops.trace(matrix), ops.sum(matrix))


def mae(matrix):
    """The mean distance of true and predicted rank, from a confusion matrix."""
    return _ratio(ops.sum(matrix * _apart(matrix)), ops.sum(matrix))


def rmse(matrix):
    """The root of the mean squared distance of true and predicted rank, from a confusion matrix."""
    return ops.sqrt(_ratio(ops.sum(matrix * ops.square(_apart(matrix))), ops.sum(matrix)))


def average_mae(matrix):
    """The mean over the classes of each class' MAE (Baccianella et al. 2009); classes without a sample do not count."""
    present = ops.cast(ops.sum(matrix, axis=-1) > 0, matrix.dtype)
    return _ratio(ops.sum(_of_classes(matrix)), ops.sum(present))


def maximum_mae(matrix):
    """The largest of the classes' MAEs (Cruz-Ramirez et al. 2014), from a confusion matrix."""
    return ops.max(_of_classes(matrix))


def quadratic_kappa(matrix):
    """Cohen's kappa with quadratic weights (Cohen 1968), from a confusion matrix.

    1 - sum w C / sum w E, with w the squared distances, C the matrix and E what independent margins would give. Where
    true and predicted ranks are all one and the same, kappa is 0 / 0; this gives 0.
    """
    weights, total = ops.square(_apart(matrix)), ops.sum(matrix)
    expected = ops.outer(ops.sum(matrix, axis=1), ops.sum(matrix, axis=0))
    by_chance = ops.sum(weights * expected)
    return _ratio(by_chance - ops.sum(weights * matrix) * total, by_chance)


def ranked_probability_score(labels, levels):
    """The sum over k of (P(y > k) - [label > k])^2 for each sample (Epstein 1969); 0 is best.

    Args:
        labels: Integers `(batch,)` or `(batch, 1)`.
        levels: P(y > k), `(batch, classes - 1)`, as `tf_models.losses.levels_from_outputs` gives them.

    Returns:
        Scores `(batch,)`.
    """
    levels = ops.convert_to_tensor(levels)
    return ops.sum(ops.square(levels - levels_from_labels(labels, levels.shape[-1] + 1, levels.dtype)), axis=-1)


def rank_inconsistencies(levels, tolerance: float = 1e-6):
    """How often P(y > k) grows from one k to the next, for each sample: 0 where the levels make a distribution.

    Args:
        levels: P(y > k), `(batch, classes - 1)`.
        tolerance: Growth that does not count yet: a vectorised sigmoid rounds equal logits differently in float32.

    Returns:
        Counts `(batch,)`, of the levels' type.
    """
    levels = ops.convert_to_tensor(levels)
    return ops.sum(ops.cast(levels[:, 1:] - levels[:, :-1] > tolerance, levels.dtype), axis=-1)


def _apart(matrix):
    places = ops.arange(matrix.shape[0], dtype=matrix.dtype)
    return ops.abs(places[:, None] - places[None, :])


def _of_classes(matrix):
    """The MAE of each class, `(classes,)`; 0 where there is no sample of it."""
    return _ratio(ops.sum(matrix * _apart(matrix), axis=-1), ops.sum(matrix, axis=-1))


def _ratio(a, b):
    """a / b; 0 where b is 0."""
    return ops.where(b > 0, a / ops.where(b > 0, b, ops.ones_like(b)), ops.zeros_like(a))


class _OfRanks(keras.metrics.Metric):
    """A metric of ordered labels; its arguments are explained at `RankMAE`."""

    def __init__(self, classes: int, outputs: str = "levels", decision: str = "mode", name=None, dtype=None):
        require_classes(classes)
        super().__init__(name=name, dtype=dtype)
        self.classes, self.outputs, self.decision = classes, outputs, decision

    def get_config(self):
        own = {"classes": self.classes, "outputs": self.outputs, "decision": self.decision}
        return {**super().get_config(), **own}


class _OfConfusion(_OfRanks):
    """A function of the confusion matrix of all samples so far."""

    function = None

    def __init__(self, classes: int, outputs: str = "levels", decision: str = "mode", name=None, dtype=None):
        super().__init__(classes, outputs, decision, name, dtype)
        self.matrix = self.add_variable((classes, classes), initializer="zeros", name="matrix")

    def update_state(self, y_true, y_pred, sample_weight=None):
        found = labels_from_outputs(y_pred, self.outputs, self.classes, self.decision)
        self.matrix.assign_add(ops.cast(confusion(y_true, found, self.classes, sample_weight), self.dtype))

    def result(self):
        return type(self).function(ops.convert_to_tensor(self.matrix))


class _MeanOfLevels(_OfRanks):
    """The mean over the samples of a function of labels and levels."""

    def __init__(self, classes: int, outputs: str = "levels", decision: str = "mode", name=None, dtype=None):
        super().__init__(classes, outputs, decision, name, dtype)
        self.total = self.add_variable((), initializer="zeros", name="total")
        self.weight = self.add_variable((), initializer="zeros", name="weight")

    def values(self, y_true, levels):
        """The function's values `(batch,)`."""
        raise NotImplementedError

    def update_state(self, y_true, y_pred, sample_weight=None):
        values = self.values(y_true, levels_from_outputs(y_pred, self.outputs, self.classes))
        values = ops.cast(values, self.dtype)
        weights = ops.ones_like(values)
        if sample_weight is not None:
            weights = ops.reshape(ops.cast(sample_weight, self.dtype), (-1,))
        self.total.assign_add(ops.sum(values * weights))
        self.weight.assign_add(ops.sum(weights))

    def result(self):
        return _ratio(ops.convert_to_tensor(self.total), ops.convert_to_tensor(self.weight))


@keras.saving.register_keras_serializable(package="tf_models")
class RankMAE(_OfConfusion):
    """The mean distance of true and predicted rank.

    Args:
        classes: Number of ranks.
        outputs: Kind of the model's outputs, one of `tf_models.losses.levels.OUTPUTS`.
        decision: How outputs of the kind `classes` become a rank, `mode` or `median`.
        name: Name of the metric.
        dtype: Type to add up in; default Keras' floating type.

    Raises:
        ValueError: There are fewer than two ranks.

    >>> metric = RankMAE(3, outputs="classes")
    >>> metric.update_state([0, 2], [[1.0, 0.0, 0.0], [5.0, 0.0, 0.0]])
    >>> float(metric.result())
    1.0
    """

    function = staticmethod(mae)


@keras.saving.register_keras_serializable(package="tf_models")
class RankRMSE(_OfConfusion):
    """The root mean squared distance of true and predicted rank; arguments as for `RankMAE`."""

    function = staticmethod(rmse)


@keras.saving.register_keras_serializable(package="tf_models")
class RankAccuracy(_OfConfusion):
    """The fraction of samples whose rank is right; arguments as for `RankMAE`."""

    function = staticmethod(accuracy)


@keras.saving.register_keras_serializable(package="tf_models")
class AverageMAE(_OfConfusion):
    """The mean of the classes' MAEs, see `average_mae`; arguments as for `RankMAE`."""

    function = staticmethod(average_mae)


@keras.saving.register_keras_serializable(package="tf_models")
class MaximumMAE(_OfConfusion):
    """The largest of the classes' MAEs, see `maximum_mae`; arguments as for `RankMAE`."""

    function = staticmethod(maximum_mae)


@keras.saving.register_keras_serializable(package="tf_models")
class QuadraticKappa(_OfConfusion):
    """Cohen's kappa with quadratic weights, see `quadratic_kappa`; arguments as for `RankMAE`."""

    function = staticmethod(quadratic_kappa)


@keras.saving.register_keras_serializable(package="tf_models")
class RankedProbabilityScore(_MeanOfLevels):
    """The mean of `ranked_probability_score`; arguments as for `RankMAE`."""

    def values(self, y_true, levels):
        return ranked_probability_score(y_true, levels)


@keras.saving.register_keras_serializable(package="tf_models")
class RankInconsistencies(_MeanOfLevels):
    """The mean of `rank_inconsistencies`, a number a sample; arguments as for `RankMAE`."""

    def values(self, y_true, levels):
        return rank_inconsistencies(levels)
