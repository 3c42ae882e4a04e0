"""Every recipe's model in every form: written, read back by the form's own runtime, and compared; what is refused, in one line."""

import importlib.util
from pathlib import Path

import divided
import keras
import numpy as np
import pytest
from runs import first_of_each
from small_models import SMALL

import tf_models
from benchmarks import exports, measure
from tf_data.errors import InputError
from tf_models import agreement, runtimes, saving
from tf_models.training import building
from tf_models.training.options import Options

NEEDED = {"onnx": ("onnx", "tf2onnx", "onnxruntime")}
KINDS = [
    pytest.param(
        kind,
        marks=pytest.mark.skipif(
            not all(map(importlib.util.find_spec, NEEDED.get(kind, ()))), reason="pip install 'tf-models[onnx]'"
        ),
    )
    for kind in exports.KINDS
]
RECIPES = tf_models.recipes()
# One recipe for each builder in every run, and for each model behind the marker; others export alike.
BY_MODEL = {(r.builder, repr(sorted({**r.model, **SMALL.get(r.id, {})}.items()))): r.id for r in RECIPES[::-1]}.values()
MODELS = first_of_each([recipe for recipe in RECIPES if recipe.id in BY_MODEL])


def small(id: str):
    return tf_models.build(id, **SMALL.get(id, {}))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("recipe", MODELS)
