"""Pictures as PNG or JPEG bytes, and back."""

import io

import numpy as np

from tf_data.errors import InputError

SUFFIXES = {"png": ".png", "jpeg": ".jpg"}
JPEG_QUALITY = 95


def encode(pixels: np.ndarray, encoding: str) -> bytes:
    """A picture `(height, width, 1 or 3)` uint8 as the bytes of a PNG or JPEG file."""
    from PIL import Image

    options = {"png": {"compress_level": 6}, "jpeg": {"quality": JPEG_QUALITY}}[encoding]
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, encoding, **options)
    return file.getvalue()


def decode(data: bytes, shape: tuple[int, int, int], name: str) -> np.ndarray:
    """The pixels of a PNG or JPEG file, uint8 of this shape.

    Args:
        data: the file's bytes.
        shape: `(height, width, channels)`; one channel reads the picture as grey, three as RGB.
        name: of the picture, for messages.

    Raises:
        InputError: the bytes are no whole picture, or one of another size.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as picture:
            # The size stands in the header: a picture of a wrong one is refused before it takes memory.
            if (picture.height, picture.width) != tuple(shape[:2]):
                raise InputError(f"{name} is a picture of {picture.height}x{picture.width}, not {shape[0]}x{shape[1]}")
            mode = {1: "L", 3: "RGB"}[shape[2]]
            pixels = np.asarray(picture if picture.mode == mode else picture.convert(mode))
    except UnidentifiedImageError:
        raise InputError(f"{name} is not a picture that Pillow knows") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name} is a damaged picture: {error}") from None
    return pixels.reshape(shape)
