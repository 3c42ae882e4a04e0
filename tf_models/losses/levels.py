"""Ranks, levels and probabilities of an ordinal model, into each other.

A rank is one of the ordered labels 0..K-1. Its levels are K - 1 answers to "is the rank above k?", k = 0..K-2 (Li and
Lin 2007): rank 2 of five is 1, 1, 0, 0. What an ordinal head gives is one of the `OUTPUTS`:

| outputs | shape | stands for |
| --- | --- | --- |
| `classes` | (batch, K) | logits of a softmax over the ranks |
| `levels` | (batch, K - 1) | logits of P(y > k) |
| `conditional` | (batch, K - 1) | logits of P(y > k given y > k - 1) |
| `pairs` | (batch, K - 1, 2) | logits of a softmax over "not above k" and "above k" |
| `value` | (batch, 1) | a number in 0..K-1, the rank itself before it is rounded |
"""

from keras import ops

OUTPUTS = ("classes", "levels", "conditional", "pairs", "value")


def levels_from_labels(labels, classes: int, dtype: str = "float32"):
    """The levels of ranks: 1 for each k below the rank and 0 for the others.

    Args:
        labels: Integers 0..classes-1, `(batch,)` or `(batch, 1)`.
        classes: Number of ranks, 2 or more.
        dtype: Type of the result.

    Returns:
        A tensor `(batch, classes - 1)`.

    Raises:
        ValueError: There are fewer than two ranks.

    >>> levels_from_labels([0, 2, 3], 4).numpy().astype(int).tolist()
    [[0, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    require_classes(classes)
    return ops.cast(column(labels) > ops.arange(classes - 1, dtype="int32"), dtype)


def labels_from_levels(levels, threshold: float = 0.5):
    """The rank that levels stand for: how many of them are above the threshold (Niu et al. 2016; Cao et al. 2020).

    Levels that contradict each other, as 1, 0, 1, count like any others.

    Args:
        levels: Levels, or probabilities P(y > k), `(batch, classes - 1)`.
        threshold: A level above it is a yes.

    Returns:
        An int32 tensor `(batch,)`.

    >>> labels_from_levels([[0.9, 0.8, 0.1], [0.4, 0.3, 0.2]]).numpy().tolist()
    [2, 0]
    """
    return ops.sum(ops.cast(ops.convert_to_tensor(levels) > threshold, "int32"), axis=-1)


def levels_from_outputs(outputs, kind: str, classes: int):
    """The probabilities P(y > k) that an ordinal head's outputs stand for.

    Those of `classes` and `conditional` never grow with k; those of `levels` and `pairs` may. A `value` v is a forecast
    of one point: it lies on its two neighbouring ranks such that their mean is v.

    Args:
        outputs: What the head gives, in the shape of its kind.
        kind: One of `OUTPUTS`.
        classes: Number of ranks.

    Returns:
        Probabilities `(batch, classes - 1)`.

    Raises:
        ValueError: The kind is unknown, or the outputs have another shape.
    """
    require_classes(classes)
    outputs = ops.convert_to_tensor(outputs)
    shapes = {
        "classes": (classes,),
        "levels": (classes - 1,),
        "conditional": (classes - 1,),
        "pairs": (classes - 1, 2),
        "value": (1,),
    }
    if kind not in shapes:
        raise ValueError(f"outputs must be one of {', '.join(OUTPUTS)}, not {kind!r}")
    if tuple(outputs.shape[1:]) != shapes[kind]:
        raise ValueError(f"{kind} of {classes} ranks have the shape {shapes[kind]}, not {tuple(outputs.shape[1:])}")
    if kind == "classes":
        # From the top, so that no difference of two numbers near 1 is taken.
        return ops.flip(ops.cumsum(ops.flip(ops.softmax(outputs)[:, 1:], axis=-1), axis=-1), axis=-1)
    if kind == "levels":
        return ops.sigmoid(outputs)
    if kind == "conditional":
        return ops.cumprod(ops.sigmoid(outputs), axis=-1)
    if kind == "pairs":
        return ops.sigmoid(outputs[..., 1] - outputs[..., 0])
    return ops.clip(outputs - ops.cast(ops.arange(classes - 1, dtype="int32"), outputs.dtype), 0.0, 1.0)


def probabilities_from_levels(levels):
    """A distribution over the ranks from probabilities P(y > k).

    Where a level is above one before it, no distribution has these levels; it is lowered to the least one before it.
    Consistent levels stay as they are.

    Args:
        levels: P(y > k), `(batch, classes - 1)`.

    Returns:
        Probabilities `(batch, classes)`, none negative, that add up to 1.

    >>> probabilities_from_levels([[0.75, 0.25]]).numpy().tolist()
    [[0.25, 0.5, 0.25]]
    """
    levels = ops.convert_to_tensor(levels)
    below = [levels[:, :1]]
    for number in range(1, levels.shape[-1]):
        below.append(ops.minimum(below[-1], levels[:, number : number + 1]))
    ends = ops.ones_like(levels[:, :1]), ops.zeros_like(levels[:, :1])
    return ops.concatenate([ends[0], *below], axis=-1) - ops.concatenate([*below, ends[1]], axis=-1)


def labels_from_outputs(outputs, kind: str, classes: int, decision: str = "mode"):
    """The ranks that an ordinal head's outputs stand for.

    Args:
        outputs: What the head gives, in the shape of its kind.
        kind: One of `OUTPUTS`.
        classes: Number of ranks.
        decision: For outputs of the kind `classes`: `mode`, the most probable rank, or `median`, the number of levels
            above 1/2, which has the least expected absolute error. All other kinds give the median.

    Returns:
        An int32 tensor `(batch,)`.

    Raises:
        ValueError: Kind or decision are unknown, or the outputs have another shape.
    """
    if decision not in ("mode", "median"):
        raise ValueError(f"decision must be mode or median, not {decision!r}")
    levels = levels_from_outputs(outputs, kind, classes)  # refuses what does not fit
    if kind == "classes" and decision == "mode":
        return ops.cast(ops.argmax(outputs, axis=-1), "int32")
    return labels_from_levels(levels)


def column(labels):
    """Labels of any integer kind, `(batch,)` or `(batch, 1)`, or one-hot, `(batch, classes)`, as int32 `(batch, 1)`."""
    labels = ops.convert_to_tensor(labels)
    if len(labels.shape) == 2 and labels.shape[-1] != 1:
        labels = ops.argmax(labels, axis=-1)
    return ops.reshape(ops.cast(labels, "int32"), (-1, 1))


def require_classes(classes: int) -> None:
    """Raise ValueError unless there are at least two ranks."""
    if classes < 2:
        raise ValueError(f"ranks need 2 classes or more, not {classes}")
