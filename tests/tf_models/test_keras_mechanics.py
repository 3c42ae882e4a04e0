"""Demonstrations: captured outputs and gradients, gradients of anything, shared weights, curves that grow."""

import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tf_models
from tf_data.command import run
from tf_models import train
from tf_models.layers import Recomputed
from tf_models.mechanics import (
    checkpointing,
    clipping,
    fc_to_conv,
    gradients,
    hooks,
    live_plot,
    three_ways,
    weight_sharing,
)
from tf_models.mechanics.checkpointing import recomputed
from tf_models.mechanics.gradients import gradients_of
from tf_models.mechanics.hooks import capture
from tf_models.mlp import mlp
from tf_models.training.live import LivePlot, sparkline

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(32, 4, 4, 1)).astype(np.float32), RNG.integers(0, 3, 32)
CROSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def network(**changes):
    keras.utils.set_random_seed(3)
    model = mlp((4, 4, 1), 3, **{"hidden": (8, 6), "initializer": "torch", **changes})
    model.compile(keras.optimizers.SGD(0.1), CROSS, jit_compile=False)
    return model


def part(model, name):
    """The model up to a layer."""
    return keras.Model(model.input, model.get_layer(name).output)


def test_what_layers_give_in_predict_and_in_a_call():
    model = network()
    expected = {name: part(model, name)(X).numpy() for name in ("hidden1", "hidden2")}
    with capture(model, "hidden?") as seen:
        y = model.predict(X, batch_size=32, verbose=0)
        model(X)
    assert list(seen.outputs) == ["hidden1", "hidden2"]
    for name, value in expected.items():
        np.testing.assert_allclose(seen.outputs[name][-1], value, rtol=1e-5, atol=1e-6)
        assert (value < 0).any()  # pre-activations, and not what a ReLU has left of them
    np.testing.assert_allclose(y, model(X), rtol=1e-5, atol=1e-6)


