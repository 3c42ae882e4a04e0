"""Models that continue a text: states, bits a character, texts in any script, and the text that is written."""

import json
import math
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from runs import assert_same_run, bound, interrupted

import tf_data
import tf_models
from tf_data.command import run
from tf_data.errors import InputError
from tf_models import configs, predict, train
from tf_models.configs import get
from tf_models.losses import bits
from tf_models.rnn import char_rnn
from tf_models.rnn.characters import carrying
from tf_models.tasks import continue_text
from tf_models.tasks.continue_text import begin
from tf_models.training import trainer
from tf_models.training.building import build_model, training_batches
from tf_models.training.devices import FEW_ROWS, choose_jit, precision
from tf_models.training.fit import CompiledLoop

RECIPES = [recipe for recipe in configs.recipes() if recipe.task == "continue-text"]
DICKENS = get("rnn-char-dickens")
QUIET = trainer.Options(source="synthetic", quiet=True, figures=False)


def small(recipe, **changes):
    model = {**recipe.model, "embedding_dim": 8, "units": 12}
    task = {**recipe.task_options, "length": 40}
    return replace(recipe, model=model, task_options=task, batch_size=16, epochs=1, learning_rate=0.02, **changes)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.id)
def test_parameters_and_gradients(recipe):
    model = tf_models.build(recipe.id)
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_variables) == recipe.parameters
    assert recipe.parameters == (2_642_276 if recipe.id.endswith("fast") else 80_700)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(bits(np.ones((2, 5), np.int32), model(np.ones((2, 5), np.int32))))
    assert all(gradient is not None for gradient in tape.gradient(loss, model.trainable_variables))


@pytest.mark.parametrize("cell", ["simple", "lstm", "gru"])
def test_carried_states_continue_where_a_text_was_cut(cell):
    model = char_rnn(20, cell=cell, embedding_dim=5, units=6, layers=2, dropout=0.5, recurrent_dropout=0.5)
    ids = np.random.default_rng(0).integers(0, 21, (3, 11))
    twin = carrying(model)
    states, parts = begin(twin, 3), []
    for start, stop in ((0, 4), (4, 5), (5, 11)):
        logits, *states = twin([tf.constant(ids[:, start:stop]), *states])
        parts.append(logits)
    np.testing.assert_allclose(tf.concat(parts, 1), model(ids), atol=1e-6)


@pytest.mark.parametrize("cell", ["simple", "lstm", "gru"])
def test_states_are_dropped_in_training_and_inputs_are_not(cell):
    model = char_rnn(20, cell=cell, embedding_dim=5, units=6, recurrent_dropout=0.5)
    ids = np.random.default_rng(0).integers(0, 21, (3, 11))
    whole, dropped = model(ids).numpy(), model(ids, training=True).numpy()
    np.testing.assert_allclose(dropped[:, 0], whole[:, 0], atol=1e-6)  # before it the state is zero
    assert (np.abs(dropped - whole)[:, 1:] > 1e-4).any(axis=(1, 2)).all()


def test_bits_are_the_logarithm_of_probabilities():
    logits = np.log([[[0.5, 0.25, 0.25], [0.125, 0.125, 0.75]]]).astype(np.float32)
    np.testing.assert_allclose(bits(np.array([[0, 1]]), logits), [[1, 3]], rtol=1e-5)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.id)
def test_xla_compiles_steps_whose_windows_have_one_length(recipe):
    """The model takes a text of any length, and the batches have one."""
    model = build_model(recipe)
    task = bound(recipe, model, tf_data.load("dickens", "synthetic", hold_out=0.05, test=0.05))
    assert not choose_jit(model)
    assert choose_jit(model, batches=training_batches(recipe, task)) is (recipe.batch_size <= FEW_ROWS)


@pytest.fixture(scope="module")
def task():
    """A task with random weights, on sentences of the grammar."""
    recipe = small(DICKENS)
    data = tf_data.load("dickens", "synthetic", hold_out=0.05, test=0.05)
    keras.utils.set_random_seed(1)
    model = char_rnn(**recipe.model)
    return bound(recipe, model, data)


