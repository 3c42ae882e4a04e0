"""Image files that a user hands to `predict`, fitted into the shape of stored samples."""

from pathlib import Path

import numpy as np

from tf_data.errors import InputError


def read_images(paths, shape: tuple[int, int, int], invert: bool = False) -> np.ndarray:
    """Images of any size and colour as float32 `(count, *shape)`, 0..1; see `read_image`."""
    return np.stack([read_image(path, shape, invert) for path in paths])


def read_image(path, shape: tuple[int, int, int], invert: bool = False) -> np.ndarray:
    """Read a PNG, JPEG or other image and fit it into a shape.

    The image is turned as its EXIF data says, laid on black where it is transparent, made grey for one channel, and
    scaled to fit, keeping its proportions; what is left at the sides takes the colour of its border.

    Args:
        path: Path of the file.
        shape: `(height, width, channels)` with 1 or 3 channels.
        invert: Exchange light and dark, for dark writing on a light background.

    Returns:
        float32 of this shape, 0..1.

    Raises:
        InputError: The file is missing, or not an image that Pillow can read.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    height, width, channels = shape
    mode = {1: "L", 3: "RGB"}[channels]
    try:
        with Image.open(path) as image:
            image = ImageOps.exif_transpose(image)
            if image.mode in ("I;16", "I", "F"):  # 16-bit PNGs: Pillow's own conversion clips instead of scaling
                values = np.asarray(image, np.float64)
                image = Image.fromarray((values / max(values.max(), 1) * 255).astype(np.uint8))
            if "A" in image.mode or "transparency" in image.info:
                image = image.convert("RGBA")
                ground = Image.new("RGBA", image.size, (0, 0, 0, 255))
                image = Image.alpha_composite(ground, image)
            image = image.convert(mode)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        reason = "not an image that Pillow knows" if isinstance(error, UnidentifiedImageError) else error
        raise InputError(f"cannot read {Path(path)}: {reason}") from None
    if invert:
        image = ImageOps.invert(image)
    border = np.median(_border(np.asarray(image)), axis=0).astype(int)
    colour = int(border) if channels == 1 else tuple(border.tolist())
    image = ImageOps.pad(image, (width, height), Image.Resampling.BICUBIC, color=colour)
    return (np.asarray(image, np.float32) / 255).reshape(shape)


def _border(pixels: np.ndarray) -> np.ndarray:
    """The pixels of the outermost frame, `(count, ...)`."""
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
