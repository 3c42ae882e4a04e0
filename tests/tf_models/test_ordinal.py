"""Ordinal recipes: all of them at once, the task's scores, refusals, interrupted runs and predictions."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from runs import bound
from small_models import SMALL

import tf_models
from tf_data import datasets, transform
from tf_data.command import run
from tf_data.dataset import Data, Split
from tf_data.datasets.drawing import shape_image
from tf_data.errors import InputError
from tf_models import evaluate, predict, train
from tf_models.configs import get
from tf_models.ordinal import HEADS, ordinal_mlp
from tf_models.tasks import rank
from tf_models.training import trainer
from tf_models.training.building import build_model

# ResNets end in a global average of 512 maps: the topics' counts less 3 x 512 weights for each of the last layer's units.
RESNET34, RESNET18, MLP = 21_286_741 - 2048 - 21, 11_177_045 - 512 - 21, 8 * 300 + 300 * 300 + 4 * 300
PARAMETERS = {
    "ordinal-coral-afadlite": 21_286_741 - 3 * 512,
    "ordinal-niu-afadlite": RESNET34 + 42 * 513,
    "ordinal-niu-afadlite-alexnet": 57_175_914,
    "ordinal-beckham-afadlite": 21_329_772 - 3 * 512 * 22,
    "ordinal-coral-afadlite-small": RESNET18 + 512 + 21,
    "ordinal-niu-afadlite-small": RESNET18 + 42 * 513,
    "ordinal-beckham-afadlite-small": RESNET18 + 22 * 513 + 22,
    "ordinal-corn-afadlite-small": RESNET18 + 21 * 513,
    "ordinal-baseline-afadlite-small": RESNET18 + 22 * 513,
    "ordinal-coral-cement": MLP + 300 + 4,
    "ordinal-baseline-cement": MLP + 5 * 301,
    "ordinal-corn-cement": MLP + 4 * 301,
    "ordinal-niu-cement": MLP + 8 * 301,
    "ordinal-beckham-cement": MLP + 5 * 301 + 5,
    "ordinal-cdwce-cement": MLP + 5 * 301,
    "ordinal-emd-cement": MLP + 5 * 301,
    "ordinal-sord-cement": MLP + 5 * 301,
    "ordinal-binomial-cement": MLP + 301 + 1,
    "ordinal-clm-cement": MLP + 300 + 1 + 3,
}
RECIPES = [recipe for recipe in tf_models.recipes() if recipe.task == "rank"]
IDS = [recipe.id for recipe in RECIPES]
# One recipe for each head, loss and small network; those of perceptrons are trained.
MODELS = list({(r.builder, repr((SMALL.get(r.id), r.model["head"], r.task_options))): r for r in RECIPES}.values())
LEARNED = [r for r in MODELS if r.dataset == "cement"]
OPTIONS = trainer.Options(source="synthetic", quiet=True, figures=False)


def small(recipe):
    """The recipe with its small model, without dropout, on samples of that model's size."""
    model = {**recipe.model, **SMALL.get(recipe.id, {"hidden": (16,), "dropout": 0.0})}
    kept = recipe.transform if recipe.dataset == "cement" else {"name": "image"}
    return replace(recipe, model=model, transform=kept)


def first_batch(recipe, samples=20):
    """Samples and ranks as the dataset stores them."""
    rng = np.random.default_rng(0)
    classes = datasets.get(recipe.dataset).classes
    y = (np.arange(samples) % len(classes)).astype(np.int32)
    shape = recipe.model["input_shape"]
    if len(shape) == 3:
        x = np.stack([shape_image(label, len(classes), rng, *shape[:2]) for label in y])
    else:
        x = (rng.normal(size=(samples, *shape)) + 2 * y[:, None]).astype(np.float32)
    split = Split("train", x, y)
    return Data(recipe.dataset, "synthetic", "this test", split, split, classes=classes)