def test_a_text_costs_the_same_in_parts_of_any_length(task, monkeypatch):
    text = str(task.data.test.x[0])[:400]
    ids = task.transform(np.array([text], object)).numpy()
    expected = float(np.mean(bits(ids[:, 1:], task.model(ids[:, :-1]))))
    for chunk in (1000, 7):
        monkeypatch.setattr(continue_text, "CHUNK", chunk)
        found = task.score(text)
        assert found["bits"] == pytest.approx(expected, rel=1e-5)
        assert (found["samples"], found["unknown"]) == (399, 0)
    side_by_side = task.score(text, parts=9)  # which begin with the state zero
    assert side_by_side["samples"] == 399
    assert side_by_side["bits"] == pytest.approx(expected, rel=0.2)
    assert side_by_side["bits"] != pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["mixed_bfloat16", "float64"])
def test_a_model_of_another_precision_scores_and_continues(name, task):
    with precision(name):
        model = char_rnn(**small(DICKENS).model)
    model.set_weights(task.model.get_weights())
    other = bound(small(DICKENS), model, task.data)
    text = str(task.data.test.x[0])[:1200]
    assert other.score(text, parts=2)["bits"] == pytest.approx(task.score(text, parts=2)["bits"], rel=0.02)
    assert len("".join(other.continued("The", 20))) == 20


def test_a_character_outside_the_alphabet_costs_a_code_point(task):
    known, strange = task.score("The"), task.score("Th好")
    assert (known["unknown"], strange["unknown"]) == (0, 1)
    ids = task.transform(np.array(["Th好"], object)).numpy()
    assert ids[0, 2] == 0
    expected = float(np.mean(bits(ids[:, 1:], task.model(ids[:, :-1])))) + math.log2(0x110000) / 2
    assert strange["bits"] == pytest.approx(expected, rel=1e-5)


def test_windows_hold_what_comes_next(task):
    x = tf.constant(np.arange(82).reshape(2, 41))
    given, wanted = task.batch(x, None, None)
    assert given.shape == wanted.shape == (2, 40)
    np.testing.assert_array_equal(given[:, 1:], wanted[:, :-1])
    order = task.order(task.data.train)(16)
    assert (order.length, order.stride) == (41, 40)


def test_what_is_written_follows_from_seed_and_temperature(task):
    def written(**options):
        return "".join(task.continued("The", 30, **options))

    assert written(seed=1) == written(seed=1) != written(seed=2)
    assert len(written()) == 30
    assert set(written(temperature=5.0)) <= set(task.transform.vocabulary)
    greedy = written(temperature=0.0)
    assert greedy == written(temperature=0.0, seed=9)
    ids = task.transform(np.array(["The" + greedy], object)).numpy()
    logits = task.model(ids).numpy()[0, 2:-1, 1 : len(task.transform.vocabulary) + 1]
    assert greedy == "".join(task.transform.vocabulary[place] for place in logits.argmax(axis=1))


@pytest.mark.parametrize(
    ("prime", "options", "message"),
    [
        ("", {}, "the beginning of a text to be continued is empty"),
        ("Th好", {}, "'好' in it, which the learned text has nowhere"),
        ("Th", {"length": 0}, "length must be positive"),
        ("Th", {"temperature": -1}, "temperature and seed not negative"),
        ("Th", {"temperature": math.nan}, "temperature and seed not negative"),
        ("Th", {"seed": -1}, "temperature and seed not negative"),
    ],
)
def test_what_cannot_be_continued_is_refused_at_once(prime, options, message, task):
    with pytest.raises(InputError, match=message):
        task.continued(prime, **options)


