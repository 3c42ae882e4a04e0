"""Updates in one pass, by an operation of TensorFlow or compiled by XLA, are the updates that Keras makes."""

import contextlib
import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_data.dataset import Split
from tf_data.pipeline import Batches
from tf_models.layers import FastGRU, FastLSTM, FastSimpleRNN
from tf_models.mlp import backprop_mlp
from tf_models.optimizers import MuonSGD
from tf_models.training import devices, fit
from tf_models.training.fast import accelerated, updates

SHAPES = ((64, 32), (32,), (32, 10))
OPTIMIZERS = {
    "adam": lambda: keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.01, 2, 0.5)),
    "adam, rarely": lambda: keras.optimizers.Adam(0.01, 0.5, 0.9, 1e-3, gradient_accumulation_steps=2),
    "adamw": lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1, use_ema=True),
    "amsgrad": lambda: keras.optimizers.Adam(0.01, amsgrad=True),
    "sgd": lambda: keras.optimizers.SGD(0.1, clipnorm=0.5),
    "momentum": lambda: keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5), momentum=0.9),
    "nesterov": lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "muonsgd": lambda: MuonSGD(0.1, exclude_layers=("w32",), weight_decay=0.01),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.01, clipnorm=0.5),
}
OPERATIONS = {
    "adam": "ResourceApplyAdam",
    "adam, rarely": "ResourceApplyAdam",
    "adamw": "ResourceApplyAdam",
    "sgd": "ResourceApplyGradientDescent",
    "momentum": "ResourceApplyKerasMomentum",
    "nesterov": "ResourceApplyKerasMomentum",
}


def holder(optimizer) -> keras.Model:
    """A model whose optimizer it is."""
    inputs = keras.Input((1,))
    model = keras.Model(inputs, inputs)
    model.compile(optimizer, jit_compile=False)
    return model


def trained(optimizer, fused: bool, monkeypatch, steps: int = 4, dtype: str = "float32"):
    """Weights and the optimizer's variables after some steps, and the kinds of operations that a step consists of."""
    rng = np.random.default_rng(0)
    weights = [keras.Variable(rng.normal(size=shape), dtype=dtype, name=f"w{shape[0]}") for shape in SHAPES]
    optimizer.build(weights)
    monkeypatch.setattr(updates, "LARGE", 1_000)
    monkeypatch.setattr(updates, "LARGE_VARIABLE", 100)  # the biases go the plain way
    with accelerated(holder(optimizer)) if fused else contextlib.nullcontext():
        step = tf.function(lambda gradients: optimizer.apply(gradients, weights))
        for _ in range(steps):
            gradients = [tf.constant(rng.normal(size=shape), dtype) for shape in SHAPES]
            step(gradients)
        graph = step.get_concrete_function(gradients).graph.as_graph_def()
    assert not is_fused(optimizer)
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    kinds = {node.op for node in nodes} | {"XLA" for node in nodes if node.attr["_XlaMustCompile"].b}
    return [keras.ops.convert_to_numpy(value) for value in (*weights, *optimizer.variables)], kinds


def is_fused(optimizer) -> bool:
    return "_backend_update_step" in vars(optimizer)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_fused_update_is_the_plain_one(name, monkeypatch):
    found, kinds = trained(OPTIMIZERS[name](), True, monkeypatch)
    expected, plain = trained(OPTIMIZERS[name](), False, monkeypatch)
    assert OPERATIONS.get(name, "XLA") in kinds
    assert not plain & {"XLA", *OPERATIONS.values()}
    # XLA rounds a product and a sum once. The operation subtracts Adam's betas from 1 in float32, Keras in float64.
    rtol = 3e-5 if OPERATIONS.get(name) == "ResourceApplyAdam" else 2e-6
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=5e-7)


