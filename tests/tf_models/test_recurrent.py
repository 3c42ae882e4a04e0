"""The faster recurrent layers are Keras' own: outputs, states and every gradient, for masks, directions and types."""

import functools
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_models
from tf_models.layers import FastGRU, FastLSTM, FastSimpleRNN, recurrent
from tf_models.training.fast import accelerated

PAIRS = {
    "lstm": (keras.layers.LSTM, FastLSTM),
    "gru": (keras.layers.GRU, FastGRU),
    "simple": (keras.layers.SimpleRNN, FastSimpleRNN),
}
SIZES = {"float32": 1e-6, "float64": 1e-12}


def masks(kind: str | None):
    """Which of 9 steps of 5 rows count; a row has none that does."""
    if kind is None:
        return None
    mask = np.arange(9) < np.array([9, 4, 1, 0, 6])[:, None]
    if kind == "left":
        mask = mask[:, ::-1]
    return np.random.default_rng(1).random((5, 9)) < 0.5 if kind == "gaps" else mask.copy()


def computed(layer, x, mask, states, compiled: bool, training: bool = False):
    """Outputs, and the gradients of a weighted sum of all of them for inputs, states and weights."""

    def compute():
        with tf.GradientTape() as tape:
            tape.watch([x, *states])
            found = tf.nest.flatten(layer(x, mask=mask, initial_state=states, training=training))
            random = np.random.default_rng(3)
            total = tf.add_n([tf.reduce_sum(one * random.normal(size=one.shape).astype(x.dtype.name)) for one in found])
        return found, tape.gradient(total, [x, *states, *layer.trainable_variables])

    return tf.function(compute, autograph=False)() if compiled else compute()


def assert_equal(one, other, size):
    for a, b in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        assert np.abs(a - b).max() <= size * max(np.abs(a).max(), 1e-30)


CASES = [(None, "float64"), ("right", "float64"), ("left", "float64"), ("gaps", "float64"), ("right", "float32")]


