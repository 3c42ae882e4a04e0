"""An initialiser for convolutions that at first pass their input on (Jordan 2024, arXiv 2404.00498)."""

import keras
import numpy as np
from keras import initializers, ops


@keras.saving.register_keras_serializable(package="tf_models")
class PartialDirac(initializers.VarianceScaling):
    """The first output channels copy the input channels, the others start as PyTorch's do (section 3.2)."""

    def __init__(self, seed=None):
        super().__init__(scale=1 / 3, mode="fan_in", distribution="uniform", seed=seed)

    def __call__(self, shape, dtype=None):
        height, width, inputs, outputs = shape
        copies = min(inputs, outputs)
        identity = np.zeros((height, width, inputs, copies), np.float32)
        identity[height // 2, width // 2] = np.eye(inputs, copies)
        drawn = super().__call__(shape, dtype=dtype)
        return ops.concatenate([ops.cast(identity, drawn.dtype), drawn[..., copies:]], axis=-1)

    def get_config(self):
        return {"seed": super().get_config()["seed"]}