@pytest.mark.parametrize("name", OPERATIONS)
def test_in_float64_no_difference_is_left(name, monkeypatch):
    """So the formula is the same, and several devices, which make Keras' updates, end with the weights of one."""
    with devices.precision("float64"):
        found, kinds = trained(OPTIMIZERS[name](), True, monkeypatch, dtype="float64")
        expected, _ = trained(OPTIMIZERS[name](), False, monkeypatch, dtype="float64")
    assert OPERATIONS[name] in kinds
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


def test_large_variables_are_updated_one_after_the_other(monkeypatch):
    """So that one of them at most is held twice; rates of single layers are those that the updates have."""
    monkeypatch.setattr(updates, "LARGE", 1_000)
    monkeypatch.setattr(updates, "LARGE_VARIABLE", 100)
    optimizer = keras.optimizers.Adam()
    weights = [keras.Variable(np.zeros(shape, np.float32)) for shape in SHAPES]
    optimizer.build(weights)
    # An update of somebody's own is compiled; Adam's, as it is, would be one operation.
    seen, update = [], optimizer.update_step
    optimizer.update_step = lambda gradient, *rest: seen.append(gradient.shape) or update(gradient, *rest)
    with accelerated(holder(optimizer)):
        step = tf.function(lambda: optimizer.apply([tf.ones(shape) for shape in SHAPES], weights))
        graph = step.get_concrete_function().graph
    assert seen == list(SHAPES)
    first, second = [operation for operation in graph.get_operations() if "Call" in operation.type]
    assert first in second.inputs[0].op.control_inputs
    assert not [
        operation
        for operation in graph.get_operations()
        if operation.type == "Sqrt" and operation.inputs[0].shape == SHAPES[0]
    ]


def test_small_networks_are_left_alone_where_there_is_no_operation_and_scaled_losses_always(monkeypatch):
    for optimizer, fused in ((keras.optimizers.RMSprop(), False), (keras.optimizers.Adam(), True)):
        with accelerated(holder(optimizer)):
            assert not is_fused(optimizer)  # without variables there is nothing to be updated
        optimizer.build([keras.Variable(np.zeros((3, 2), np.float32))])
        with accelerated(holder(optimizer)):
            assert is_fused(optimizer) == fused
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())
    assert not trained(scaled, True, monkeypatch)[1] & {"XLA", *OPERATIONS.values()}


def test_rates_of_single_layers_hold(monkeypatch):
    """`scale_rates` gives an optimizer an update of its own, which is compiled as it is."""
    found = {}
    for fused in (True, False):
        optimizer = keras.optimizers.Adam(0.01)
        update = optimizer.update_step
        optimizer.update_step = lambda gradient, variable, rate, update=update: update(gradient, variable, rate * 0.5)
        found[fused], kinds = trained(optimizer, fused, monkeypatch)
        assert ("XLA" in kinds) == fused
    half, _ = trained(keras.optimizers.Adam(0.005), False, monkeypatch)
    for a, b in ((a, b) for values in found.values() for a, b in zip(values[:3], half[:3], strict=True)):
        np.testing.assert_allclose(a, b, rtol=2e-6, atol=4e-7)


def test_sparse_gradients_go_the_plain_way(monkeypatch):
    monkeypatch.setattr(updates, "LARGE", 1)
    monkeypatch.setattr(updates, "LARGE_VARIABLE", 1)
    table = keras.Variable(np.ones((4, 2), np.float32))
    optimizer = keras.optimizers.SGD(1.0)
    optimizer.build([table])
    gradient = tf.IndexedSlices(tf.ones((1, 2)), tf.constant([2]), tf.constant([4, 2]))
    with accelerated(holder(optimizer)):
        assert is_fused(optimizer)
        tf.function(lambda: optimizer.apply([gradient], [table]))()
    np.testing.assert_array_equal(table.numpy(), [[1, 1], [1, 1], [0, 0], [1, 1]])