@pytest.mark.parametrize(("mask", "dtype"), CASES)
@pytest.mark.parametrize("cell", PAIRS)
def test_outputs_states_and_gradients_are_keras_own(cell, mask, dtype):
    random = np.random.default_rng(0)
    x = tf.constant(random.normal(size=(5, 9, 3)), dtype)
    mask = masks(mask)
    states = [tf.constant(random.normal(size=(5, 4)), dtype) for _ in range(2 if cell == "lstm" else 1)]
    for number, options in enumerate(
        ({"return_sequences": True}, {"go_backwards": True, "zero_output_for_mask": True, "use_bias": False})
    ):
        plain, fast = (kind(4, return_state=True, dtype=dtype, name=cell, **options) for kind in PAIRS[cell])
        plain.build(x.shape)
        fast.build(x.shape)
        size = 0.5 if cell == "simple" else 1.0  # with larger weights a simple network multiplies its rounding errors
        fast.set_weights([size * random.normal(size=weight.shape) for weight in plain.get_weights()])
        plain.set_weights(fast.get_weights())
        expected = computed(plain, x, mask, states, compiled=False)
        for training in (True, False):  # by the gradient that is written out, and by TensorFlow's
            found = computed(fast, x, mask, states, compiled=number == 0, training=training)
            assert_equal(expected, found, SIZES[dtype])


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("rows", [0, 1, 15, 16, 17, 33])
@pytest.mark.parametrize("cell", PAIRS)
def test_a_batch_of_any_size_is_what_its_rows_are(cell, rows, known):
    """Large batches are computed in two halves; the number of steps is not known beforehand, that of rows may be."""
    plain, fast = (kind(4, dtype="float64", name=cell) for kind in PAIRS[cell])
    random = np.random.default_rng(rows)
    x, mask = random.normal(size=(rows, 7, 3)), random.random((rows, 7)) < 0.7
    fast.build(x.shape)
    plain.build(x.shape)
    plain.set_weights(fast.get_weights())

    def compute(layer, x, mask=None):
        with tf.GradientTape() as tape:
            tape.watch(x)
            found = layer(x, mask=mask, training=True)
            total = tf.reduce_sum(tf.square(found))
        return found, tape.gradient(total, [x, *layer.trainable_variables])

    count = rows if known else None
    shapes = [tf.TensorSpec((count, None, 3), tf.float64), tf.TensorSpec((count, None), tf.bool)]
    given = [x] if known else [x, mask]  # without a mask no other operation tells how many rows there are
    compiled = tf.function(functools.partial(compute, fast), input_signature=shapes[: len(given)], autograph=False)
    found = compiled(*given)
    if not rows:  # a worker without rows of a short last batch; Keras raises
        assert found[0].shape == (0, 4)
        assert not any(np.any(one) for one in found[1])
        return
    expected = compute(plain, *map(tf.constant, given))
    for one, other in zip(tf.nest.flatten(found), tf.nest.flatten(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("cell", PAIRS)
def test_the_gradient_is_that_of_differences(cell):
    """Not only Keras', which could be wrong in the same way."""
    layer = PAIRS[cell][1](3, dtype="float64", name=cell)
    x = tf.constant(np.random.default_rng(0).normal(size=(2, 4, 2)))
    mask = np.array([[True, True, True, False], [True, True, True, True]])
    layer.build(x.shape)
    analytic, numeric = tf.test.compute_gradient(lambda x: layer(x, mask=mask, training=True), [x])
    np.testing.assert_allclose(analytic[0], numeric[0], atol=1e-6)


@pytest.mark.parametrize(("cell", "rates"), [("lstm", (0.4, 0.0)), *((cell, (0.4, 0.3)) for cell in PAIRS)])
def test_inputs_and_states_are_dropped_as_keras_does(cell, rates):
    """Each gate of an LSTM and a GRU by masks of its own, where states are."""
    options = dict(zip(("dropout", "recurrent_dropout"), rates, strict=True), return_state=True, return_sequences=True)
    plain, fast = (kind(4, dtype="float64", seed=1, name=cell, **options) for kind in PAIRS[cell])
    random = np.random.default_rng(0)
    x = tf.constant(random.normal(size=(17, 9, 3)))
    mask = random.random((17, 9)) < 0.7
    states = [tf.constant(random.normal(size=(17, 4))) for _ in range(2 if cell == "lstm" else 1)]
    plain.build(x.shape)
    fast.build(x.shape)
    fast.set_weights(plain.get_weights())
    assert recurrent.replaceable(fast)
    kept = computed(fast, x, mask, states, compiled=False)
    assert_equal(computed(plain, x, mask, states, compiled=False), kept, 1e-12)
    fast.cell.seed_generator.state.assign(plain.cell.seed_generator.state)  # Keras draws though it does not drop
    expected = computed(plain, x, mask, states, compiled=False, training=True)
    assert_equal(expected, computed(fast, x, mask, states, compiled=True, training=True), 1e-12)
    assert np.abs(expected[0][0] - kept[0][0]).max() > 0.01


@pytest.mark.parametrize("jit", [False, True])
def test_accelerated_gives_keras_layers_the_faster_loop(jit):
    """In a model, in both directions, with dropout of inputs and states, compiled by XLA or not."""
    ids = keras.Input((6,), dtype="int32", name="ids")
    x = keras.layers.Embedding(9, 3, mask_zero=True, name="embedding")(ids)
    x = keras.layers.Bidirectional(
        keras.layers.LSTM(4, return_sequences=True, dropout=0.5, recurrent_dropout=0.2, name="lstm"), name="both"
    )(x)
    model = keras.Model(ids, keras.layers.GRU(4, name="gru")(x), name="words")
    model.compile(jit_compile=jit)
    given = tf.constant([[1, 2, 3, 0, 0, 0], [4, 5, 6, 7, 8, 1]])

    def computed():
        for layer in model._flatten_layers():  # so that both drop the same
            if hasattr(layer, "seed_generator"):
                layer.seed_generator.state.assign([1, 2])

        @tf.function(jit_compile=jit, autograph=False)
        def compute():
            with tf.GradientTape() as tape:
                out = model(given, training=True)
                loss = tf.reduce_sum(out * out)
            return out, [tf.convert_to_tensor(one) for one in tape.gradient(loss, model.trainable_variables)]

        return compute()

    expected = computed()
    with accelerated(model):
        layers = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.RNN)]
        assert len(layers) == 3
        assert all("inner_loop" in vars(layer) for layer in layers)
        found = computed()
    assert not any("inner_loop" in vars(layer) for layer in layers)
    assert_equal(expected, found, 3e-6)


