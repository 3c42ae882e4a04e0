"""Heads for ordered labels: the last layer of a network, from features `(batch, features)` to the outputs of a method.

What the outputs stand for is said in `tf_models.losses.levels`; each head names its kind in `outputs`. A plain `Dense`
of K units gives the kind `classes`, one of K - 1 units `conditional` (CORN) or, with K - 1 weight vectors, `levels`.
"""

import math

import keras
from keras import initializers, layers, ops

from tf_models.losses.levels import require_classes

LINKS = ("logit", "cloglog")
BIASES = ("zeros", "descending")


class _Head(layers.Layer):
    """What the heads share: the number of ranks, and weights from the features.

    Attributes:
        outputs: Kind of the outputs, one of `tf_models.losses.levels.OUTPUTS`.
    """

    outputs: str

    def __init__(self, classes: int, kernel_initializer="glorot_uniform", **kwargs):
        require_classes(classes)
        super().__init__(**kwargs)
        self.classes = classes
        self.kernel_initializer = initializers.get(kernel_initializer)

    def add_kernel(self, input_shape, units: int):
        """Weights `(features, units)`."""
        return self.add_weight((input_shape[-1], units), initializer=self.kernel_initializer, name="kernel")

    def get_config(self):
        kernel = initializers.serialize(self.kernel_initializer)
        return {**super().get_config(), "classes": self.classes, "kernel_initializer": kernel}


class _BiasedHead(_Head):
    """A head whose biases start as its caller says."""

    def __init__(self, classes: int, kernel_initializer="glorot_uniform", bias_initializer="zeros", **kwargs):
        super().__init__(classes, kernel_initializer, **kwargs)
        self.bias_initializer = initializers.get(bias_initializer)

    def add_bias(self, units: int):
        """Biases `(units,)`."""
        return self.add_weight((units,), initializer=self.bias_initializer, name="bias")

    def get_config(self):
        return {**super().get_config(), "bias_initializer": initializers.serialize(self.bias_initializer)}


@keras.saving.register_keras_serializable(package="tf_models")
class CoralHead(_Head):
    """One weight vector for all levels and a bias for each, z_k = x . w + b_k (Cao et al. 2020, arXiv 1901.07884).

    At the loss's optimum the biases do not grow with k (the paper's theorem 1), and then P(y > k) does not either. Before
    the optimum they may: `tf_models.metrics.RankInconsistencies` counts.

    Args:
        classes: Number of ranks K, 2 or more.
        biases: How the biases start: `zeros`, or `descending` from 1 to 1 / (K - 1), which is consistent from the start.
        kernel_initializer: Initialiser of the weight vector.

    Returns:
        Logits of P(y > k), `(batch, classes - 1)`.

    Raises:
        ValueError: There are fewer than two ranks, or the kind of biases is unknown.

    >>> CoralHead(5)(ops.zeros((2, 3))).shape
    TensorShape([2, 4])
    """

    outputs = "levels"

    def __init__(self, classes: int, biases: str = "zeros", kernel_initializer="glorot_uniform", **kwargs):
        if biases not in BIASES:
            raise ValueError(f"biases must be one of {', '.join(BIASES)}, not {biases!r}")
        super().__init__(classes, kernel_initializer, **kwargs)
        self.biases = biases

    def build(self, input_shape):
        count = self.classes - 1
        self.kernel = self.add_kernel(input_shape, 1)
        falling = [(count - k) / count for k in range(count)]
        kinds = {"zeros": "zeros", "descending": lambda shape, dtype=None: ops.convert_to_tensor(falling, dtype)}
        self.bias = self.add_weight((count,), initializer=kinds[self.biases], name="bias")

    def call(self, x):
        return ops.matmul(x, self.kernel) + self.bias

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.classes - 1)

    def get_config(self):
        return {**super().get_config(), "biases": self.biases}


@keras.saving.register_keras_serializable(package="tf_models")
class NiuHead(_BiasedHead):
    """Two logits for each level, "not above k" and "above k" (Niu et al. 2016).

    Args:
        classes: Number of ranks K, 2 or more.
        kernel_initializer, bias_initializer: Initialisers of weights and biases.

    Returns:
        Logits `(batch, classes - 1, 2)`.

    Raises:
        ValueError: There are fewer than two ranks.
    """

    outputs = "pairs"

    def build(self, input_shape):
        units = 2 * (self.classes - 1)
        self.kernel = self.add_kernel(input_shape, units)
        self.bias = self.add_bias(units)

    def call(self, x):
        return ops.reshape(ops.matmul(x, self.kernel) + self.bias, (-1, self.classes - 1, 2))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.classes - 1, 2)


@keras.saving.register_keras_serializable(package="tf_models")
class BeckhamHead(_BiasedHead):
    """A value from a softmax and a learned vector a, v = (K - 1) s(softmax(x W + b) . a) (Beckham and Pal 2016).

    s is the sigmoid, so that v lies between the ranks 0 and K - 1; see arXiv 1612.00775. a starts at N(0, 0.1).

    Args:
        classes: Number of ranks K, 2 or more.
        kernel_initializer, bias_initializer: Initialisers of the weights W and biases b.

    Returns:
        Values in 0..classes-1, `(batch, 1)`.

    Raises:
        ValueError: There are fewer than two ranks.
    """

    outputs = "value"

    def build(self, input_shape):
        self.kernel = self.add_kernel(input_shape, self.classes)
        self.bias = self.add_bias(self.classes)
        self.ranks = self.add_weight((self.classes, 1), initializer=initializers.RandomNormal(stddev=0.1), name="ranks")

    def call(self, x):
        weights = ops.softmax(ops.matmul(x, self.kernel) + self.bias)
        return (self.classes - 1) * ops.sigmoid(ops.matmul(weights, self.ranks))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 1)


