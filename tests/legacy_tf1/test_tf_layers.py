"""Programs in the notebooks' style, written anew, run with the drop-ins for `tf.layers` and `tf.nn.rnn_cell`."""

import keras
import numpy as np
import pytest
import tensorflow
from tf1_files import save

from legacy_tf1 import bridge, tf_cells, tf_layers

tf = tensorflow.compat.v1


@pytest.fixture(autouse=True)
def dropped_in():
    """What an old program adds at its top; undone, because other tests share the process."""
    missing = object()
    before = tf.__dict__.get("layers", missing), tf.nn.__dict__.get("rnn_cell", missing)
    tf.layers, tf.nn.rnn_cell = tf_layers, tf_cells
    yield
    for module, name, value in ((tf, "layers", before[0]), (tf.nn, "rnn_cell", before[1])):
        delattr(module, name) if value is missing else setattr(module, name, value)


def shapes(graph) -> dict[str, tuple]:
    return {v.op.name: tuple(v.shape) for v in graph.get_collection("variables") if "/Adam" not in v.op.name}


def random(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def test_a_classifier_with_batch_norm_and_dropout_learns_and_goes_to_keras(digits, tmp_path):
    graph = tf.Graph()
    with graph.as_default():
        tf.set_random_seed(123)
        tf_x = tf.placeholder(tf.float32, [None, 784], name="features")
        tf_y = tf.placeholder(tf.int32, [None], name="targets")
        is_training = tf.placeholder_with_default(False, [], name="is_training")
        layer = tf.layers.dense(
            tf_x, 32, use_bias=False, kernel_initializer=tf.truncated_normal_initializer(stddev=0.1)
        )
        layer = tf.layers.batch_normalization(layer, training=is_training)
        layer = tf.nn.relu(layer)
        layer = tf.layers.dropout(layer, rate=0.2, training=is_training)
        logits = tf.layers.dense(layer, 10, activation=None, name="logits")
        cost = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=tf_y), name="cost")
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            tf.train.AdamOptimizer(0.01).minimize(cost, name="train")
        right = tf.equal(tf.argmax(logits, 1, output_type=tf.int32), tf_y)
        accuracy = tf.reduce_mean(tf.cast(right, tf.float32), name="accuracy")
    assert shapes(graph) == {
        "dense/kernel": (784, 32),
        "batch_normalization/gamma": (32,),
        "batch_normalization/beta": (32,),
        "batch_normalization/moving_mean": (32,),
        "batch_normalization/moving_variance": (32,),
        "logits/kernel": (32, 10),
        "logits/bias": (10,),
        "beta1_power": (),
        "beta2_power": (),
    }
    x, y = digits.train.x.reshape(-1, 784)[:1024] / np.float32(255), digits.train.y[:1024]
    with tf.Session(graph=graph) as session:
        session.run(tf.global_variables_initializer())
        for step in range(48):
            batch = slice(64 * step % 1024, 64 * step % 1024 + 64)
            session.run("train", {tf_x: x[batch], tf_y: y[batch], is_training: True})
        assert session.run("accuracy:0", {tf_x: x, tf_y: y}) > 0.9
        assert session.run(accuracy, {tf_x: x, tf_y: y}) > 0.9  # the moving averages have moved
        expected = session.run(logits, {tf_x: x[:9]})
        save(session, tmp_path / "model.ckpt")
    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(32, use_bias=False, name="hidden"),
            keras.layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name="norm"),
            keras.layers.ReLU(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10, name="logits"),
        ]
    )
    notes = bridge.carry(tmp_path / "model.ckpt", model).notes
    np.testing.assert_allclose(model(x[:9]), expected, atol=1e-5)
    assert int(model.optimizer.iterations) == 48
    assert not any("epsilon" in note or "momentum" in note for note in notes)


