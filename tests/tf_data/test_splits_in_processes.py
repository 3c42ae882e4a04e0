"""Splits may go to other processes: each can be pickled, and is read there as it is here."""

import multiprocessing
import pickle
import zipfile

import numpy as np
import pytest
from small_data import convert, fill, random_images

import tf_data
from tf_data import datasets, formats
from tf_data.archives import Zip
from tf_data.datasets import celeba
from tf_data.errors import InputError
from tf_data.images import EncodedImages, read_file


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    """A split of every kind of samples, each of which has been read from."""
    root = tmp_path_factory.mktemp("splits")
    data = random_images(20, 6)
    found = {"arrays": data.train}
    for to in formats.MODULES:
        convert(data, to, root / to)
        found[to] = formats.open(root / to).splits["train"]
    datasets.get("quickdraw").synthetic(root / "quickdraw", per_class=10)
    found["bitmaps"] = tf_data.load("quickdraw", path=root / "quickdraw").train
    celeba.synthetic(root / "celeba", counts=(6, 3, 3))
    found["zip"] = tf_data.load("celeba", path=root / "celeba").train
    fill(root / "folder")
    found["files"] = tf_data.load("image-folder", path=root / "folder").train
    for split in found.values():
        split.read(np.array([1]))
    return found


def total(split, rows, queue):
    try:
        queue.put(int(split.read(rows)[0].astype(np.int64).sum()))
    except Exception as error:
        queue.put(repr(error))


def test_every_split_can_be_pickled(splits):
    for kind, split in splits.items():
        content = pickle.dumps(split)
        again = pickle.loads(content)
        every = np.arange(len(split))
        np.testing.assert_array_equal(again.read(every)[0], split.read(every)[0], err_msg=kind)
        np.testing.assert_array_equal(again.read(every)[1], split.read(every)[1], err_msg=kind)


def test_a_mapped_file_is_not_pickled_as_its_content(splits):
    assert len(pickle.dumps(splits["bitmaps"])) < 5000


def test_forked_processes_read_what_the_first_one_opened(splits):
    """Two processes with one open file would move each other's place in it, and find damage."""
    context = multiprocessing.get_context("fork")
    for kind, split in splits.items():
        rows = np.resize(np.arange(len(split)), 100)
        expected, queue = int(split.read(rows)[0].astype(np.int64).sum()), context.Queue()
        children = [context.Process(target=total, args=(split, rows, queue)) for _ in range(3)]
        for child in children:
            child.start()
        split.read(rows)
        found = [queue.get(timeout=60) for _ in children]
        for child in children:
            child.join()
        assert found == [expected] * 3, kind


def test_a_zip_is_opened_anew_by_each_process(splits, tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"content")
    again = pickle.loads(pickle.dumps(Zip(path)))
    assert again.read("a") == b"content"
    images = EncodedImages([str(tmp_path / "none.png")], read_file, (4, 4))
    with pytest.raises(InputError, match="none.png does not exist"):
        pickle.loads(pickle.dumps(images)).read(np.array([0]))
