"""The forms of a model that run without Keras: SavedModel, ONNX and TFLite. Importing this loads none of their packages.

Each is written from a model and read back by its own runtime, as a function from named inputs to named outputs. Inputs have
the model's names; outputs those of a dictionary that the model gives, else `output_0` and so on. Any number of samples
goes in at once. ONNX and TFLite compute in float32, whatever the precision of the training.
"""

import errno
import json
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tf_data.command import silent_stderr
from tf_data.errors import InputError
from tf_data.files import whole_file, whole_folder

if TYPE_CHECKING:
    import keras

Function = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]


def serving(model: "keras.Model") -> "keras.Model":
    """What of a model runs elsewhere: the model, unless it names a part of it as a GAN names its generator."""
    return getattr(model, "serving", model)


def inputs(model: "keras.Model") -> dict[str, "keras.KerasTensor"]:
    """The inputs of a functional model by name, in the order in which Keras flattens them."""
    return _named(model.input, lambda number, tensor: tensor.name)


def outputs(model: "keras.Model") -> dict[str, "keras.KerasTensor"]:
    """The outputs likewise; `output_0` and so on unless they are a dictionary."""
    return _named(model.output, lambda number, tensor: f"output_{number}")


def _named(structure, name: Callable) -> dict:
    import keras

    tensors = keras.tree.flatten(structure)  # a dictionary in the order of its sorted keys
    names = sorted(structure) if isinstance(structure, dict) else [name(*item) for item in enumerate(tensors)]
    return dict(zip(names, tensors, strict=True))


def save_savedmodel(model: "keras.Model", path: Path) -> None:
    """A folder for TensorFlow Serving and `tf.saved_model.load`, with the signature `serving_default`."""
    import keras
    import tensorflow as tf

    model = serving(model)
    # Keras exports only what has been called in this process.
    model(keras.tree.map_structure(lambda tensor: tf.zeros((1, *_sizes(tensor)), tensor.dtype), model.input))
    with whole_folder(path) as temporary, silent_stderr():
        try:
            model.export(str(temporary), format="tf_saved_model", verbose=False)
        except tf.errors.OpError as error:  # a full disk, most likely: TensorFlow has names of its own for it
            full = isinstance(error, tf.errors.ResourceExhaustedError)
            number = errno.ENOSPC if full else errno.EIO
            raise OSError(number, os.strerror(number) if full else error.message) from None


def read_savedmodel(path: Path) -> Function:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    function = loaded.signatures["serving_default"]

    def call(inputs):
        # `loaded` owns the variables.
        assert loaded
        given = {name: tf.constant(value) for name, value in inputs.items()}
        return {name: value.numpy() for name, value in function(**given).items()}

    return call


def save_tflite(model: "keras.Model", path: Path) -> None:
    """A file for LiteRT, made of its built-in operations alone, so that it runs wherever LiteRT does.

    Raises:
        InputError: The model takes texts, or needs an operation that LiteRT does not have.
    """
    import tensorflow as tf

    _refuse_texts(model, "TFLite")
    with tempfile.TemporaryDirectory() as folder, silent_stderr():
        save_savedmodel(_portable(serving(model), "UpSampling2D"), Path(folder) / "model")
        converter = tf.lite.TFLiteConverter.from_saved_model(str(Path(folder) / "model"))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        converter.experimental_enable_resource_variables = True
        try:
            content = converter.convert()
        except Exception as error:  # of several classes, private ones among them
            raise _lacking(model, "TFLite", re.findall(r"'tf\.(\w+)' op", str(error))) from error
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def read_tflite(path: Path) -> Function:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:  # TensorFlow's copy of it, which says at each use that it will go
        from tensorflow.lite.python.interpreter import Interpreter
    with warnings.catch_warnings(), silent_stderr():
        warnings.filterwarnings("ignore", message=r"\s*Warning: tf.lite.Interpreter is deprecated")
        runner = Interpreter(model_path=str(path)).get_signature_runner()
    return lambda inputs: runner(**inputs)