def test_an_autoencoder_of_convolutions_has_the_names_and_sizes_of_old():
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 28, 28, 1])
        down = tf.layers.conv2d(x, 8, (3, 3), padding="same", activation=tf.nn.relu)
        down = tf.layers.max_pooling2d(down, (2, 2), (2, 2), padding="same")
        down = tf.layers.conv2d(down, 4, 3, padding="same", activation=tf.nn.relu)
        down = tf.layers.average_pooling2d(down, 2, 2)
        up = tf.layers.conv2d_transpose(down, 8, 3, strides=2, padding="same", activation=tf.nn.relu)
        up = tf.layers.conv2d_transpose(up, 8, 3, strides=2, padding="same", activation=tf.nn.relu)
        logits = tf.layers.conv2d(up, 1, 3, padding="same")
        flat = tf.layers.flatten(logits)
        assert logits.shape.as_list() == [None, 28, 28, 1]
        assert flat.shape.as_list() == [None, 784]
        assert shapes(graph) == {
            "conv2d/kernel": (3, 3, 1, 8),
            "conv2d/bias": (8,),
            "conv2d_1/kernel": (3, 3, 8, 4),
            "conv2d_1/bias": (4,),
            "conv2d_transpose/kernel": (3, 3, 8, 4),
            "conv2d_transpose/bias": (8,),
            "conv2d_transpose_1/kernel": (3, 3, 8, 8),
            "conv2d_transpose_1/bias": (8,),
            "conv2d_2/kernel": (3, 3, 8, 1),
            "conv2d_2/bias": (1,),
        }
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            assert session.run(flat, {x: random(2, 28, 28, 1)}).shape == (2, 784)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [1, 2, (2, 3)])
def test_convolutions_compute_what_keras_does(padding, strides):
    x = random(2, 9, 10, 3)
    with tf.Graph().as_default(), tf.Session() as session:
        fed = tf.placeholder(tf.float32, [None, None, None, 3])
        there = tf.layers.conv2d(fed, 4, (3, 2), strides=strides, padding=padding, name="there")
        back = tf.layers.conv2d_transpose(fed, 4, (3, 2), strides=strides, padding=padding, name="back")
        session.run(tf.global_variables_initializer())
        found = session.run([there, back], {fed: x})
        values = session.run({v.op.name: v for v in tf.global_variables()})
    for kind, name, result in (
        (keras.layers.Conv2D, "there", found[0]),
        (keras.layers.Conv2DTranspose, "back", found[1]),
    ):
        layer = kind(4, (3, 2), strides=strides, padding=padding)
        layer.build(x.shape)
        layer.set_weights([values[f"{name}/kernel"], values[f"{name}/bias"]])
        np.testing.assert_allclose(result, layer(x), atol=1e-5)


@pytest.mark.parametrize(("shape", "unbiased"), [((6, 5), False), ((4, 3, 3, 5), True)])
def test_batch_norm_moves_its_averages_in_training_only_and_as_tensorflow_1_did(shape, unbiased):
    x = 3 + random(*shape)
    with tf.Graph().as_default(), tf.Session() as session:
        training = tf.placeholder(tf.bool)
        y = tf.layers.batch_normalization(tf.constant(x), training=training, momentum=0.75)
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        assert len(updates) == 2
        session.run(tf.global_variables_initializer())
        session.run([y, updates], {training: False})
        values = session.run({v.op.name.rpartition("/")[2]: v for v in tf.global_variables()})
        np.testing.assert_array_equal(values["moving_mean"], np.zeros(5))
        normalised, _ = session.run([y, updates], {training: True})
        values = session.run({v.op.name.rpartition("/")[2]: v for v in tf.global_variables()})
    axes, count = tuple(range(len(shape) - 1)), x.size // 5
    np.testing.assert_allclose(normalised.mean(axis=axes), np.zeros(5), atol=1e-5)
    np.testing.assert_allclose(values["moving_mean"], 0.25 * x.mean(axis=axes), rtol=1e-5)
    variance = x.var(axis=axes) * (count / (count - 1) if unbiased else 1)
    np.testing.assert_allclose(values["moving_variance"], 0.75 + 0.25 * variance, rtol=1e-5)


def test_batch_norm_for_good_has_no_updates_and_what_is_not_here_is_refused():
    with tf.Graph().as_default():
        x = tf.constant(random(4, 5))
        tf.layers.batch_normalization(x)  # training=False, the default
        assert tf.get_collection(tf.GraphKeys.UPDATE_OPS) == []
        tf.layers.batch_normalization(x, training=True)
        assert len(tf.get_collection(tf.GraphKeys.UPDATE_OPS)) == 2
        with pytest.raises(NotImplementedError, match="renorm"):
            tf.layers.batch_normalization(x, renorm=True)


def test_scopes_share_variables_as_they_did():
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 6])

        def encoder(x, reuse=None):
            with tf.variable_scope("encoder", reuse=reuse):
                return tf.layers.dense(tf.layers.dense(x, 4), 2, name="code")

        one, two = encoder(x), encoder(x, reuse=True)
        assert sorted(shapes(graph)) == [
            "encoder/code/bias",
            "encoder/code/kernel",
            "encoder/dense/bias",
            "encoder/dense/kernel",
        ]
        with pytest.raises(ValueError, match="already exists"):
            encoder(x)
        with tf.variable_scope("auto", reuse=tf.AUTO_REUSE):
            tf.layers.dense(x, 3, name="same")
            tf.layers.dense(x, 3, name="same")
        assert [name for name in shapes(graph) if name.startswith("auto")] == ["auto/same/kernel", "auto/same/bias"]
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            np.testing.assert_array_equal(*session.run([one, two], {x: random(3, 6)}))


