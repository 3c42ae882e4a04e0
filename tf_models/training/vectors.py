"""Embeddings that begin with word vectors that others have learned."""

import keras
import numpy as np

from tf_data import words
from tf_data.dataset import data_directory
from tf_data.datasets.glove import read_glove
from tf_data.errors import InputError
from tf_data.transform import Transform


def load_vectors(model: keras.Model, transform: Transform, data_dir: str | None) -> dict[str, int | str]:
    """Put the vectors that a `Text` transform names into the model's embedding; words without one keep theirs.

    Args:
        model: A model with one `Embedding`, whose size says which of GloVe's files is read.
        transform: The transform, which has learned its vocabulary.
        data_dir: The folder that holds a folder `glove`; default `TF_DATA_DIR`, else `data`.

    Returns:
        The file's name as `vectors`, and how many of how many `words` were `found` in it; empty where the transform
        names none.

    Raises:
        InputError: There is no such file, a line of it is malformed, or the model has not one embedding.
    """
    if not getattr(transform, "vectors", ""):
        return {}
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.Embedding)]
    if len(layers) != 1:
        raise InputError(f"word vectors go into one embedding, and model {model.name} has {len(layers)}")
    (weights,) = layers[0].get_weights()
    numbers = {word: number for number, word in enumerate(transform.vocabulary, words.FIRST)}
    size = weights.shape[1]
    try:
        found, vectors = read_glove(data_directory(data_dir) / "glove", size, set(numbers))
    except InputError as error:
        raise InputError(
            f"{error}; model.embedding_dim={size} says which vectors, transform.vectors='' takes none"
        ) from None
    weights[np.array([numbers[word] for word in found], np.int64)] = vectors
    layers[0].set_weights([weights])
    return {"vectors": f"glove.6B.{size}d", "words": len(numbers), "found": len(set(found))}
