"""A CSV file streamed into HDF5."""

import csv
import tracemalloc

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tf_data import formats
from tf_data.errors import InputError
from tf_data.formats import Options
from tf_data.formats.csv_hdf5 import convert

QUIET = Options(quiet=True)


def write(path, rows, header="a,b,label"):
    path.write_text("\n".join([header, *rows, ""]))
    return path


def numbered(count):
    return [f"{n},{n / 4},{'odd' if n % 2 else 'even'}" for n in range(count)]


@pytest.fixture
def iris(tmp_path):
    """Iris as a CSV file, as scikit-learn carries it."""
    from sklearn.datasets import load_iris

    data = load_iris()
    with open(tmp_path / "iris.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sepal length", "sepal width", "petal length", "petal width", "species"])
        writer.writerows([*row, data.target_names[kind]] for row, kind in zip(data.data, data.target, strict=True))
    return tmp_path / "iris.csv"


def test_iris_as_in_the_notebook(iris, tmp_path):
    """Chunks of 10 rows. The notebook gives every row of a chunk the label of its first one; here each keeps its own."""
    manifest = convert(iris, tmp_path / "out", "species", options=Options(chunk_size=10, quiet=True))
    with h5py.File(tmp_path / "out" / "iris.h5", "r") as file:
        features, labels = file["train/features"], file["train/labels"]
        assert (features.shape, features.dtype, features.chunks) == ((150, 4), np.float32, (10, 4))
        assert (labels.shape, labels.dtype) == ((150,), np.int32)
        np.testing.assert_allclose(features[99], [5.7, 2.8, 4.1, 1.3])
        assert labels[99] == 1
        assert np.bincount(labels).tolist() == [50, 50, 50]
    assert manifest.schema.classes == ("setosa", "versicolor", "virginica")
    assert manifest.schema.features[0] == "sepal length"
    split = formats.open(tmp_path / "out").splits["train"]
    seen = np.concatenate([y for _, y in split.batches(50, seed=1, epoch=2)])
    assert np.bincount(seen).tolist() == [50, 50, 50]


def test_labels_belong_to_their_rows_whatever_the_chunks(tmp_path):
    path = write(tmp_path / "t.csv", numbered(23))
    for size in (1, 4, 100):
        convert(path, tmp_path / f"out{size}", "label", options=Options(chunk_size=size, quiet=True))
        split = formats.open(tmp_path / f"out{size}").splits["train"]
        np.testing.assert_array_equal(split.x[:], [[n, n / 4] for n in range(23)])
        np.testing.assert_array_equal(split.y, np.arange(23) % 2)
        assert split.blocks.counts.sum() == 23


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.floats(width=32, allow_nan=False, allow_infinity=False), st.sampled_from("xyz")), min_size=1),
    st.integers(1, 5),
)
def test_round_trip(tmp_path_factory, rows, size):
    folder = tmp_path_factory.mktemp("csv")
    path = write(folder / "t.csv", [f"{value!r},{kind}" for value, kind in rows], "v,kind")
    manifest = convert(path, folder / "out", "kind", options=Options(chunk_size=size, quiet=True))
    split = formats.open(folder / "out").splits["train"]
    np.testing.assert_array_equal(split.x[:][:, 0], np.float32([v for v, _ in rows]))
    assert [manifest.schema.classes[y] for y in split.y] == [kind for _, kind in rows]
    assert sum(manifest.classes["train"]) == len(rows)


def test_classes_that_are_numbers_are_sorted_as_numbers(tmp_path):
    path = write(tmp_path / "t.csv", ["0,0,10", "1,0,9", "2,0,10"])
    assert convert(path, tmp_path / "out", "label", options=QUIET).schema.classes == ("9", "10")


def test_labels_can_be_numbers_and_columns_chosen(tmp_path):
    path = write(tmp_path / "t.csv", ["1,2,3.5", "4,5,-6"])
    convert(path, tmp_path / "out", "label", features=("b",), labels="numbers", options=QUIET)
    split = formats.open(tmp_path / "out").splits["train"]
    assert split.x[:].tolist() == [[2], [5]]
    assert split.y.tolist() == [3.5, -6]
    assert split.y.dtype == np.float32


