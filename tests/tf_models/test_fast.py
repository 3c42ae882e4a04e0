"""What `accelerated` replaces is put back: after training, after an exception, nested, and not at all under a strategy."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from runs import bound

from tf_data.pipeline import Batches
from tf_models.cnn import resnet
from tf_models.configs import get
from tf_models.training import fit, state
from tf_models.training.building import build_model, build_optimizer
from tf_models.training.fast import TRACED, accelerated, updates

# Every kind of replacement, in models within models, too: batch norms, convolutions of one place, two optimizers.
RECIPES = {
    "mlp-batchnorm": {},
    "cnn-resnet18-mnist": {"filters": 4, "blocks": (1, 1, 1, 1)},
    "gan-conv-mnist": {},
    "ae-conv-cvae": {},
    "metric-siamese-mlp": {},
    "mlp-backprop-scratch": {},
}
SMALL = {"input_shape": (28, 28, 1), "depth": 18, "classes": 10, "filters": 4, "blocks": (1, 1, 1, 1)}


@pytest.fixture(autouse=True)
def every_optimizer_counts_as_large(monkeypatch):
    monkeypatch.setattr(updates, "LARGE", 1)
    monkeypatch.setattr(updates, "LARGE_VARIABLE", 20_000)


def compiled(id, digits):
    recipe = get(id)
    recipe = replace(recipe, model={**recipe.model, **RECIPES[id]}, batch_size=16)
    if recipe.optimizer == "adam":
        # The recipe's 1e-8 would make whole updates of gradients that are nothing but rounding.
        recipe = replace(recipe, optimizer_options={**recipe.optimizer_options, "epsilon": 1e-5})
    model = build_model(recipe)
    task = bound(recipe, model, digits)
    task.compile(build_optimizer(recipe), jit=False)
    return model, Batches(digits.train.slice(0, 32), 16, prepare=task.prepare_training)


def classifier(shape=(28, 28, 1)) -> keras.Model:
    model = resnet(**SMALL)
    model.compile(keras.optimizers.Adam(), keras.losses.SparseCategoricalCrossentropy(True), jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def attributes(model) -> dict:
    """All attributes of all layers, models, losses and optimizers, by owner and name."""
    owners = {f"layer {layer.path}": layer for layer in model._flatten_layers()}
    losses = [loss for loss in keras.tree.flatten(model.loss) if isinstance(loss, keras.Loss)]
    owners |= {f"loss {number}": loss for number, loss in enumerate(losses)}
    owners |= {f"optimizer {number}": optimizer for number, optimizer in enumerate(state.optimizers(model))}
    return {(name, key): value for name, owner in owners.items() for key, value in vars(owner).items()}


def assert_same(before: dict, after: dict) -> None:
    assert before.keys() == after.keys()
    assert [key for key in before if before[key] is not after[key]] == []


def replaced(before: dict, model) -> set[str]:
    """Names of attributes that were not there."""
    return {key for _, key in attributes(model).keys() - before.keys()}


@pytest.mark.parametrize("id", RECIPES)
def test_nothing_is_left_behind(id, digits):
    model, batches = compiled(id, digits)
    expected = {
        "mlp-batchnorm": {"call", "_backend_update_step"},
        "cnn-resnet18-mnist": {"call", "convolution_op", "_backend_update_step"},
        "gan-conv-mnist": {"call", "convolution_op", "_backend_update_step"},
        "ae-conv-cvae": {"call", "convolution_op", "_backend_update_step"},
        "metric-siamese-mlp": {"_backend_update_step"},
        "mlp-backprop-scratch": {"_backend_update_step"},
    }
    with fit.training_loop(model, batches):  # builds optimizers and metrics, which stay
        pass
    before = attributes(model)
    with accelerated(model):
        assert replaced(before, model) == expected[id]
    assert_same(before, attributes(model))
    with pytest.raises(ZeroDivisionError), accelerated(model):
        1 / 0  # noqa: B018
    assert_same(before, attributes(model))


@pytest.mark.parametrize("plain", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("id", RECIPES)
def test_nothing_is_left_behind_by_training(id, plain, digits):
    model, batches = compiled(id, digits)
    with fit.training_loop(model, batches, plain) as loop:
        loop.fit(1)
    before = attributes(model)

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    def interrupted():
        with fit.training_loop(model, batches, plain) as loop:
            if not plain:
                loop.block = 2
            loop.fit(1, [Stop()])

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    after = attributes(model)
    assert before.keys() == after.keys()
    operations = [key for key in before if callable(before[key]) or callable(after[key])]
    assert [key for key in operations if before[key] is not after[key]] == []
    assert all(getattr(model, name) is None for name in TRACED)
    assert model.steps_per_execution == 1


@pytest.mark.parametrize("id", RECIPES)
def test_plain_steps_lose_the_same_and_have_the_same_state(id, digits):
    """Own train steps, two optimizers, losses of layers and several outputs included."""
    logs, names = {}, {}
    for plain in (False, True):
        model, batches = compiled(id, digits)
        with fit.training_loop(model, batches, plain) as loop:
            assert type(loop) is (fit.PlainLoop if plain else fit.CompiledLoop)
            names[plain] = list(state.variables(model))  # before the first step, as a checkpoint must find them
            history = keras.callbacks.History()
            loop.fit(2, [history])
            assert names[plain] == list(state.variables(model))
        logs[plain] = history.history
    assert names[False] == names[True]
    assert logs[False].keys() == logs[True].keys()
    for name, values in logs[False].items():
        assert values == pytest.approx(logs[True][name], rel=1e-5, abs=1e-7), name
        assert len(values) == 2


def test_contexts_may_be_nested_and_end_in_any_order():
    model = classifier()
    before = attributes(model)
    with accelerated(model):
        outer = attributes(model)
        with accelerated(model):
            assert_same(outer, attributes(model))
        assert_same(outer, attributes(model))
    assert_same(before, attributes(model))
    with accelerated(model, jit=True):
        assert replaced(before, model) == {"convolution_op"}
        with accelerated(model, jit=False):
            assert replaced(before, model) == {"convolution_op", "call", "_backend_update_step"}
        assert replaced(before, model) == {"convolution_op"}
    one, other = accelerated(model), accelerated(model)
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    other.__exit__(None, None, None)
    assert_same(before, attributes(model))


def test_what_stands_there_already_is_kept():
    model = classifier()
    norm = next(layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization))
    norm.call = own = lambda inputs, **_: inputs
    with accelerated(model):
        assert norm.call is own
    assert norm.call is own


def test_what_keras_traced_before_and_meanwhile_is_not_mixed():
    model = classifier()
    x = np.random.default_rng(0).random((4, 28, 28, 1), np.float32)
    plain = model.predict(x, verbose=0)
    traced = model.predict_function
    with accelerated(model):
        assert model.predict_function is None
        fast = model.predict(x, verbose=0)
        assert model.predict_function is not traced
    assert model.predict_function is traced
    np.testing.assert_array_equal(model.predict(x, verbose=0), plain)
    np.testing.assert_allclose(fast, plain, atol=1e-5)


def test_nothing_is_replaced_under_a_strategy():
    with tf.distribute.OneDeviceStrategy("CPU").scope():
        model = classifier()
        before = attributes(model)
        with accelerated(model):
            assert_same(before, attributes(model))
    with accelerated(model):  # the model keeps its strategy
        assert_same(before, attributes(model))
