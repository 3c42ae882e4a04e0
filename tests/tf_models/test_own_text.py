"""A text classifier of one's own: a builder, a transform and a recipe, registered, and no edit anywhere else."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_models
from tf_data import transform
from tf_data.command import run
from tf_data.dataset import Data, Split
from tf_data.errors import InputError
from tf_data.samples import Sequences
from tf_models import builders, configs, evaluate, export, predict, train
from tf_models.configs import get
from tf_models.training import trainer
from tf_models.training.run_directory import RunDirectory

OPTIONS = trainer.Options(quiet=True)
TONES = {"positive": ["wonderful", "superb", "fresh"], "negative": ["awful", "tedious", "dull"]}


class AsTheyAre(transform.Transform):
    """Strings or ids as they are stored, for a model that does the rest."""

    def __call__(self, x, position=None, training=False):
        return tf.convert_to_tensor(x)

    def read(self, inputs, stored, taken):
        return np.array(inputs, object)


class Words(AsTheyAre):
    """Ids of words in a vocabulary that is learned from the training texts; 0 pads, 1 is a word that is not in it."""

    learns = True

    def __init__(self, size: int = 100):
        self.size, self.vocabulary = size, []

    def fit(self, train):
        words = keras.layers.TextVectorization(self.size)
        words.adapt(train.samples.read(np.arange(len(train))))
        self.vocabulary = words.get_vocabulary()[2:]

    @property
    def learned(self):
        return {"vocabulary": self.vocabulary}

    def learn(self, values):
        self.vocabulary = list(values["vocabulary"])

    def __call__(self, x, position=None, training=False):
        keys = tf.constant(self.vocabulary)
        table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(keys, tf.range(2, 2 + len(self.vocabulary), dtype=tf.int64)), 1
        )
        words = tf.strings.split(tf.strings.regex_replace(tf.strings.lower(x), r"[^\w\s]", ""))
        return words.with_values(table.lookup(words.values)).to_tensor()


def of_words(vocabulary: int = 100, classes: int = 2) -> keras.Model:
    """A mean of embeddings, from ids `(batch, words)` padded with zeros to logits."""
    ids = keras.Input((None,), dtype="int64", name="ids")
    x = keras.layers.Embedding(vocabulary + 2, 8, mask_zero=True, name="embedding")(ids)
    x = keras.layers.GlobalAveragePooling1D(name="mean")(x)
    return keras.Model(ids, keras.layers.Dense(classes, name="logits")(x), name="of_words")


def of_texts(vocabulary: int = 100, classes: int = 2) -> keras.Model:
    """The same from strings: the vocabulary is a layer of the model."""
    texts = keras.Input((), dtype="string", name="text")
    ids = keras.layers.TextVectorization(vocabulary, name="words")(texts)
    return keras.Model(texts, of_words(vocabulary, classes)(ids), name="of_texts")


RECIPE = tf_models.Recipe(
    id="own-words",
    section="own",
    title="Praise and blame by the mean of word vectors",
    builder="of_words",
    model={"vocabulary": 100, "classes": 2},
    dataset="text-csv",
    transform={"name": "words", "size": 100},
    task="classify",
    optimizer="adam",
    learning_rate=0.05,
    batch_size=20,
    epochs=4,
    seed=0,
    parameters=834,
)
TEXTS = replace(RECIPE, id="own-texts", builder="of_texts", transform={"name": "as_they_are"})


@pytest.fixture(autouse=True)
def registered(monkeypatch, tmp_path):
    """What a user's script does, undone after the test; and a table of texts, which lies where the recipe looks for it."""
    rng = np.random.default_rng(0)
    lines = ["text,label"]
    for number in range(400):
        kind = list(TONES)[number % 2]
        thing, tone = rng.choice(["plot", "cast", "pace"]), rng.choice(TONES[kind])
        lines.append(f"The {thing} was {tone}{' indeed' * rng.integers(9)},{kind}")
    folder = tmp_path / "data" / "text-csv"
    folder.mkdir(parents=True)
    (folder / "table.csv").write_text("\n".join(lines))
    monkeypatch.setenv("TF_DATA_DIR", str(folder.parent))
    for table, name in ((builders, "BUILDERS"), (transform, "TRANSFORMS"), (configs, "_registered")):
        monkeypatch.setattr(table, name, dict(getattr(table, name)))
    tf_models.register_builder("of_words", of_words)
    tf_models.register_builder("of_texts", of_texts)
    transform.register("words", Words)
    transform.register("as_they_are", AsTheyAre)
    tf_models.register(RECIPE)
    tf_models.register(TEXTS)