def compiled(recipe, rate=0.01):
    """A small model's task, compiled, and its first batch."""
    data = first_batch(recipe)
    task = bound(recipe, build_model(recipe), data)
    task.transform.fit(data.train)
    task.compile(keras.optimizers.Adam(rate), jit=False)
    return task, *task.prepare(tf.constant(data.train.x), tf.constant(data.train.y), None)


@pytest.mark.parametrize("recipe", RECIPES, ids=IDS)
def test_parameters_and_names(recipe):
    model = tf_models.build(recipe.id)
    count = sum(int(np.prod(weight.shape)) for weight in model.trainable_variables)
    assert count == PARAMETERS[recipe.id] == recipe.parameters
    assert len(RECIPES) == len(PARAMETERS)
    for layer in model.layers:
        base, _, number = layer.name.rpartition("_")
        assert not (number.isdigit() and base == type(layer).__name__.lower()), f"{layer.name} is an automatic name"
    stored = datasets.get(recipe.dataset).shape
    if len(stored) == 3:
        stored = (*recipe.data.get("size", stored[:2]), 3)
        for training in (False, True):
            made = transform.make(recipe.transform).shape(stored, training=training)
            assert made == model.input_shape[1:] == recipe.model["input_shape"]


@pytest.mark.parametrize("recipe", MODELS, ids=lambda recipe: recipe.id)
def test_every_variable_gets_a_gradient(recipe):
    task, x, y = compiled(small(recipe))
    model = task.model
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x, y, model(x, training=True))
    for variable, gradient in zip(
        model.trainable_variables, tape.gradient(loss, model.trainable_variables), strict=True
    ):
        assert gradient is not None, f"{variable.path} gets no gradient"
        assert np.isfinite(gradient.numpy()).all()


@pytest.mark.parametrize("recipe", LEARNED, ids=lambda recipe: recipe.id)
def test_the_first_batch_is_learned(recipe):
    task, x, y = compiled(small(recipe), 0.05)
    before, step = task.evaluate(task.data.train)["mae"], tf.function(task.model.train_step)
    for _ in range(5):
        for _ in range(40):
            step((x, y))
        if (after := task.evaluate(task.data.train))["mae"] < 0.25 * before:
            break
    assert after["mae"] < 0.25 * before
    assert after["samples"] == 20


def test_scores_against_numpy():
    task, _, _ = compiled(small(get("ordinal-corn-cement")))
    split = task.data.train
    found, scores = task.ranks(task.outputs(split)), task.evaluate(split)
    apart = np.abs(found - split.y)
    assert scores["mae"] == pytest.approx(apart.mean())
    assert scores["rmse"] == pytest.approx(np.sqrt(np.mean(apart**2)))
    assert scores["accuracy"] == pytest.approx(np.mean(apart == 0))
    of_classes = [apart[split.y == k].mean() for k in range(5)]
    assert scores["average_mae"] == pytest.approx(np.mean(of_classes))
    assert scores["maximum_mae"] == pytest.approx(max(of_classes))
    assert scores["inconsistencies"] == 0
    trained = task.model.evaluate(*compiled(small(get("ordinal-corn-cement")))[1:], verbose=0, return_dict=True)
    assert trained["mae"] == pytest.approx(scores["mae"])


@pytest.mark.parametrize(
    ("options", "head", "message"),
    [
        (
            {"loss": "coral"},
            "classes",
            r"does not fit loss coral on cement with 5 classes: levels of 5 ranks .* \(4,\)",
        ),
        ({"loss": "niu"}, "corn", r"does not fit loss niu .* \(4, 2\), not \(4,\)"),
        ({"loss": "squared-error"}, "coral", "does not fit loss squared-error"),
        ({"loss": "hinge"}, "coral", "loss must be one of cross-entropy, .*, not 'hinge'"),
        ({"decision": "mean"}, "coral", "decision must be mode or median, not 'mean'"),
        ({"power": 0.0}, "coral", "power and scale must be positive"),
    ],
)
def test_what_does_not_fit_is_refused(options, head, message):
    recipe = small(replace(get("ordinal-coral-cement"), task_options=options))
    with pytest.raises(InputError, match=message):
        compiled(replace(recipe, model={**recipe.model, "head": head}))


