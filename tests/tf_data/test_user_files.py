"""Files as users have them: other names, kinds, encodings and places than the official ones. One sweep for each kind."""

import gzip
import io
import multiprocessing
import pickle
import zipfile

import numpy as np
import pytest
from PIL import Image
from small_data import convert, random_images

import tf_data
from tf_data import datasets, formats
from tf_data.archives import Zip
from tf_data.csv_files import TableFile
from tf_data.datasets import celeba, idx, imdb, mnist
from tf_data.errors import InputError
from tf_data.formats.csv_hdf5 import convert as convert_csv
from tf_data.image_files import read_image
from tf_data.images import EncodedImages, decode, encoding_of, read_file

RNG = np.random.default_rng(0)
SMOOTH = np.kron(RNG.integers(0, 256, (4, 3, 3), np.uint8), np.ones((8, 8, 1), np.uint8))  # which JPEG hardly changes
GREY = SMOOTH[..., 0]


# Images: what a file holds decides, and everything sees the same pixels.


def as_bytes(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def turned(orientation):
    """An image that lies on its side in the file, and says so."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def transparent():
    alpha = np.zeros((32, 24, 1), np.uint8)
    alpha[8:24, 8:16] = 255
    return Image.fromarray(np.concatenate([np.zeros_like(SMOOTH), alpha], axis=2))


def shown_transparent():
    pixels = np.full_like(SMOOTH, 255)
    pixels[8:24, 8:16] = 0
    return pixels


FINE = {"quality": 95, "subsampling": 0}
PLAIN = Image.fromarray(SMOOTH)
GREY_RGB = np.repeat(GREY[..., None], 3, axis=2)
# Each with what people see in it, and how far a lossy format may be from that.
IMAGES = {
    "png": (as_bytes(PLAIN, "PNG"), SMOOTH, 0),
    "jpeg": (as_bytes(PLAIN, "JPEG", **FINE), SMOOTH, 24),
    "progressive": (as_bytes(PLAIN, "JPEG", **FINE, progressive=True), SMOOTH, 24),
    "bmp": (as_bytes(PLAIN, "BMP"), SMOOTH, 0),
    "tiff": (as_bytes(PLAIN, "TIFF"), SMOOTH, 0),
    "webp": (as_bytes(PLAIN, "WEBP", lossless=True), SMOOTH, 0),
    "gif": (as_bytes(PLAIN.quantize(16), "GIF"), SMOOTH, 0),
    "palette": (as_bytes(PLAIN.quantize(16), "PNG"), SMOOTH, 0),
    "grey": (as_bytes(Image.fromarray(GREY), "PNG"), GREY_RGB, 0),
    "16 bits": (as_bytes(Image.fromarray(GREY.astype(np.uint16) * 257), "PNG"), GREY_RGB, 0),
    "cmyk": (as_bytes(PLAIN.convert("CMYK"), "JPEG", **FINE), SMOOTH, 40),
    "transparent": (as_bytes(transparent(), "PNG"), shown_transparent(), 0),
    "transparent webp": (as_bytes(transparent(), "WEBP", lossless=True), shown_transparent(), 0),
    "on its side": (
        as_bytes(PLAIN.transpose(Image.Transpose.ROTATE_90), "JPEG", **FINE, exif=turned(6)),
        SMOOTH,
        24,
    ),
    "png on its side": (as_bytes(PLAIN.transpose(Image.Transpose.ROTATE_90), "PNG", exif=turned(6)), SMOOTH, 0),
    "tiff upside down": (as_bytes(PLAIN.transpose(Image.Transpose.ROTATE_180), "TIFF", exif=turned(3)), SMOOTH, 0),
}


def grey(pixels):
    return np.asarray(Image.fromarray(pixels).convert("L"))[..., None]


@pytest.mark.parametrize("kind", IMAGES)
def test_an_image_is_what_people_see(kind, tmp_path):
    data, seen, off = IMAGES[kind]
    for channels, expected in ((3, seen), (1, grey(seen))):
        pixels = decode(data, (32, 24, channels), kind)
        assert np.abs(pixels.astype(int) - expected).max() <= off
        # The name says nothing, and prediction sees what training does.
        path = tmp_path / "image.jpg"
        path.write_bytes(data)
        np.testing.assert_array_equal(np.rint(255 * read_image(path, (32, 24, channels))), pixels)


@pytest.mark.parametrize(
    ("kinds", "channels"), [(("jpeg", "progressive"), 3), (("png", "grey"), 3), (tuple(IMAGES), 3), (tuple(IMAGES), 1)]
)
def test_every_format_keeps_the_same_pixels(kinds, channels, tmp_path):
    folder = tmp_path / "image-folder"
    for number in range(max(12, 2 * len(kinds))):
        path = folder / "ab"[number % 2] / f"{number:03d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(IMAGES[kinds[number // 2 % len(kinds)]][0])
    data = tf_data.load("image-folder", path=folder, channels=channels)
    for to in formats.MODULES:
        convert(data, to, tmp_path / to)
        for name, split in data.splits.items():
            expected = split.samples.read(np.arange(len(split)))
            stored = formats.open(tmp_path / to).splits[name]
            np.testing.assert_array_equal(stored.samples.read(np.arange(len(split))), expected)
            streamed = np.concatenate([x for x, _ in stored.batches(7, shuffle=False, raw=True)])
            np.testing.assert_array_equal(streamed, expected, err_msg=to)


def test_bytes_are_kept_only_where_every_decoder_agrees():
    kept = {kind for kind, (data, _, _) in IMAGES.items() if encoding_of(data, 3, kind) is not None}
    assert kept == {"png", "jpeg", "progressive", "grey"}
    assert encoding_of(IMAGES["png"][0], 1, "colour as grey") is None


def test_pixels_without_a_largest_value_are_refused(tmp_path):
    data = as_bytes(Image.fromarray(GREY.astype(np.float32)), "TIFF")
    with pytest.raises(InputError, match="depth.tiff has pixels of 32 bits"):
        decode(data, (32, 24, 1), "depth.tiff")


@pytest.mark.parametrize(("resize", "most", "reads"), [(True, 2**20, 1), (True, 10, 2), (False, 2**20, 2)])
def test_resized_images_are_read_once_where_memory_suffices(resize, most, reads, monkeypatch):
    monkeypatch.setattr("tf_data.images.KEPT_BYTES", most)
    asked = []
    load = lambda name: asked.append(name) or IMAGES["png"][0]  # noqa: E731
    images = EncodedImages(["a", "b", "c"], load, (16, 12) if resize else (32, 24), 3, resize)[1:]
    first, again = (images.read(np.array([1, 0])) for _ in range(2))
    assert asked == ["c", "b"] * reads
    np.testing.assert_array_equal(first, again)


# Folders: whatever lies there is read, or listed and counted.


def fill(folder, classes=("cat", "dog"), each=6, suffix=".png"):
    for name in classes:
        (folder / name).mkdir(parents=True)
        for number in range(each):
            PLAIN.save(folder / name / f"{number}{suffix}")


def test_nothing_in_a_folder_is_left_out_without_a_word(tmp_path):
    fill(tmp_path)
    (tmp_path / "dog" / "more" / "still").mkdir(parents=True)
    for number, suffix in enumerate((".webp", ".bmp", ".JPG", ".tif", ".gif")):
        PLAIN.save(tmp_path / "dog" / "more" / "still" / f"x{number}{suffix}")
    PLAIN.save(tmp_path / "cat" / "no suffix", "PNG")
    (tmp_path / "cat" / "notes.txt").write_text("the cats")
    (tmp_path / "readme.md").write_text("cats and dogs")
    for junk in (".DS_Store", "cat/._1.jpg", "cat/Thumbs.db", "dog/desktop.ini"):
        (tmp_path / junk).write_bytes(b"junk")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "cat" / "up").symlink_to(tmp_path / "cat")
    data = tf_data.load("image-folder", path=tmp_path)
    assert sum(data.counts.values()) == 12 + 5 + 1
    assert data.classes == ("cat", "dog")
    assert len(data.skipped) == 2
    assert "1 files beside the classes, readme.md first" in data.skipped[0]
    assert "1 files with .txt that are no images" in data.skipped[1]


def test_folders_of_splits(tmp_path):
    for part in ("Training", "val"):
        fill(tmp_path / part)
    data = tf_data.load("image-folder", path=tmp_path)
    assert data.counts == {"train": 12, "test": 12}
    assert "no folder test" in data.notes[0]
    fill(tmp_path / "testing", each=2)
    fill(tmp_path, ["cat"])
    data = tf_data.load("image-folder", path=tmp_path)
    assert data.counts == {"train": 12, "validation": 12, "test": 4}
    assert data.skipped == (f"{tmp_path / 'cat'} lies beside the splits and is left out",)
    fill(tmp_path / "test")
    with pytest.raises(InputError, match="holds test and testing for one split"):
        tf_data.load("image-folder", path=tmp_path)


def test_a_class_may_be_called_train(tmp_path):
    fill(tmp_path, ("bus", "test", "train"))
    assert tf_data.load("image-folder", path=tmp_path).classes == ("bus", "test", "train")


def test_classes_that_differ_by_case_only_are_refused(tmp_path):
    fill(tmp_path, ("cat", "Cat"))
    with pytest.raises(InputError, match="holds Cat and cat, which look like one class"):
        tf_data.load("image-folder", path=tmp_path)


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


def test_a_list_of_images_stays_in_its_folder(tmp_path):
    fill(tmp_path / "mine")
    fill(tmp_path / "other", each=1)
    (tmp_path / "mine" / "link.png").symlink_to(tmp_path / "other" / "cat" / "0.png")
    good = [f"{kind}/{n}.png,{kind}" for kind in ("cat", "dog") for n in range(6)]
    for name in ("../other/cat/0.png", str(tmp_path / "other" / "dog" / "0.png"), "link.png"):
        (tmp_path / "mine" / "list.csv").write_text("\n".join(["path,label", *good, f"{name},cat", ""]))
        with pytest.raises(InputError, match="line 14 names .* lies outside its folder; set outside=True"):
            tf_data.load("image-csv", path=tmp_path / "mine")
        data = tf_data.load("image-csv", path=tmp_path / "mine", outside=True)
        assert sum(data.counts.values()) == 13


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


# Splits may go to other processes.


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
