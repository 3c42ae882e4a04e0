"""Pickles, archives, tables, points and word vectors: read as they are written, and refused where they are hostile or damaged."""

import io
import pickle
import tarfile
import zipfile

import numpy as np
import pytest

import tf_data
from tf_data import datasets
from tf_data.archives import read_tar, unpack
from tf_data.datasets import cifar10, glove
from tf_data.errors import InputError


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
