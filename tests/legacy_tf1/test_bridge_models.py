"""Any net of a user's own: maps of names, recurrent cells, optimizers, and the way back."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from tf1_files import save, write

from legacy_tf1 import bridge
from legacy_tf1.bridging import proposals
from legacy_tf1.bridging.models import Ambiguous
from tf_data.command import run
from tf_data.errors import InputError

tf1 = tf.compat.v1
layers = keras.layers


def network(*stack, shape=(6,)) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *stack], name="net")


def of(model) -> dict[str, np.ndarray]:
    kinds = ("seed_generator_state",)
    return {v.path.removeprefix("net/"): v.numpy() for v in model.variables if v.path.rpartition("/")[2] not in kinds}


SLIM = {
    "net/conv1/weights": (3, 3, 1, 4),
    "net/conv1/BatchNorm/beta": (4,),
    "net/conv1/BatchNorm/moving_mean": (4,),
    "net/conv1/BatchNorm/moving_variance": (4,),
    "net/fc/weights": (64, 5),
    "net/fc/biases": (5,),
}
STYLES = {  # whose names they are: variables of a kernel (6, 7), its bias, a kernel (7, 3), its bias
    "tf.layers": ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"],
    "slim": ["fc1/weights", "fc1/biases", "out/weights", "out/biases"],
    "one letter": ["w1", "b1", "w2", "b2"],
    "none": ["Variable", "Variable_1", "Variable_2", "Variable_3"],
    "Keras in TensorFlow 1": ["hidden/kernel", "hidden/bias", "out/kernel", "out/bias"],
}


@pytest.mark.parametrize("style", STYLES)
def test_names_of_every_style_find_their_place(style, tmp_path):
    shapes = dict(zip(STYLES[style], ((6, 7), (7,), (7, 3), (3,)), strict=True))
    values = write(tmp_path / "model.ckpt", shapes)
    model = network(layers.Dense(7, name="hidden"), layers.Dense(3, name="out"))
    carried = bridge.carry(tmp_path / "model.ckpt", model)
    for theirs, ours in zip(STYLES[style], ("hidden/kernel", "hidden/bias", "out/kernel", "out/bias"), strict=True):
        assert carried.names[theirs] == ours
        np.testing.assert_array_equal(of(model)[ours], values[theirs])


def test_a_slim_net_with_batch_norm_goes_by_kind_and_shape(tmp_path):
    values = write(tmp_path / "model.ckpt", SLIM)
    model = network(
        layers.Conv2D(4, 3, use_bias=False, padding="same", name="first"),
        layers.BatchNormalization(scale=False, name="norm"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(5, name="last"),
        shape=(8, 8, 1),
    )
    bridge.carry(tmp_path / "model.ckpt", model, scope="net")
    np.testing.assert_array_equal(of(model)["norm/moving_mean"], values["net/conv1/BatchNorm/moving_mean"])
    np.testing.assert_array_equal(of(model)["norm/beta"], values["net/conv1/BatchNorm/beta"])


DEEP = {"a/kernel": (6, 6), "a/bias": (6,), "b/kernel": (6, 6), "b/bias": (6,), "c/kernel": (6, 2), "c/bias": (2,)}


def deep_network():
    return network(layers.Dense(6, name="one"), layers.Dense(6, name="two"), layers.Dense(2, name="three"))


def test_what_only_the_order_tells_is_listed_and_nothing_is_changed(tmp_path):
    write(tmp_path / "model.ckpt", DEEP)
    model = deep_network()
    before = of(model)
    with pytest.raises(Ambiguous, match="one/kernel could be a/kernel, b/kernel") as caught:
        bridge.carry(tmp_path / "model.ckpt", model)
    for name, value in before.items():
        np.testing.assert_array_equal(of(model)[name], value)
    proposal = caught.value.proposal
    assert proposal.names["b/bias"] == "two/bias"
    assert "three/kernel" not in proposal.ambiguous
    carried = bridge.carry(tmp_path / "model.ckpt", model, proposal.names)
    assert carried.names == proposal.names


def test_one_pair_can_settle_all_and_other_order_is_taken_when_said(tmp_path):
    values = write(tmp_path / "model.ckpt", DEEP)
    model = deep_network()
    bridge.carry(tmp_path / "model.ckpt", model, {"b": "one"})
    np.testing.assert_array_equal(of(model)["one/kernel"], values["b/kernel"])
    np.testing.assert_array_equal(of(model)["two/bias"], values["a/bias"])


def test_numbers_in_names_count_as_numbers():
    names = ["dense_10/kernel", "dense_2/kernel", "dense/kernel", "dense_1/kernel"]
    assert sorted(names, key=proposals.natural) == [
        "dense/kernel",
        "dense_1/kernel",
        "dense_2/kernel",
        "dense_10/kernel",
    ]


def test_a_graph_beside_the_weights_tells_the_order_of_creation(tmp_path):
    shapes = {"zebra/kernel": (6, 6), "ant/kernel": (6, 6)}
    write(tmp_path / "model.ckpt", shapes, meta=True)
    model = network(layers.Dense(6, use_bias=False, name="one"), layers.Dense(6, use_bias=False, name="two"))
    with pytest.raises(Ambiguous) as caught:
        bridge.carry(tmp_path / "model.ckpt", model)
    assert caught.value.proposal.names == {"zebra/kernel": "one/kernel", "ant/kernel": "two/kernel"}


def test_the_command_prints_a_map_takes_it_back_and_writes_the_model(tmp_path, capsys):
    values = write(tmp_path / "model.ckpt", DEEP, scope="tower", optimizer="Adam", ema=True)
    deep_network().save(tmp_path / "my.keras")
    arguments = [str(tmp_path / "model.ckpt"), "--model", str(tmp_path / "my.keras"), "--scope", "tower"]
    arguments += ["--out", str(tmp_path / "new.keras")]
    assert run(bridge.main, arguments) == 2
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == 1
    (tmp_path / "map.json").write_text(said.out)
    assert run(bridge.main, [*arguments, "--map-file", str(tmp_path / "map.json")]) == 0
    assert json.loads(capsys.readouterr().out.partition("}")[0] + "}")["a/kernel"] == "one/kernel"
    model = keras.models.load_model(tmp_path / "new.keras")
    np.testing.assert_array_equal(of(model)["one/kernel"], values["tower/a/kernel"])
    assert int(model.optimizer.iterations) == 3
    weights = tmp_path / "new.weights.h5"
    assert run(bridge.main, [*arguments[:-1], str(weights), "--map", "a=one", "--ema"]) == 0
    other = deep_network()
    other.load_weights(weights)
    np.testing.assert_array_equal(of(other)["two/kernel"], values["tower/b/kernel/ExponentialMovingAverage"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"x": "one"}, "no variable and no scope x"),
        ({"a": "four"}, "no variable and no layer four"),
        ({"a/kernel": "three/kernel"}, r"a/kernel has shape \(6, 6\), three/kernel has \(6, 2\)"),
        ({"c": "one"}, "cannot be paired as a scope and a layer"),
    ],
)
def test_a_wrong_pair_is_named(given, said, tmp_path):
    write(tmp_path / "model.ckpt", DEEP)
    with pytest.raises(InputError, match=said):
        bridge.carry(tmp_path / "model.ckpt", deep_network(), given)


def test_what_has_no_place_is_named_on_both_sides(tmp_path):
    write(tmp_path / "model.ckpt", {"a/kernel": (6, 6), "b/kernel": (5, 5)})
    model = network(layers.Dense(6, name="one"))
    with pytest.raises(
        InputError, match=r"nothing for one/bias \(6,\) of model net; without a place there: b/kernel \(5, 5\)"
    ):
        bridge.carry(tmp_path / "model.ckpt", model)
    model = network(layers.Dense(6, use_bias=False, name="one"))
    assert any("b/kernel" in note for note in bridge.carry(tmp_path / "model.ckpt", model).notes)


@pytest.mark.parametrize("forget_bias", [1.0, 0.3])
def test_an_lstm_cell_computes_the_same_in_keras(forget_bias, tmp_path):
    from legacy_tf1.tf_cells import BasicLSTMCell

    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    with tf.Graph().as_default(), tf1.Session() as session:
        fed = tf1.placeholder(tf.float32, (None, 5, 3))
        outputs, _ = tf1.nn.dynamic_rnn(BasicLSTMCell(4, forget_bias=forget_bias), fed, dtype=tf.float32)
        tf1.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(tf.square(outputs)))
        session.run(tf1.global_variables_initializer())
        session.run(session.graph.get_operation_by_name("Adam"), {fed: x})
        expected = session.run(outputs, {fed: x})
        save(session, tmp_path / "model.ckpt")
    moment = bridge.read(tmp_path / "model.ckpt")["rnn/basic_lstm_cell/kernel/Adam"]
    model = network(layers.LSTM(4, return_sequences=True, name="lstm"), shape=(5, 3))
    carried = bridge.carry(tmp_path / "model.ckpt", model)  # the graph tells the forget bias
    np.testing.assert_allclose(model(x), expected, atol=1e-6)
    assert any(f"forget_bias {forget_bias:g}" in note for note in carried.notes)
    kept = {variable.path.rpartition("/")[2]: variable.numpy() for variable in model.optimizer.variables}
    np.testing.assert_array_equal(kept["net_lstm_lstm_cell_kernel_momentum"][:, :4], moment[:3, :4])
    np.testing.assert_array_equal(kept["net_lstm_lstm_cell_kernel_momentum"][:, 4:8], moment[:3, 8:12])


def test_a_gru_cell_computes_the_same_where_keras_can(tmp_path):
    from legacy_tf1.tf_cells import GRUCell

    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    with tf.Graph().as_default(), tf1.Session() as session:
        outputs, _ = tf1.nn.dynamic_rnn(GRUCell(4), tf.constant(x), dtype=tf.float32)
        session.run(tf1.global_variables_initializer())
        expected = session.run(outputs)
        save(session, tmp_path / "model.ckpt")
    model = network(layers.GRU(4, return_sequences=True, reset_after=False, name="gru"), shape=(5, 3))
    bridge.carry(tmp_path / "model.ckpt", model)
    np.testing.assert_allclose(model(x), expected, atol=1e-6)
    other = network(layers.GRU(4, name="gru"), shape=(5, 3))
    with pytest.raises(InputError, match="reset_after=False"):
        bridge.carry(tmp_path / "model.ckpt", other)


def test_peepholes_are_refused(tmp_path):
    write(
        tmp_path / "model.ckpt",
        {"rnn/lstm_cell/kernel": (7, 16), "rnn/lstm_cell/bias": (16,), "rnn/lstm_cell/w_f_diag": (4,)},
    )
    with pytest.raises(InputError, match="neither peepholes nor projections"):
        bridge.carry(tmp_path / "model.ckpt", network(layers.LSTM(4), shape=(5, 3)))


OPTIMIZERS = {
    "Adam": keras.optimizers.Adam(0.01, epsilon=1e-8),
    "SGD": keras.optimizers.SGD(0.1, momentum=0.9),
    "RMSprop": keras.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "Adagrad": keras.optimizers.Adagrad(0.01),
    "Adadelta": keras.optimizers.Adadelta(1.0),
    "Ftrl": keras.optimizers.Ftrl(0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_way_to_tensorflow_1_and_back_changes_no_bit(name, tmp_path, capsys):
    def build():
        return network(
            layers.Dense(5, use_bias=False, name="first"),
            layers.BatchNormalization(name="norm"),
            layers.Dropout(0.1, name="drop", seed=1),
            layers.Dense(2, name="second"),
        )

    model = build()
    model.compile(keras.optimizers.deserialize(keras.optimizers.serialize(OPTIMIZERS[name])), loss="mse")
    rng = np.random.default_rng(0)
    model.fit(rng.normal(size=(32, 6)), rng.normal(size=(32, 2)), batch_size=8, epochs=2, verbose=0)
    model.save(tmp_path / "my.keras")
    prefix = tmp_path / "to tf1 [50%]" / "model.ckpt"
    assert run(bridge.main, [str(tmp_path / "my.keras"), "--out", str(prefix)]) == 0
    zeros = keras.models.load_model(tmp_path / "my.keras")
    for variable in (*zeros.weights, *zeros.optimizer.variables[2:]):
        variable.assign(variable * 0)
    zeros.optimizer.iterations.assign(0)
    zeros.save(tmp_path / "zeros.keras")
    arguments = [str(prefix), "--model", str(tmp_path / "zeros.keras"), "--out", str(tmp_path / "again.keras")]
    assert run(bridge.main, arguments) == 0
    again = keras.models.load_model(tmp_path / "again.keras")
    for before, after in zip(model.weights, again.weights, strict=True):
        np.testing.assert_array_equal(before.numpy(), after.numpy())
    assert int(again.optimizer.iterations) == int(model.optimizer.iterations) == 8
    for before, after in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        # Only Momentum's slot has another meaning on the other side, and the bridge says so.
        check = np.testing.assert_allclose if name == "SGD" else np.testing.assert_array_equal
        check(before.numpy(), after.numpy(), **({"rtol": 1e-6} if name == "SGD" else {}))
    assert ("equal but for rounding" in capsys.readouterr().out) == (name == "SGD")


@pytest.mark.parametrize("optimizer", ["Momentum", "RMSProp", "centered", "Adagrad", "Adadelta", "Ftrl", "Adam"])
def test_training_goes_on_in_keras_where_the_session_stopped(optimizer, tmp_path):
    """`tf1_files.write` minimises the sum of all squares; so does this loop."""
    shapes = {"dense/kernel": (6, 4), "dense/bias": (4,)}
    write(tmp_path / "early.ckpt", shapes, optimizer=optimizer, steps=4, meta=True)
    later = write(tmp_path / "later.ckpt", shapes, optimizer=optimizer, steps=7)
    model = network(layers.Dense(4, name="dense"))
    bridge.carry(tmp_path / "early.ckpt", model)  # the graph tells the optimizer's settings
    for _ in range(3):
        model.optimizer.apply([2 * variable.value for variable in model.trainable_variables])
    for name, value in of(model).items():
        np.testing.assert_allclose(value, later[name], rtol=3e-6, atol=1e-7)


def test_slots_of_no_known_optimizer_and_counters_never_hide_the_weights(tmp_path):
    more = {
        "dense/kernel/Mine": (6, 4),
        "dense/kernel/Mine_1": (6, 4),
        "dense/bias/Mine": (4,),
        "moving/local_step": (),
    }
    values = write(tmp_path / "model.ckpt", {"dense/kernel": (6, 4), "dense/bias": (4,)} | more)
    model = network(layers.Dense(4, name="dense"))
    notes = bridge.carry(tmp_path / "model.ckpt", model).notes
    np.testing.assert_array_equal(of(model)["dense/kernel"], values["dense/kernel"])
    assert any("slots Mine, Mine_1 were left" in note for note in notes)


def test_without_topic_and_model_names_are_kept_or_changed_as_said(tmp_path):
    values = write(tmp_path / "model.ckpt", DEEP, optimizer="Adam", v1=True)
    assert run(bridge.main, [str(tmp_path / "model.ckpt"), "--out", str(tmp_path / "all.npz")]) == 0
    with np.load(tmp_path / "all.npz") as archive:
        assert {name.removesuffix(":0") for name in archive.files} == values.keys()
    out = tmp_path / "renamed" / "model.ckpt"
    assert (
        run(bridge.main, [str(tmp_path / "all.npz"), "--out", str(out), "--map", "a=first", "--map", "c/bias=last/b"])
        == 0
    )
    renamed = bridge.read(out)
    np.testing.assert_array_equal(renamed["first/kernel/Adam"], values["a/kernel/Adam"])
    np.testing.assert_array_equal(renamed["last/b"], values["c/bias"])


def test_a_model_of_a_topic_is_written_by_the_python_door_and_restored_by_a_saver(tmp_path):
    model = network(layers.Dense(4, name="dense"))
    bridge.save(model, tmp_path / "model.ckpt", {"fc/weights": "dense/kernel", "fc/biases": "dense/bias"})
    with tf.Graph().as_default(), tf1.Session() as session:
        weights = tf1.get_variable("fc/weights", (6, 4))
        tf1.get_variable("fc/biases", (4,))
        tf1.train.Saver().restore(session, str(tmp_path / "model.ckpt"))
        restored = session.run(weights)
    np.testing.assert_array_equal(restored, of(model)["dense/kernel"])