@pytest.mark.parametrize("recipe", [RECIPE, TEXTS], ids=lambda recipe: recipe.id)
def test_texts_are_trained_scored_predicted_and_exported(recipe, tmp_path, capsys):
    done = trainer.train(recipe, OPTIONS, tmp_path / "run")
    assert done.info["results"]["test"]["accuracy"] > 0.95
    assert done.info["figures"] == ["curves.png", "confusion.png", "lengths.png", "calibration.png", "architecture.png"]
    assert (tmp_path / "run" / "transform.json").exists() == (recipe is RECIPE)
    assert run(evaluate.main, [str(done.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["results"] == done.info["results"]

    assert run(predict.main, [str(done.path), "The plot was superb", "The plot was awful!", "--json"]) == 0
    assert [row["class"] for row in json.loads(capsys.readouterr().out)] == ["positive", "negative"]
    assert run(export.main, [str(done.path), "--to", "savedmodel", str(tmp_path / "saved")]) == 0
    inputs = done.load_transform()(np.array(["The cast was fresh", "A tedious pace"], object))
    saved = tf.saved_model.load(str(tmp_path / "saved"))
    np.testing.assert_allclose(saved.serve(inputs), done.load_model()(inputs), rtol=1e-5, atol=1e-6)


def test_an_interrupted_run_keeps_its_vocabulary(tmp_path):
    whole = trainer.train(RECIPE, OPTIONS, tmp_path / "whole")
    run_dir = tmp_path / "run"
    short = trainer.train(replace(RECIPE, epochs=2), OPTIONS, run_dir)
    kept = (run_dir / "transform.json").read_bytes()
    again = trainer.resume(short, quiet=True, epochs=4)
    assert (run_dir / "transform.json").read_bytes() == kept
    for a, b in zip(whole.load_model().get_weights(), again.load_model().get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    (run_dir / "transform.json").unlink()
    with pytest.raises(InputError, match=r"transform\.json does not exist"):
        trainer.evaluate(RunDirectory.open(run_dir))


def test_ids_of_different_lengths(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    y = (np.arange(200) % 2).astype(np.int32)
    ids = Sequences.of([rng.integers(2 + 40 * label, 42 + 40 * label, rng.integers(1, 30)) for label in y])
    split = Split("train", ids, y)
    data = Data("ids", "synthetic", "this test", split, split, classes=("low", "high"))
    monkeypatch.setattr(trainer, "load_data", lambda recipe, options: data)
    recipe = replace(RECIPE, transform={"name": "as_they_are"})
    done = trainer.train(recipe, OPTIONS, tmp_path / "run")
    assert done.info["results"]["test"] == pytest.approx({"accuracy": 1.0, "loss": 0, "samples": 200}, abs=0.1)


@pytest.mark.parametrize(
    ("kind", "door"), [("builder", "tf_models.register_builder"), ("transform", "tf_data.transform.register")]
)
def test_a_name_that_nobody_registered_is_refused_in_one_line(kind, door, tmp_path, capsys):
    recipe = get("cnn-basic")
    foreign = {"builder": "os:system", "transform": {"name": "os:system"}}[kind]
    counts = {"train": 4000, "validation": 500, "test": 500}
    data = {"name": "mnist", "source": "embedded", "counts": counts, "classes": []}
    info = {"format": 2, "status": "interrupted", "options": {"source": "embedded"}, "data": data}
    (tmp_path / "run.json").write_text(json.dumps({**info, "recipe": {**recipe.as_dict(), kind: foreign}}))
    assert run(train.main, ["--run-dir", str(tmp_path), "--resume"]) == 2
    error = capsys.readouterr().err
    assert f"unknown {kind} 'os:system'; one of your own is made known by {door}" in error
    assert len(error.splitlines()) == 1
