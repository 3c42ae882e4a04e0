"""The ordinal losses and metrics: formulas against NumPy in float64, and PyTorch's libraries where they are installed."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from keras import ops
from ordinal_samples import CLASSES, COUNT, FLOATS, LABELS, LEVELS, LOGITS, PAIRS, VALUES, WEIGHTS
from scipy.special import expit, log_softmax, softmax
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from tf_models import layers, losses, metrics
from tf_models.metrics import ordinal

ABOVE = (LABELS[:, None] > np.arange(CLASSES - 1)).astype(float)
APART = np.abs(LABELS[:, None] - np.arange(CLASSES)).astype(float)
REACHED = LABELS[:, None] > np.arange(CLASSES - 1) - 1
DISTANCES = np.abs(np.subtract.outer(np.arange(CLASSES), np.arange(CLASSES)))


def binary(levels, p):
    return -(levels * np.log(p) + (1 - levels) * np.log(1 - p))


CORN = (REACHED * binary(ABOVE, expit(LEVELS))).sum(1)
# The loss, the outputs that it takes, and each sample's loss by the formula as the paper writes it.
CASES = {
    "coral": (losses.CoralLoss, LEVELS, binary(ABOVE, expit(LEVELS)).sum(1)),
    "niu": (losses.NiuLoss, PAIRS, binary(ABOVE, softmax(PAIRS, -1)[..., 1]).sum(1)),
    "corn": (losses.CornLoss, LEVELS, CORN * COUNT / REACHED.sum()),
    "corn, samples": (lambda **k: losses.CornLoss("samples", **k), LEVELS, CORN),
    "class distance": (losses.ClassDistanceLoss, LOGITS, -(np.log(1 - softmax(LOGITS, 1)) * APART**5).sum(1)),
    "class distance, power 1": (
        lambda **k: losses.ClassDistanceLoss(1.0, **k),
        LOGITS,
        -(np.log(1 - softmax(LOGITS, 1)) * APART).sum(1),
    ),
    "earth mover": (
        losses.EarthMoverLoss,
        LOGITS,
        ((np.cumsum(softmax(LOGITS, 1), 1) - np.cumsum(np.eye(CLASSES)[LABELS], 1)) ** 2).sum(1),
    ),
    "soft labels": (
        lambda **k: losses.SoftLabelLoss(0.7, 2.0, **k),
        LOGITS,
        -(softmax(-0.7 * APART**2, 1) * log_softmax(LOGITS, 1)).sum(1),
    ),
    "squared": (losses.RankSquaredError, VALUES, (VALUES[:, 0] - LABELS) ** 2),
}


@pytest.mark.parametrize("name", CASES)
def test_losses_against_numpy_in_float64(name):
    loss, outputs, expected = CASES[name]
    found = loss(reduction=None, dtype="float64")(LABELS, outputs)
    np.testing.assert_allclose(found, expected, rtol=1e-11)
    column = loss(reduction=None, dtype="float64")(LABELS[:, None], outputs)
    np.testing.assert_array_equal(found, column)
    np.testing.assert_allclose(loss()(LABELS, outputs.astype(np.float32)), expected.mean(), rtol=2e-6)


@pytest.mark.parametrize("name", CASES)
def test_sample_weights_multiply_each_samples_loss(name):
    loss, outputs, expected = CASES[name]
    for weights in (WEIGHTS, WEIGHTS[:, None]):
        found = loss(dtype="float64")(LABELS, outputs, sample_weight=weights)
        assert float(found) == pytest.approx(np.mean(WEIGHTS * expected), rel=1e-6)
    total = loss(reduction="sum", dtype="float64")(LABELS, outputs, sample_weight=WEIGHTS)
    assert float(total) == pytest.approx(np.sum(WEIGHTS * expected), rel=1e-6)
    mean = loss(reduction="mean_with_sample_weight", dtype="float64")(LABELS, outputs, sample_weight=WEIGHTS)
    assert float(mean) == pytest.approx(np.average(expected, weights=WEIGHTS), rel=1e-6)
    model = keras.Sequential([keras.layers.Identity(name="outputs")])
    model.compile("sgd", loss(), jit_compile=False)
    kept = np.where(np.arange(COUNT) < 25, WEIGHTS, 0)
    scored = model.evaluate(outputs, LABELS, sample_weight=kept, batch_size=COUNT, verbose=0)
    assert scored == pytest.approx(np.mean(kept * expected), rel=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_losses_stay_finite_far_out_and_are_saved(name):
    loss, outputs, expected = CASES[name]
    import tensorflow as tf

    far = tf.Variable((200 * outputs if name != "squared" else outputs).astype(np.float32))
    with tf.GradientTape() as tape:
        value = loss()(LABELS, far)
    assert np.isfinite(value.numpy())
    assert np.isfinite(tape.gradient(value, far).numpy()).all()
    again = keras.losses.deserialize(keras.losses.serialize(loss(dtype="float64")))
    assert float(again(LABELS, outputs)) == pytest.approx(expected.mean())


@pytest.mark.parametrize("name", CASES)
def test_one_hot_labels_are_labels(name):
    loss, outputs, expected = CASES[name]
    found = loss(reduction=None, dtype="float64")(np.eye(CLASSES)[LABELS], outputs)
    np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_losses_against_the_libraries_of_pytorch():
    """Where torch alone is installed, against the formulas written in it."""
    torch = pytest.importorskip("torch")
    tensors = {name: torch.tensor(x) for name, x in {"levels": LEVELS, "logits": LOGITS, "pairs": PAIRS}.items()}
    labels, above = torch.tensor(LABELS), torch.tensor(ABOVE)
    binary_loss = torch.nn.functional.binary_cross_entropy_with_logits
    expected = {
        "coral": binary_loss(tensors["levels"], above, reduction="none").sum(1).mean(),
        "niu": sum(
            torch.nn.functional.cross_entropy(tensors["pairs"][:, k], above[:, k].long()) for k in range(CLASSES - 1)
        ),
        "class distance": -(torch.log(1 - torch.softmax(tensors["logits"], 1)) * torch.tensor(APART) ** 5)
        .sum(1)
        .mean(),
    }
    for name, value in expected.items():
        loss, outputs, _ = CASES[name]
        assert float(loss(dtype="float64")(LABELS, outputs)) == pytest.approx(float(value), abs=1e-6, rel=1e-9), name

    coral = pytest.importorskip("coral_pytorch.losses")
    expected = {
        "coral": coral.coral_loss(tensors["levels"], above),
        "corn": coral.corn_loss(tensors["levels"], labels, CLASSES),
    }
    for name, value in expected.items():
        loss, outputs, _ = CASES[name]
        assert float(loss(dtype="float64")(LABELS, outputs)) == pytest.approx(float(value), abs=1e-6, rel=1e-9), name
    from coral_pytorch.dataset import corn_label_from_logits, levels_from_labelbatch, proba_to_label

    np.testing.assert_array_equal(losses.levels_from_labels(LABELS, CLASSES), levels_from_labelbatch(labels, CLASSES))
    np.testing.assert_array_equal(
        losses.labels_from_levels(expit(LEVELS)), proba_to_label(torch.sigmoid(tensors["levels"]))
    )
    found = losses.labels_from_outputs(LEVELS, "conditional", CLASSES)
    np.testing.assert_array_equal(found, corn_label_from_logits(tensors["levels"]))

    theirs = pytest.importorskip("dlordinal.losses")
    expected = {
        "class distance": theirs.CDWCELoss(CLASSES, alpha=5.0),
        "class distance, power 1": theirs.CDWCELoss(CLASSES, alpha=1.0),
        "earth mover": theirs.EMDLoss(CLASSES),
    }
    for name, function in expected.items():
        loss, outputs, _ = CASES[name]
        value = function(tensors["logits"], labels)
        # Their class distance adds 1e-8 to each logarithm's argument.
        assert float(loss(dtype="float64")(LABELS, outputs)) == pytest.approx(float(value), rel=1e-6), name
    sord = theirs.SORDLoss(alpha=0.7, num_classes=CLASSES, train_targets=labels)(tensors["logits"], labels)
    assert float(losses.SoftLabelLoss(0.7, dtype="float64")(LABELS, LOGITS)) == pytest.approx(float(sord), abs=1e-6)


def test_metrics_against_the_library_of_pytorch():
    theirs = pytest.importorskip("dlordinal.metrics")
    found = {
        "average_mae": theirs.amae(LABELS, LOGITS.argmax(1)),
        "maximum_mae": theirs.mmae(LABELS, LOGITS.argmax(1)),
    }
    matrix = ops.cast(metrics.confusion(LABELS, LOGITS.argmax(1), CLASSES), "float64")
    for name, value in found.items():
        assert float(getattr(ordinal, name)(matrix)) == pytest.approx(value, abs=1e-6)
    score = metrics.ranked_probability_score(LABELS, losses.levels_from_outputs(LOGITS, "classes", CLASSES))
    expected = theirs.ranked_probability_score(LABELS, softmax(LOGITS, 1))
    assert float(np.mean(score)) == pytest.approx(expected, abs=1e-6)


CONFUSED = confusion_matrix(LABELS, LOGITS.argmax(1), sample_weight=WEIGHTS)
CLASS_MAES = (CONFUSED * DISTANCES).sum(1) / CONFUSED.sum(1)
SCORES = {
    metrics.RankMAE: (CONFUSED * DISTANCES).sum() / CONFUSED.sum(),
    metrics.RankRMSE: np.sqrt((CONFUSED * DISTANCES**2).sum() / CONFUSED.sum()),
    metrics.RankAccuracy: np.trace(CONFUSED) / CONFUSED.sum(),
    metrics.AverageMAE: CLASS_MAES.mean(),
    metrics.MaximumMAE: CLASS_MAES.max(),
    metrics.QuadraticKappa: cohen_kappa_score(LABELS, LOGITS.argmax(1), weights="quadratic", sample_weight=WEIGHTS),
    metrics.RankedProbabilityScore: np.average(CASES["earth mover"][2], weights=WEIGHTS),
    metrics.RankInconsistencies: 0.0,
}


@pytest.mark.parametrize("metric", SCORES, ids=lambda metric: metric.__name__)
def test_metrics_against_numpy_batch_by_batch_with_weights(metric):
    one = metric(CLASSES, outputs="classes", dtype="float64", name="one")
    for part in np.array_split(np.arange(COUNT), 3):
        one.update_state(LABELS[part], LOGITS[part], sample_weight=WEIGHTS[part])
    assert float(one.result()) == pytest.approx(SCORES[metric], rel=1e-6, abs=1e-9)
    again = keras.metrics.deserialize(keras.metrics.serialize(one))
    again.update_state(LABELS[:, None], LOGITS, sample_weight=WEIGHTS)
    assert float(again.result()) == pytest.approx(SCORES[metric], rel=1e-6, abs=1e-9)
    one.reset_state()
    assert float(one.result()) == 0.0


def test_a_class_without_samples_does_not_count():
    matrix = ops.convert_to_tensor([[2.0, 0.0, 2.0], [0.0, 0.0, 0.0], [0.0, 0.0, 4.0]])
    assert float(ordinal.average_mae(matrix)) == 0.5
    assert float(ordinal.maximum_mae(matrix)) == 1.0
    assert float(ordinal.quadratic_kappa(ops.convert_to_tensor([[5.0, 0.0], [0.0, 0.0]]))) == 0.0


def test_inconsistencies_are_counted():
    levels = np.array([[0.9, 0.5, 0.1], [0.1, 0.5, 0.4], [0.1, 0.2, 0.3]])
    np.testing.assert_array_equal(metrics.rank_inconsistencies(levels), [0, 1, 2])
    metric = metrics.RankInconsistencies(4)
    metric.update_state([0, 0, 0], np.log(levels / (1 - levels)))
    assert float(metric.result()) == 1.0


def test_values_are_forecasts_of_a_point():
    levels = losses.levels_from_outputs([[2.3], [0.0], [4.0], [1.5], [1.51]], "value", 5)
    np.testing.assert_allclose(levels[0], [1, 1, 0.3, 0], rtol=1e-5)
    np.testing.assert_allclose(np.sum(levels, 1), [2.3, 0, 4, 1.5, 1.51], rtol=1e-6)
    np.testing.assert_array_equal(losses.labels_from_levels(levels), [2, 0, 4, 1, 2])


def test_modes_and_medians():
    logits = np.log([[0.4, 0.05, 0.15, 0.2, 0.2]])
    assert losses.labels_from_outputs(logits, "classes", 5)[0] == 0
    assert losses.labels_from_outputs(logits, "classes", 5, "median")[0] == 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: losses.levels_from_labels([0], 1), "2 classes or more, not 1"),
        (lambda: losses.levels_from_outputs(LEVELS, "logits", 6), "one of classes, .*, not 'logits'"),
        (
            lambda: losses.levels_from_outputs(LEVELS, "classes", 6),
            r"classes of 6 ranks have the shape \(6,\), not \(5,\)",
        ),
        (lambda: losses.labels_from_outputs(LOGITS, "classes", 6, "mean"), "mode or median, not 'mean'"),
        (lambda: losses.corn_loss(LABELS, LEVELS, "tasks"), "conditional, samples, not 'tasks'"),
        (lambda: losses.CornLoss("tasks"), "conditional, samples, not 'tasks'"),
        (lambda: losses.ClassDistanceLoss(0), "power must be positive, not 0"),
        (lambda: losses.SoftLabelLoss(scale=-1), "scale must be positive, not -1"),
        (lambda: layers.CoralHead(1), "2 classes or more, not 1"),
        (lambda: layers.CoralHead(4, "rising"), "zeros, descending, not 'rising'"),
        (lambda: layers.CumulativeLinkHead(4, "probit"), "logit, cloglog, not 'probit'"),
        (lambda: layers.CumulativeLinkHead(4, min_distance=0.0), "min_distance must be positive"),
        (lambda: metrics.RankMAE(1), "2 classes or more, not 1"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@settings(max_examples=60, deadline=None)
@given(arrays(np.float32, (4, CLASSES - 1), elements=FLOATS))
def test_corn_is_consistent_whatever_the_weights(logits):
    levels = losses.levels_from_outputs(logits, "conditional", CLASSES)
    assert not np.any(metrics.rank_inconsistencies(levels))


@settings(max_examples=60, deadline=None)
@given(arrays(np.float32, (4, CLASSES - 1), elements=st.floats(0, 1, width=32)))
def test_any_levels_give_a_distribution(levels):
    p = np.asarray(losses.probabilities_from_levels(levels))
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-5)
    falling = -np.sort(-levels, axis=1)
    kept = np.asarray(losses.probabilities_from_levels(falling))
    np.testing.assert_allclose(kept.sum(1, keepdims=True) - np.cumsum(kept, 1)[:, :-1], falling, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 30), st.data())
def test_ranks_come_back_from_their_levels(classes, data):
    labels = data.draw(arrays(np.int32, st.integers(1, 9), elements=st.integers(0, classes - 1)))
    levels = losses.levels_from_labels(labels, classes)
    assert levels.shape == (len(labels), classes - 1)
    np.testing.assert_array_equal(losses.labels_from_levels(levels), labels)
