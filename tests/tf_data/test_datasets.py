"""One contract for all datasets, through stand-ins in the official file form; then what is peculiar to each."""

import gzip
import io
import pickle
import shutil
import tarfile
import zipfile

import numpy as np
import pytest

import tf_data
from tf_data import datasets
from tf_data.archives import read_tar, unpack
from tf_data.datasets import cifar10, glove, imdb
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


def pixels(split):
    return split.x.read(np.arange(len(split))) if hasattr(split.x, "read") else np.asarray(split.x)


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


@pytest.mark.parametrize("name", ["cement", "feature-csv", "text-csv", "image-csv"])
def test_a_table_cut_between_rows(name, tmp_path):
    """Whole lines, and too few of them: one line, or what there is."""
    datasets.get(name).synthetic(tmp_path)
    (path,) = tmp_path.glob("*.csv")
    lines = path.read_text().splitlines()
    said = []
    for count in (0, 1, 2, 3, 5, 8, 13, 20, 100):
        path.write_text("\n".join(lines[: 1 + count]) + "\n")
        try:
            tf_data.load(name, "official", path=tmp_path)
        except InputError as error:
            said.append(str(error))
    assert 0 < len(said) < 9
    assert all(path.name in line and "\n" not in line for line in said), said


class Payload:
    def __reduce__(self):
        return (open, ("payload", "w"))


@pytest.mark.parametrize("payload", [Payload(), {b"data": Payload()}, np.array([Payload()], object), print])
def test_a_pickle_with_a_payload_runs_nothing(payload, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="do not trust it"):
        cifar10.read_batch(pickle.dumps(payload, protocol=3), "data_batch_1")
    assert not (tmp_path / "payload").exists()


def test_cifar_batches_of_a_wrong_form():
    good = {b"data": np.zeros((2, 3072), np.uint8), b"labels": [0, 9]}
    x, y = cifar10.read_batch(pickle.dumps(good, protocol=3), "b")
    assert (x.shape, y.tolist()) == ((2, 32, 32, 3), [0, 9])
    for change in ({b"labels": [0]}, {b"labels": [0, 10]}, {b"data": np.zeros((2, 3071), np.uint8)}, {b"data": None}):
        with pytest.raises(InputError, match="^b "):
            cifar10.read_batch(pickle.dumps({**good, **change}, protocol=3), "b")


def test_cifar_planes_become_channels():
    data = np.arange(3 * 1024).reshape(1, 3072) // 1024
    x, _ = cifar10.read_batch(pickle.dumps({b"data": data.astype(np.uint8), b"labels": [1]}, protocol=3), "b")
    assert x[0, 5, 7].tolist() == [0, 1, 2]


def hostile(kind, path):
    """An archive that tries to write outside of where it is unpacked."""
    name = {"parent": "../evil.txt", "absolute": "/tmp/evil.txt", "link": "inside/link"}[kind]
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, "evil")
        return
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo(name)
        if kind == "link":
            entry.type, entry.linkname = tarfile.SYMTYPE, "../../../etc/passwd"
            archive.addfile(entry)
        else:
            entry.size = 4
            archive.addfile(entry, io.BytesIO(b"evil"))


@pytest.mark.parametrize(
    ("kind", "file"), [("parent", "a.tar.gz"), ("absolute", "a.tar.gz"), ("link", "a.tar.gz"), ("parent", "a.zip")]
)
def test_hostile_archives(kind, file, tmp_path):
    path = tmp_path / "in" / file
    path.parent.mkdir()
    hostile(kind, path)
    with pytest.raises(InputError, match="do not trust it"):
        unpack(path, tmp_path / "in" / "out")
    assert sorted(p.name for p in tmp_path.rglob("*")) == [file, "in"]
    if file.endswith("gz"):
        with pytest.raises(InputError, match="do not trust it"):
            list(read_tar(path))


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


def test_glove_from_text_and_zip(tmp_path):
    (tmp_path / "glove.6B.50d.txt").write_text("".join(f"w{i} {' '.join(['0.5'] * 49)} {i}\n" for i in range(4)))
    words, matrix = glove.read_glove(tmp_path, 50, words={"w1", "w3"})
    assert words == ["w1", "w3"]
    assert matrix[:, -1].tolist() == [1, 3]
    with zipfile.ZipFile(tmp_path / "glove.6B.zip", "w") as archive:
        archive.write(tmp_path / "glove.6B.50d.txt", "glove.6B.50d.txt")
    text = tmp_path / "glove.6B.50d.txt"
    text.rename(tmp_path / "elsewhere.txt")
    assert glove.read_glove(tmp_path, 50)[1].shape == (4, 50)
    with pytest.raises(InputError, match="holds no glove.6B.100d.txt"):
        glove.read_glove(tmp_path, 100)
    text.write_text("word 1 2 x\n")
    with pytest.raises(InputError, match="line 1 is not a word and 50 numbers"):
        glove.read_glove(tmp_path, 50)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,label\n1,x\nnan,y\n", "line 3, column 'a': 'nan' is not a finite number"),
        ("a,label\n1,x\nhello,y\n", "line 3, column 'a': 'hello'"),
        ("a,label\n1,x\n2\n", "line 3 has another number of fields"),
        ("a,label\n1,x,3\n", "line 2 has another number of fields"),
        ("a,b\n1,2\n", "has no column 'label'; it has a, b"),
        ("a,label\n", "no rows"),
    ],
)
def test_bad_tables(text, message, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        tf_data.load("feature-csv", path=tmp_path)


def points(folder, *changed):
    """100 points in the form of the perceptron's toy file; `changed` stands in place of the first lines."""
    lines = [f"{number / 10}\t{-number / 7:.2f}\t{number % 2}" for number in range(100)]
    folder.mkdir()
    (folder / "perceptron_toydata.txt").write_text("\n".join([*changed, *lines[len(changed) :]]) + "\n")


def test_points_of_the_perceptron_come_from_their_file(tmp_path):
    assert tf_data.load("toy-2d", data_dir=tmp_path).source == "generated"
    with pytest.raises(InputError, match=r"put perceptron_toydata\.txt into .*perceptron"):
        tf_data.load("toy-2d", source="official", data_dir=tmp_path)
    points(tmp_path / "perceptron")
    assert tf_data.load("toy-2d", source="synthetic", data_dir=tmp_path).source == "generated"
    data = tf_data.load("toy-2d", data_dir=tmp_path)
    assert data.source == "official"
    assert data.counts == {"train": 70, "test": 30}
    order = np.random.RandomState(123).permutation(100)
    expected = order[order] / 10
    np.testing.assert_allclose(np.concatenate([data.train.x, data.test.x])[:, 0], expected, rtol=1e-6)
    assert data.train.y[0] == order[order[0]] % 2


@pytest.mark.parametrize("line", ["1.0\t2.0", "1.0\tnan\t1", "1.0\t2.0\t2", "a\tb\t0", "1\t2\t0\t0"])
def test_a_bad_point_is_named_by_its_line(line, tmp_path):
    points(tmp_path / "perceptron", "0.5\t0.5\t1", line)
    with pytest.raises(InputError, match=r"perceptron_toydata\.txt line 2: .* is not two .*numbers and a label"):
        tf_data.load("toy-2d", data_dir=tmp_path)


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


# The real files, where there are any; counts as published.


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