def test_fit_is_watched_and_ends_with_the_same_bits():
    plain, watched = network(dropout=0.5), network(dropout=0.5)
    plain.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    with capture(watched, ["hidden2", "logits"], gradients=True, keep=None) as seen:
        watched.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(plain.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    for name, size in (("hidden2", 6), ("logits", 3)):
        assert [len(found[name]) for found in (seen.outputs, seen.gradients)] == [8, 8]
        assert seen.outputs[name][0].shape == seen.gradients[name][0].shape == (8, size)
    # The gradient of a mean cross-entropy by the logits is known.
    for step in (0, 7):
        rows = np.arange(8) + 8 * (step % 4)
        p = tf.nn.softmax(seen.outputs["logits"][step]).numpy()
        np.testing.assert_allclose(seen.gradients["logits"][step], (p - np.eye(3)[Y[rows]]) / 8, atol=1e-7)
    # Afterwards nothing is left: neither in the layers nor in what Keras has compiled.
    assert not any("call" in vars(layer) for layer in watched.layers)
    watched.fit(X, Y, batch_size=8, verbose=0)
    assert len(seen.outputs["logits"]) == 8


def test_layers_within_models_activations_and_the_last_calls():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(5, "relu", name="inner")], name="part")
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.Dense(2, name="last")(inner(inputs)))
    x = RNG.normal(size=(6, 4)).astype(np.float32)
    kernel, bias = inner.get_weights()
    with capture(model, "inner", before_activation=True) as before, capture(model, "inner", keep=2) as after:
        for _ in range(3):
            model(x)
    np.testing.assert_allclose(before.outputs["inner"][-1], x @ kernel + bias, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(after.outputs["inner"][-1], np.maximum(x @ kernel + bias, 0), rtol=1e-5, atol=1e-6)
    assert (len(before.outputs["inner"]), len(after.outputs["inner"])) == (1, 2)
    assert inner.get_layer("inner").activation is keras.activations.relu


def test_what_cannot_be_captured_is_refused():
    model = network()
    with pytest.raises(ValueError, match="mlp has no layer 'hiden1'; did you mean hidden1"), capture(model, "hiden1"):
        pass
    with (
        pytest.raises(ValueError, match="flatten has no activation"),
        capture(model, "flatten", before_activation=True),
    ):
        pass
    model.compile("sgd", CROSS, jit_compile=True)
    with pytest.raises(ValueError, match="compile with jit_compile=False"), capture(model, "logits"):
        pass
    with pytest.raises(RuntimeError, match="stop"), capture(network(), "logits"):
        raise RuntimeError("stop")


def test_the_originals_gradients(capsys):
    found = gradients_of(gradients.example, 3.0, 2.0, 1.0, at=["x", "w", "b", "u", "v"])
    assert {name: float(value) for name, value in found.items()} == {"x": 2, "w": 3, "b": 1, "u": 1, "v": 1}
    assert run(gradients.main, ["--x", "-3"]) == 0
    assert "da/dw = 0" in capsys.readouterr().out  # the ReLU is shut
    with pytest.raises(ValueError, match="nothing was marked as 'y'"):
        gradients_of(gradients.example, 3.0, 2.0, 1.0, at=["y"])


def test_a_dense_layer_is_a_convolution_step_by_step(capsys, tmp_path):
    """The numbers of the original's notebook, in all three ways, and on a larger image those of every patch."""
    for form in fc_to_conv.forms().values():
        assert form.outputs.shape == (2, 1, 1)
        np.testing.assert_allclose(form.outputs.ravel(), [14.9, 19.0])
    shapes = {name: form.shapes for name, form in fc_to_conv.forms().items()}
    assert shapes["size"] == ((1, 2, 2, 1), (2, 2, 1, 2), (1, 1, 1, 2))
    assert shapes["channels"] == ((1, 1, 1, 4), (1, 1, 4, 2), (1, 1, 1, 2))
    wide = fc_to_conv.sliding().outputs
    patches = np.lib.stride_tricks.sliding_window_view(fc_to_conv.LARGER, (2, 2)).reshape(2, 2, 4)
    np.testing.assert_allclose(wide, np.moveaxis(patches @ fc_to_conv.WEIGHTS.T + fc_to_conv.BIASES, -1, 0), rtol=1e-12)
    closed = fc_to_conv.forms(biases=np.array([-20.0, 2.0]))
    assert [form.outputs[0].item() for form in closed.values()] == [0, 0, 0]
    assert run(fc_to_conv.main, ["--out", str(tmp_path / "steps.png")]) == 0
    assert "largest difference: 0\n" in capsys.readouterr().out
    assert (tmp_path / "steps.png").stat().st_size > 10_000
    assert run(fc_to_conv.main, ["--out", "steps.txt"]) == 2
    assert "ends in .png" in capsys.readouterr().err


def test_gradients_of_a_models_layers():
    model = network()
    found = gradients_of(model, X, at=["hidden2_relu", "logits"], loss=lambda logits: CROSS(Y, logits))
    p = tf.nn.softmax(model(X)).numpy()
    expected = (p - np.eye(3)[Y]) / 32
    np.testing.assert_allclose(found["logits"], expected, atol=1e-7)
    kernel = model.get_layer("logits").get_weights()[0]
    np.testing.assert_allclose(found["hidden2_relu"], expected @ kernel.T, atol=1e-6)
    assert not any("call" in vars(layer) for layer in model.layers)


def test_one_vector_for_ten_classes_learns_their_frequencies_only(capsys):
    model = weight_sharing.shared_vector_cnn()
    assert model.count_params() == 738
    images = RNG.random((20, 28, 28, 1)).astype(np.float32)
    model.get_layer("logits").bias.assign(RNG.normal(size=10))
    logits = model(images).numpy()
    bias = model.get_layer("logits").bias.numpy()
    np.testing.assert_allclose(logits - logits[:, :1], np.tile(bias - bias[0], (20, 1)), atol=1e-5)
    assert run(weight_sharing.main, ["--epochs", "1"]) == 0
    printed = capsys.readouterr().out
    assert "738 parameters" in printed
    assert "10.00% of 500" in printed  # of each digit there are as many in the embedded sample


def test_the_gradient_of_a_shared_matrix_is_the_sum_over_its_uses():
    model = weight_sharing.tied_autoencoder(12, 5)
    assert model.count_params() == 12 * 5 + 5 + 12
    assert len(model.trainable_variables) == 3
    found = weight_sharing.gradient_by_use(model, RNG.random((7, 12)))
    np.testing.assert_allclose(found["shared"], found["encoder"] + found["decoder"], rtol=1e-5, atol=1e-7)
    assert all(np.abs(one).max() > 1e-4 for one in found.values())


def chain():
    keras.utils.set_random_seed(4)
    stack = [layers.Conv2D(3, 2, padding="same", activation="relu", name=f"conv{n}") for n in range(1, 6)]
    stack.insert(3, layers.Dropout(0.5, name="dropout"))
    x = image = keras.Input((4, 4, 1))
    for layer in (*stack, layers.Flatten(name="flat"), layers.Dense(3, name="logits")):
        x = layer(x)
    return keras.Model(image, x)


@pytest.mark.parametrize(("longest", "segments"), [(None, [3, 4]), (2, [2, 1, 2, 2]), (1, [1] * 7)])
def test_recomputed_values_give_the_same_gradients(longest, segments, tmp_path):
    plain = chain()
    twin = recomputed(plain, longest)
    assert [len(layer.layers) for layer in twin.layers if isinstance(layer, Recomputed)] == segments
    found, convolutions = [], []
    for model in (plain, twin):

        @tf.function
        def gradients(model=model):
            keras.utils.set_random_seed(5)
            with tf.GradientTape() as tape:
                loss = CROSS(Y, model(X, training=True))
            return tape.gradient(loss, [variable.value for variable in plain.trainable_variables])

        plain.get_layer("dropout").seed_generator.state.assign([7, 8])  # the same mask for both
        found.append([gradient.numpy() for gradient in gradients()])
        operations = gradients.get_concrete_function().graph.get_operations()
        convolutions.append(sum(operation.type == "Conv2D" for operation in operations))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-8)
    assert any(np.any(gradient) for gradient in found[0])
    assert convolutions == [5, 10]
    twin.save(tmp_path / "twin.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "twin.keras")(X), plain(X))


def test_what_cannot_be_computed_again_is_refused():
    norm = layers.BatchNormalization(name="norm")
    norm.build((None, 3))
    with pytest.raises(ValueError, match="norm .BatchNormalization. changes its state"):
        Recomputed([norm])
    with pytest.raises(ValueError, match="is a Sequential"):
        recomputed(keras.Sequential([keras.Input((3,)), layers.Dense(3)]))
    with pytest.raises(ValueError, match="one layer at least"):
        recomputed(network(), 0)
    x = keras.Input((3,))
    two = layers.Dense(3, name="one")(x), layers.Dense(3, name="other")(x)
    with pytest.raises(ValueError, match="no chain: other does not follow one"):
        recomputed(keras.Model(x, layers.Add()(two)))


def test_memory_of_computing_again_is_measured():
    plain, twin = (checkpointing.measure("softmax-regression", longest, 8, 1) for longest in (0, None))
    assert (plain["segments"], twin["segments"]) == (0, 1)
    assert plain["loss"] == pytest.approx(twin["loss"], rel=1e-6)
    assert plain["peak_mb"] > 100  # TensorFlow alone has more


def test_bars():
    assert sparkline([]) == ""
    assert sparkline([2.0, 2.0]) == "▁▁"
    assert sparkline([-7.0, 0.0], 5) == "▁█"
    assert sparkline(list(range(100)), 4) == "▁▃▆█"
    assert len(sparkline(list(range(1000)))) == 40


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_curves_are_drawn_at_intervals_in_a_terminal_and_by_epochs_in_a_file():
    shown, written = LivePlot(stream=Terminal(), interval=3600), LivePlot(stream=io.StringIO())
    network().fit(X, Y, batch_size=8, epochs=3, verbose=0, callbacks=[shown, written])
    assert len(shown.values) == 12
    lines = shown.stream.getvalue()
    assert shown.drawings == lines.count("\r") == 2  # the first step, and the end
    assert lines.endswith(f" {shown.values[-1]:.4f}\x1b[K\n")
    lines = written.stream.getvalue().splitlines()
    assert [line.split(" loss ")[0] for line in lines] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert 0 < shown.seconds < 60


def test_training_can_be_watched(tmp_path, capsys):
    arguments = ["mlp-basic", "--data", "embedded", "--limit", "200", "--epochs", "2", "--no-figures", "--live"]
    assert run(train.main, [*arguments, "--run-dir", str(tmp_path / "run")]) == 0
    printed = capsys.readouterr().out
    assert "epoch 2/2 loss " in printed
    assert "Epoch 1/2" not in printed  # Keras' own progress


def test_gradients_are_clipped_in_each_way():
    """By what Adam keeps of a first gradient, which is a tenth of it."""
    gradient = np.array([-3.0, -0.05, 0.5, 4.0], np.float32)
    expected = {
        "none": gradient,
        "value 1": np.clip(gradient, -1, 1),
        "hook [-0.1, 1]": np.clip(gradient, -0.1, 1),
        "norm 1": gradient / np.linalg.norm(gradient),
    }
    for name, optimizer in clipping.optimizers().items():
        variable = keras.Variable(np.zeros(4, np.float32))
        optimizer.build([variable])
        optimizer.apply([keras.ops.convert_to_tensor(gradient)])
        momentum = next(v for v in optimizer.variables if "momentum" in v.path)
        np.testing.assert_allclose(np.asarray(momentum), 0.1 * expected[name], rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("command", [hooks, live_plot, clipping])
def test_demonstrations_run(command, capsys, monkeypatch):
    import tf_data

    whole = tf_data.load
    monkeypatch.setattr(tf_data, "load", lambda *args, limit=None, **more: whole(*args, limit=300, **more))
    one = {"norm 1": clipping.optimizers()["norm 1"]}  # each takes a second to compile
    monkeypatch.setattr(clipping, "optimizers", lambda: one)
    assert run(command.main, [] if command is hooks else ["--epochs", "1"]) == 0
    said = {hooks: "hidden2: (", live_plot: " drawings took ", clipping: "norm 1"}
    assert said[command] in capsys.readouterr().out


def test_the_sequential_topic_is_a_recipe():
    assert tf_models.configs.get("mech-sequential-hooks").original.results["test_accuracy"] == 0.9782


def test_three_ways_of_training_end_with_the_original_weights(capsys):
    assert run(three_ways.main, []) == 0
    said = capsys.readouterr().out
    assert said.count("loss 5.5810 after 1 step, 2.7584 after 10") == 3
    assert "[ 4.2267 -2.9613  0.0994]; the original's (4.2267, -2.9613, 0.0994)" in said
    found = three_ways.hidden_layer(steps=3)
    assert three_ways.apart(found) < 1e-6
    assert len({tuple(np.round(way.losses, 5)) for way in found.values()}) == 1
    assert found["fit"].losses[-1] < found["fit"].losses[0]
