"""Images as PNG or JPEG bytes and back, and samples that stay encoded until somebody asks for them."""

import contextlib
import io
import math
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tf_data.errors import InputError
from tf_data.samples import Samples, objects

SUFFIXES = {"png": ".png", "jpeg": ".jpg"}
JPEG_QUALITY = 95
DEEP = ("I;16", "I;16L", "I;16B", "I;16N")  # Pillow's modes of 16 bits
GREY = ("1", "L", "LA", *DEEP)  # modes without colours
KEPT_BYTES = 2**29  # of pixels that a split of resized images may keep in memory
LIGHT, VISIBLE = 192, 127  # of 255: how bright is light, and how opaque is visible
PNG_DEPTH = 24  # the place of the bits of a sample in a PNG file
# Names of Pillow's `Transpose` by EXIF's orientation.
TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
SIDEWAYS = ("TRANSPOSE", "ROTATE_270", "TRANSVERSE", "ROTATE_90")


def encode(pixels: np.ndarray, encoding: str) -> bytes:
    """An image `(height, width, 1 or 3)` uint8 as the bytes of a PNG or JPEG file."""
    from PIL import Image

    options = {"png": {"compress_level": 6}, "jpeg": {"quality": JPEG_QUALITY}}[encoding]
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, encoding, **options)
    return file.getvalue()


def decode(data: bytes, shape: tuple[int, int, int], name: str) -> np.ndarray:
    """The pixels of an image file of whatever format, uint8 of this shape.

    The one decoder of training, conversion, inspection and prediction; see `upright` for what it does to an image.

    Args:
        data: The file's bytes.
        shape: `(height, width, channels)`; one channel reads the image as grey, three as RGB.
        name: Name of the image in messages.

    Raises:
        InputError: The bytes are not a whole image, or an image of another size.
    """
    with opened(data, name) as (image, turn):
        # The size stands in the header: an image of a wrong one is refused before it takes memory.
        if (found := _size(image, turn)) != tuple(shape[:2]):
            raise InputError(f"{name} is an image of {found[0]}x{found[1]}, not {shape[0]}x{shape[1]}")
        return np.asarray(upright(image, turn, shape[2], name)).reshape(shape)


