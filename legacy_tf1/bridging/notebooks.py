"""What the original notebooks call their variables, as a second map of each topic, and what their nets have otherwise.

Loads no TensorFlow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Notebook:
    """One notebook's names.

    Attributes:
        name: Name of the notebook, with the half of it where it has two.
        scopes: The topic's scope of each of its scopes; `kernel` and `bias` count as `weights` and `biases`.
        variables: The topic's variable of each that stands alone.
        constants: Constants of its net that differ from the topic's, as `--set` takes it.
        scalar: The topic's variable that is one number for all classes there.
        filled: A scope that it lacks because it standardised its samples outside of the graph.
        note: What else differs.
    """

    name: str
    scopes: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    scalar: str = ""
    filled: str = ""
    note: str = ""


@dataclass(frozen=True)
class Refusal:
    """A notebook whose weights cannot mean the same in its topic.

    Attributes:
        name: Name of the notebook.
        variable, shape: A variable and its shape by which the notebook is known.
        reason: Why it is refused.
    """

    name: str
    variable: str
    shape: tuple[int, ...]
    reason: str


def _raw(*scopes: str) -> dict[str, str]:
    """Variables without names, all kernels before all biases."""
    kinds = [f"{scope}/{kind}" for kind in ("weights", "biases") for scope in scopes]
    return {f"Variable_{number}" if number else "Variable": name for number, name in enumerate(kinds)}


MLP = (
    Notebook("mlp-basic", variables=_raw("fc1", "fc2", "logits")),
    Notebook("mlp-basic, layers half", scopes={"dense": "fc1", "dense_1": "fc2", "dense_2": "logits"}),
    Notebook(
        "saving-and-reloading-models",
        scopes={"fc1": "fc1", "fc2": "fc2", "logits": "logits"},
        note="the notebook saving-and-reloading-models, which has the topic's own names, applies a ReLU to its logits; "
        "if the file is its own, add --set model.logits_activation=relu",
    ),
)
BACKPROP = (Notebook("mlp-lowlevel", variables=_raw("fc1", "logits")),)
TF_LAYERS_NORM = {"epsilon": 1e-3, "momentum": 0.99}
CONV_GAN = Refusal(
    "gan-conv",
    "generator/conv2d_transpose_3/kernel",
    (3, 3, 1, 8),
    "the notebook's net is another one: its last transposed convolution is 3x3 with SAME padding (here 2x2), its "
    "convolutions have biases, and it has dropout; build it in Keras and give it by --model",
)

NOTEBOOKS: dict[str, tuple[Notebook, ...]] = {
    "perceptron": (
        Notebook("perceptron", variables={"weights": "unit/weights", "bias": "unit/biases"}, filled="standardize"),
    ),
    "logistic-regression": (
        Notebook(
            "logistic-regression",
            variables={"weights": "logits/weights", "bias": "logits/biases"},
            filled="standardize",
        ),
    ),
    "softmax-regression": (
        Notebook(
            "softmax-regression",
            variables={"weights": "logits/weights", "bias": "logits/biases"},
            scalar="logits/biases",
        ),
    ),
    "mlp-basic": MLP,
    "mlp-basic-layers": MLP,
    "mlp-dropout": MLP,
    "mlp-batchnorm": (
        Notebook(
            "mlp-batchnorm",
            scopes={
                "dense": "fc1",
                "batch_normalization": "fc1/norm",
                "dense_1": "fc2",
                "batch_normalization_1": "fc2/norm",
                "logits": "logits",
            },
            constants=TF_LAYERS_NORM,
        ),
    ),
    "mlp-backprop-scratch": BACKPROP,
    "mlp-backprop-scratch-gradients": BACKPROP,
    "mlp-backprop-scratch-optimizer": BACKPROP,
    "metric-siamese-mlp": (
        Notebook(
            "siamese-1",
            scopes={"siamese_net/fc_1": "fc1", "siamese_net/fc_2": "fc2", "siamese_net/fc_3": "embedding"},
            constants={"activation": "relu"},
        ),
    ),
    "ae-basic": (Notebook("ae-basic", scopes={"encoding": "encoder/code", "logits": "decoder/pixels"}),),
    "ae-deconv": (
        Notebook(
            "ae-deconv",
            scopes={
                "conv2d": "encoder/stage1",
                "conv2d_1": "encoder/stage2",
                "conv2d_transpose": "decoder/stage1",
                "conv2d_transpose_1": "decoder/stage2",
                "conv2d_2": "decoder/pixels",
            },
        ),
    ),
    "ae-nneighbor": (
        Notebook(
            "ae-conv-nneighbor",
            scopes={
                "conv2d": "encoder/stage1",
                "conv2d_1": "encoder/stage2",
                "conv2d_2": "decoder/stage1",
                "conv2d_3": "decoder/stage2",
                "conv2d_4": "decoder/pixels",
            },
        ),
    ),
    "gan-fc-mnist": (
        Notebook(
            "gan",
            scopes={
                f"{part}/{theirs}": f"{part}/{ours}"
                for part, last in (("generator", "pixels"), ("discriminator", "score"))
                for theirs, ours in (("dense", "hidden"), ("dense_1", last))
            },
            constants={"negative_slope": 1e-4},
        ),
    ),
}
REFUSALS: dict[str, tuple[Refusal, ...]] = {
    "mlp-dropout": (
        Refusal(
            "mlp-dropout, layers half",
            "logits/kernel",
            (128, 10),
            "the notebook feeds its second dropout from its first layer, so that its logits come from 128 units and its "
            "second layer is never used; there is no such net here",
        ),
    ),
    "gan-conv-mnist": (CONV_GAN,),
    "gan-conv-label-smoothing": (CONV_GAN,),
}
