"""Which model runs where: every builder's first recipe and a few small networks, exported, run by each runtime, and compared."""

import gc
import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers

import tf_models
from tf_data.errors import InputError
from tf_models import agreement, saving

KINDS = agreement.RUN
TOLERANCE = 1e-5  # of the largest output


def run(quick: bool = False) -> list[dict]:
    """A row for each model: `yes` where the outputs of seven samples are Keras' own, within 1e-5 of the largest, or why not."""
    by_builder = {recipe.builder: recipe.id for recipe in reversed(tf_models.recipes())}
    models = {id: lambda id=id: tf_models.build(id) for id in sorted(by_builder.values())}
    models = {**dict(list(models.items())[: 1 if quick else None]), **OTHERS}
    return [{"model": name, **_row(build())} for name, build in models.items()]


def _row(model: keras.Model) -> dict[str, str]:
    cells = {}
    stir(model)
    for kind in KINDS:
        gc.collect()  # functions traced for the last form hold copies of all weights in circles
        with tempfile.TemporaryDirectory() as folder:
            try:
                worst = difference(model, kind, Path(folder))
                cells[kind] = "yes" if worst <= TOLERANCE else f"outputs differ by {worst:.1g}"
            except InputError as error:
                cells[kind] = str(error).partition(", which ")[2]
    return cells


def stir(model: keras.Model) -> None:
    """Move every weight a little, so that no output rests on weights that start at zero."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        moved = keras.ops.convert_to_numpy(weight) + rng.normal(0, 0.02, weight.shape)
        weight.assign(np.abs(moved) if "variance" in weight.path else moved)
    for layer in model._flatten_layers():
        if isinstance(layer, layers.Normalization):
            layer.finalize_state()


def difference(model: keras.Model, kind: str, folder: Path, x: np.ndarray | None = None) -> float:
    """Export a model below `folder`, run it there, and compare; see `tf_models.agreement.difference`.

    Args:
        model: The model.
        kind: One of `KINDS`.
        folder: Where the export goes.
        x: Samples for a model of one input; by default seven are drawn.

    Raises:
        InputError: The runtime lacks what the model does.
    """
    path = folder / f"model{saving.EXPORTS[kind].suffix}"
    saving.export(model, kind, path)
    inputs = agreement.drawn(model, 7)
    return agreement.difference(model, kind, path, inputs if x is None else dict.fromkeys(inputs, x))


def _of_sequences(layer) -> keras.Model:
    ids = keras.Input((None,), dtype="int32", name="ids")
    x = layer(layers.Embedding(20, 8, name="embedding")(ids))
    return keras.Model(ids, layers.Dense(2, name="logits")(x), name="sequences")


def _of_texts() -> keras.Model:
    text = keras.Input((), dtype="string", name="text")
    look_up = layers.TextVectorization(output_sequence_length=4, name="words")
    look_up.adapt(["one two three", "four five"])
    x = layers.Embedding(look_up.vocabulary_size(), 8, name="embedding")(look_up(text))
    return keras.Model(text, layers.Dense(2, name="logits")(layers.Flatten(name="flatten")(x)), name="texts")


OTHERS = {
    "ids of any length, averaged": lambda: _of_sequences(layers.GlobalAveragePooling1D(name="average")),
    "LSTM": lambda: _of_sequences(layers.LSTM(4, name="lstm")),
    "GRU": lambda: _of_sequences(layers.GRU(4, name="gru")),
    "texts, with the vocabulary inside": _of_texts,
}