@contextlib.contextmanager
def opened(data: bytes, name: str) -> Iterator[tuple[Any, Any]]:
    """Within the context, Pillow's image of a file's bytes, of which only the header has been read, and its `_turn`.

    Raises:
        InputError: The bytes are no image, a damaged one, or one of more pixels than Pillow takes for harmless. Also
            for what is raised within the context, where the pixels are read.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > Image.MAX_IMAGE_PIXELS:
                raise InputError(f"{name} has {image.width}x{image.height} pixels, which is too much; make it smaller")
            yield image, _turn(image, data)
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(f"{name} is not an image that Pillow knows") from None
    except Exception as error:  # Pillow's readers raise whatever a damaged file makes them do
        raise InputError(f"{name} is a damaged image: {error or type(error).__name__}") from None


def upright(image, turn, channels: int, name: str):
    """An image as people see it, in mode L (one channel) or RGB (three).

    It is turned as its EXIF data says, 16 bits are scaled to 8, and what is transparent is laid on white; on black where
    all that is visible is light, as of white ink nothing would be seen on white.

    Args:
        image, turn: Image of Pillow and what brings it upright, as `opened` gives them.
        channels: 1 or 3.
        name: Name of the image in messages.

    Raises:
        InputError: The pixels are numbers without a largest value.
    """
    from PIL import Image

    image.load()
    mode = {1: "L", 3: "RGB"}[channels]
    if image.mode in DEEP or (image.mode == "I" and image.format in ("PNG", "PPM")):
        values = np.asarray(image).astype(np.int64)  # Pillow's own conversion clips
        image = Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))
    elif image.mode in ("I", "F"):
        raise InputError(f"{name} has pixels of 32 bits, of which nothing says what is white; save it with 8 or 16")
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        ground = "black" if _is_light(image) else "white"
        image = Image.alpha_composite(Image.new("RGBA", image.size, ground), image).convert("RGB")
    image = image if image.mode == mode else image.convert(mode)
    return image if turn is None else image.transpose(turn)


def _is_light(image) -> bool:
    """Whether nothing in an image of mode RGBA is both visible and dark."""
    grey, alpha = np.asarray(image.convert("RGB").convert("L")), np.asarray(image.getchannel("A"))
    visible = grey[alpha > VISIBLE]
    return visible.size > 0 and int(visible.min()) >= LIGHT


def encoding_of(data: bytes, channels: int, name: str) -> str | None:
    """`png` or `jpeg` where any decoder of that format gives the pixels of `decode`; None for all other images.

    Formats that keep the bytes of files leave decoding to TensorFlow, which knows neither EXIF nor transparency, and
    has its own weights of colours for grey.

    Raises:
        InputError: As `opened` does.
    """
    with opened(data, name) as (image, turn):
        if turn is not None or image.mode not in (("L",) if channels == 1 else ("L", "RGB")):
            return None
        if image.format in ("JPEG", "MPO"):
            return "jpeg"
        plain = image.format == "PNG" and data[PNG_DEPTH] == 8 and not image.has_transparency_data
        return "png" if plain else None


def _turn(image, data: bytes):
    """What brings an image upright, a `Transpose` of Pillow or None."""
    from PIL import Image

    if image.format == "TIFF":
        return None  # which Pillow itself turns as it reads it
    # Looking for a note of it takes as long as decoding a small JPEG, and decodes the whole of a PNG.
    if image.format in ("JPEG", "MPO") and not image.info.keys() & {"exif", "xmp"}:
        return None
    if image.format == "PNG" and not any(mark in data for mark in (b"eXIf", b"exif", b"xmp")):
        return None
    try:
        orientation = image.getexif().get(0x0112)
    except Exception:  # an image does not become unreadable because of a note about it
        return None
    return getattr(Image.Transpose, TURNS.get(orientation, ""), None)


def _size(image, turn) -> tuple[int, int]:
    """`(height, width)` of an image that is brought upright."""
    sideways = turn is not None and turn.name in SIDEWAYS
    return (image.width, image.height) if sideways else (image.height, image.width)


class EncodedImages(Samples):
    """Images in files or an archive: they are read and decoded in the order asked for.

    Those that are resized are kept as they were once read, where all of them take no more than `KEPT_BYTES`: to decode
    photographs of many millions of pixels in each epoch would take far longer than to train on them. Others are not kept.

    Args:
        names: Names of the images, as messages show them.
        load: Returns the file's bytes for a name; several threads may call it at once.
        size: `(height, width)` of every image; with `resize`, the size that each is brought to.
        channels: 1 reads the images as grey, 3 as RGB.
        resize: Scale each image until it covers `size` and cut off what stands over. Otherwise an image of another
            size is an error.
        encoding: What all files are, `jpeg` or `png`, where that is known; None looks into each when somebody asks.

    Attributes:
        shape: The shape `(n, height, width, channels)`.
        dtype: The type uint8.
        encoding: Encoding of the stored bytes, `jpeg` or `png`; `raw` where they need resizing, are mixed, or are not
            such that every decoder sees the same (see `encoding_of`). The names' suffixes say nothing.
    """

    dtype = np.dtype(np.uint8)

    def __init__(
        self,
        names: Sequence[str],
        load: Callable[[str], bytes],
        size: tuple[int, int],
        channels: int = 3,
        resize: bool = False,
        encoding: str | None = None,
    ):
        self._names = np.asarray(names, object)
        self._load, self._resize, self._declared = load, resize, encoding
        self.shape = (len(self._names), *size, channels)
        self._kept: dict[int, np.ndarray] | None = {} if resize and math.prod(self.shape) <= KEPT_BYTES else None

    @cached_property
    def encoding(self) -> str:
        if self._resize:
            return "raw"
        if self._declared is not None:
            return self._declared
        found = set()
        for name in self._names:
            try:
                found.add(encoding_of(self._bytes(name), self.shape[3], name))
            except InputError:
                continue  # whoever reads it hears of it
            if len(found) > 1 or None in found:
                return "raw"
        return found.pop() if found else "raw"

    def __getitem__(self, chosen) -> "EncodedImages":
        """The images of a slice or an integer array, still encoded."""
        size, channels = self.shape[1:3], self.shape[3]
        return EncodedImages(self._names[chosen], self._load, size, channels, self._resize, self._declared)

    def name(self, number: int) -> str:
        """The name of image `number`."""
        return str(self._names[number])

    def read_stored(self, indices: np.ndarray) -> np.ndarray:
        """The files' bytes, `(len(indices),)` object, or pixels where these are `raw`."""
        if self.encoding == "raw":
            return self.read(indices)
        return objects([self._bytes(self._names[i]) for i in indices])

    def read(self, indices: np.ndarray) -> np.ndarray:
        """The pixels, uint8 `(len(indices), height, width, channels)`. Raises `InputError` naming a bad image."""
        out = np.empty((len(indices), *self.shape[1:]), np.uint8)
        for row, i in enumerate(map(int, indices)):
            pixels = None if self._kept is None else self._kept.get(i)
            if pixels is None:
                pixels = self._decode(self._bytes(self._names[i]), self._names[i])
                if self._kept is not None:
                    self._kept[i] = pixels
            out[row] = pixels
        return out

    def bad(self) -> list[tuple[int, str]]:
        """Every image that cannot be read, as its number and the reason; decodes all of them."""
        found = []
        for number in range(len(self)):
            try:
                self.read(np.array([number]))
            except InputError as error:
                found.append((number, str(error)))
        return found

    def _bytes(self, name: str) -> bytes:
        try:
            return self._load(name)
        except FileNotFoundError:
            raise InputError(f"{name} does not exist; put it back or take it off the list") from None
        except OSError as error:
            raise InputError(f"cannot read {name}: {error}") from None

    def _decode(self, data: bytes, name: str) -> np.ndarray:
        shape = self.shape[1:]
        return _fit(data, shape, name) if self._resize else decode(data, shape, name)