def test_other_models_transforms_and_data_are_refused(task):
    recipe = small(DICKENS, transform={"name": "characters", "size": 99})
    few = bound(recipe, char_rnn(5, embedding_dim=2, units=2), task.data)
    with pytest.raises(InputError, match=r"knows 5 characters, but the text's alphabet has \d+; set model.alphabet"):
        few.compile(keras.optimizers.Adam(), False)
    reviews = tf_data.load("imdb", "synthetic", limit=5)
    with pytest.raises(InputError, match="a text is continued, and dickens holds 5 samples"):
        task.order(reviews.train)
    with pytest.raises(InputError, match="must be characters"):
        bound(replace(recipe, transform={"name": "text"}), task.model, task.data).compile(
            keras.optimizers.Adam(), False
        )
    with pytest.raises(InputError, match="length and temperature must be positive"):
        continue_text.ContinueText(length=0)


def test_an_interrupted_run_goes_on_bit_for_bit(tmp_path, monkeypatch):
    """One that drops states and outputs."""
    monkeypatch.setattr(CompiledLoop, "calibrate", lambda self: setattr(self, "block", 1))
    recipe = replace(small(get("rnn-char-dickens-fast"), storage="tfrecord"), batch_size=256, epochs=2)
    options = replace(QUIET, checkpoint_seconds=0.0, jit="off")
    whole = trainer.train(recipe, options, tmp_path / "whole")
    stopped = interrupted(recipe, options, tmp_path / "run", epoch=1, step=2)
    assert_same_run(trainer.resume(stopped, quiet=True, figures=False), whole)
    for name in ("0001.txt", "0002.txt"):
        assert (stopped.path / "samples" / name).read_text() == (whole.path / "samples" / name).read_text()


def test_a_chinese_text_is_learned_and_continued(tmp_path, capsys):
    rng = np.random.default_rng(0)
    lines = (f"{rng.choice(['今天', '昨天'])}{rng.choice(['下雨', '很晴朗'])}。" for _ in range(900))
    (tmp_path / "my.txt").write_text("".join(lines), encoding="utf-8")
    where = ["--text", str(tmp_path / "my.txt"), "--run-dir", str(tmp_path / "run"), "--quiet", "--no-figures"]
    sizes = ["--set=model.units=16", "--set=model.embedding_dim=8", "--set=learning_rate=0.03", "--set=task.length=30"]
    assert run(train.main, ["mech-char-rnn-own-text", *where, *sizes, "--batch-size", "8", "--epochs", "2"]) == 0
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert info["recipe"]["model"]["alphabet"] == info["recipe"]["transform"]["size"] == 9
    # Two free choices a sentence, of 4.5 characters on average.
    assert info["results"]["test"]["bits"] < 1.0
    assert info["results"]["test"]["samples"] == pytest.approx(900 * 5.5 * 0.05, rel=0.1)
    capsys.readouterr()
    options = ["--prime", "今天", "--length", "60", "--temperature", "0.5", "--seed", "1"]
    assert run(predict.main, [str(tmp_path / "run"), *options]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("今天")
    assert len(printed) == 63
    assert printed.count("。") > 5
    assert run(predict.main, [str(tmp_path / "run"), *options, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == printed[2:-1]
    assert run(predict.main, [str(tmp_path / "run"), "今天下雨。", "雨雨雨雨", "--json"]) == 0
    usual, odd = json.loads(capsys.readouterr().out)
    assert usual["bits"] < odd["bits"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cnn-basic", "--text", __file__], "cnn-basic learns to classify from images, so --text with one text"),
        (["mech-char-rnn-own-text", "--text", "none.txt"], "none.txt does not exist"),
        (["mech-char-rnn-own-text", "--text", "x", "--data", "synthetic"], "--text says where the data are"),
        (["mech-lstm-own-csv", "--text", "x", "--csv", "y"], "--csv says where the data are"),
    ],
)
def test_bad_requests_are_refused_in_one_line(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(train.main, arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\xff\xfe", "cannot read .*t.txt"), (b"ab", "has 2 characters, too few"), (b"", "has 0 characters, too few")],
)
def test_texts_that_cannot_be_learned_from(content, message, tmp_path):
    (tmp_path / "t.txt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        tf_data.load("text-file", path=tmp_path / "t.txt")
