"""Checkpoints as owners of the original notebooks have them, with everything that such files hold beside the weights."""

import keras
import numpy as np
import pytest
from tf1_files import write

from legacy_tf1 import bridge, names, topics
from tf_data.command import run

CONV = {"kernel": (3, 3, 0, 0), "bias": (0,)}


def layers(sizes: dict[str, tuple[int, ...]], kernel="kernel", bias="bias") -> dict[str, tuple[int, ...]]:
    """Kernel and bias of each layer; a transposed convolution has its units before its inputs."""
    shapes = {}
    for name, size in sizes.items():
        shapes[f"{name}/{kernel}"] = size
        shapes[f"{name}/{bias}"] = (size[-2] if "transpose" in name else size[-1],)
    return shapes


def raw(*kernels: tuple[int, int]) -> dict[str, tuple[int, ...]]:
    shapes = [*kernels, *((kernel[-1],) for kernel in kernels)]
    return {f"Variable_{n}" if n else "Variable": shape for n, shape in enumerate(shapes)}


def norms(sizes: dict[str, int]) -> dict[str, tuple[int, ...]]:
    kinds = ("gamma", "beta", "moving_mean", "moving_variance")
    return {f"{name}/{kind}": (size,) for name, size in sizes.items() for kind in kinds}


OLD = {"kernel": "weights", "bias": "biases"}
PLANE = {"weights": (2, 1), "bias": (1, 1)}
DENSE = {"dense": (784, 128), "dense_1": (128, 256)}
ENCODER = {"conv2d": (3, 3, 1, 8), "conv2d_1": (3, 3, 8, 4)}
# notebook: topic, variables, and where each of the topic's variables comes from
NOTEBOOKS = {
    "perceptron": ("perceptron", PLANE, {"unit/weights": "weights", "unit/biases": "bias"}),
    "logistic-regression": ("logistic-regression", PLANE, {"logits/weights": "weights", "logits/biases": "bias"}),
    "softmax-regression": (
        "softmax-regression",
        {"weights": (784, 10), "bias": (1, 1)},
        {"logits/weights": "weights", "logits/biases": "bias"},
    ),
    "mlp-basic": (
        "mlp-basic",
        raw((784, 128), (128, 256), (256, 10)),
        {"fc1/weights": "Variable", "fc2/weights": "Variable_1", "logits/biases": "Variable_5"},
    ),
    "mlp-basic, layers half": (
        "mlp-basic-layers",
        layers(DENSE | {"dense_2": (256, 10)}),
        {"fc1/weights": "dense/kernel", "fc2/biases": "dense_1/bias", "logits/weights": "dense_2/kernel"},
    ),
    "mlp-batchnorm": (
        "mlp-batchnorm",
        {f"{name}/kernel": size for name, size in DENSE.items()}
        | norms({"batch_normalization": 128, "batch_normalization_1": 256})
        | layers({"logits": (256, 10)}),
        {
            "fc1/weights": "dense/kernel",
            "fc1/norm/gamma": "batch_normalization/gamma",
            "fc2/norm/moving_variance": "batch_normalization_1/moving_variance",
            "logits/weights": "logits/kernel",
        },
    ),
    "mlp-dropout": (
        "mlp-dropout",
        raw((784, 128), (128, 256), (256, 10)),
        {"fc1/biases": "Variable_3", "logits/weights": "Variable_2"},
    ),
    "mlp-lowlevel": (
        "mlp-backprop-scratch-optimizer",
        raw((784, 128), (128, 10)),
        {"fc1/weights": "Variable", "fc1/biases": "Variable_2", "logits/weights": "Variable_1"},
    ),
    "cnn-basic": (
        "cnn-basic",
        layers({"conv1": (3, 3, 1, 8), "conv2": (3, 3, 8, 16), "logits": (784, 10)}, *OLD.values()),
        {"conv1/weights": "conv1/weights", "logits/biases": "logits/biases"},
    ),
    "siamese-1": (
        "metric-siamese-mlp",
        layers(
            {f"siamese_net/fc_{n}": size for n, size in enumerate(((784, 256), (256, 256), (256, 1)), 1)}, *OLD.values()
        ),
        {"fc1/weights": "siamese_net/fc_1/weights", "embedding/biases": "siamese_net/fc_3/biases"},
    ),
    "ae-basic": (
        "ae-basic",
        layers({"encoding": (784, 32), "logits": (32, 784)}, *OLD.values()),
        {"encoder/code/weights": "encoding/weights", "decoder/pixels/biases": "logits/biases"},
    ),
    "ae-deconv": (
        "ae-deconv",
        layers(
            ENCODER | {"conv2d_transpose": (3, 3, 8, 4), "conv2d_transpose_1": (3, 3, 8, 8), "conv2d_2": (3, 3, 8, 1)}
        ),
        {"decoder/stage1/weights": "conv2d_transpose/kernel", "decoder/pixels/weights": "conv2d_2/kernel"},
    ),
    "ae-conv-nneighbor": (
        "ae-nneighbor",
        layers(ENCODER | {"conv2d_2": (3, 3, 4, 8), "conv2d_3": (3, 3, 8, 8), "conv2d_4": (3, 3, 8, 1)}),
        {"decoder/stage1/weights": "conv2d_2/kernel", "decoder/stage2/biases": "conv2d_3/bias"},
    ),
    "gan": (
        "gan-fc-mnist",
        layers(
            {
                "generator/dense": (100, 128),
                "generator/dense_1": (128, 784),
                "discriminator/dense": (784, 128),
                "discriminator/dense_1": (128, 1),
            }
        ),
        {
            "generator/hidden/weights": "generator/dense/kernel",
            "discriminator/score/biases": "discriminator/dense_1/bias",
        },
    ),
    "saving-and-reloading-models": (
        "mlp-basic",
        layers({"fc1": (784, 128), "fc2": (128, 256), "logits": (256, 10)}, *OLD.values()),
        {"fc1/weights": "fc1/weights", "logits/biases": "logits/biases"},
    ),
}
# What lies beside the weights, turn by turn over the notebooks, so that each is met several times.
BESIDES = [
    {},
    {"optimizer": "Momentum"},
    {"optimizer": "RMSProp", "v1": True},
    {"optimizer": "Adam", "ema": True},
    {"optimizer": "Ftrl", "scope": "tower"},
    {"optimizer": "Adagrad", "ema": True, "scope": "tower", "v1": True},
    {"optimizer": "Adadelta", "v1": True},
]
CASES = [
    (notebook, {**BESIDES[(number + turn) % len(BESIDES)]})
    for turn in (0, 3)
    for number, notebook in enumerate(NOTEBOOKS)
]


