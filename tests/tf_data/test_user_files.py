"""Tables and official files as users have them: other names, kinds, encodings and places than the official ones."""

import gzip
import zipfile

import numpy as np
import pytest

import tf_data
from tf_data import datasets, formats
from tf_data.csv_files import TableFile
from tf_data.datasets import celeba, idx, imdb, mnist
from tf_data.errors import InputError
from tf_data.formats.csv_hdf5 import convert as convert_csv

RNG = np.random.default_rng(0)


# Tables: one reader, so that each surprise is the same in all of them.


def rows(count=40):
    return [[f"{n / 8}", f"{-n}", ("10", "9", "8")[n % 3]] for n in range(count)]


def text(table, head="a,b,label", end="\n", comma=","):
    return end.join([head.replace(",", comma), *(comma.join(row) for row in table), ""])


def read_three(path):
    """The table as feature-csv, converted, and row by row."""
    data = tf_data.load("feature-csv", path=path)
    convert_csv(path, path.parent / "out", "label", options=formats.Options(quiet=True))
    stored = formats.open(path.parent / "out")
    table = TableFile(path, ("label",))
    values = [[float(row["a"]), float(row["b"])] for _, row in table.rows()]
    return data, stored, values


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", text(rows()).encode("utf-8-sig")),
        ("t.CSV", text(rows(), end="\r\n").encode()),
        ("t.csv", text(rows(), end="\r").encode()),
        ("t.tsv", text(rows(), comma="\t").encode()),
        ("t.csv.gz", gzip.compress(text(rows()).encode())),
        ("t.csv", text([[f'"{cell}"' for cell in row] for row in rows()]).encode() + b"\n\n"),
        ("t.csv", text([[a, b, f"  {label} "] for a, b, label in rows()], " a, b ,label ").encode()),
        ("t.csv", text([[str(n), *row] for n, row in enumerate(rows())], ",a,b,label").encode()),
        ("t.csv", text([[str(n + 1), *row] for n, row in enumerate(rows())], "Unnamed: 0,a,b,label").encode()),
    ],
)
def test_tables_in_all_forms_read_alike(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    data, stored, values = read_three(tmp_path / name)
    assert data.features == stored.features == ("a", "b")
    assert data.classes == stored.classes == ("8", "9", "10")  # numbers in the order of numbers
    assert values == [[float(a), float(b)] for a, b, _ in rows()]
    np.testing.assert_array_equal(stored.splits["train"].x[:], values)
    assert sorted(map(tuple, np.concatenate([split.x for split in data.splits.values()]))) == sorted(map(tuple, values))
    told = b",a,b" in content
    assert bool(data.notes) == told
    assert any("the first column has no name" in line for line in (*data.notes, *stored.about["notes"])) == told


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (text([*rows(3), ["1", "2", " "]]), "line 5, column 'label' is empty"),
        (text(rows(3), comma=";"), "line 1 has semicolons between its columns, not commas"),
        (text([["7", *row] for row in rows(3)], ",a,b,label"), "line 1: column 1 has no name"),
        (text(rows(3)).encode("utf-16"), "text of 16 bits a character"),
        (text([*rows(3), ["é", "2", "9"]]).encode("latin-1"), "line . is not UTF-8"),
        (text([*rows(3), ["1", '"2', "9"]]), "line 5 as CSV"),
    ],
)
def test_bad_tables_are_refused_alike(content, match, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=match):
        tf_data.load("feature-csv", path=path)
    with pytest.raises(InputError, match=match):
        convert_csv(path, tmp_path / "out", "label", options=formats.Options(quiet=True))


def test_reviews_as_kaggle_has_them(tmp_path):
    lines = ["review,sentiment", *(f'"film {n}, seen twice",{("negative", "positive")[n % 2]}' for n in range(60))]
    (tmp_path / "IMDB Dataset.csv").write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    data = tf_data.load("imdb", path=tmp_path)
    assert sum(data.counts.values()) == 60
    assert imdb.read_csv(tmp_path / "IMDB Dataset.csv")[1].tolist() == [0, 1] * 30


# Layouts: names that files have elsewhere.


