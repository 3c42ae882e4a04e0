"""The last layer of an ordinal network, by the name of its method."""

from collections.abc import Callable

from tf_models.layers.ordinal import BeckhamHead, BinomialHead, CoralHead, CumulativeLinkHead, NiuHead
from tf_models.layers.torch_like import dense, torch_bias, torch_kernel
from tf_models.losses.levels import require_classes


def _with_biases(head: Callable) -> Callable:
    def build(x, classes: int, name: str):
        return head(classes, torch_kernel(), torch_bias(x.shape[-1]), name=name)(x)

    return build


def _coral(biases: str) -> Callable:
    return lambda x, classes, name: CoralHead(classes, biases, torch_kernel(), name=name)(x)


# Each from features, the number of ranks and a name to outputs; weights start as PyTorch's do.
HEADS: dict[str, Callable] = {
    "classes": lambda x, classes, name: dense(x, classes, name=name),
    "coral": _coral("zeros"),
    "coral-descending": _coral("descending"),
    "corn": lambda x, classes, name: dense(x, classes - 1, name=name),
    "niu": _with_biases(NiuHead),
    "beckham": _with_biases(BeckhamHead),
    "binomial": lambda x, classes, name: BinomialHead(classes, torch_kernel(), name=name)(x),
    "cumulative-link": lambda x, classes, name: CumulativeLinkHead(
        classes, kernel_initializer=torch_kernel(), name=name
    )(x),
}


def ordinal_head(x, classes: int, head: str = "coral", name: str = "logits"):
    """The outputs of an ordinal method from features.

    Args:
        x: Features `(batch, features)`.
        classes: Number of ranks, 2 or more.
        head: One of `HEADS`. `classes`: a logit for each rank; `coral` (its biases start at 0) and `coral-descending`:
            `CoralHead`; `corn`: a logit for each conditional level; `niu`: `NiuHead`; `beckham`: `BeckhamHead`;
            `binomial`: `BinomialHead`; `cumulative-link`: `CumulativeLinkHead` with the logit link.
        name: Name of the layer.

    Returns:
        Outputs in the shape that the head's kind has, see `tf_models.losses.levels`.

    Raises:
        ValueError: The head is unknown, or there are fewer than two ranks.
    """
    if head not in HEADS:
        raise ValueError(f"head must be one of {', '.join(HEADS)}, not {head!r}")
    require_classes(classes)
    return HEADS[head](x, classes, name)