@keras.saving.register_keras_serializable(package="tf_models")
class BinomialHead(_Head):
    """A binomial distribution over the ranks, which has one peak whatever the weights (Beckham and Pal 2017, 1705.05278).

    With p = s(x . w + b): logits_k = [ log C(K - 1, k) + k log p + (K - 1 - k) log(1 - p) ] / t. The temperature t,
    softplus of a learned number, lets the peak be sharper or broader than the binomial's; it starts at 1.

    Args:
        classes: Number of ranks K, 2 or more.
        kernel_initializer: Initialiser of the weight vector.

    Returns:
        Logits of a softmax over the ranks, `(batch, classes)`.

    Raises:
        ValueError: There are fewer than two ranks.
    """

    outputs = "classes"

    def build(self, input_shape):
        self.kernel = self.add_kernel(input_shape, 1)
        self.bias = self.add_weight((1,), initializer="zeros", name="bias")
        one = initializers.Constant(math.log(math.e - 1))  # whose softplus is 1
        self.temperature = self.add_weight((), initializer=one, name="temperature")

    def call(self, x):
        z, last = _wide(ops.matmul(x, self.kernel) + self.bias), self.classes - 1
        k = ops.arange(self.classes, dtype=z.dtype)
        ways = ops.convert_to_tensor([math.log(math.comb(last, number)) for number in range(self.classes)], z.dtype)
        logs = ways + k * ops.log_sigmoid(z) + (last - k) * ops.log_sigmoid(-z)
        return logs / ops.softplus(ops.cast(self.temperature, z.dtype))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.classes)


@keras.saving.register_keras_serializable(package="tf_models")
class CumulativeLinkHead(_Head):
    """A cumulative link model: P(y <= k) = g(t_k - x . w) with growing thresholds (McCullagh 1980; Vargas et al. 2020).

    t_0 = b and t_k = t_{k-1} + a_k^2 + `min_distance`, with b and the a_k learned, so that the order of the thresholds
    needs no constraint. g is the sigmoid (`logit`) or 1 - exp(-exp(z)) (`cloglog`). Logarithms of differences are taken
    in closed form and stay finite far out.

    Args:
        classes: Number of ranks K, 2 or more.
        link: `logit` or `cloglog`.
        min_distance: Least distance of two thresholds; above 0, as the loss has no slope where two of them meet.
        kernel_initializer: Initialiser of the weight vector w.

    Returns:
        Logarithms of the probabilities of the ranks, `(batch, classes)`; as logits of a softmax they are themselves.

    Raises:
        ValueError: There are fewer than two ranks, the link is unknown, or the distance is not positive.
    """

    outputs = "classes"

    def __init__(
        self,
        classes: int,
        link: str = "logit",
        min_distance: float = 1e-3,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        if link not in LINKS:
            raise ValueError(f"link must be one of {', '.join(LINKS)}, not {link!r}")
        if not min_distance > 0:
            raise ValueError(f"min_distance must be positive, not {min_distance}")
        super().__init__(classes, kernel_initializer, **kwargs)
        self.link, self.min_distance = link, min_distance

    def build(self, input_shape):
        count = self.classes - 2
        self.kernel = self.add_kernel(input_shape, 1)
        # One step for each threshold after the first, 1 apart, and symmetric about 0.
        self.first = self.add_weight((1,), initializer=initializers.Constant(-count / 2), name="first")
        self.steps = self.add_weight((count,), initializer="ones", name="steps")

    def thresholds(self):
        """The thresholds t_k, `(classes - 1,)`, each larger than the one before."""
        steps = ops.square(self.steps) + self.min_distance
        return self.first + ops.concatenate([ops.zeros((1,), steps.dtype), ops.cumsum(steps)])

    def call(self, x):
        score = _wide(ops.matmul(x, self.kernel))
        z = ops.cast(self.thresholds(), score.dtype) - score
        low, high = z[:, :-1], z[:, 1:]
        if self.link == "logit":
            # s(h) - s(l) = s(h) s(-l) (1 - exp(l - h))
            first, last = ops.log_sigmoid(z[:, :1]), ops.log_sigmoid(-z[:, -1:])
            between = ops.log_sigmoid(high) + ops.log_sigmoid(-low) + _log_one_minus_exp(high - low)
        else:
            # exp(-exp(l)) - exp(-exp(h)) = exp(-exp(l)) (1 - exp(exp(l) - exp(h)))
            rates = ops.exp(ops.clip(z, -60.0, 60.0))
            first, last = _log_one_minus_exp(rates[:, :1]), -rates[:, -1:]
            between = -rates[:, :-1] + _log_one_minus_exp(rates[:, 1:] - rates[:, :-1])
        return ops.concatenate([first, between, last], axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.classes)

    def get_config(self):
        return {**super().get_config(), "link": self.link, "min_distance": self.min_distance}


def _wide(x):
    """Numbers of 16 bits as float32, in which logarithms of small probabilities stay finite; others as they are."""
    return ops.cast(x, "float32") if keras.backend.standardize_dtype(x.dtype) in ("float16", "bfloat16") else x


def _log_one_minus_exp(x):
    """log(1 - exp(-x)) of positive x; differences that rounding made 0 count as the least positive number."""
    return ops.log(-ops.expm1(-ops.maximum(x, 1e-30)))