@pytest.mark.parametrize(
    ("row", "match"),
    [
        ("7,nan,odd", r"t\.csv line 5, column 'b': 'nan' is not a finite number"),
        ("inf,1,odd", r"t\.csv line 5, column 'a': 'inf' is not a finite number"),
        ("7,seven,odd", r"t\.csv line 5, column 'b': 'seven' is not a finite number"),
        ("7,,odd", r"t\.csv line 5, column 'b': '' is not a finite number"),
        ("7,1e39,odd", r"t\.csv line 5, column 'b': 1e\+39 is beyond float32"),
        ("7,1", r"t\.csv line 5 has another number of fields"),
        ("7,1,odd,8", r"t\.csv line 5 has another number of fields"),
        ("7,1, ", r"t\.csv line 5, column 'label' is empty"),
    ],
)
def test_a_bad_row_is_named_or_skipped(tmp_path, row, match):
    rows = numbered(8)
    rows[3] = row
    path = write(tmp_path / "t.csv", rows)
    with pytest.raises(InputError, match=match):
        convert(path, tmp_path / "out", "label", options=Options(chunk_size=2, quiet=True))
    assert not (tmp_path / "out").exists()
    manifest = convert(path, tmp_path / "out", "label", options=Options(chunk_size=2, skip_bad=True, quiet=True))
    assert manifest.counts == {"train": 7}
    assert manifest.skipped["count"] == 1
    stored = formats.open(tmp_path / "out")
    assert stored.splits["train"].x[:][:, 0].tolist() == [0, 1, 2, 4, 5, 6, 7]
    assert stored.splits["train"].y.tolist() == [0, 1, 0, 0, 1, 0, 1]
    assert stored.faults() == []


def test_a_bad_label_number_is_named(tmp_path):
    path = write(tmp_path / "t.csv", ["1,2,3", "1,2,three"])
    with pytest.raises(InputError, match="line 3, column 'label': 'three'"):
        convert(path, tmp_path / "out", "label", labels="numbers", options=QUIET)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("a,b,label\n", "has a header but no rows"),
        ("", "has no column 'label'"),
        ("a,b\n1,2\n", "has no column 'label'; it has a, b"),
        ("a,a,label\n1,2,x\n", "two columns of one name"),
        ("a,b,label\n1,nan,x\n", "line 2, column 'b'"),
    ],
)
def test_a_file_without_a_table_is_refused(tmp_path, text, match):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError, match=match):
        convert(tmp_path / "t.csv", tmp_path / "out", "label", options=QUIET)
    assert not (tmp_path / "out").exists()


def test_missing_files_and_wrong_settings_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"missing file .*none\.csv"):
        convert(tmp_path / "none.csv", tmp_path / "out", "label", options=QUIET)
    path = write(tmp_path / "t.csv", numbered(3))
    with pytest.raises(InputError, match="classes or numbers, not 'words'"):
        convert(path, tmp_path / "out", "label", labels="words", options=QUIET)
    with pytest.raises(InputError, match="not empty"):
        convert(path, tmp_path, "label", options=QUIET)


def test_a_column_of_numbers_is_not_taken_for_classes(tmp_path, monkeypatch):
    monkeypatch.setattr("tf_data.formats.csv_hdf5.CLASSES", 50)
    path = write(tmp_path / "t.csv", [f"0,0,{n}" for n in range(200)])
    with pytest.raises(InputError, match="more than 50 different values in 'label' up to line 101"):
        convert(path, tmp_path / "out", "label", options=Options(chunk_size=100, quiet=True))


def test_memory_does_not_grow_with_the_file(tmp_path):
    def peak(count):
        path = write(tmp_path / f"{count}.csv", (f"{n},{n},{n % 3}" for n in range(count)))
        tracemalloc.start()
        convert(path, tmp_path / f"out{count}", "label", options=Options(chunk_size=200, quiet=True))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(500)  # imports
    assert peak(20_000) < 1.2 * peak(1_000) + 100_000
