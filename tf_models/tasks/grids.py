"""Figures of many small images."""

from pathlib import Path

import numpy as np

from tf_data.figures import figure
from tf_data.files import whole_file


def tile(images: np.ndarray, columns: int, gap: int = 2) -> np.ndarray:
    """Images beside each other, row by row.

    Args:
        images: `(count, height, width, 1 or 3)`, 0..1; values outside are cut off.
        columns: Number of images in a row.
        gap: White pixels between two images.

    Returns:
        uint8 `(height, width)` or `(height, width, 3)`.
    """
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, channels), 255, np.uint8)
    for number, image in enumerate(np.round(np.clip(images, 0, 1) * 255).astype(np.uint8)):
        top, left = number // columns * (height + gap), number % columns * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet[..., 0] if channels == 1 else sheet


def grid(
    images: np.ndarray, path: Path, columns: int, labels: list[str] | None = None, title: str | None = None
) -> str:
    """Images in rows; `labels` stand beside the rows. Returns the file's name."""
    sheet = tile(images, columns)
    height, width = images.shape[1:3]
    rows = -(-len(images) // columns)
    scale = min(0.7, 10 / columns)
    size = (scale * columns + (1.2 if labels else 0.2), scale * rows * height / width + (0.6 if title else 0.2))
    with figure(path, figsize=size) as drawn:
        axis = drawn.subplots()
        axis.imshow(sheet, cmap="gray", vmin=0, vmax=255)
        axis.set_xticks([])
        if labels:
            axis.set_yticks((np.arange(rows) + 0.5) * (height + 2), labels=labels, fontsize=8)
        else:
            axis.set_yticks([])
        axis.tick_params(length=0)
        axis.set_frame_on(False)
        if title:
            axis.set_title(title, fontsize=9)
    return Path(path).name


def project(points: np.ndarray) -> tuple[np.ndarray, str]:
    """Points `(n, dimensions)` as `(n, 2)`, by principal components where there are more, and words that say so."""
    if points.shape[1] <= 2:
        return points, ""
    from sklearn.decomposition import PCA

    components = PCA(2, svd_solver="full").fit(points)
    explained = components.explained_variance_ratio_.sum()
    text = f",\ntwo principal components of {points.shape[1]:,} dimensions ({explained:.0%} of the variance)"
    return components.transform(points), text


def scatter(points: np.ndarray, y: np.ndarray | None, classes: tuple[str, ...], path: Path, title: str) -> str:
    """Points `(n, 2)` coloured by label."""
    with figure(path, figsize=(6, 4.8)) as drawn:
        axis = drawn.subplots()
        for number, name in enumerate(classes) if y is not None and classes else [(None, None)]:
            chosen = slice(None) if number is None else y == number
            axis.scatter(*points[chosen].T, s=6, label=name, color=f"C{number or 0}", alpha=0.7)
        if y is not None and classes:
            axis.legend(markerscale=2, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
        axis.set_title(title, fontsize=9)
        axis.grid(alpha=0.3)
    return path.name


def write_image(images: np.ndarray, path: Path, columns: int) -> None:
    """`tile` as a PNG without a frame, whole or not at all."""
    from PIL import Image

    with whole_file(path) as temporary:
        Image.fromarray(tile(images, columns)).save(temporary, format="PNG")


def animate(frames: list[Path], path: Path, seconds: float = 8.0) -> str:
    """PNG files as an animated GIF that takes about `seconds` and rests on the last one."""
    from PIL import Image

    drawn = []
    for frame in frames:
        with Image.open(frame) as opened:
            drawn.append(opened.convert("P", palette=Image.Palette.ADAPTIVE))
    each = int(np.clip(1000 * seconds / len(drawn), 60, 700))
    durations = [each] * (len(drawn) - 1) + [2000]
    with whole_file(path) as temporary:
        drawn[0].save(temporary, format="GIF", save_all=True, append_images=drawn[1:], duration=durations, loop=0)
    return path.name
