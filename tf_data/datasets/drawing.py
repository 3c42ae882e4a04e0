"""Images for the synthetic stand-ins: shapes whose kind can be learned from them."""

import colorsys

import numpy as np


def shape_image(kind: int, kinds: int, rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A filled polygon whose hue and number of corners tell its kind, turned and placed at random.

    Args:
        kind: Number of the kind, 0..kinds-1.
        kinds: Number of kinds.
        rng: Generator that decides place, size, rotation and background.
        height, width: Size of the image in pixels.

    Returns:
        uint8 `(height, width, 3)`.
    """
    from PIL import Image, ImageDraw

    ground = tuple(int(value) for value in rng.integers(0, 90, 3))
    image = Image.new("RGB", (width, height), ground)
    colour = tuple(int(255 * value) for value in colorsys.hsv_to_rgb(kind / kinds, 0.85, rng.uniform(0.7, 1)))
    corners = 3 + kind % 5
    angles = rng.uniform(0, 2 * np.pi) + 2 * np.pi * np.arange(corners) / corners
    radius = min(height, width) * rng.uniform(0.28, 0.42)
    centre = np.array([width, height]) * rng.uniform(0.4, 0.6, 2)
    points = [tuple(centre + radius * np.array([np.cos(a), np.sin(a)])) for a in angles]
    ImageDraw.Draw(image).polygon(points, fill=colour)
    noise = rng.integers(-12, 13, (height, width, 3))
    return np.clip(np.asarray(image, np.int16) + noise, 0, 255).astype(np.uint8)


def jpeg(pixels: np.ndarray) -> bytes:
    """An image `(height, width, 3)` as JPEG bytes."""
    from tf_data.images import encode

    return encode(pixels, "jpeg")
