"""Images as users have them, alone, in folders and in lists: read as people see them, and none left out without a word."""

import io

import numpy as np
import pytest
from PIL import Image
from small_data import PLAIN, SMOOTH, convert, fill

import tf_data
from tf_data import formats
from tf_data.errors import InputError
from tf_data.image_files import read_image
from tf_data.images import EncodedImages, decode, encoding_of

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