def test_regularisers_go_into_their_collection_and_frozen_layers_out_of_the_trainable_one():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(random(3, 6))
        tf.layers.dense(x, 4, kernel_regularizer=lambda w: 0.5 * tf.nn.l2_loss(w), name="kept")
        tf.layers.dense(x, 4, trainable=False, name="frozen", activity_regularizer=tf.reduce_sum)
        session.run(tf.global_variables_initializer())
        losses = session.run(tf.losses.get_regularization_losses())
        kernel = session.run(tf.trainable_variables()[0])
        assert [v.op.name for v in tf.trainable_variables()] == ["kept/kernel", "kept/bias"]
        assert losses[0] == pytest.approx(0.25 * np.square(kernel).sum(), rel=1e-5)
        assert len(losses) == 2


def test_a_fetched_name_gives_numbers_only_without_resource_variables():
    """The reason for `tf.disable_resource_variables()`, which this process cannot call: it holds for all that follows."""
    with tf.Graph().as_default(), tf.Session() as session:
        with tf.variable_scope("new", use_resource=True):
            tf.layers.dense(tf.constant(random(3, 6)), 4)
        with tf.variable_scope("old", use_resource=False):  # what the call makes the default
            tf.layers.dense(tf.constant(random(3, 6)), 4)
        session.run(tf.global_variables_initializer())
        assert session.run("new/dense/kernel:0").dtype != np.float32
        assert session.run("old/dense/kernel:0").shape == (6, 4)


def test_dense_of_sequences_and_dropout_of_a_python_switch():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 5, 6])
        y = tf.layers.dense(x, 4)
        assert y.shape.as_list() == [None, 5, 4]
        still, dropped = tf.layers.dropout(y, 0.5), tf.layers.dropout(y, 0.5, training=True, seed=1)
        session.run(tf.global_variables_initializer())
        values = session.run([y, still, dropped], {x: random(2, 5, 6)})
        np.testing.assert_array_equal(values[0], values[1])
        zeros = values[2] == 0
        assert 0 < zeros.mean() < 1
        np.testing.assert_allclose(values[2][~zeros], 2 * values[0][~zeros], rtol=1e-6)
        with pytest.raises(ValueError, match="must be known"):
            tf.layers.dense(tf.placeholder(tf.float32, [None, None]), 4)
        with pytest.raises(ValueError, match="data_format must be one of"):
            tf.layers.conv2d(tf.zeros([1, 4, 4, 1]), 4, 3, data_format="NHWC")


def test_a_recurrent_classifier_learns_which_half_of_its_sequence_is_larger():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(256, 8, 1)).astype(np.float32)
    y = (x[:, :4].sum(axis=(1, 2)) > x[:, 4:].sum(axis=(1, 2))).astype(np.int32)
    for make, names in (
        (lambda: tf.nn.rnn_cell.BasicLSTMCell(8), ["basic_lstm_cell/kernel", "basic_lstm_cell/bias"]),
        (
            lambda: tf.nn.rnn_cell.GRUCell(8),
            ["gru_cell/gates/kernel", "gru_cell/gates/bias", "gru_cell/candidate/kernel", "gru_cell/candidate/bias"],
        ),
    ):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(1)
            outputs, _ = tf.nn.dynamic_rnn(make(), tf.constant(x), dtype=tf.float32)
            assert [v.op.name for v in tf.trainable_variables()] == [f"rnn/{name}" for name in names]
            logits = tf.layers.dense(outputs[:, -1], 2)
            loss = tf.losses.sparse_softmax_cross_entropy(y, logits)
            train = tf.train.AdamOptimizer(0.02).minimize(loss)
            session.run(tf.global_variables_initializer())
            before = session.run(loss)
            for _ in range(40):
                session.run(train)
            assert session.run(loss) < before / 2


def test_a_cell_shares_its_variables_and_starts_at_zeros():
    with tf.Graph().as_default(), tf.Session() as session:
        cell = tf.nn.rnn_cell.BasicLSTMCell(4, state_is_tuple=False, name="mine")
        x, state = tf.constant(random(3, 6)), cell.zero_state(3, tf.float32)
        assert state.shape.as_list() == [3, 8]
        one, state = cell(x, state)
        cell(one if one.shape[1] == 6 else x, state)
        assert [v.op.name for v in tf.trainable_variables()] == ["mine/kernel", "mine/bias"]
        session.run(tf.global_variables_initializer())
        assert session.run(state).shape == (3, 8)
