"""One contract for all datasets, through stand-ins in the official file form; then what is peculiar to each."""

import gzip
import shutil
import tarfile
import zipfile

import numpy as np
import pytest
from small_data import pixels

import tf_data
from tf_data import datasets
from tf_data.archives import unpack
from tf_data.datasets import imdb
from tf_data.errors import InputError

NAMES = datasets.names()
TEXTS = ("dickens", "imdb")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A data directory with the stand-in of every dataset that has one."""
    root = tmp_path_factory.mktemp("data")
    for name in NAMES:
        dataset = datasets.get(name)
        if dataset.synthetic:
            dataset.synthetic(root / name, **({"counts": {"train": 200, "test": 50}} if name == "mnist" else {}))
    return root


@pytest.fixture
def copy(written, tmp_path):
    """A function that copies one dataset's folder, to be damaged."""
    return lambda name: shutil.copytree(written / name, tmp_path / name)


def load(name, root=None):
    dataset = datasets.get(name)
    return tf_data.load(name, source="official" if dataset.synthetic else "auto", data_dir=root)


@pytest.mark.parametrize("name", NAMES)
def test_contract(name, written):
    dataset, data = datasets.get(name), load(name, written)
    assert data.licence
    assert data.citation
    assert data.classes == (data.classes or dataset.classes)
    for split in data.splits.values():
        assert len(split) > 0
        if -1 not in dataset.shape and name != "iris":
            assert split.x.shape[1:] == dataset.shape
        if split.y is not None:
            assert split.y.dtype == np.int32
            # A score on a split that lacks a label says little.
            assert set(split.y.tolist()) == set(range(len(data.classes)))
    again = load(name, written)
    for split, same in zip(data.splits.values(), again.splits.values(), strict=True):
        np.testing.assert_array_equal(pixels(split), pixels(same))
        np.testing.assert_array_equal(split.y, same.y)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("iris",)])  # iris holds equal flowers
def test_no_sample_is_in_two_splits(name, written):
    seen: dict[bytes, str] = {}
    for part, split in load(name, written).splits.items():
        for sample in pixels(split):
            key = sample.encode() if isinstance(sample, str) else sample.tobytes()
            assert seen.setdefault(key, part) == part


@pytest.mark.parametrize("name", [name for name in NAMES if datasets.get(name).synthetic])
def test_images_and_rows_can_be_cut_and_picked(name, written):
    split = load(name, written).train
    if len(split) < 8:
        return
    part = split.slice(2, 7)
    np.testing.assert_array_equal(pixels(part), pixels(split)[2:7])
    if name not in TEXTS:
        batch = next(iter(split.batches(4, seed=1, epoch=2, raw=True)))
        assert batch[0].shape == (4, *split.x.shape[1:])


@pytest.mark.parametrize("name", NAMES)
def test_without_files_the_message_says_how_to_get_some(name, tmp_path):
    dataset = datasets.get(name)
    if dataset.generated or dataset.embedded:
        assert tf_data.load(name, data_dir=tmp_path).source in ("embedded", "generated")
        return
    with pytest.raises(InputError, match='source="synthetic"') as caught:
        tf_data.load(name, data_dir=tmp_path)
    assert str(tmp_path / name) in str(caught.value)
    assert ("download=True" in str(caught.value)) == (dataset.download is not None)


def test_options_and_names_are_checked(written):
    with pytest.raises(InputError, match="did you mean celeba"):
        tf_data.load("celebs")
    with pytest.raises(InputError, match="unexpected keyword argument 'colour'"):
        tf_data.load("svhn", data_dir=written, colour=1)
    with pytest.raises(InputError, match="no attribute 'Smile'; did you mean Smiling"):
        tf_data.load("celeba", data_dir=written, attribute="Smile")
    assert tf_data.load("svhn", path=written / "svhn").counts == {"train": 600, "test": 100}


