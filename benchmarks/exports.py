"""Which model runs where: every builder's first recipe and a few small networks, exported, run by each runtime, and compared."""

import gc
import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers

import tf_models
from tf_data.errors import InputError
from tf_models import runtimes, saving

KINDS = [kind for kind, form in saving.EXPORTS.items() if form.read]
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
    """Export a model below `folder`, run it there, and compare: the largest difference, as a fraction of the largest output.

    Args:
        model: The model.
        kind: A form of `tf_models.saving.EXPORTS`.
        folder: Where the export goes.
        x: Samples for a model of one input; by default seven are drawn.

    Raises:
        InputError: The runtime lacks what the model does.
    """
    path = folder / f"model{saving.EXPORTS[kind].suffix}"
    saving.export(model, kind, path)
    model = runtimes.serving(model)
    inputs = {name: _samples(tensor) if x is None else x for name, tensor in runtimes.inputs(model).items()}
    outputs = keras.tree.flatten(model(keras.tree.pack_sequence_as(model.input, list(inputs.values()))))
    found = saving.read_export(kind, path)(inputs)
    expected = dict(zip(runtimes.outputs(model), map(keras.ops.convert_to_numpy, outputs), strict=True))
    assert found.keys() == expected.keys()
    worst = 0.0
    for name, values in expected.items():
        assert found[name].shape == values.shape
        scale = np.abs(values).max()
        assert scale > 0, f"{name} is zero everywhere, which shows nothing"
        worst = max(worst, float(np.abs(found[name] - values).max() / scale))
    return worst


def _samples(tensor: keras.KerasTensor, count: int = 7) -> np.ndarray:
    """Inputs that `tensor` stands for: texts, integers below 10, or numbers in 0..1."""
    rng, shape = np.random.default_rng(1), (count, *(size or 5 for size in tensor.shape[1:]))
    if tensor.dtype == "string":
        return rng.choice(["one two", "two three four", "five"], shape)
    return (rng.integers(0, 10, shape) if "int" in tensor.dtype else rng.random(shape)).astype(tensor.dtype)


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