def idx_files():
    """The four files by their official names, unpacked."""
    for part, count in (("train", 30), ("t10k", 10)):
        for kind, array in (
            ("images-idx3", RNG.integers(0, 256, (count, 28, 28), np.uint8)),
            ("labels-idx1", (np.arange(count) % 10).astype(np.uint8)),
        ):
            head = np.array([8 * 256 + array.ndim, *array.shape], ">u4").tobytes()
            yield f"{part}-{kind}-ubyte", head + array.tobytes()


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize(
    "place",
    [
        lambda name: f"{name}.gz",
        lambda name: name,
        lambda name: name.replace("-idx", ".idx"),
        lambda name: f"MNIST/raw/{name}",
        lambda name: f"{name}/{name}",
        lambda name: f"{name}.gz" if "train" in name else name,
    ],
)
def test_idx_files_by_all_their_names(name, place, tmp_path):
    for file, content in idx_files():
        path = tmp_path / name / place(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    data = tf_data.load(name, data_dir=tmp_path)
    assert (data.source, data.counts) == ("official", {"train": 30, "test": 10})
    assert any("has 70,000 samples, and these are 40" in note for note in data.notes)


def test_mnist_as_keras_keeps_it(tmp_path):
    x, y = RNG.integers(0, 256, (30, 28, 28), np.uint8), (np.arange(30) % 10).astype(np.uint8)
    np.savez(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=x[:9], y_test=y[:9])
    data = tf_data.load("mnist", path=tmp_path)
    assert data.counts == {"train": 30, "test": 9}
    np.testing.assert_array_equal(data.train.x, x[..., None])
    np.savez(tmp_path / "mnist.npz", x_train=x, y_train=y[:8], x_test=x[:9], y_test=y[:9])
    with pytest.raises(InputError, match="mnist.npz x_train holds 30 images but .* 8 labels"):
        tf_data.load("mnist", path=tmp_path)


@pytest.mark.parametrize("name", [name for name in datasets.names() if datasets.get(name).official])
def test_files_that_are_not_understood_are_never_replaced(name, tmp_path):
    folder = tmp_path / (datasets.get(name).folder or name)
    folder.mkdir()
    (folder / "archive.7z").write_bytes(b"7z")
    with pytest.raises(InputError, match=r"archive\.7z, none of which is a known file"):
        tf_data.load(name, data_dir=tmp_path)


def test_readme_and_hidden_files_say_nothing_about_the_data(tmp_path):
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "README.md").write_text("digits come here")
    (tmp_path / "mnist" / ".gitkeep").write_text("")
    assert tf_data.load("mnist", data_dir=tmp_path).source == "embedded"


def test_the_official_files_are_told_by_their_checksum(tmp_path):
    mnist.synthetic(tmp_path, counts={"train": 30, "test": 10})
    notes = tf_data.load("mnist", path=tmp_path).notes
    assert [idx.FILES[0] in notes[0], len(notes)] == [True, 5]


@pytest.mark.parametrize("packed", [False, True])
def test_celeba_as_kaggle_has_it(packed, tmp_path):
    celeba.synthetic(tmp_path / "official", counts=(6, 3, 3))
    expected = tf_data.load("celeba", path=tmp_path / "official")
    home = tmp_path / "kaggle"
    home.mkdir()
    lines = (tmp_path / "official" / celeba.ATTRIBUTES).read_text().split("\n")
    table = ["image_id," + ",".join(lines[1].split()), *(",".join(line.split()) for line in lines[2:] if line)]
    (home / "list_attr_celeba.csv").write_text("\n".join(table))
    parts = (tmp_path / "official" / celeba.PARTITION).read_text().split("\n")
    table = ["image_id,partition", *(",".join(line.split()) for line in parts if line)]
    (home / "list_eval_partition.csv").write_text("\n".join(table))
    with zipfile.ZipFile(tmp_path / "official" / celeba.ARCHIVE) as archive:
        if packed:
            with zipfile.ZipFile(home / celeba.ARCHIVE, "w") as again:
                for name in archive.namelist():
                    again.writestr(f"{celeba.FOLDER}/{name}", archive.read(name))
            (home / celeba.FOLDER).mkdir()  # half unpacked beside the whole archive
            archive.extract(archive.namelist()[0], home)
        else:
            archive.extractall(home / celeba.FOLDER)
    data = tf_data.load("celeba", path=home)
    assert data.counts == expected.counts
    for name, split in data.splits.items():
        every = np.arange(len(split))
        np.testing.assert_array_equal(split.samples.read(every), expected.splits[name].samples.read(every))
        np.testing.assert_array_equal(split.y, expected.splits[name].y)


def test_drawings_by_the_names_of_their_bucket(tmp_path):
    for name in (
        "full%2Fnumpy_bitmap%2Fcat",
        "full_numpy_bitmap_washing machine",
        "full%2Fnumpy_bitmap%2Fsea%20turtle",
    ):
        np.save(tmp_path / f"{name}.npy", RNG.integers(0, 256, (20, 784), np.uint8))
    assert tf_data.load("quickdraw", path=tmp_path).classes == ("cat", "sea turtle", "washing machine")
    np.save(tmp_path / "cat.npy", RNG.integers(0, 256, (20, 784), np.uint8))
    assert "is cat, too" in tf_data.load("quickdraw", path=tmp_path).skipped[0]
