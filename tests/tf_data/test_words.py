"""Texts become ids: how they are cut, what is unknown, what is padding, and what is kept of it."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tf_data import transform, words
from tf_data.cuts import stratified
from tf_data.dataset import Split
from tf_data.datasets import text_csv
from tf_data.errors import InputError
from tf_data.samples import Texts, objects
from tf_data.texts import Text


def cut(text: str, **options) -> str:
    return " ".join(word.decode() for word in words.split(tf.constant([text]), **options)[0].numpy())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A fine film.<br /><br />Really!", "a fine film . really !"),
        ("a <i>very</i> fine film </p>", "a very fine film"),
        ("I <3 it, 2 < 3", "i < 3 it , 2 < 3"),
        ("Don't, can't; ISN'T", "do n't , ca n't ; is n't"),
        ("it\u2019s what they'll say", "it 's what they 'll say"),
        ("'Great' isn't the word's 'd", "' great ' is n't the word 's ' d"),
        ("so good \U0001f600\U0001f600\u2764", "so good \U0001f600 \U0001f600 \u2764"),
        ("Stra\u00dfe \u00c9t\u00e9 \u0416\u0423\u041a", "stra\u00dfe \u00e9t\u00e9 \u0436\u0443\u043a"),
        ("\u8fd9\u90e8 film \u597d\u3002", "\u8fd9 \u90e8 film \u597d \u3002"),
        ("a\x00b\x01c\ttab\nline", "a b c tab line"),
        ("9.5/10", "9 . 5 / 10"),
        ("", ""),
        (" <br /> \n", ""),
    ],
)
def test_cut_into_words(text, expected):
    assert cut(text) == expected


def test_capital_letters_on_request():
    assert cut("Don't SHOUT", lower=False) == "Do n't SHOUT"


def learned(texts, **options) -> Text:
    made = transform.make({"name": "text", **options})
    made.fit(Split("train", np.array(texts, object)))
    return made


def test_ids_of_padding_unknown_and_known_words():
    text = learned(["b a", "a c", "a b"], size=2)
    assert text.vocabulary == ["a", "b"]  # the most frequent
    ids = text(np.array(["a b c", "", "b"], object))
    assert ids.dtype == tf.int32
    assert ids.numpy().tolist() == [[2, 3, 1], [0, 0, 0], [3, 0, 0]]
    assert text(np.array(["", " "], object)).numpy().tolist() == [[0], [0]]  # one step, of padding
    assert text.shape((), "object") == (None,)


def test_ten_thousand_words_and_a_limit():
    long = "word " * 10_000
    assert learned([long])(np.array([long], object)).shape == (1, 10_000)
    text = learned(["a b c d"], longest=3)
    assert text(np.array(["d c b a", "a"], object)).numpy().tolist() == [[5, 4, 3], [2, 0, 0]]


def test_equal_frequencies_are_ordered_by_the_alphabet():
    assert learned(["b a c", "c b a"]).vocabulary == ["a", "b", "c"]


def test_the_vocabulary_survives_the_run_directory(tmp_path):
    text = learned(["Größe 好 \U0001f600 n't"])
    text.save(tmp_path / "t.json")
    other = transform.make({"name": "text"})
    other.load(tmp_path / "t.json")
    assert other.vocabulary == text.vocabulary
    x = np.array(["\U0001f600 Größe"], object)
    np.testing.assert_array_equal(other(x), text(x))


@pytest.mark.parametrize("found", [[], ["a", "a"], ["a", ""], ["a", 3], "ab", ["a", "b", "c"]])
def test_what_is_no_vocabulary_is_refused(found, tmp_path):
    (tmp_path / "t.json").write_text(json.dumps({"format": 1, "learned": {"vocabulary": found}}))
    with pytest.raises(InputError, match=r"t\.json is damaged: a vocabulary"):
        transform.make({"name": "text", "size": 2}).load(tmp_path / "t.json")


def test_bad_arguments_and_samples_are_refused():
    for options in ({"size": 0}, {"longest": -1}):
        with pytest.raises(InputError, match="size must be at least 1 word and longest not negative"):
            transform.make({"name": "text", **options})
    with pytest.raises(InputError, match="not a single word in 2 texts"):
        learned(["", "<br>"])
    with pytest.raises(InputError, match="words are found in texts, not in samples of uint8"):
        transform.make({"name": "text"}).fit(Split("train", np.zeros((2, 3), np.uint8)))
    with pytest.raises(InputError, match="Text takes texts, not samples of"):
        transform.make({"name": "text"}).shape((28, 28, 1), "uint8")
    with pytest.raises(InputError, match="Text has not learned from training texts yet"):
        transform.make({"name": "text"})(np.array(["a"], object))


def test_inputs_of_predict(tmp_path, monkeypatch):
    import io

    (tmp_path / "one.txt").write_bytes(b"\xef\xbb\xbffrom a file")
    monkeypatch.setattr("sys.stdin", io.StringIO("from a pipe\n"))
    found = words.read_texts(["as it is", str(tmp_path / "one.txt"), "-", ""])
    assert found.tolist() == ["as it is", "from a file", "from a pipe\n", ""]
    with pytest.raises(InputError, match="missing file none.txt; a text that ends in .txt is taken for the name"):
        words.read_texts(["none.txt"])
    (tmp_path / "bad.txt").write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"cannot read .*bad\.txt as UTF-8 text"):
        words.read_texts([tmp_path / "bad.txt"])


def test_a_stratified_cut_has_every_class_in_proportion():
    y = np.random.RandomState(0).permutation(np.repeat([0, 1, 2], [700, 250, 50])).astype(np.int32)
    cut = stratified(y, {"train": 700, "validation": 100, "test": 200}, seed=3)
    assert sorted(np.concatenate(list(cut.values()))) == list(range(1000))
    for numbers in cut.values():
        np.testing.assert_allclose(np.bincount(y[numbers]), np.array([700, 250, 50]) * len(numbers) / 1000, atol=1)
    assert np.corrcoef(np.arange(700), y[cut["train"]])[0, 1] < 0.1  # in a random order
    again = stratified(y, {"train": 700, "validation": 100, "test": 200}, seed=3)
    assert all((again[name] == numbers).all() for name, numbers in cut.items())
    assert (stratified(y, {"train": 700, "test": 300}, seed=4)["test"] != cut["test"][:1]).any()


def test_a_table_of_ones_own(tmp_path):
    path = tmp_path / "mail.csv"
    rows = [f'"text {number}, ""quoted""\n{number}",{"abc"[number % 3]}' for number in range(60)]
    path.write_text("\n".join(["body,folder", *rows, ",a"]))
    reading = text_csv.official(path, "body", "folder")
    assert reading.classes == ("a", "b", "c")
    assert {name: len(split) for name, split in reading.splits.items()} == {"train": 43, "validation": 6, "test": 12}
    for split in reading.splits.values():
        assert set(split.y) == {0, 1, 2}
        for text, label in zip(split.x, split.y, strict=True):
            assert text == "" or int(text.split()[1].rstrip(",")) % 3 == label


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["text,kind", "a,b"], "has no column 'label'"),
        (["text,label"], "must hold two classes or more, and has no rows"),
        (["text,label", "a,x", "b,x"], "must hold two classes or more, and has only 'x'"),
        (["text,label", "a,"], "line 2, column 'label' is empty"),
        (["text,label", *["a,x", "b,y"] * 9, "c,z"], "class z has 1 samples, too few for one in each of"),
    ],
)
def test_tables_that_cannot_be_learned_from(lines, message, tmp_path):
    (tmp_path / "t.csv").write_text("\n".join(lines))
    with pytest.raises(InputError, match=message) as caught:
        text_csv.official(tmp_path)
    assert "t.csv" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_vocabulary_of_stored_texts():
    texts = Texts(objects(["a b"] * 1500))  # more than are cut at once
    assert words.most_frequent(texts, 5) == ["a", "b"]