@pytest.mark.parametrize("cell", PAIRS)
def test_products_of_16_bits_keep_states_of_32(cell):
    plain, fast = PAIRS[cell][0](32, name="plain"), PAIRS[cell][1](32, dtype="mixed_bfloat16", name="fast")
    x = tf.constant(np.random.default_rng(0).normal(size=(4, 50, 16)), tf.float32)
    plain.build(x.shape)
    fast.build(x.shape)
    fast.set_weights(plain.get_weights())
    outputs, gradients = [], []
    for layer in (plain, fast):
        with tf.GradientTape() as tape:
            found = layer(x, training=True)
            loss = tf.reduce_sum(tf.cast(found, tf.float32) ** 2)
        outputs.append(np.asarray(found, np.float32))
        gradients.append([np.asarray(one, np.float32) for one in tape.gradient(loss, layer.trainable_variables)])
    assert np.abs(outputs[0] - outputs[1]).max() < 0.02
    for one, other in zip(*gradients, strict=True):
        assert 0 < np.abs(one - other).max() < 0.03 * np.abs(one).max()


@pytest.mark.parametrize("options", [{"activation": "relu"}, {"unroll": True}, {"dropout": 1.0}])
def test_what_the_loop_does_not_do_stays_with_keras(options):
    assert recurrent.replaceable(keras.layers.LSTM(3, name="lstm"))
    layer = FastLSTM(3, name="lstm", **options)
    assert not recurrent.replaceable(layer)
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    plain = keras.layers.LSTM(3, name="lstm", **options)
    plain.build(x.shape)
    layer.build(x.shape)
    layer.set_weights(plain.get_weights())
    np.testing.assert_array_equal(layer(x), plain(x))
    assert not recurrent.replaceable(keras.layers.GRU(3, reset_after=False, name="gru"))
    assert not recurrent.replaceable(keras.layers.SimpleRNN(3, activation="relu", name="simple"))
    assert not recurrent.replaceable(keras.layers.RNN(keras.layers.LSTMCell(3), name="rnn"))


def test_with_a_gpu_keras_calls_its_library(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    assert not recurrent.replaceable(keras.layers.LSTM(3, name="lstm"))


def test_saved_files_hold_layers_that_load_again(tmp_path):
    inputs = keras.Input((None, 3), name="x")
    model = keras.Model(
        inputs, FastGRU(4, name="gru")(FastLSTM(4, return_sequences=True, name="lstm")(inputs)), name="m"
    )
    model.save(tmp_path / "m.keras")
    x = np.ones((2, 5, 3), np.float32)
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "m.keras")(x), model(x))


def test_a_saved_model_holds_them(tmp_path):
    inputs = keras.Input((None, 3), name="x")
    x = FastGRU(4, return_sequences=True, name="gru")(FastLSTM(4, return_sequences=True, name="lstm")(inputs))
    model = keras.Model(inputs, FastSimpleRNN(4, name="simple")(x), name="m")
    model.export(tmp_path / "m", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "m")
    for rows in (1, 20):
        x = np.random.default_rng(rows).normal(size=(rows, 5, 3)).astype(np.float32)
        np.testing.assert_allclose(loaded.serve(x), model(x), atol=1e-6)


def test_nobody_uses_the_operation_whose_gradients_are_wrong():
    for package in ("tf_models", "tf_data", "legacy_tf1"):
        for path in (Path(tf_models.__file__).parents[1] / package).rglob("*.py"):
            assert "raw_ops.BlockLSTMV2(" not in path.read_text(encoding="utf-8"), path