def convert(notebook, folder, capsys, **besides):
    """The Keras model that the command makes of a notebook's checkpoint, what it said, and the checkpoint's values."""
    topic, shapes, _ = NOTEBOOKS[notebook]
    values = write(folder / "model.ckpt", shapes, **besides)
    arguments = [str(folder / "model.ckpt"), "--topic", topic, "--out", str(folder / "model.keras")]
    arguments += ["--scope", besides["scope"]] if besides.get("scope") else []
    arguments += ["--ema"] if besides.get("ema") else []
    assert run(bridge.main, arguments) == 0
    return keras.models.load_model(folder / "model.keras"), capsys.readouterr().out, values


@pytest.mark.parametrize(("notebook", "besides"), CASES)
def test_a_notebooks_checkpoint_becomes_its_topics_model_whatever_lies_beside(notebook, besides, tmp_path, capsys):
    id, shapes, sample = NOTEBOOKS[notebook]
    model, said, values = convert(notebook, tmp_path, capsys, **besides)
    named = names.model_variables(topics.get(id), model)
    outer, end = (f"{besides['scope']}/" if "scope" in besides else ""), "/ExponentialMovingAverage"
    taken = {n: values[outer + n + (end if besides.get("ema") and "moving_" not in n else "")] for n in shapes}
    for ours, theirs in sample.items():
        np.testing.assert_array_equal(*np.broadcast_arrays(np.squeeze(named[ours].numpy()), np.squeeze(taken[theirs])))
    # All of them, whatever the names: each array of the checkpoint is one of the model's and the other way round.
    filled = {name for name in named if name.startswith("standardize")}
    arrays = [v.numpy().tobytes() for name, v in named.items() if name not in filled and np.size(v) > 1]
    theirs = [v.tobytes() for v in taken.values() if v.size > 1]
    if notebook == "softmax-regression":  # its one bias is that of all classes
        arrays.remove(named["logits/biases"].numpy().tobytes())
    assert sorted(arrays) == sorted(theirs)
    assert ("the names are those of the notebook" in said) == (
        notebook not in ("cnn-basic", "saving-and-reloading-models")
    )
    assert bool(filled) == ("was filled from the training samples" in said)