# Damaged files: each is named, with what is wrong.


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("svhn", "train_32x32.mat"),
        ("celeba", "img_align_celeba.zip"),
        ("quickdraw", "star.npy"),
        ("cifar10", "cifar-10-python.tar.gz"),
        ("imdb", "aclImdb_v1.tar.gz"),
        ("afad-lite", "AFAD-Lite.tar.xz"),
        ("fashion-mnist", "t10k-images-idx3-ubyte.gz"),
        ("cement", "cement_strength.csv"),
        ("dickens", "98-0.txt"),
    ],
)
def test_half_a_file(name, file, copy):
    path = copy(name) / file
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 - 3])
    with pytest.raises(InputError, match=file):
        tf_data.load(name, path=path.parent)


def test_an_archive_unpacks_whole(written, tmp_path):
    unpack(written / "celeba" / "img_align_celeba.zip", tmp_path / "zip")
    unpack(written / "afad-lite" / "AFAD-Lite.tar.xz", tmp_path / "tar")
    assert len(list((tmp_path / "zip" / "img_align_celeba").iterdir())) == 100
    faces = tf_data.load("afad-lite", path=written / "afad-lite").train
    unpacked = tf_data.load("afad-lite", path=tmp_path / "tar").train
    np.testing.assert_array_equal(pixels(faces), pixels(unpacked))


def test_celeba_from_a_folder_equals_the_archive(copy):
    folder = copy("celeba")
    data = tf_data.load("celeba", path=folder)
    with zipfile.ZipFile(folder / "img_align_celeba.zip") as archive:
        archive.extractall(folder)
    (folder / "img_align_celeba.zip").unlink()
    same = tf_data.load("celeba", path=folder)
    np.testing.assert_array_equal(pixels(data.train), pixels(same.train))
    assert data.classes == ("female", "male")
    assert tf_data.load("celeba", path=folder, attribute="Smiling").classes == ("not Smiling", "Smiling")

    lost = folder / "img_align_celeba" / "000003.jpg"
    lost.unlink()
    with pytest.raises(InputError, match="000003.jpg"):
        tf_data.load("celeba", path=folder)
    fewer = tf_data.load("celeba", path=folder, skip_bad=True)
    assert fewer.counts["train"] == 59
    assert ["000003.jpg" in line for line in fewer.skipped] == [True]

    bad = folder / "img_align_celeba" / "000005.jpg"
    bad.write_bytes(bad.read_bytes()[:500])
    split = fewer.train
    with pytest.raises(InputError, match=r"000005.jpg is a damaged image"):
        pixels(split)


def test_afad_in_parts(copy):
    folder = copy("afad-lite")
    content = (folder / "AFAD-Lite.tar.xz").read_bytes()
    expected = pixels(tf_data.load("afad-lite", path=folder).test)
    (folder / "AFAD-Lite.tar.xz").unlink()
    (folder / "AFAD-Lite.tar.xzaa").write_bytes(content[:1000])
    (folder / "AFAD-Lite.tar.xzab").write_bytes(content[1000:])
    np.testing.assert_array_equal(pixels(tf_data.load("afad-lite", path=folder).test), expected)


def test_svhn_label_10_is_digit_0(written):
    from scipy.io import loadmat

    stored = loadmat(written / "svhn" / "train_32x32.mat")["y"][:, 0]
    assert 10 in stored
    assert 0 not in stored
    np.testing.assert_array_equal(tf_data.load("svhn", data_dir=written).train.y, stored % 10)


def test_quickdraw_takes_any_classes_in_any_order(written):
    data = tf_data.load("quickdraw", data_dir=written, classes=("star", "circle"), per_class=50)
    assert data.classes == ("star", "circle")
    assert sum(data.counts.values()) == 100
    with pytest.raises(InputError, match=r"no moon.npy; it has circle, square, star"):
        tf_data.load("quickdraw", data_dir=written, classes=("moon",))