@pytest.mark.parametrize(
    ("make", "plain"),
    [
        (keras.optimizers.Adam, False),
        (keras.optimizers.Adam, True),
        (lambda rate: keras.optimizers.SGD(rate, clipnorm=0.01), False),
    ],
)
def test_a_word_has_one_gradient_however_often_it_stands_in_a_batch(make, plain):
    """As the same net has that multiplies one-hot vectors; Keras' own steps square each word's gradients one by one."""
    words = np.array([[1, 1, 1, 2], [2, 1, 4, 1]] * 4, np.int32)
    y = np.arange(8).astype(np.float32).reshape(8, 1)

    def network(sparse):
        keras.utils.set_random_seed(1)
        ids = keras.Input((4,), dtype="int32")
        if sparse:
            x = keras.layers.Embedding(5, 2, embeddings_initializer="ones", name="words")(ids)
        else:
            dense = keras.layers.Dense(2, use_bias=False, kernel_initializer="ones", name="words")
            x = dense(keras.ops.one_hot(ids, 5))
        model = keras.Model(ids, keras.layers.Dense(1)(keras.layers.Flatten()(x)))
        model.compile(make(0.1), "mse", jit_compile=False)
        return model

    ours, its_own, expected = network(True), network(True), network(False)
    batches = Batches(Split("train", words, y), 8, seed=1)
    with fit.training_loop(ours, batches, plain) as loop:
        for epoch in range(3):
            loop.run(epoch, 0, 1)
    assert "apply" not in vars(ours.optimizer)  # nothing is left behind
    for epoch in range(3):
        x, target = batches.at(tf.constant(epoch, tf.int64), tf.constant(0, tf.int64))
        for model in (its_own, expected):
            model.train_on_batch(x, target)
    ours, its_own, expected = (np.asarray(m.get_layer("words").weights[0]) for m in (ours, its_own, expected))
    np.testing.assert_allclose(ours, expected, rtol=1e-5)
    assert np.abs(its_own - expected).max() > 1e-3  # else Keras has mended it, and this is no longer needed


def recurrent(layer):
    inputs = keras.Input((5,), dtype="int32", name="ids")
    x = keras.layers.Embedding(7, 4, name="embedding")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(layer(3, name="cell")(x)))
    return model, (np.ones((4, 5), np.int32), np.ones(4, np.int32))


def source(tensor) -> tf.Operation:
    """What makes a tensor; not all that an optimizer passes through one operation, which does not survive the graph's."""
    while tensor.op.type == "IdentityN":
        tensor = tensor.op.inputs[tensor.value_index]
    return tensor.op


@pytest.mark.parametrize(
    "make",
    [
        lambda: (backprop_mlp((4, 4, 1), 3, hidden=5), (np.ones((4, 4, 4, 1), np.float32), np.ones(4, np.int32))),
        *(functools.partial(recurrent, layer) for layer in (FastLSTM, FastGRU, FastSimpleRNN)),
    ],
    ids=["backprop", "lstm", "gru", "simple"],
)
@pytest.mark.parametrize("fused", [False, True])
def test_no_kernel_is_updated_before_what_is_computed_with_its_transpose(make, fused):
    """Gradients were wrong in one of 20 trainings by hand on a busy machine, see `tf_models.steps.after`."""
    model, batch = make()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="sgd", loss=loss, jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    with accelerated(model) if fused else contextlib.nullcontext():
        graph = tf.function(model.train_step, autograph=False).get_concrete_function(batch).graph
    followed = 0
    for update in graph.get_operations():
        if update.type not in ("AssignSubVariableOp", "ResourceApplyGradientDescent"):
            continue
        before, waiting = set(), [update]
        while waiting:
            one = waiting.pop()
            if one not in before:
                before.add(one)
                waiting += [*map(source, one.inputs), *one.control_inputs]
        for read in update.inputs[0].consumers():
            for turned in read.outputs[0].consumers() if read.type == "ReadVariableOp" else ():
                if turned.type == "Transpose":
                    followed += 1
                    assert before.issuperset(turned.outputs[0].consumers()), update.inputs[0].name
    assert followed
