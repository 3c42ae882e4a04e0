"""`tf_data.load` on a converted folder that lies where the official files would."""

import numpy as np
import pytest

import tf_data
from tf_data import formats
from tf_data.datasets import celeba, mnist
from tf_data.errors import InputError
from tf_data.formats import Options, Source, StoredSplit


@pytest.fixture(scope="module")
def official(tmp_path_factory):
    root = tmp_path_factory.mktemp("official")
    mnist.synthetic(root / "mnist", {"train": 60, "test": 20})
    celeba.synthetic(root / "celeba", (12, 6, 6))
    return root


@pytest.fixture
def convert(official, tmp_path):
    def make(name, to, source="official", **options):
        data = tf_data.load(name, source, official, **options)
        formats.write(Source.of(data), to, tmp_path / name, Options(quiet=True))
        return data, tmp_path

    return make


@pytest.mark.parametrize("to", formats.MODULES)
def test_a_converted_folder_stands_in_for_the_official_files(convert, to):
    data, root = convert("mnist", to)
    loaded = tf_data.load("mnist", data_dir=root)
    assert isinstance(loaded.train, StoredSplit)
    assert (loaded.name, loaded.source, loaded.classes, loaded.counts) == (
        "mnist",
        "official",
        data.classes,
        data.counts,
    )
    np.testing.assert_array_equal(loaded.test.x[:], data.test.x)
    np.testing.assert_array_equal(loaded.test.y, data.test.y)

    cut = tf_data.load("mnist", data_dir=root, validation=15, limit=30)
    assert cut.counts == {"train": 30, "validation": 15, "test": 20}
    np.testing.assert_array_equal(cut.validation.x[:], data.train.x[45:])
    seen = np.concatenate([y for _, y in cut.train.batches(8, seed=1, epoch=1)])
    assert sorted(seen) == sorted(data.train.y[:30])


def test_options_must_be_those_of_the_conversion(convert):
    data, root = convert("celeba", "tfrecord", attribute="Smiling")
    assert tf_data.load("celeba", data_dir=root, attribute="Smiling", skip_bad=True).classes == data.classes
    with pytest.raises(InputError, match="converted with attribute='Smiling', not 'Male'; convert it again"):
        tf_data.load("celeba", data_dir=root)


def test_defaults_and_the_same_values_said_aloud_are_one(convert):
    _, root = convert("celeba", "npz")
    assert tf_data.load("celeba", data_dir=root, attribute="Male").counts == {"train": 12, "validation": 6, "test": 6}


def test_stand_ins_are_never_taken_for_real(convert):
    _, root = convert("celeba", "npz", source="synthetic")
    with pytest.raises(InputError, match='use source="synthetic"'):
        tf_data.load("celeba", data_dir=root)
    assert isinstance(tf_data.load("celeba", "synthetic", root).train, StoredSplit)
    with pytest.raises(InputError, match="no files of CelebA"):
        tf_data.load("celeba", "official", root)


def test_another_dataset_in_the_folder_is_refused(convert):
    _, root = convert("mnist", "npz")
    (root / "mnist").rename(root / "fashion-mnist")
    with pytest.raises(InputError, match="holds mnist, not fashion-mnist"):
        tf_data.load("fashion-mnist", data_dir=root)
