"""A small vision transformer (Dosovitskiy et al. 2020, arXiv 2010.11929)."""

import keras
from keras import layers


def vit(
    input_shape: tuple[int, int] = (16, 49),
    classes: int = 10,
    *,
    dim: int = 64,
    blocks: int = 4,
    heads: int = 4,
    hidden: int = 128,
    dropout: float = 0.1,
    name: str = "vit",
) -> keras.Model:
    """Patches, each with a place of its own, through blocks of attention and dense layers; their mean is classified.

    Every block normalises what it takes and adds what it finds, first by attention, then by two dense layers with SiLU
    between them. The paper has GELU there, which the converter to ONNX lacks, and a class token in place of the mean.

    Args:
        input_shape: Patches of an image and numbers in a patch, `(patches, size * size * channels)`.
        classes: Number of outputs.
        dim: Numbers that stand for a patch within the network; a multiple of `heads`.
        blocks: Number of blocks.
        heads: Heads of each attention.
        hidden: Units of the first dense layer of each block.
        dropout: Fraction of a block's findings that are dropped before they are added, 0 <= dropout < 1.
        name: Name of the model.

    Returns:
        A model from `(batch, *input_shape)` to logits `(batch, classes)`.

    Raises:
        ValueError: `dim` is not a multiple of `heads`.

    >>> vit().output_shape
    (None, 10)
    """
    if dim % heads:
        raise ValueError(f"dim {dim} must be a multiple of the {heads} heads")
    inputs = keras.Input(input_shape, name="patches")
    # The bias has a row for each place: it is the embedding of positions.
    x = layers.EinsumDense(
        "bpn,nd->bpd",
        (input_shape[0], dim),
        bias_axes="pd",
        bias_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name="embedding",
    )(inputs)
    for number in range(1, blocks + 1):
        y = layers.LayerNormalization(epsilon=1e-6, name=f"block{number}_attention_norm")(x)
        y = layers.MultiHeadAttention(heads, dim // heads, name=f"block{number}_attention")(y, y)
        y = layers.Dropout(dropout, name=f"block{number}_attention_dropout")(y)
        x = layers.Add(name=f"block{number}_attention_add")([x, y])
        y = layers.LayerNormalization(epsilon=1e-6, name=f"block{number}_dense_norm")(x)
        y = layers.Dense(hidden, activation="silu", name=f"block{number}_hidden")(y)
        y = layers.Dense(dim, name=f"block{number}_dense")(y)
        y = layers.Dropout(dropout, name=f"block{number}_dense_dropout")(y)
        x = layers.Add(name=f"block{number}_dense_add")([x, y])
    x = layers.LayerNormalization(epsilon=1e-6, name="norm")(x)
    x = layers.GlobalAveragePooling1D(name="mean")(x)
    return keras.Model(inputs, layers.Dense(classes, name="logits")(x), name=name)
