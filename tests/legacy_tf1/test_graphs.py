"""TensorFlow 1's graphs beside their Keras models: parameters, losses, and the command that compares them."""

import functools
import json
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from legacy_tf1 import compare, names, pair, topics
from legacy_tf1.graphs import mlp
from legacy_tf1.topics import TOPICS
from tf_data.command import run
from tf_models.training import trainer
from tf_models.training.building import build_model

tf1 = tf.compat.v1
WIDE = "cnn-vgg16-cifar10"


@pytest.fixture(autouse=True)
def short_rounds(monkeypatch):
    """Times are taken, but mean nothing."""
    monkeypatch.setattr(pair, "ROUNDS", 1)
    monkeypatch.setattr(pair, "ROUND_SECONDS", 0.01)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.id)
def test_a_graph_has_the_variables_of_its_keras_model(topic):
    recipe = topic.recipe()
    recipe = replace(recipe, **topic.compared) if topic.id == WIDE else recipe
    built, model = topic.build(recipe), build_model(recipe)
    trainable = {v.op.name: tuple(v.shape) for v in built.graph.get_collection("trainable_variables")}
    named = names.model_variables(topic, model)
    assert trainable == {name: tuple(v.shape) for name, v in named.items() if v.trainable}
    if topic.id != WIDE:
        assert sum(map(math.prod, trainable.values())) == recipe.parameters
    every = {v.op.name for v in built.graph.get_collection("variables")}
    assert every >= named.keys()
    assert all(map(names.is_bookkeeping, every - named.keys()))


def test_the_whole_vgg_has_the_published_number_of_parameters():
    built = topics.get(WIDE).build(topics.get(WIDE).recipe())
    assert sum(math.prod(v.shape) for v in built.graph.get_collection("trainable_variables")) == 33_638_218


@functools.cache
def after_three_steps(id):
    return compare.compare(topics.get(id), steps=3, timed=False)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.id)
def test_both_sides_lose_the_same_at_every_step(topic):
    row, curves = after_three_steps(topic.id)
    assert row.equal
    assert row.loss_difference < 3e-6
    assert row.weight_difference < (1e-9 if topic.precision == "float64" else 1e-6)
    assert row.output_difference < (1e-9 if topic.precision == "float64" else 1e-6)
    assert row.metric_difference < 1e-6
    for points in curves.values():
        assert len(points) == 3
        assert len({one for one, _ in points}) == 3 or topic.id == "perceptron"  # something was learned


def test_both_sides_still_agree_after_many_steps_of_adam():
    row, _ = compare.compare(topics.get("gan-fc-mnist"), steps=30, timed=False)
    assert row.weight_difference < 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.id)
def test_both_sides_still_agree_after_all_steps_of_a_topic(topic):
    row, _ = compare.compare(topic, timed=False)
    assert row.steps == 1000
    assert row.equal, row


def test_times_are_taken_in_float32_and_positive():
    row, _ = compare.compare(topics.get("logistic-regression"), steps=10)
    assert min(row.tf1_ms, row.tf2_ms, row.ratio) > 0


def broken(graph, **settings):
    """The perceptron of `mlp-basic` at another learning rate than the recipe's."""
    return mlp.mlp_raw(graph, **{**settings, "learning_rate": 0.11})


def test_a_pair_that_parts_exits_with_1(monkeypatch, capsys, tmp_path):
    wrong = replace(topics.get("mlp-basic"), graph=f"{__name__}:broken")
    monkeypatch.setitem(topics.BY_ID, "mlp-basic", wrong)
    arguments = ["mlp-basic", "--steps", "5", "--no-times", "--out", str(tmp_path)]
    assert run(compare.main, arguments) == 1
    shown = capsys.readouterr()
    assert "apart: loss" in shown.out
    assert "mlp-basic (loss" in shown.err
    assert (tmp_path / "mlp-basic.png").stat().st_size > 10_000


def runaway(graph, **settings):
    """The perceptron of `mlp-basic` at a learning rate that no weight survives."""
    return mlp.mlp_raw(graph, **{**settings, "learning_rate": 1e30})


def test_a_loss_that_is_not_finite_counts_as_parting():
    wild = replace(topics.get("mlp-basic"), graph=f"{__name__}:runaway")
    row, _ = compare.compare(wild, steps=4, timed=False)
    assert math.isnan(row.loss_difference)
    assert not row.equal


