"""Image files that a user hands to `predict`, fitted into the shape of stored samples."""

import numpy as np

from tf_data.errors import InputError
from tf_data.images import opened, read_file, upright


def read_images(paths, shape: tuple[int, int, int], invert: bool = False, cover: bool = False) -> np.ndarray:
    """Images of any size and colour as float32 `(count, *shape)`, 0..1; see `read_image`."""
    return np.stack([read_image(path, shape, invert, cover) for path in paths])


def read_image(path, shape: tuple[int, int, int], invert: bool = False, cover: bool = False) -> np.ndarray:
    """Read a PNG, JPEG or other image and fit it into a shape.

    Its pixels are those of `tf_data.images.upright`, as in training. It is scaled to fit, keeping its proportions; what
    is left at the sides takes the colour of its border.

    Args:
        path: Path of the file.
        shape: `(height, width, channels)` with 1 or 3 channels.
        invert: Exchange light and dark, for dark writing on a light background.
        cover: Scale until the shape is covered and cut off what stands over, as a user's own images are for training.

    Returns:
        float32 of this shape, 0..1.

    Raises:
        InputError: The file is missing, or not an image that Pillow can read.
    """
    from PIL import Image, ImageOps

    height, width, channels = shape
    try:
        data = read_file(path)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    with opened(data, str(path)) as (image, turn):
        image = upright(image, turn, channels, str(path))
    if invert:
        image = ImageOps.invert(image)
    if cover:
        image = ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
        return (np.asarray(image, np.float32) / 255).reshape(shape)
    border = np.median(_border(np.asarray(image)), axis=0).astype(int)
    colour = int(border) if channels == 1 else tuple(border.tolist())
    image = ImageOps.pad(image, (width, height), Image.Resampling.BICUBIC, color=colour)
    return (np.asarray(image, np.float32) / 255).reshape(shape)


def _border(pixels: np.ndarray) -> np.ndarray:
    """The pixels of the outermost frame, `(count, ...)`."""
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
