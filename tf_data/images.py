"""Images as PNG or JPEG bytes and back, and samples that stay encoded until somebody asks for them."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tf_data.errors import InputError
from tf_data.samples import Samples, objects

ENCODINGS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png"}
SUFFIXES = {"png": ".png", "jpeg": ".jpg"}
JPEG_QUALITY = 95


def encode(pixels: np.ndarray, encoding: str) -> bytes:
    """An image `(height, width, 1 or 3)` uint8 as the bytes of a PNG or JPEG file."""
    from PIL import Image

    options = {"png": {"compress_level": 6}, "jpeg": {"quality": JPEG_QUALITY}}[encoding]
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, encoding, **options)
    return file.getvalue()


def decode(data: bytes, shape: tuple[int, int, int], name: str) -> np.ndarray:
    """The pixels of a PNG or JPEG file, uint8 of this shape.

    Args:
        data: The file's bytes.
        shape: `(height, width, channels)`; one channel reads the image as grey, three as RGB.
        name: Name of the image in messages.

    Raises:
        InputError: The bytes are not a whole image, or an image of another size.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            # The size stands in the header: an image of a wrong one is refused before it takes memory.
            if (image.height, image.width) != tuple(shape[:2]):
                raise InputError(f"{name} is an image of {image.height}x{image.width}, not {shape[0]}x{shape[1]}")
            mode = {1: "L", 3: "RGB"}[shape[2]]
            pixels = np.asarray(image if image.mode == mode else image.convert(mode))
    except UnidentifiedImageError:
        raise InputError(f"{name} is not an image that Pillow knows") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name} is a damaged image: {error}") from None
    return pixels.reshape(shape)


class EncodedImages(Samples):
    """Images in files or an archive: they are read and decoded in the order asked for, and not kept.

    Args:
        names: Names of the images, as messages show them.
        load: Returns the file's bytes for a name; several threads may call it at once.
        size: `(height, width)` of every image; with `resize`, the size that each is brought to.
        channels: 1 reads the images as grey, 3 as RGB.
        resize: Scale each image until it covers `size` and cut off what stands over. Otherwise an image of another
            size is an error.

    Attributes:
        shape: The shape `(n, height, width, channels)`.
        dtype: The type uint8.
        encoding: Encoding of the stored bytes, `jpeg` or `png`; `raw` where they need resizing or are mixed.
    """

    dtype = np.dtype(np.uint8)

    def __init__(
        self,
        names: Sequence[str],
        load: Callable[[str], bytes],
        size: tuple[int, int],
        channels: int = 3,
        resize: bool = False,
    ):
        self._names = np.asarray(names, object)
        self._load, self._resize = load, resize
        self.shape = (len(self._names), *size, channels)
        kinds = {ENCODINGS.get(Path(name).suffix.lower()) for name in self._names}
        self.encoding = kinds.pop() if len(kinds) == 1 and None not in kinds and not resize else "raw"

    def __getitem__(self, chosen) -> "EncodedImages":
        """The images of a slice or an integer array, still encoded."""
        size, channels = self.shape[1:3], self.shape[3]
        return EncodedImages(self._names[chosen], self._load, size, channels, self._resize)

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
        for row, i in enumerate(indices):
            out[row] = self._decode(self._bytes(self._names[i]), self._names[i])
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
    """`(height, width)` of an encoded image, from its header. Raises `InputError` for what is no image."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.height, image.width
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        raise InputError(f"{name} is not an image that Pillow knows") from None


def _fit(data: bytes, shape: tuple[int, int, int], name: str) -> np.ndarray:
    from PIL import Image, ImageOps

    height, width = image_size(data, name)
    pixels = decode(data, (height, width, shape[2]), name)
    image = Image.fromarray(pixels[..., 0] if shape[2] == 1 else pixels)
    return np.asarray(ImageOps.fit(image, (shape[1], shape[0]), Image.Resampling.BILINEAR)).reshape(shape)