@pytest.mark.parametrize(
    ("id", "settings"),
    [
        ("mlp-batchnorm", ["model.epsilon=1e-3", "model.momentum=0.99", "model.logits_activation=relu"]),
        ("metric-siamese-mlp", ["model.activation=relu", "learning_rate=0.01"]),
        ("gan-fc-mnist", ["model.negative_slope=1e-4"]),
    ],
)
def test_both_sides_follow_what_is_set(id, settings):
    changed = topics.get(id).with_settings(settings)
    row, curves = compare.compare(changed, steps=3, timed=False)
    assert row.equal, row
    _, before = after_three_steps(id)
    assert curves != before


def test_tolerance_and_no_times(capsys, monkeypatch):
    monkeypatch.setitem(topics.BY_ID, "mlp-basic", replace(topics.get("mlp-basic"), graph=f"{__name__}:broken"))
    arguments = ["mlp-basic", "--steps", "4", "--no-times", "--json"]
    assert run(compare.main, arguments) == 1
    (row,) = json.loads(capsys.readouterr().out)
    assert row["ratio"] is None
    assert "loss" in row["parted"]
    assert run(compare.main, [*arguments, "--tolerance", "1"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["parted"] == []


def test_official_data_are_compared_where_a_folder_is_named(data_dir):
    row, _ = compare.compare(topics.get("softmax-regression"), steps=3, timed=False, data_dir=str(data_dir))
    assert row.equal


def test_the_gans_figures_stand_beside_what_the_recipes_report():
    for id in ("gan-fc-mnist", "gan-conv-mnist", "gan-conv-label-smoothing"):
        recipe = topics.get(id).recipe()
        assert recipe.original.results["train_discriminator_loss"] < 0.7  # of the mean, not of the sum of two halves
        assert "sum" in recipe.original.footnote
        assert any("discriminator first" in note for note in recipe.notes)
        assert not any("updates the generator first" in note for note in recipe.notes)


def test_compare_prints_rows_as_json_and_the_mechanism_as_text(capsys):
    assert run(compare.main, ["softmax-regression", "--steps", "2", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["topic"] == "softmax-regression"
    assert row["steps"] == 2
    assert row["equal"]
    assert run(compare.main, ["perceptron", "--steps", "2"]) == 0
    shown = capsys.readouterr().out
    assert topics.get("perceptron").then in shown
    assert topics.get("perceptron").now in shown


def test_the_list_names_every_topic_and_loads_no_tensorflow():
    script = (
        "import sys; from legacy_tf1.compare import main; main(['--list']); main(['--list', '--json']); "
        "assert not {'tensorflow', 'keras', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    text, _, rows = done.stdout.partition("[\n")
    ids = [row["id"] for row in json.loads("[" + rows)]
    assert ids == [topic.id for topic in TOPICS]
    assert all(id in text for id in ids)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mlp-basik"], "mlp-basic"),
        (["mlp-basic", "--steps", "0"], "--steps must be at least 1"),
        (["mlp-basic", "--mechanics"], "--mechanics goes with --json only"),
        (["mlp-basic", "--tolerance", "-1"], "--tolerance must be a number from 0 on"),
        (["mlp-basic", "--set", "optimizer=adam"], "the graph of mlp-basic has that fixed"),
        (["mlp-basic", "--set", "model.epsilon=1"], "unknown key"),
        (["mlp-batchnorm", "--set", "model.epsilon=x"], "expected a number like 1e-05"),
    ],
)
def test_bad_usage_is_one_line(capsys, arguments, said):
    assert run(compare.main, arguments) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1


def pair_of(id, digits, precision="float32", **changes):
    topic = topics.get(id)
    recipe = replace(topic.recipe(), batch_size=16, **changes)
    data = replace(digits, train=digits.train.slice(0, 64))
    return pair.Pair(topic, recipe, data, precision)


@pytest.mark.parametrize("id", ["mlp-batchnorm", "gan-fc-mnist"])
def test_the_keras_side_takes_over_the_whole_state(id, digits):
    with pair_of(id, digits, "float64") as both:
        for number in range(3):
            both.step(number)
        for variable in both.model.variables:
            if variable.dtype == "float64":
                variable.assign(variable + 0.01)
        for optimizer in names.optimizers(both.model):
            for variable in optimizer.variables[2:]:
                variable.assign(variable + 0.01)
        assert max(both.weight_differences().values()) > 0.009
        both.take_over()
        assert max(both.weight_differences().values()) == 0
        both.step(3)  # with equal moments, or Adam's steps would differ
        assert max(both.weight_differences().values()) < 1e-12


def test_a_fault_is_seen_before_it_is_taken_over(monkeypatch):
    topic = replace(topics.get("mlp-basic"), stretch=2)
    found = [1.0, 0.0, 0.0]
    monkeypatch.setattr(pair.Pair, "weight_differences", lambda self: {"w": found.pop(0)})
    row, _ = compare.compare(topic, steps=5, timed=False)
    assert found == []
    assert row.weight_difference == 1.0
    assert row.parted == ("weights",)


def test_dropout_of_a_graph_drops_and_scales_only_while_training(digits):
    with pair_of("mlp-dropout", digits) as both:
        built, x = both.built, np.full((8, 784), 0.5, np.float32)
        still = [both.session.run(built.outputs, built.feed(x, np.zeros(8, int))) for _ in range(2)]
        np.testing.assert_array_equal(*still)
        drawn = [both.session.run(built.outputs, built.feed(x, np.zeros(8, int), training=True)) for _ in range(2)]
        assert np.abs(drawn[0] - drawn[1]).max() > 0
        keep_all = {tensor: np.ones((8, tensor.shape[1])) for _, tensor in built.draws}
        scaled = both.session.run(built.outputs, built.feed(x, np.zeros(8, int), training=True) | keep_all)
        assert np.abs(scaled - still[0]).max() > 0  # kept activations are doubled


def test_batch_norm_of_a_graph_uses_the_batch_in_training_and_its_averages_otherwise(digits):
    with pair_of("mlp-batchnorm", digits) as both:
        x = (digits.train.x[:16] / 255).astype(np.float32)
        feed = both.built.feed(x, digits.train.y[:16], training=True)
        before = names.from_session(both.built, both.session)
        both.session.run(both.built.outputs, feed)
        after = names.from_session(both.built, both.session)
        for name in before:  # looking changes nothing; only the training operation moves the averages
            np.testing.assert_array_equal(before[name], after[name])
        hidden = x.reshape(16, 784) @ before["fc1/weights"]
        both.session.run(both.built.train_op, feed)
        moved = names.from_session(both.built, both.session)
        np.testing.assert_allclose(moved["fc1/norm/moving_mean"], 0.1 * hidden.mean(axis=0), atol=1e-5)
        np.testing.assert_allclose(moved["fc1/norm/moving_variance"], 0.9 + 0.1 * hidden.var(axis=0), rtol=1e-4)


def test_the_generator_is_judged_by_the_discriminator_after_its_step(digits):
    topic = topics.get("gan-fc-mnist")
    recipe = replace(topic.recipe(), batch_size=16)
    with pair_of("gan-fc-mnist", digits) as both:
        x = (digits.train.x[:16] / 127.5 - 1).astype(np.float32)
        noise = np.random.default_rng(0).uniform(-1, 1, (16, 100)).astype(np.float32)
        kept = {t: np.ones((16, t.shape[1])) for name, t in both.built.draws if name != "noise"}
        feed = both.built.feed(x, training=False) | kept | {dict(both.built.draws)["noise"]: noise}
        metrics, _ = both.session.run([both.built.metrics, both.built.train_op], feed)
        stale = -math.log(metrics["fake_score"])  # roughly what the old discriminator would have cost the generator
        assert abs(metrics["generator_loss"] - stale) > 1e-2
        assert recipe.parameters == 214_673
    smooth = topics.get("gan-conv-label-smoothing")
    assert smooth.recipe().model["label_smoothing"] == 0.1


def test_the_seed_decides_the_initial_weights():
    topic, starts = topics.get("mlp-basic-layers"), []
    for seed in (1, 1, 2):
        built = topic.build(replace(topic.recipe(), seed=seed))
        with tf1.Session(graph=built.graph) as session:
            session.run(built.initializer)
            starts.append(names.from_session(built, session)["fc1/weights"])
    np.testing.assert_array_equal(starts[0], starts[1])
    assert np.abs(starts[0] - starts[2]).max() > 0.1
    assert np.abs(starts[0]).max() <= 0.2 + 1e-6  # truncated at two deviations of 0.1


def test_the_three_ways_of_backpropagation_have_one_result(digits):
    ends = []
    for way in ("", "-gradients", "-optimizer"):
        with pair_of(f"mlp-backprop-scratch{way}", digits) as both:
            x = (digits.train.x[:16] / 255).astype(np.float32)
            for _ in range(3):
                both.session.run(both.built.train_op, both.built.feed(x, digits.train.y[:16]))
            ends.append(names.from_session(both.built, both.session))
    assert trainer.Options().precision == "float32"
    for name, value in ends[0].items():
        np.testing.assert_allclose(ends[1][name], value, atol=1e-6)
        np.testing.assert_allclose(ends[2][name], value, atol=1e-6)
    assert int(ends[0]["global_step"]) == 3
