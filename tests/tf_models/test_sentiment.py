"""Networks that read texts: padding, order, what words alone cannot tell, tables of one's own, and a whole run."""

import csv
import json
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from runs import assert_same_run, bound, interrupted
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

import tf_data.transform
from tf_data.command import run
from tf_data.dataset import Split
from tf_data.datasets.grammar import review
from tf_data.errors import InputError
from tf_data.order import Buckets
from tf_data.pipeline import Batches
from tf_models import configs, predict, train
from tf_models.configs import get
from tf_models.rnn import sentiment_rnn
from tf_models.tasks import explain, lexicon
from tf_models.training import trainer
from tf_models.training.building import build_model, load_task, training_batches
from tf_models.training.devices import choose_jit
from tf_models.training.fit import CompiledLoop

SMALL = {"vocabulary": 60, "embedding_dim": 8, "units": 8}
SENTIMENT = [recipe for recipe in configs.recipes() if recipe.builder == "sentiment_rnn"]
PACKED = [recipe for recipe in SENTIMENT if recipe.model["packed"]]
QUIET = trainer.Options(source="synthetic", quiet=True)


def small(recipe, **changes):
    """The recipe with few units, which learns the grammar's reviews quickly."""
    model = {**recipe.model, **SMALL, "units": 16}
    settings = {"learning_rate": 0.02, "batch_size": 32, "epochs": 6, "transform": {"name": "text", "size": 60}}
    return replace(recipe, model=model, **{**settings, **changes})


def with_gradients(model, ids, y):
    """Logits, and the gradients of the loss for all variables and the words' vectors."""
    with tf.GradientTape() as tape:
        logits = model(ids, training=True)
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, logits))
    gradients = tape.gradient(loss, model.trainable_variables)
    return logits.numpy(), [tf.convert_to_tensor(gradient).numpy() for gradient in gradients]


@pytest.mark.parametrize("recipe", PACKED, ids=lambda recipe: recipe.id)
def test_padding_never_changes_the_result_of_a_packed_network(recipe):
    """Neither the outputs nor what is learned, forwards and backwards through the text."""
    model = build_model(small(recipe))
    ids = np.random.default_rng(0).integers(1, 62, (4, 9)).astype(np.int32)
    ids[1, 5:] = ids[2, 1:] = 0
    y = np.array([[0], [1], [1], [0]], np.float32)
    logits, gradients = with_gradients(model, ids, y)
    longer, others = with_gradients(model, np.pad(ids, [(0, 0), (0, 7)]), y)
    np.testing.assert_allclose(longer, logits, rtol=0, atol=1e-6)
    for one, other in zip(gradients, others, strict=True):
        np.testing.assert_allclose(other, one, rtol=0, atol=1e-6 * max(1, np.abs(one).max()))
    alone = model(ids[2:3, :1]).numpy()
    np.testing.assert_allclose(alone, logits[2:3], rtol=0, atol=1e-6)


def test_padding_changes_the_result_of_the_unpacked_network():
    model = build_model(small(get("rnn-simple-imdb")))
    ids = np.random.default_rng(0).integers(1, 62, (4, 9)).astype(np.int32)
    assert np.abs(model(np.pad(ids, [(0, 0), (0, 7)])).numpy() - model(ids).numpy()).min() > 1e-3


def test_a_text_without_words_has_the_state_that_networks_begin_with():
    for recipe in PACKED:
        model = build_model(small(recipe))
        bias = model.get_layer("logits").bias.numpy()
        np.testing.assert_allclose(model(np.zeros((2, 3), np.int32)).numpy(), [bias, bias], atol=1e-7)


def test_weights_begin_as_pytorchs():
    model = sentiment_rnn(classes=5, units=64, layers=2, bidirectional=True, vocabulary=2_000)
    assert model.output_shape == (None, 5)
    assert np.std(model.get_layer("embedding").get_weights()[0]) == pytest.approx(1, abs=0.01)
    for weight in model.get_layer("both_lstm1").weights:
        wide = 2**0.5 if "bias" in weight.path else 1
        assert np.abs(weight.numpy()).max() == pytest.approx(wide / 8, rel=0.05)
        assert np.std(weight.numpy()) == pytest.approx(wide / 8 / 3**0.5, rel=0.1)


