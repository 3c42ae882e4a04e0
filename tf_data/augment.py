"""Random changes of images, in whole batches; what happens to a sample follows from (seed, epoch, its number).

It does not depend on the batch that the sample falls into, so another batch size, several workers and a resumed run
all see the same images.
"""

import math
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import tensorflow as tf

from tf_data.errors import InputError
from tf_data.pipeline import Position
from tf_data.transform import sides

# Constants of SplitMix64 (Steele, Lea, Flood 2014), a hash that passes the usual tests of randomness.
GOLDEN, MIX1, MIX2 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def _mix(z: tf.Tensor) -> tf.Tensor:
    shift, xor = tf.bitwise.right_shift, tf.bitwise.bitwise_xor
    z = z + tf.constant(GOLDEN, tf.uint64)
    z = xor(z, shift(z, tf.constant(30, tf.uint64))) * tf.constant(MIX1, tf.uint64)
    z = xor(z, shift(z, tf.constant(27, tf.uint64))) * tf.constant(MIX2, tf.uint64)
    return xor(z, shift(z, tf.constant(31, tf.uint64)))


def uniform(position: Position, draw: int) -> tf.Tensor:
    """Random numbers in [0, 1), float32 `(batch,)`: one for each sample.

    Args:
        position: The place of the batch; only seed, epoch and the samples' numbers count.
        draw: Which of a sample's random numbers to return, counted from 0.
    """
    key = _mix(tf.constant(position.seed, tf.uint64))
    key = _mix(tf.bitwise.bitwise_xor(key, tf.cast(position.epoch, tf.uint64)))
    key = _mix(tf.bitwise.bitwise_xor(key, tf.cast(position.indices, tf.uint64)))
    bits = _mix(key + tf.constant(draw, tf.uint64))
    return tf.cast(tf.bitwise.right_shift(bits, tf.constant(40, tf.uint64)), tf.float32) * 2.0**-24


