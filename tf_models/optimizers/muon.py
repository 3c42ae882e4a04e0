"""Muon for convolutions: momentum whose steps are made orthogonal (Jordan et al. 2024, kellerjordan.github.io/posts/muon)."""

import math
import re

import keras
from keras import ops

TINY = 1e-7  # a kernel of zeros has no scale


@keras.saving.register_keras_serializable(package="tf_models")
class MuonSGD(keras.optimizers.SGD):
    """Gradient descent with momentum in which the steps of kernels are made orthogonal.

    A convolution's kernel `(height, width, inputs, outputs)` is taken for the matrix `(height * width * inputs, outputs)`.
    Its step is close to the orthogonal matrix nearest to the momentum: U V' where that is U S V', which a few of Newton's
    and Schulz' iterations find. All other weights make plain steps. `airbench94_muon` trains in this way
    (github.com/KellerJordan/cifar10-airbench), while `keras.optimizers.Muon` takes matrices only, and AdamW for the rest.
    Embeddings, depthwise kernels and the layer that gives the outputs are better excluded.

    Args:
        learning_rate: Rate of the orthogonal steps, a number or a schedule.
        sgd_lr_ratio: The rate of all other weights, as a multiple of `learning_rate`.
        momentum: Momentum of the other weights, 0 <= momentum <= 1.
        muon_momentum: Momentum of the kernels, 0 <= momentum < 1.
        nesterov: Whether both look ahead.
        ns_steps: Number of iterations; with more a step comes closer to an orthogonal matrix.
        normalize: Whether to scale each kernel before its step, so that the squares of its values add up to its number of
            outputs; for kernels whose scale does not matter, since a batch norm follows.
        exclude_layers: Regular expressions; a kernel in whose path one of them is found makes plain steps.
        weight_decay: Fraction of each weight that a step with the rate 1 takes off, before the update.
        **kwargs: What `keras.optimizers.SGD` takes besides.

    Raises:
        ValueError: A momentum, the ratio or the number of iterations is out of range.
    """

    def __init__(
        self,
        learning_rate=0.02,
        sgd_lr_ratio: float = 1.0,
        momentum: float = 0.9,
        muon_momentum: float = 0.95,
        nesterov: bool = True,
        ns_steps: int = 5,
        normalize: bool = False,
        exclude_layers: tuple[str, ...] = (),
        weight_decay: float | None = None,
        **kwargs,
    ):
        if not 0 <= muon_momentum < 1 or not sgd_lr_ratio > 0 or ns_steps < 1:
            raise ValueError(
                "muon_momentum must be in [0, 1), sgd_lr_ratio positive and ns_steps 1 or more, "
                f"not {muon_momentum}, {sgd_lr_ratio} and {ns_steps}"
            )
        super().__init__(learning_rate, momentum, nesterov, weight_decay, **kwargs)
        self.sgd_lr_ratio, self.muon_momentum, self.ns_steps = sgd_lr_ratio, muon_momentum, ns_steps
        self.normalize, self.exclude_layers = normalize, list(exclude_layers)
        self._muon = keras.optimizers.Muon()  # for its iteration

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self._is_kernel = [
            len(variable.shape) > 1 and not any(re.search(layer, variable.path) for layer in self.exclude_layers)
            for variable in variables
        ]
        if not self.momentums:
            self.momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        if not self._is_kernel[index]:
            super().update_step(gradient, variable, learning_rate * self.sgd_lr_ratio)
            return
        learning_rate, gradient = ops.cast(learning_rate, variable.dtype), ops.cast(gradient, variable.dtype)
        momentum = self.momentums[index]
        self.assign(momentum, self.muon_momentum * momentum + gradient)
        ahead = gradient + self.muon_momentum * momentum if self.nesterov else momentum
        matrix = ops.reshape(ahead, (-1, variable.shape[-1]))
        step = self._muon.zeropower_via_newtonschulz5(matrix, self.ns_steps)
        kernel = ops.convert_to_tensor(variable)
        if self.normalize:
            norm = ops.sqrt(ops.sum(ops.square(kernel)))
            kernel = kernel * (math.sqrt(variable.shape[-1]) / ops.maximum(norm, TINY))
        self.assign(variable, kernel - learning_rate * ops.reshape(step, variable.shape))

    def get_config(self):
        names = ("sgd_lr_ratio", "muon_momentum", "ns_steps", "normalize", "exclude_layers")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