@pytest.mark.parametrize("arguments", [{"cell": "mgu"}, {"classes": 1}, {"layers": 0}])
def test_bad_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="must be"):
        sentiment_rnn(vocabulary=5, **arguments)


def test_batches_hold_texts_of_about_one_length():
    data = tf_data.load("imdb", "synthetic")
    recipe = small(get("rnn-lstm-packed-imdb"))
    task = bound(recipe, build_model(recipe), data)
    order = task.order(data.train)
    assert order.func is Buckets
    waste = {}
    for name, kind in {"buckets": order, "any": None}.items():
        batches = Batches(data.train, 32, prepare=task.prepare_training, order=kind)
        waste[name] = np.mean([np.mean(x.numpy() == 0) for x, _ in batches.dataset()])
    assert waste["buckets"] < 0.5 * waste["any"]


def test_scores_stand_in_the_order_of_the_split():
    data = tf_data.load("imdb", "synthetic", limit=50)
    recipe = small(get("rnn-gru-packed-imdb"))
    model = build_model(recipe)
    task = bound(recipe, model, data)
    expected = model(task.transform(data.test.x)).numpy()
    np.testing.assert_allclose(task.logits(data.test, 7), expected, atol=1e-6)


def test_xla_is_left_off_where_each_batch_has_another_length():
    recipe = small(get("rnn-lstm-packed-imdb"))
    model = build_model(recipe)
    task = bound(recipe, model, tf_data.load("imdb", "synthetic", limit=50))
    assert choose_jit(model) is choose_jit(model, batches=training_batches(recipe, task)) is False
    steps = keras.Input((5, 3), name="steps")
    assert choose_jit(keras.Model(steps, keras.layers.LSTM(2, name="lstm")(steps), name="fixed")) is True


@pytest.mark.parametrize(
    ("rows", "activation", "expected"), [(16, "tanh", True), (17, "tanh", False), (17, "relu", True)]
)
def test_xla_is_left_off_where_the_faster_loop_has_many_rows(rows, activation, expected):
    steps = keras.Input((5, 3), name="steps")
    layer = keras.layers.LSTM(2, activation=activation, name="lstm")
    model = keras.Model(steps, layer(steps), name="fixed")
    x = np.zeros((40, 5, 3), np.float32)
    assert choose_jit(model, batches=Batches(Split("train", x, np.zeros(40, np.int32)), rows)) is expected


