"""The real files of datasets have the counts that were published; skipped without them."""

import numpy as np
import pytest
from small_data import pixels

import tf_data
from tf_data import datasets
from tf_data.datasets import glove


def test_real_files(data_dir):
    expected = {
        "mnist": {"train": 60_000, "test": 10_000},
        "celeba": {"train": 2_000, "validation": 500, "test": 500},
        "cement": {"train": 798, "test": 200},
        "svhn": {"train": 100, "test": 30},
        "quickdraw": {"train": 12_600, "validation": 1_800, "test": 3_600},
    }
    for name, counts in expected.items():
        if datasets.get(name).present(data_dir / name):
            assert tf_data.load(name, data_dir=data_dir).counts == counts, name
    mnist = tf_data.load("mnist", data_dir=data_dir)
    assert np.bincount(mnist.train.y).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(mnist.test.y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    cement = tf_data.load("cement", data_dir=data_dir)
    assert sum(np.bincount(split.y) for split in cement.splits.values()).tolist() == [196, 310, 244, 152, 96]
    faces = tf_data.load("celeba", data_dir=data_dir)
    male = np.concatenate([split.y for split in faces.splits.values()])
    assert np.mean(male) == pytest.approx(0.442, abs=5e-4)
    assert pixels(faces.test.slice(0, 20)).shape == (20, 218, 178, 3)


def test_real_fashion_and_texts(data_dir):
    clothes = tf_data.load("fashion-mnist", data_dir=data_dir, hold_out=10_000)
    assert sum(np.bincount(split.y) for split in clothes.splits.values()).tolist() == [6_000] * 10
    reviews = tf_data.load("imdb", data_dir=data_dir, form="archive")
    assert reviews.counts == {"train": 800, "validation": 200, "test": 1_000}
    assert all((np.bincount(split.y) == len(split) // 2).all() for split in reviews.splits.values())
    table = tf_data.load("imdb", data_dir=data_dir)
    assert table.counts == {"train": 31_582, "validation": 5_000, "test": 12_500}
    assert table.skipped[0] == "418 reviews that repeat another word for word"
    assert not set(table.test.x) & {*table.train.x, *table.validation.x}
    book = tf_data.load("dickens", data_dir=data_dir)
    text = book.train.x[0] + book.test.x[0]
    assert text.startswith("A TALE OF TWO CITIES")
    assert "It was the best of times" in text
    words, matrix = glove.read_glove(data_dir / "glove", 50)
    vectors = dict(zip(words, matrix / np.linalg.norm(matrix, axis=1, keepdims=True), strict=True))
    assert vectors["good"] @ vectors["great"] == pytest.approx(0.80, abs=0.005)
    assert vectors["king"] @ vectors["queen"] == pytest.approx(0.78, abs=0.005)