def test_runs_with_equal_outputs(recipe, kind, tmp_path):
    assert_runs(small(recipe.id), kind, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("id", [recipe.id for recipe in RECIPES])
def test_runs_with_equal_outputs_in_full_size(id, kind, tmp_path):
    assert_runs(tf_models.build(id), kind, tmp_path)


def assert_runs(model, kind, folder):
    """The runtime gives Keras' outputs; TFLite has no loops over lists, and says so."""
    exports.stir(model)
    if kind == "tflite" and any(isinstance(layer, keras.layers.RNN) for layer in model._flatten_layers()):
        with pytest.raises(
            InputError, match="cannot be made into TFLite, which has no operation for TensorListReserve"
        ):
            exports.difference(model, kind, folder)
        assert not list(folder.iterdir())
    else:
        assert exports.difference(model, kind, folder) <= exports.TOLERANCE


def test_an_export_of_other_weights_is_seen(tmp_path):
    model = small("mlp-basic")
    saving.export(model, "savedmodel", tmp_path / "saved")
    inputs = agreement.drawn(model, 3)
    assert agreement.difference(model, "savedmodel", tmp_path / "saved", inputs) < exports.TOLERANCE
    exports.stir(model)
    assert agreement.difference(model, "savedmodel", tmp_path / "saved", inputs) > 0.01
    with pytest.raises(ValueError, match=r"gives \{'output_0': \(3, 10\)\}, the model \{'output_0': \(3, 7\)\}"):
        agreement.difference(tf_models.build("mlp-basic", classes=7), "savedmodel", tmp_path / "saved", inputs)
    model.set_weights([0 * weight for weight in model.get_weights()])
    with pytest.raises(ValueError, match="output_0 is zero everywhere"):
        agreement.difference(model, "savedmodel", tmp_path / "saved", inputs)


# A recipe for each task, and for each kind of input of one.
TAKES = {
    "cnn-basic": True,
    "logistic-regression": True,
    "rnn-lstm-packed-imdb": True,
    "rnn-char-dickens": True,
    "ordinal-coral-cement": True,
    "metric-siamese-mlp": False,  # pairs
    "ae-basic": True,
    "ae-vae": True,
    "ae-cvae": False,  # labels besides
    "gan-fc-mnist": False,  # noise
}


@pytest.mark.parametrize(("id", "takes"), TAKES.items())
def test_an_export_is_compared_on_test_samples(id, takes):
    recipe, options, data = divided.prepared(divided.small(id), Options(quiet=True), 40)
    task = building.build(recipe, options, data)
    found = agreement.of_test_split(task, 4)
    assert (found is not None) == takes
    assert {recipe.task for recipe in RECIPES} == {tf_models.configs.get(each).task for each in TAKES}
    model = runtimes.serving(task.model)
    inputs = found or agreement.drawn(task.model, 4)
    outputs = model(keras.tree.pack_sequence_as(model.input, list(inputs.values())))
    if recipe.task == "continue-text":  # whose split is one text, of more characters
        assert [each.shape for each in inputs.values()] == [(1, agreement.STEPS)]
    counts = {len(each) for each in (*inputs.values(), *keras.tree.flatten(outputs))}
    assert counts == ({1} if recipe.task == "continue-text" else {4})
    if takes:
        (given,) = inputs.values()
        assert len(np.unique(given)) > 1


@pytest.mark.parametrize("recipe", MODELS)
def test_weights_come_back_bit_for_bit(recipe, tmp_path):
    """Of a GAN both parts."""
    model = small(recipe.id)
    exports.stir(model)
    for kind, form in {"weights": ".weights.h5", "npz": "npz"}.items():
        path = tmp_path / f"model{saving.EXPORTS[kind].suffix}"
        saving.export(model, kind, path)
        other = small(recipe.id)
        assert any(not np.array_equal(a, b) for a, b in zip(model.get_weights(), other.get_weights(), strict=True))
        loaded = next(entry for entry in saving.FORMS if entry.name == form).load(path, lambda other=other: other)
        for ours, theirs in zip(model.weights, loaded.weights, strict=True):
            np.testing.assert_array_equal(ours, theirs, err_msg=ours.path)


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_models_of_other_precisions_run_in_float32(kind, precision, tmp_path):
    from tf_models.training import devices

    arguments = {"filters": (2, 2), "input_shape": (8, 8, 1)}
    with devices.precision(precision):
        model = tf_models.build("mech-standardize-images", **arguments)
    plain = tf_models.build("mech-standardize-images", **arguments)
    exports.stir(model)
    plain.set_weights(model.get_weights())
    for layer in plain.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()
    path = tmp_path / f"model{saving.EXPORTS[kind].suffix}"
    saving.export(model, kind, path)
    x = np.random.default_rng(0).random((3, 8, 8, 1))
    expected, dtype = plain(x), "float32"
    if kind == "savedmodel":  # TensorFlow can do all of them
        expected, dtype = model(x), model.input.dtype
    (found,) = saving.read_export(kind, path)({"image": x.astype(dtype)}).values()
    assert found.dtype == np.dtype("float16" if kind == "savedmodel" and precision == "mixed_float16" else found.dtype)
    # 16 bits, summed in another order, differ more.
    rounding = 0.02 if kind == "savedmodel" and precision.startswith("mixed") else 1e-5
    np.testing.assert_allclose(found.astype("float32"), np.asarray(expected, "float32"), rtol=rounding, atol=rounding)


@pytest.mark.parametrize("kind", KINDS)
def test_texts_and_recurrent_layers(kind, tmp_path):
    """What a runtime lacks is refused in one line; what it has runs."""
    refused = {
        ("onnx", "texts, with the vocabulary inside"): "takes texts (text), which ONNX cannot look up",
        ("tflite", "texts, with the vocabulary inside"): "takes texts (text), which TFLite cannot look up",
        ("tflite", "LSTM"): "no operation for TensorListReserve",
        ("tflite", "GRU"): "no operation for TensorListReserve",
    }
    for number, (name, build) in enumerate(exports.OTHERS.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        if said := refused.get((kind, name)):
            with pytest.raises(InputError) as caught:
                exports.difference(build(), kind, folder)
            assert said in str(caught.value)
            assert len(str(caught.value).splitlines()) == 1
            assert not list(folder.iterdir())
        else:
            assert exports.difference(build(), kind, folder) <= exports.TOLERANCE, name


def test_onnx_names_operations_that_it_lacks(tmp_path):
    pytest.importorskip("tf2onnx")
    inputs = keras.Input((4,), name="x")
    model = keras.Model(inputs, keras.layers.Lambda(keras.ops.erfinv, name="odd")(inputs), name="odd")
    with pytest.raises(InputError, match="odd cannot be made into ONNX, which has no operation for Erfinv"):
        saving.export(model, "onnx", tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_exports_are_refused_in_one_line(kind, tmp_path):
    path = tmp_path / f"model{saving.EXPORTS[kind].suffix}"
    with pytest.raises(InputError, match="does not exist"):
        saving.read_export(kind, path)
    if kind == "savedmodel":
        path.mkdir()
        (path / "saved_model.pb").write_bytes(b"no graph")
    else:
        path.write_bytes(b"no graph")
    with pytest.raises(InputError, match=f"is damaged or no {kind} file") as caught:
        saving.read_export(kind, path)
    assert len(str(caught.value).splitlines()) == 1


def test_a_gan_runs_as_its_generator():
    gan = small("gan-fc-mnist")
    assert runtimes.serving(gan) is gan.generator
    assert list(runtimes.inputs(runtimes.serving(gan))) == ["noise"]


def test_shape_changes_that_a_runtime_needs_keep_outputs_and_model(tmp_path):
    """Grouped convolutions in ONNX and nearest neighbours in TFLite are written otherwise than Keras computes them."""
    image = keras.Input((6, 4, 4), name="image")
    x = keras.layers.Conv2D(6, 3, strides=2, padding="same", groups=2, activation="relu", name="groups")(image)
    inner = keras.Model(image, keras.layers.UpSampling2D((3, 2), name="up")(x), name="inner")
    outer = keras.Input((6, 4, 4), name="outer")
    x = keras.layers.UpSampling2D(2, name="up_again")(inner(outer))
    model = keras.Model(outer, keras.layers.Conv2D(2, 3, name="last")(x), name="shapes")
    exports.stir(model)
    before = model.to_json()
    for kind in exports.KINDS:
        if kind != "onnx" or all(map(importlib.util.find_spec, NEEDED["onnx"])):
            assert exports.difference(model, kind, tmp_path) <= exports.TOLERANCE
    assert model.to_json() == before


@pytest.mark.slow
@pytest.mark.skipif(not all(map(importlib.util.find_spec, NEEDED["onnx"])), reason="pip install 'tf-models[onnx]'")
def test_the_documentation_has_the_table_of_today():
    text = (Path(exports.__file__).parents[1] / "docs" / "export.md").read_text(encoding="utf-8")
    assert measure.table(exports.run()) in text