@dataclass(frozen=True)
class Augment:
    """Random changes, made in the order of the fields; each is off by default.

    Attributes:
        resize: Scale to this size (bilinear) before anything else: a side of a square, or `(height, width)`; 0 leaves it.
        crop: Cut out this size at a random place, a side of a square, or `(height, width)`; 0 for none.
        pad: Pixels of zeros added on each side before cropping; the usual choice for CIFAR-10 is `crop=32, pad=4`.
        reflect: Pad with the mirrored border in place of zeros.
        zoom: Keep a window whose sides are a random fraction in `[1 - zoom, 1]` of the image's, at a random place, and
            scale it back to the image's size, bilinear.
        flip: Mirror left to right with a probability of one half.
        alternate: With `flip`, draw at random in the first epoch only and mirror the other half in the next one, by
            turns, so that two epochs show each image both ways (Jordan 2024, arXiv 2404.00498, section 3.6).
        rotate: Turn by up to this many degrees either way, bilinear; what comes from outside is zeros.
        brightness, contrast, saturation: Multiply by a factor in `[1 - v, 1 + v]`; contrast and saturation move away
            from the image's mean grey and from each pixel's grey.
        hue: Turn the hue by up to this fraction of the circle either way, at most 0.5.
        mean, sd: Subtracted from the result, and what it is divided by; 0 and 1 leave pixels in 0..1.

    Raises:
        InputError: A value is out of range.
    """

    resize: int | tuple[int, int] = 0
    crop: int | tuple[int, int] = 0
    pad: int = 0
    reflect: bool = False
    zoom: float = 0.0
    flip: bool = False
    alternate: bool = False
    rotate: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    mean: float = 0.0
    sd: float = 1.0

    def __post_init__(self):
        for name in ("brightness", "contrast", "saturation"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"augment {name} must be in 0..1, not {getattr(self, name)}")
        if not 0 <= self.hue <= 0.5 or not 0 <= self.rotate <= 180 or not self.sd > 0:
            raise InputError(f"augment wants hue in 0..0.5, rotate in 0..180 and sd above 0, not {self}")
        if not 0 <= self.zoom < 1:
            raise InputError(f"augment zoom must be in 0..1, below 1, not {self.zoom}")
        if min(*sides(self.resize), *sides(self.crop), self.pad) < 0 or (self.pad and not self.crop):
            raise InputError(f"augment pad {self.pad} goes with a crop; sizes cannot be negative")
        if self.alternate and not self.flip:
            raise InputError("augment alternate goes with flip=True")

    @classmethod
    def of(cls, values: dict) -> "Augment":
        """Make it from a recipe's dictionary. Raises `InputError` for an unknown key."""
        unknown = sorted(values.keys() - {field.name for field in fields(cls)})
        if unknown:
            raise InputError(f"augment knows no {unknown[0]!r}; it has {', '.join(f.name for f in fields(cls))}")
        return cls(**values)

    def __call__(self, x: tf.Tensor, position: Position) -> tf.Tensor:
        """Change images float32 `(batch, height, width, channels)` in 0..1; colours need three channels."""
        if self.resize:
            x = tf.image.resize(x, sides(self.resize))
        if self.crop:
            x = self._crop(x, uniform(position, 0), uniform(position, 1))
        if self.zoom:
            fraction = 1 - self.zoom * uniform(position, 8)
            x = zoom(x, fraction, uniform(position, 9), uniform(position, 10))
        if self.flip:
            x = tf.where(self._mirrored(position)[:, None, None, None], x[:, :, ::-1], x)
        if self.rotate:
            x = rotate(x, (2 * uniform(position, 3) - 1) * math.radians(self.rotate))
        colours = ((self.brightness, brighten), (self.contrast, contrast), (self.saturation, saturate))
        for draw, (amount, change) in enumerate(colours, 4):
            if amount:
                x = change(x, 1 + amount * (2 * uniform(position, draw) - 1))
        if self.hue:
            x = turn_hue(x, self.hue * (2 * uniform(position, 7) - 1))
        return (x - self.mean) / self.sd if (self.mean, self.sd) != (0, 1) else x

    def _mirrored(self, position: Position) -> tf.Tensor:
        if not self.alternate:
            return uniform(position, 2) < 0.5
        first = uniform(position._replace(epoch=0), 2) < 0.5
        return tf.not_equal(first, position.epoch % 2 == 1)

    def _crop(self, x: tf.Tensor, right: tf.Tensor, down: tf.Tensor) -> tf.Tensor:
        height, width = x.shape[1] + 2 * self.pad, x.shape[2] + 2 * self.pad
        rows, columns = sides(self.crop)
        if height < rows or width < columns:
            raise InputError(f"cannot crop {rows}x{columns} from {height}x{width} pixels; resize or pad first")
        left = tf.floor(right * (width - columns + 1)) - self.pad
        top = tf.floor(down * (height - rows + 1)) - self.pad
        ones, zeros = tf.ones_like(left), tf.zeros_like(left)
        matrix = [ones, zeros, left, zeros, ones, top]
        return _project(x, matrix, (rows, columns), "NEAREST", "REFLECT" if self.reflect else "CONSTANT")


def rotate(x: tf.Tensor, angles: tf.Tensor) -> tf.Tensor:
    """Turn each image about its middle by its angle `(batch,)` in radians, counterclockwise."""
    height, width = x.shape[1:3]
    cos, sin = tf.cos(angles), tf.sin(angles)
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    # From a place in the result to the place in the image that it shows; y points down.
    rows = [cos, -sin, middle_x - cos * middle_x + sin * middle_y, sin, cos, middle_y - sin * middle_x - cos * middle_y]
    return _project(x, rows, (height, width), "BILINEAR")


def zoom(x: tf.Tensor, fraction: tf.Tensor, right: tf.Tensor, down: tf.Tensor) -> tf.Tensor:
    """Scale a window of each image up to the image's size.

    Args:
        x: Images `(batch, height, width, channels)`.
        fraction: The window's sides as a fraction of the image's, `(batch,)`.
        right, down: Place of each window, from 0 (left, top) to 1 (right, bottom), `(batch,)`.
    """
    height, width = x.shape[1:3]
    # Pixels are areas: the window's edges, not its outermost pixels' middles, come to lie on the image's edges.
    shift, zeros = (fraction - 1) / 2, tf.zeros_like(fraction)
    left, top = shift + right * (1 - fraction) * width, shift + down * (1 - fraction) * height
    # Places up to half a pixel outside of the image show its outermost pixels.
    return _project(x, [fraction, zeros, left, zeros, fraction, top], (height, width), "BILINEAR", "NEAREST")