def test_heads_of_a_network():
    for head in HEADS:
        assert ordinal_mlp(head=head).get_layer("logits") is not None
    for arguments, message in (
        ({"head": "probit"}, "head must be one of classes, coral, .*, not 'probit'"),
        ({"classes": 1}, "2 classes or more, not 1"),
        ({"dropout": 1.0}, "dropout must be in"),
    ):
        with pytest.raises(ValueError, match=message):
            ordinal_mlp(**arguments)


def test_rows_of_numbers_are_ranked(tmp_path, capsys):
    arguments = ["ordinal-coral-cement", "--data", "synthetic", "--quiet", "--epochs", "40", "--seed", "3"]
    path = tmp_path / "run"
    assert run(train.main, [*arguments, "--set", "batch_size=40", "--run-dir", str(path)]) == 0
    info = json.loads((path / "run.json").read_text())
    assert info["results"]["test"]["mae"] < 0.6  # the median of all ranks has 1.2
    assert info["figures"] == ["curves.png", "learning_rate.png", "confusion.png", "errors.png", "architecture.png"]
    assert run(evaluate.main, [str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["results"] == info["results"]
    # In the stand-in the first feature speaks for strength.
    weak, strong = ",".join(["0"] * 3 + ["500"] + ["0"] * 4), ",".join(["500"] * 3 + ["0"] + ["500"] * 4)
    assert run(predict.main, [str(path), weak, strong, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["class"] for row in rows] == ["1", "5"]
    for row in rows:
        p = list(row["probabilities"].values())
        assert sum(p) == pytest.approx(1, rel=1e-5)
        assert min(p) >= 0
        assert row["expected"] == pytest.approx(np.dot(p, [1, 2, 3, 4, 5]), rel=1e-6)
    assert run(predict.main, [str(path), strong]) == 0
    line = capsys.readouterr().out
    assert line.startswith(f"{strong}: 5, expected {rows[1]['expected']:.2f}; ")
    assert line.rstrip().endswith("%")
    assert "report.md" in {file.name for file in path.iterdir()}
    assert "test mae (40 samples)" in (path / "report.md").read_text()


def test_a_face_is_given_its_age(tmp_path, capsys):
    """From the dataset's own reader on, in a small network."""
    sizes = {"filters": 4, "blocks": (1, 1, 1, 1), "input_shape": (24, 24, 3)}
    recipe = get("ordinal-corn-afadlite-small")
    recipe = replace(
        recipe,
        model={**recipe.model, **sizes},
        data={"size": (28, 28)},
        transform={**recipe.transform, "eval_crop": 24, "augment": {"crop": 24, "flip": True}},
        epochs=2,
    )
    done = trainer.train(recipe, OPTIONS, tmp_path / "run")
    face = tmp_path / "face.jpg"
    Image.fromarray(shape_image(3, 22, np.random.default_rng(0), 60, 50)).save(face)
    assert run(predict.main, [str(done.path), str(face)]) == 0
    line = capsys.readouterr().out
    age, expected = line.removeprefix(f"{face}: ").split(";")[0].split(", expected ")
    assert age in datasets.get("afad-lite").classes
    assert 18 <= float(expected) <= 39


def test_names_that_are_no_numbers_stand_for_their_places():
    task, _, _ = compiled(small(get("ordinal-coral-cement")))
    np.testing.assert_array_equal(task.values, [1, 2, 3, 4, 5])
    task.about = replace(task.about, classes=("poor", "fair", "good", "fine", "best"))
    np.testing.assert_array_equal(task.values, [0, 1, 2, 3, 4])
    row = task.predict(task.data.train.x[:1], ["a"])[0]
    assert row["class"] in task.about.classes
    assert 0 <= row["expected"] <= 4
    assert rank.SHOWN > 0