def read_file(name: str) -> bytes:
    """The bytes of a file, the `load` of images in folders."""
    return Path(name).read_bytes()


def image_size(data: bytes, name: str) -> tuple[int, int]:
    """`(height, width)` of an encoded image that is brought upright. Raises `InputError` for what is no image."""
    with opened(data, name) as (image, turn):
        return _size(image, turn)


class Form(NamedTuple):
    """What images in files have in common.

    Attributes:
        size: `(height, width)`, None where they differ.
        channels: 1 where all are grey, else 3.
        least, most: The smallest and the largest height and width.
    """

    size: tuple[int, int] | None
    channels: int
    least: tuple[int, int]
    most: tuple[int, int]


def common_form(names: Sequence[str], load: Callable[[str], bytes] = read_file) -> Form | None:
    """What images have in common, from their headers; None where none of them can be read.

    Those that cannot be read are passed over: whoever reads their pixels hears of them.

    Args:
        names: Names of the images.
        load: Returns an image's bytes for a name; default those of the file of this name.
    """
    sizes, grey = set(), True
    for name in names:
        try:
            with opened(load(name), name) as (image, turn):
                sizes.add(_size(image, turn))
                grey &= image.mode in GREY
        except (InputError, OSError):
            continue
    if not sizes:
        return None
    heights, widths = zip(*sizes)
    size = next(iter(sizes)) if len(sizes) == 1 else None
    return Form(size, 1 if grey else 3, (min(heights), min(widths)), (max(heights), max(widths)))


def _fit(data: bytes, shape: tuple[int, int, int], name: str) -> np.ndarray:
    from PIL import Image, ImageOps

    with opened(data, name) as (image, turn):
        image = upright(image, turn, shape[2], name)
        image = ImageOps.fit(image, (shape[1], shape[0]), Image.Resampling.BILINEAR)
        return np.asarray(image).reshape(shape)