def test_imdb_forms(written, tmp_path):
    official = tf_data.load("imdb", data_dir=written)
    with tarfile.open(written / "imdb" / "aclImdb_v1.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    unpacked = tf_data.load("imdb", path=tmp_path)
    assert sorted(official.train.x) == sorted(unpacked.train.x)
    table = tmp_path / "table"
    table.mkdir()
    rows = [f'"{text}",{label}' for text, label in zip(official.train.x, official.train.y, strict=True)]
    (table / "movie_data.csv.gz").write_bytes(gzip.compress("\n".join(["review,sentiment", *rows, *rows[:7]]).encode()))
    data = tf_data.load("imdb", path=table)
    different = set(official.train.x)
    test = len(different) // 3
    validation = (len(different) - test) // 5
    assert data.counts == {"train": len(different) - test - validation, "validation": validation, "test": test}
    assert all(abs(split.y.mean() - data.test.y.mean()) < 0.02 for split in data.splits.values())
    together = np.concatenate([split.x for split in data.splits.values()])
    assert sorted(together) == sorted(different)
    assert data.skipped == ("7 reviews that repeat another word for word",)
    again = tf_data.load("imdb", path=table)
    assert all((again.splits[name].x == split.x).all() for name, split in data.splits.items())
    (table / "aclImdb_v1.tar.gz").write_bytes((written / "imdb" / "aclImdb_v1.tar.gz").read_bytes())
    data = tf_data.load("imdb", path=table)  # the form with more reviews
    assert data.counts == official.counts == {"train": 320, "validation": 80, "test": 400}
    assert data.skipped[-1].startswith(f"{len(different)} reviews of the csv form, because the archive form has 800")
    assert tf_data.load("imdb", path=table, form="csv").counts["test"] == test
    (table / "movie_data.csv.gz").write_bytes(gzip.compress(b"review,sentiment\nfine,2\n"))
    with pytest.raises(InputError, match="record 0 has sentiment '2'"):
        imdb.read_csv(table / "movie_data.csv.gz")


def test_gutenbergs_words_are_cut_off(written):
    data = tf_data.load("dickens", data_dir=written)
    assert tf_data.load("dickens", data_dir=written, hold_out=0.05).notes == ()  # which tell of unofficial counts
    text = data.train.x[0] + data.test.x[0]
    assert "Gutenberg".upper() not in text.upper()
    assert "Licence" not in text
    assert text.startswith("The ") or text.startswith("A ")
    assert len(data.test.x[0]) == pytest.approx(len(text) / 10, abs=1)


def test_image_lists(copy):
    folder = copy("image-csv")
    table = folder / "images.csv"
    table.write_text(table.read_text() + "red/none.jpg,red\n")
    with pytest.raises(InputError, match=r"line 92 names .*none.jpg, which does not exist"):
        tf_data.load("image-csv", path=folder)
    bad = folder / "red" / "0004.jpg"
    bad.write_bytes(b"no image")
    data = tf_data.load("image-csv", path=folder, skip_bad=True)
    assert sum(data.counts.values()) == 89
    assert sorted(line.rpartition("/")[2].split()[0].strip(",") for line in data.skipped) == ["0004.jpg", "none.jpg"]


def test_image_folders(copy, tmp_path):
    folder = copy("image-folder")
    small = tf_data.load("image-folder", path=folder, size=(20, 20), channels=1)
    assert pixels(small.test).shape[1:] == (20, 20, 1)
    parts = tmp_path / "parts"
    for name in ("train", "valid", "test"):
        shutil.copytree(folder, parts / name)
    data = tf_data.load("image-folder", path=parts)
    assert data.counts == {"train": 90, "validation": 90, "test": 90}
    shutil.rmtree(parts / "test" / "blue")
    fewer = tf_data.load("image-folder", path=parts)
    assert fewer.notes == (f"{parts / 'test'} has no images of blue",)
    assert set(fewer.test.y.tolist()) == {1, 2}
    (parts / "test" / "red").rename(parts / "test" / "rot")
    with pytest.raises(InputError, match="has the classes rot, but train has blue, green, red"):
        tf_data.load("image-folder", path=parts)
    (folder / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty holds no images"):
        tf_data.load("image-folder", path=folder)


def test_images_of_other_sizes_are_refused_unless_resized(copy):
    from PIL import Image

    folder = copy("image-folder")
    Image.new("RGB", (30, 30)).save(folder / "red" / "0001.jpg")
    data = tf_data.load("image-folder", path=folder)
    with pytest.raises(InputError, match="0001.jpg is an image of 30x30, not 40x48"):
        [pixels(split) for split in data.splits.values()]
    resized = tf_data.load("image-folder", path=folder, size=(40, 48))
    assert sum(len(pixels(split)) for split in resized.splits.values()) == 90
