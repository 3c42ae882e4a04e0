"""The ordinal heads: formulas against NumPy in float64, beginnings, gradients, saving, and levels that are consistent."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from ordinal_samples import CLASSES, FLOATS, RNG
from scipy.special import expit, softmax
from scipy.stats import binom

from tf_models import layers, losses, metrics
from tf_models.losses import levels as of_levels


def test_cumulative_links_against_the_library_of_pytorch():
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("dlordinal.output_layers")
    x = RNG.normal(size=(20, 3))
    for link in ("logit", "cloglog"):
        head = layers.CumulativeLinkHead(CLASSES, link, min_distance=0.25, dtype="float64")
        head.build(x.shape)
        steps = RNG.uniform(-1, 1, CLASSES - 2)
        head.first.assign([-0.4])
        head.steps.assign(steps)
        oracle = theirs.CLM(CLASSES, link, min_distance=0.25)
        oracle.thresholds_b_.data = torch.tensor([-0.4], dtype=torch.float64)
        oracle.thresholds_a_.data = torch.tensor(steps)
        expected = oracle(torch.tensor(x @ np.asarray(head.kernel))).detach().numpy()
        np.testing.assert_allclose(np.exp(head(x)), expected, atol=1e-6)


HEADS = {
    "coral": lambda **k: layers.CoralHead(CLASSES, **k),
    "coral, descending": lambda **k: layers.CoralHead(CLASSES, "descending", **k),
    "niu": lambda **k: layers.NiuHead(CLASSES, **k),
    "beckham": lambda **k: layers.BeckhamHead(CLASSES, **k),
    "binomial": lambda **k: layers.BinomialHead(CLASSES, **k),
    "logit": lambda **k: layers.CumulativeLinkHead(CLASSES, **k),
    "cloglog": lambda **k: layers.CumulativeLinkHead(CLASSES, "cloglog", **k),
}


@pytest.mark.parametrize("name", HEADS)
def test_heads_against_numpy_in_float64(name):
    x = RNG.normal(size=(20, 4))
    head = HEADS[name](dtype="float64", name="head")
    found = np.asarray(head(x))
    assert found.shape == head.compute_output_shape((20, 4))
    for weight in head.weights:
        weight.assign(RNG.normal(size=weight.shape))
    w = {weight.name: np.asarray(weight) for weight in head.weights}
    z = x @ w["kernel"] + w.get("bias", 0)
    if name.startswith("coral"):
        expected = z
    elif name == "niu":
        expected = z.reshape(20, CLASSES - 1, 2)
    elif name == "beckham":
        expected = (CLASSES - 1) * expit(softmax(z, 1) @ w["ranks"])
    elif name == "binomial":
        t = np.log1p(np.exp(w["temperature"]))
        expected = np.stack([binom.logpmf(k, CLASSES - 1, expit(z[:, 0])) for k in range(CLASSES)], 1) / t
    else:
        thresholds = w["first"] + np.concatenate([[0], np.cumsum(w["steps"] ** 2 + head.min_distance)])
        z = thresholds - z
        below = expit(z) if name == "logit" else 1 - np.exp(-np.exp(z))
        edges = np.concatenate([np.zeros((20, 1)), below, np.ones((20, 1))], 1)
        # The difference of two numbers near 1 has few digits; the head's logarithms have all.
        np.testing.assert_allclose(np.exp(head(x)), np.diff(edges), atol=1e-13)
        return
    np.testing.assert_allclose(head(x), expected, rtol=1e-9, atol=1e-12)


def test_how_heads_begin():
    x = np.zeros((1, 4))
    np.testing.assert_array_equal(HEADS["coral"]()(x), np.zeros((1, CLASSES - 1)))
    np.testing.assert_allclose(HEADS["coral, descending"]()(x), [[1, 0.8, 0.6, 0.4, 0.2]], rtol=1e-6)
    links = layers.CumulativeLinkHead(5)
    links.build((1, 4))
    np.testing.assert_allclose(links.thresholds(), [-1.5, -0.499, 0.502, 1.503], rtol=1e-6)
    np.testing.assert_allclose(softmax(np.asarray(layers.BinomialHead(3)(x)), 1), [[0.25, 0.5, 0.25]], rtol=1e-6)


@pytest.mark.parametrize("name", HEADS)
def test_heads_are_saved_and_get_gradients(name, tmp_path):
    import tensorflow as tf

    inputs = keras.Input((4,), name="features")
    model = keras.Model(inputs, HEADS[name](name="head")(inputs))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    x = RNG.normal(size=(8, 4)).astype(np.float32)
    np.testing.assert_array_equal(model(x), again(x))
    assert again.get_layer("head").get_config() == model.get_layer("head").get_config()
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(model(x) ** 2)
    for variable, gradient in zip(model.weights, tape.gradient(value, model.trainable_weights), strict=True):
        assert np.isfinite(gradient.numpy()).all(), variable.path
        assert np.any(gradient.numpy()), variable.path


@pytest.mark.parametrize("name", ["binomial", "logit", "cloglog"])
@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_logarithms_stay_finite_far_out(name, policy):
    head = HEADS[name](dtype=policy)
    head.build((None, 1))
    head.kernel.assign([[1.0]])
    x = np.array([[-900.0], [-30.0], [0.0], [30.0], [900.0]], np.float32)
    found = np.asarray(head(x))
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    # Far out all the probability lies at one end.
    np.testing.assert_array_equal(found[[0, -1]].argmax(1), [0, CLASSES - 1])


@settings(max_examples=60, deadline=None)
@given(arrays(np.float32, (4,), elements=FLOATS), arrays(np.float32, (CLASSES - 1,), elements=FLOATS))
def test_coral_is_consistent_where_its_biases_do_not_grow(scores, biases):
    """Its theorem says that they do not at the optimum; otherwise it is as inconsistent as they are."""
    head = layers.CoralHead(CLASSES, kernel_initializer="ones")
    head.build((None, 1))
    head.bias.assign(-np.sort(-biases))
    levels = losses.levels_from_outputs(head(scores[:, None]), "levels", CLASSES)
    assert not np.any(metrics.rank_inconsistencies(levels))
    head.bias.assign([0, 1, 0, 0, 0])
    levels = losses.levels_from_outputs(head(np.zeros((1, 1), np.float32)), "levels", CLASSES)
    assert float(metrics.rank_inconsistencies(levels)[0]) == 1


@settings(max_examples=60, deadline=None)
@given(arrays(np.float32, (4, CLASSES), elements=FLOATS), st.sampled_from(["classes", "binomial", "logit", "cloglog"]))
def test_distributions_over_ranks_are_consistent(logits, name):
    if name != "classes":
        head = HEADS[name]()
        head.build((None, CLASSES))
        logits = head(logits)
    levels = losses.levels_from_outputs(logits, "classes", CLASSES)
    assert not np.any(metrics.rank_inconsistencies(levels))
    np.testing.assert_allclose(of_levels.probabilities_from_levels(levels), softmax(np.asarray(logits), 1), atol=2e-6)


def test_scikit_learns_tools_take_heads_of_classes():
    """The wrapper makes labels one-hot and takes the largest output for the class. The example of docs/ordinal.md."""

    def model(X, y):
        inputs = keras.Input(X.shape[1:], name="features")
        kernel = keras.initializers.GlorotUniform(seed=1)  # no start may decide this test
        x = keras.layers.Dense(8, "tanh", kernel_initializer=kernel, name="hidden")(inputs)
        net = keras.Model(inputs, layers.CumulativeLinkHead(y.shape[1], name="logits")(x))
        net.compile(keras.optimizers.Adam(0.1), losses.EarthMoverLoss())
        return net

    y = np.repeat([1, 2, 3], 20)
    x = (y[:, None] + 0.1 * np.random.default_rng(1).normal(size=(60, 2))).astype(np.float32)
    classifier = keras.wrappers.SKLearnClassifier(model, fit_kwargs={"epochs": 40, "verbose": 0, "shuffle": False})
    assert classifier.fit(x[::2], y[::2]).score(x[1::2], y[1::2]) > 0.8
    assert set(classifier.predict(x).ravel()) <= {1, 2, 3}