def _project(
    x: tf.Tensor, rows: list[tf.Tensor], size: tuple[int, int], interpolation: str, fill: str = "CONSTANT"
) -> tf.Tensor:
    zeros = tf.zeros_like(rows[0])
    out = tf.raw_ops.ImageProjectiveTransformV3(
        images=x,
        transforms=tf.stack([*rows, zeros, zeros], axis=1),
        output_shape=size,
        fill_value=0.0,
        interpolation=interpolation,
        fill_mode=fill,
    )
    return tf.ensure_shape(out, (None, *size, x.shape[-1]))


def grey(x: tf.Tensor) -> tf.Tensor:
    """Luma of RGB images (ITU-R BT.601), `(batch, height, width, 1)`."""
    return tf.tensordot(x, tf.constant([0.299, 0.587, 0.114]), 1)[..., None] if x.shape[-1] == 3 else x


def brighten(x: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
    """Multiply each image by its factor `(batch,)`, cut to 0..1."""
    return tf.clip_by_value(x * factors[:, None, None, None], 0, 1)


def contrast(x: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
    """Move each image away from the mean of its grey version by its factor, cut to 0..1."""
    middle = tf.reduce_mean(grey(x), axis=(1, 2, 3), keepdims=True)
    return tf.clip_by_value(middle + (x - middle) * factors[:, None, None, None], 0, 1)


def saturate(x: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
    """Move each pixel away from its grey by the image's factor, cut to 0..1."""
    middle = grey(x)
    return tf.clip_by_value(middle + (x - middle) * factors[:, None, None, None], 0, 1)


def turn_hue(x: tf.Tensor, turns: tf.Tensor) -> tf.Tensor:
    """Turn the hue of each RGB image by its fraction of the circle."""
    hue, saturation, value = tf.unstack(tf.image.rgb_to_hsv(x), axis=-1)
    hue = tf.math.floormod(hue + turns[:, None, None], 1.0)
    return tf.image.hsv_to_rgb(tf.stack([hue, saturation, value], axis=-1))


SHOWN = 5  # images a row of the figure
# The cases of the topic mech-image-augmentation, for images of 32x32 pixels.
CASES = {
    "none": Augment(),
    "horizontal flip": Augment(flip=True),
    "rotation up to 20 degrees": Augment(rotate=20),
    "normalised, mean 0.5, sd 0.5": Augment(mean=0.5, sd=0.5),
    "colour jitter": Augment(brightness=0.25, contrast=0.25, saturation=0.25, hue=0.1),
    "resize 38, random crop 32": Augment(resize=38, crop=32),
}


def grid(x: np.ndarray, path: Path, seed: int = 123) -> str:
    """Draw the cases of `CASES`, a row each, on some images, and return the file's name.

    Args:
        x: Images `(n, height, width, 1 or 3)`, uint8. Size and crop of the last case follow from their size.
        path: Path of the PNG file.
        seed: Seed of the random changes.
    """
    from tf_data.figures import figure
    from tf_data.transform import to_float

    x = to_float(tf.constant(x[:SHOWN]))
    position = Position(seed, tf.constant(0, tf.int64), tf.range(len(x), dtype=tf.int64))
    size = min(x.shape[1:3])
    cases = {**CASES, "resize 38, random crop 32": Augment(resize=round(size * 38 / 32), crop=size)}
    if x.shape[-1] == 1:
        cases["colour jitter"] = Augment(brightness=0.25, contrast=0.25)
    with figure(path, figsize=(1.3 * len(x) + 1.8, 1.3 * len(cases))) as drawn:
        axes = drawn.subplots(len(cases), len(x), squeeze=False)
        for row, (name, augment) in zip(axes, cases.items(), strict=True):
            changed = augment(x, position).numpy()
            shown = changed * augment.sd + augment.mean
            text = f"{name}\n{changed.min():.2f} to {changed.max():.2f}"
            for axis, image in zip(row, np.clip(shown, 0, 1), strict=True):
                axis.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=1)
                axis.set(xticks=[], yticks=[])
            row[0].set_ylabel(text, rotation=0, ha="right", va="center", fontsize=8)
    return path.name