def test_words_alone_do_not_tell_and_a_network_that_reads_does(tmp_path, capsys):
    data = tf_data.load("imdb", "synthetic")
    count = CountVectorizer(token_pattern=r"[\w']+")
    bag = LogisticRegression(max_iter=1000).fit(count.fit_transform(data.train.x), data.train.y)
    assert bag.score(count.transform(data.test.x), data.test.y) < 0.6
    done = trainer.train(small(get("rnn-lstm-packed-imdb")), QUIET, tmp_path / "run")
    assert done.info["results"]["test"]["accuracy"] > 0.9
    assert done.info["results"]["test"]["samples"] == 400
    capsys.readouterr()
    (tmp_path / "r.txt").write_text("The pace was dull, not fresh.<br />")
    texts = ["I never found the plot stale: it was superb.", str(tmp_path / "r.txt")]
    assert run(predict.main, [str(done.path), *texts, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["class"] for row in rows] == ["positive", "negative"]
    assert [row["input"] for row in rows] == texts
    drawn = ["curves.png", "confusion.png", "lengths.png", "calibration.png", "words.png", "neighbours.png"]
    assert done.info["figures"] == [*drawn, "architecture.png"]
    task = load_task(done)
    odds = dict(zip(task.transform.vocabulary, lexicon.odds_alone(task.model, task.transform), strict=True))
    assert odds["superb"][1] == -odds["superb"][0] > 0 > odds["dull"][1]
    assert run(predict.main, [str(done.path), "The plot was not dull but superb.", "--explain", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert [word for word, _ in row["words"]] == ["the", "plot", "was", "not", "dull", "but", "superb", "."]
    assert max(abs(part) for _, part in row["words"]) > 0.5
    assert run(predict.main, [str(done.path), "superb", "--explain"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[-2] == "superb"


@pytest.mark.parametrize(
    "storage", ["tfrecord", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("memory", "hdf5"))]
)
def test_an_interrupted_run_goes_on_bit_for_bit(storage, tmp_path, monkeypatch):
    monkeypatch.setattr(CompiledLoop, "calibrate", lambda self: setattr(self, "block", 1))
    recipe = small(get("rnn-simple-packed-imdb"), epochs=2, storage=storage)
    options = replace(QUIET, limit=100, checkpoint_seconds=0.0, figures=False)
    whole = trainer.train(recipe, options, tmp_path / "whole")
    stopped = interrupted(recipe, options, tmp_path / "run", epoch=1, step=2)
    kept = stopped.transform_file.read_bytes()
    assert_same_run(trainer.resume(stopped, quiet=True, figures=False), whole)
    assert stopped.transform_file.read_bytes() == kept


@pytest.fixture
def mail(tmp_path):
    """A table of three labels, and the options that name its columns."""
    rng = np.random.default_rng(0)
    with open(tmp_path / "mail.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["body", "folder"])
        for number in range(150):
            kind = number % 3
            writer.writerow([review(kind == 1, rng) if kind else "no news \U0001f600", ["none", "good", "bad"][kind]])
    return ["--csv", str(tmp_path / "mail.csv"), "--text-column", "body", "--label-column", "folder"]


def test_a_table_of_ones_own_is_trained_and_scored(mail, tmp_path, capsys):
    sizes = [f"--set={name}={value}" for name, value in {"model.units": 8, "model.embedding_dim": 8}.items()]
    where = ["--run-dir", str(tmp_path / "run"), "--epochs", "2", "--no-figures", "--quiet"]
    settings = ["--set=learning_rate=0.02", "--batch-size", "16"]
    assert run(train.main, ["mech-lstm-own-csv", *mail, *sizes, *where, *settings]) == 0
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert info["data"]["classes"] == ["bad", "good", "none"]
    assert info["recipe"]["model"]["classes"] == 3
    assert info["data"]["counts"] == {"train": 108, "validation": 15, "test": 27}
    assert info["results"]["test"]["accuracy"] > 0.6
    assert run(predict.main, [str(tmp_path / "run"), "no news \U0001f600", "--top", "1"]) == 0
    assert "none" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mech-lstm-own-csv", "--text-column", "x"], "--text-column goes with --csv"),
        (["mech-lstm-own-csv", "--csv", "x.csv", "--data", "official"], "--csv says where the data are"),
        (["mech-lstm-own-csv", "--csv", "none.csv"], "none.csv does not exist"),
        (["rnn-gru-packed-imdb"], "no files of IMDB film reviews in data/imdb: put aclImdb_v1.tar.gz"),
    ],
)
def test_bad_requests_are_refused_in_one_line(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TF_DATA_DIR", raising=False)
    assert run(train.main, arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1


@pytest.fixture
def vectors(tmp_path, monkeypatch):
    """A folder of vectors of six numbers, and a few words of the reviews and others in them."""
    folder = tmp_path / "data" / "glove"
    folder.mkdir(parents=True)
    lines = [f"{word} {' '.join([str(number)] * 6)}" for number, word in enumerate(["the", "nowhere", "n't", "superb"])]
    (folder / "glove.6B.6d.txt").write_text("\n".join(lines) + "\n")
    monkeypatch.setenv("TF_DATA_DIR", str(folder.parent))
    return folder / "glove.6B.6d.txt"


def glove(**changes):
    recipe = small(get("rnn-lstm-packed-imdb-glove"), epochs=1)
    model = {**recipe.model, "embedding_dim": 6, "units": 4, **changes}
    return replace(recipe, model=model, transform={**recipe.transform, "vectors": "glove"})


@pytest.mark.parametrize("frozen", [False, True])
def test_glove_reaches_the_embedding(frozen, vectors, tmp_path, capsys):
    options = replace(QUIET, limit=64, figures=False, quiet=False)
    recipe = glove(frozen=frozen)
    data = trainer.load_data(recipe, options)
    task = trainer.build(recipe, options, data)
    words = task.transform.vocabulary
    begins = task.model.get_layer("embedding").get_weights()[0]
    known = {"the": 0, "n't": 2, "superb": 3}
    for word, number in known.items():
        assert (begins[2 + words.index(word)] == number).all()
    others = np.delete(begins, [2 + words.index(word) for word in known], axis=0)
    assert np.std(others) == pytest.approx(1, abs=0.15)
    done = trainer.train(recipe, options, tmp_path / "run")
    assert done.info["vectors"] == {"vectors": "glove.6B.6d", "words": len(words), "found": 3}
    assert f"glove.6B.6d has 3 of {len(words)} words" in capsys.readouterr().out
    ends = done.load_model().get_layer("embedding").get_weights()[0]
    assert np.array_equal(ends, begins) == frozen


def test_vectors_that_are_missing_or_malformed_are_named(vectors):
    options = replace(QUIET, limit=64)
    data = trainer.load_data(glove(), options)
    with pytest.raises(
        InputError, match=r"holds neither glove\.6B\.7d\.txt .*but glove\.6B\.6d\.txt; model\.embedding_dim=7"
    ):
        trainer.build(glove(embedding_dim=7), options, data)
    vectors.write_text(vectors.read_text() + "elsewhere 1 2 3\n")  # no word of the reviews
    with pytest.raises(InputError, match=r"glove\.6B\.6d\.txt line 5 is not a word and 6 numbers"):
        trainer.build(glove(), options, data)
    with pytest.raises(InputError, match="vectors must be glove or nothing, not 'word2vec'"):
        tf_data.transform.make({"name": "text", "vectors": "word2vec"})


def test_a_words_part_is_what_taking_it_away_changes():
    text = tf_data.transform.make({"name": "text", "size": 20})
    text.learn({"vocabulary": ["good", "bad", "film"]})
    ids = keras.Input((None,), dtype="int32", name="ids")
    embedding = keras.layers.Embedding(22, 3, name="embedding")
    model = keras.Model(ids, keras.ops.sum(embedding(ids), axis=1), name="sums")
    table = np.zeros((22, 3), np.float32)
    table[2, 0], table[3, 1] = 2.0, 1.5  # good speaks for class 0, bad for class 1
    embedding.set_weights([table])
    found = explain.parts(model, text, "Good bad film nowhere")
    assert [word for word, _ in found] == ["good", "bad", "film", "nowhere"]

    def odds(first, second):
        return first - np.log(np.exp(second) + 1)

    expected = [odds(2, 1.5) - odds(0, 1.5), odds(2, 1.5) - odds(2, 0), 0, 0]
    np.testing.assert_allclose([part for _, part in found], expected, atol=1e-6)
    assert explain.parts(model, text, " <br>") == []
    long = explain.parts(model, text, "film " * 999 + "good")
    assert len(long) == explain.PARTS
    assert (long[-1][0].split()[-1], long[0][1]) == ("good", 0)
    assert long[-1][1] > 1
    with pytest.raises(InputError, match="explain=True goes with models that read the words of texts"):
        explain.parts(model, tf_data.transform.make({"name": "image"}), "good")


def test_log_odds_of_more_classes_and_neighbours_in_space():
    class Words:
        first, vocabulary = 2, ["a", "b"]

    ids = keras.Input((None,), dtype="int32", name="ids")
    table = np.array([[0, 0, 0], [0, 0, 0], [1, 2, 4], [3, 0, 0]], np.float32)
    x = keras.layers.Embedding(4, 3, embeddings_initializer=keras.initializers.Constant(table), name="embedding")(ids)
    model = keras.Model(ids, keras.layers.GlobalAveragePooling1D(name="mean")(x))
    p = np.exp(table[2:]) / np.exp(table[2:]).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(lexicon.odds_alone(model, Words()), np.log(p / (1 - p)), rtol=1e-5)
    # A rare word, the last of the vocabulary, is left out.
    np.testing.assert_allclose(lexicon.odds_alone(model, Words(), common=1), np.log(p / (1 - p))[:1], rtol=1e-5)
    vectors = np.array([[1, 0], [0, 2], [3, 0.1], [-1, 0]], np.float32)
    nearest, cosines = lexicon.neighbours(vectors, np.array([0, 3]), 2)
    assert nearest.tolist() == [[2, 1], [1, 2]]
    np.testing.assert_allclose(cosines[0], [3 / np.hypot(3, 0.1), 0], atol=1e-6)


def test_the_strongest_words_of_each_class():
    odds = np.array([[1.0, -1], [2, -2], [-3, 3]])
    assert [rows.tolist() for rows in lexicon.strongest(odds, count=2)] == [[1, 0], [2, 0]]