def test_what_was_standardised_outside_is_filled_from_the_topics_data(tmp_path, capsys):
    import tf_data

    model, said, _ = convert("logistic-regression", tmp_path, capsys)
    train = tf_data.load("iris", classes=2, features=(0, 1), test=25, seed=1, version="uci").train
    layer = model.get_layer("standardize")
    np.testing.assert_allclose(layer.mean.numpy().ravel(), train.x.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(layer.variance.numpy().ravel(), train.x.var(axis=0), rtol=1e-4)
    assert "iris (embedded)" in said
    x = train.x[:4].astype(np.float32)
    by_hand = (x - train.x.mean(axis=0)) / train.x.std(axis=0) @ model.get_layer("logits").kernel.numpy()
    np.testing.assert_allclose(
        np.array(model(x)) - by_hand, float(model.get_layer("logits").bias.numpy()[0]), atol=1e-5
    )


@pytest.mark.parametrize(
    ("topic", "shapes", "said"),
    [
        ("mlp-dropout", layers({"dense": (784, 128), "dense_1": (128, 256), "logits": (128, 10)}), "second dropout"),
        (
            "gan-conv-mnist",
            layers({"generator/conv2d_transpose_3": (3, 3, 1, 8), "discriminator/dense": (1568, 1)}),
            "3x3 with SAME padding",
        ),
    ],
)
def test_what_cannot_mean_the_same_is_refused_with_the_reason(topic, shapes, said, tmp_path, capsys):
    write(tmp_path / "model.ckpt", shapes)
    out = tmp_path / "x.keras"
    assert run(bridge.main, [str(tmp_path), "--topic", topic, "--out", str(out)]) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("notebook", "said"),
    [
        ("mlp-batchnorm", ["--set model.epsilon=0.001", "--set model.momentum=0.99"]),
        ("gan", ["--set model.negative_slope=0.0001"]),
        ("siamese-1", ["--set model.activation=relu"]),
        ("saving-and-reloading-models", ["--set model.logits_activation=relu"]),
    ],
)
def test_constants_that_differ_are_said_and_set(notebook, said, tmp_path, capsys):
    _, text, _ = convert(notebook, tmp_path, capsys)
    for each in said:
        assert each in text
    topic = NOTEBOOKS[notebook][0]
    settings = [part for each in said for part in each.split()]
    arguments = [str(tmp_path / "model.ckpt"), "--topic", topic, *settings, "--out", str(tmp_path / "set.keras")]
    assert run(bridge.main, arguments) == 0
    assert not any(each in capsys.readouterr().out for each in said) or notebook == "saving-and-reloading-models"
    model = keras.models.load_model(tmp_path / "set.keras")
    if notebook == "mlp-batchnorm":
        assert {
            (model.get_layer(f"hidden{n}_norm").epsilon, model.get_layer(f"hidden{n}_norm").momentum) for n in (1, 2)
        } == {(0.001, 0.99)}
    elif notebook == "gan":
        slopes = {
            layer.negative_slope for layer in model._flatten_layers() if isinstance(layer, keras.layers.LeakyReLU)
        }
        assert slopes == {0.0001}
    elif notebook == "saving-and-reloading-models":
        assert np.array(model(np.random.default_rng(0).uniform(size=(9, 28, 28, 1)).astype(np.float32))).min() == 0


def test_a_setting_that_is_no_constant_is_refused(tmp_path, capsys):
    arguments = [str(tmp_path), "--topic", "mlp-basic", "--out", str(tmp_path / "x.keras"), "--set"]
    assert run(bridge.main, [*arguments, "model.epsilon=1e-3"]) == 2
    assert "unknown key" in capsys.readouterr().err
    assert run(bridge.main, [*arguments, "model.logits_activation=rleu"]) == 2
    assert "choose one of linear, relu" in capsys.readouterr().err


def test_adam_takes_its_step_from_its_powers_where_no_global_step_is(tmp_path, capsys):
    model, said, values = convert("ae-basic", tmp_path, capsys, optimizer="Adam", steps=1100)
    assert "global_step" not in values
    assert values["beta1_power"] == 0  # too small for float32: the other one tells
    assert int(model.optimizer.iterations) == 1100
    assert "Adam had made 1,100 steps" in said
    kept = {variable.path.rpartition("/")[2]: variable.numpy() for variable in model.optimizer.variables}
    np.testing.assert_array_equal(kept["encoder_code_kernel_momentum"], values["encoding/weights/Adam"])
    np.testing.assert_array_equal(kept["decoder_pixels_bias_velocity"], values["logits/biases/Adam_1"])
    # And into a checkpoint of the topic's graph, whose bias correction must go on as well.
    assert (
        run(bridge.main, [str(tmp_path / "model.ckpt"), "--topic", "ae-basic", "--out", str(tmp_path / "again.ckpt")])
        == 0
    )
    again = bridge.read(tmp_path / "again.ckpt")
    assert int(again["global_step"]) == 1100
    np.testing.assert_array_equal(again["beta2_power"], values["beta2_power"])


def test_momentum_needs_its_settings_and_says_so(tmp_path, capsys):
    model, said, values = convert("mlp-basic", tmp_path, capsys, optimizer="Momentum")
    assert not hasattr(model, "optimizer")
    assert "--set optimizer.momentum=" in said
    arguments = [str(tmp_path / "model.ckpt"), "--topic", "mlp-basic", "--set", "optimizer.momentum=0.9"]
    assert run(bridge.main, [*arguments, "--out", str(tmp_path / "set.keras")]) == 0
    assert "equal but for rounding" in capsys.readouterr().out
    model = keras.models.load_model(tmp_path / "set.keras")
    np.testing.assert_allclose(model.optimizer.momentums[0], -0.1 * values["Variable/Momentum"], rtol=1e-6)


def test_an_outer_scope_that_was_not_named_is_hinted_at(tmp_path, capsys):
    write(tmp_path / "model.ckpt", NOTEBOOKS["ae-deconv"][1], scope="tower")
    arguments = [str(tmp_path / "model.ckpt"), "--topic", "ae-deconv", "--out", str(tmp_path / "x.keras")]
    assert run(bridge.main, arguments) == 2
    assert "try --scope tower" in capsys.readouterr().err
    assert run(bridge.main, [*arguments, "--scope", "towel"]) == 2
    assert "scopes that are there: tower" in capsys.readouterr().err
    assert run(bridge.main, [*arguments, "--scope", "tower", "--ema"]) == 2
    assert "leave --ema away" in capsys.readouterr().err