def save_onnx(model: "keras.Model", path: Path) -> None:
    """A file for ONNX Runtime. An output that is called as an input is gets `_output` after its name.

    Raises:
        InputError: The extra `onnx` is not installed, the model takes texts, or needs an operation that ONNX lacks.
    """
    _refuse_texts(model, "ONNX")
    try:
        import onnx
        import tf2onnx
    except ImportError as error:
        raise _missing("onnx", error) from None
    import keras
    import tensorflow as tf
    from keras.src.export.tf2onnx_lib import patch_tf2onnx  # for NumPy 2, which tf2onnx does not know

    model = _portable(serving(model), "Conv2D")
    specs = [tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype, name) for name, tensor in inputs(model).items()]

    @tf.function(input_signature=specs, autograph=False)
    def call(*given):
        return keras.tree.flatten(model(keras.tree.pack_sequence_as(model.input, list(given)), training=False))

    with silent_stderr():
        patch_tf2onnx()
        converted, _ = tf2onnx.convert.from_function(call, specs)
    unknown = [node.op_type for node in _nodes(converted.graph) if not node.domain and not onnx.defs.has(node.op_type)]
    if unknown:
        raise _lacking(model, "ONNX", unknown)
    _fold(converted, call.get_concrete_function())
    _rename(converted, dict(zip((output.name for output in converted.graph.output), outputs(model), strict=True)))
    with whole_file(path) as temporary:
        onnx.save(converted, temporary)


def read_onnx(path: Path) -> Function:
    try:
        import onnxruntime
    except ImportError as error:
        raise _missing("onnx", error) from None
    session = onnxruntime.InferenceSession(Path(path).read_bytes(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def call(inputs):
        plain = [name.removesuffix("_output") if name.removesuffix("_output") in inputs else name for name in names]
        return dict(zip(plain, session.run(None, inputs), strict=True))

    return call


def _fold(converted, function) -> None:
    """Make constants of what the function took from outside and is no variable, as the mean of a `Normalization`.

    tf2onnx leaves them as inputs without a value.
    """
    from onnx import numpy_helper

    used = {name for node in _nodes(converted.graph) for name in node.input}
    captured = function.captured_inputs
    for placeholder, value in zip(function.inputs[-len(captured) :] if captured else (), captured, strict=True):
        for entry in [entry for entry in converted.graph.input if entry.name == placeholder.name]:
            converted.graph.input.remove(entry)
            if entry.name in used:
                converted.graph.initializer.append(numpy_helper.from_array(value.numpy(), entry.name))


def _nodes(graph) -> Iterator:
    """The nodes of a graph and of the graphs within, as loops have them."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _nodes(attribute.g)


def _rename(converted, names: dict[str, str]) -> None:
    """Give outputs the model's names."""
    taken = {entry.name for entry in converted.graph.input}
    names = {old: f"{new}_output" if new in taken else new for old, new in names.items()}
    for entry in converted.graph.output:
        entry.name = names[entry.name]
    for node in converted.graph.node:
        for values in (node.input, node.output):
            values[:] = [names.get(value, value) for value in values]


def _portable(model: "keras.Model", name: str) -> "keras.Model":
    """The model, or a copy in float32 with layers of `tf_models.layers.portable` where there is something to exchange.

    Args:
        name: Name of the class that is exchanged.
    """
    import keras

    from tf_models.layers import portable

    # Through JSON, so that both are made of the same lists and dictionaries.
    config = json.loads(json.dumps({**keras.saving.serialize_keras_object(model), "compile_config": None}))
    layer = getattr(portable, name)
    changed = _exchanged(config, layer)
    if changed == config:
        return model
    copy = keras.saving.deserialize_keras_object(changed, custom_objects={f"portable>{name}": layer})
    copy.set_weights(model.get_weights())
    for layer in copy._flatten_layers():
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()
    return copy


def _exchanged(node, layer: type):
    """A part of a configuration with float32 for other precisions, and with `layer` for Keras' of the same name."""
    if isinstance(node, list):
        return [_exchanged(item, layer) for item in node]
    if not isinstance(node, dict):
        return "float32" if node in ("mixed_float16", "mixed_bfloat16", "float64") else node
    its = node.get("module"), node.get("class_name")
    if its == ("keras.layers", layer.__name__) and layer.replaces(node["config"]):
        node = {**node, "module": None, "registered_name": f"portable>{layer.__name__}"}
    return {key: _exchanged(item, layer) for key, item in node.items()}


def _refuse_texts(model: "keras.Model", runtime: str) -> None:
    for name, tensor in inputs(serving(model)).items():
        if tensor.dtype == "string":
            raise InputError(
                f"model {model.name} takes texts ({name}), which {runtime} cannot look up: export a model of ids and keep "
                "the vocabulary beside it"
            )


def _lacking(model: "keras.Model", runtime: str, operations: list[str]) -> InputError:
    named = ", ".join(dict.fromkeys(operations)) or "a part of it"
    return InputError(f"model {model.name} cannot be made into {runtime}, which has no operation for {named}")


def _missing(extra: str, error: ImportError) -> InputError:
    return InputError(f"{extra} needs a package: {error}; pip install 'tf-models[{extra}]'")


def _sizes(tensor: "keras.KerasTensor") -> list[int]:
    """The shape of one sample; 1 where it may be of any size."""
    return [size or 1 for size in tensor.shape[1:]]
