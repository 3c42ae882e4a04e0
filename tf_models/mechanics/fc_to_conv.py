"""`python -m tf_models.mechanics.fc_to_conv`: a dense layer on an image, written as a convolution in two ways, step by step.

The numbers are those of the original's notebook. `tf_models.cnn.dense_to_conv` does the same to a trained network.
"""

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tf_data.command import Parser, import_tensorflow, run, say
from tf_data.figures import figure, require_png

IMAGE = np.arange(1.0, 5).reshape(2, 2)
WEIGHTS = np.array([[1.1, 1.2, 1.3, 1.4], [1.5, 1.6, 1.7, 1.8]])  # a row for each unit
BIASES = np.array([1.9, 2.0])
LARGER = np.arange(1.0, 10).reshape(3, 3)
WIDTH = 4.4  # of a figure's panel, in cells


class Form(NamedTuple):
    """One way of writing the layer.

    Attributes:
        title: What it is.
        image: What goes in, `(height, width)` as it is drawn.
        kernels: The weights of each unit, `(units, height, width)` as they are drawn.
        outputs: What comes out, `(units, rows, columns)`.
        shapes: Shapes of the layer's input, kernel and output.
    """

    title: str
    image: np.ndarray
    kernels: np.ndarray
    outputs: np.ndarray
    shapes: tuple[tuple, tuple, tuple]


def forms(image: np.ndarray = IMAGE, weights: np.ndarray = WEIGHTS, biases: np.ndarray = BIASES) -> dict[str, Form]:
    """A dense layer with ReLU on a flattened image, and two convolutions with the same weights, computed by Keras.

    Args:
        image: `(height, width)`.
        weights: `(units, height * width)`.
        biases: `(units,)`.

    Returns:
        The forms `dense`, `size`, a convolution as large as the image, and `channels`, a 1x1 convolution of one place
        whose channels are the pixels.
    """
    units, (height, width) = len(weights), image.shape
    laid_out = weights.reshape(units, height, width)
    flat, kernel = image.reshape(1, -1), np.moveaxis(laid_out, 0, -1)[:, :, None]
    row = weights[:, None]
    return {
        "dense": _form("dense layer on 4 numbers", _dense(), flat, weights.T, biases, flat, row),
        "size": _form(
            "convolution of the image's size",
            _conv(height, width),
            image[None, ..., None],
            kernel,
            biases,
            image,
            laid_out,
        ),
        "channels": _form(
            "1x1 convolution, pixels as channels",
            _conv(1, 1),
            flat[None, None],
            weights.T[None, None],
            biases,
            flat,
            row,
        ),
    }


def sliding(larger: np.ndarray = LARGER, weights: np.ndarray = WEIGHTS, biases: np.ndarray = BIASES) -> Form:
    """The convolution of `forms` on a larger image: at each place what the dense layer gives on the patch there.

    Args:
        larger: `(height, width)`, at least 2x2.
        weights: `(units, 4)`, of patches of 2x2.
        biases: `(units,)`.
    """
    laid_out = weights.reshape(-1, 2, 2)
    kernel = np.moveaxis(laid_out, 0, -1)[:, :, None]
    title = "the same convolution on a larger image"
    return _form(title, _conv(2, 2), larger[None, ..., None], kernel, biases, larger, laid_out)


def _dense():
    from keras import layers

    return lambda units: layers.Dense(units, activation="relu", dtype="float64", name="dense")


def _conv(*size: int):
    from keras import layers

    return lambda units: layers.Conv2D(units, size, activation="relu", dtype="float64", name="conv")


def _form(title, make, x, kernel, biases, image, kernels) -> Form:
    layer = make(len(biases))
    layer.build(x.shape)
    layer.set_weights([kernel, biases])
    found = np.asarray(layer(x))
    outputs = np.moveaxis(found[0], -1, 0).reshape(len(biases), *(found.shape[1:-1] or (1, 1)))
    return Form(title, image, kernels, outputs, (x.shape, kernel.shape, found.shape))


def draw(shown: list[Form], path: Path) -> None:
    """A row for each form: what goes in, the weights of each unit, and what each unit gives."""
    units = len(shown[0].kernels)
    heights = [form.image.shape[0] for form in shown]
    with figure(path, figsize=(1.9 * (1 + 2 * units), 0.5 * sum(heights) + 0.45 * len(shown))) as drawn:
        rows = drawn.subplots(
            len(shown), 1 + 2 * units, squeeze=False, height_ratios=[height + 0.8 for height in heights]
        )
        for axes, form, height in zip(rows, shown, heights, strict=True):
            titles = ["input", *(f"weights of unit {n + 1}" for n in range(units))]
            titles += [f"output of unit {n + 1}" for n in range(units)]
            for axis, title, values in zip(axes, titles, [form.image, *form.kernels, *form.outputs], strict=True):
                _cells(
                    axis,
                    values,
                    (height + 0.1, WIDTH),
                    "Blues" if "weights" in title else "Greens" if "output" in title else "Greys",
                )
                axis.set_title(title, fontsize=8)
            words = form.title.split()
            half = -(-len(words) // 2)
            axes[0].set_ylabel(
                "\n".join([" ".join(words[:half]), " ".join(words[half:])]), fontsize=8, rotation=0, ha="right"
            )


def _cells(axis, values: np.ndarray, room: tuple[float, float], colors: str) -> None:
    """An image as cells with their numbers, in the middle of room for so many rows and columns."""
    axis.imshow(values, cmap=colors, vmin=0, vmax=2 * values.max())
    for (row, column), value in np.ndenumerate(values):
        axis.text(column, row, f"{value:.4g}", ha="center", va="center", fontsize=8)
    (rows, columns), (height, width) = values.shape, room
    axis.hlines(np.arange(rows + 1) - 0.5, -0.5, columns - 0.5, "black", linewidth=0.6)
    axis.vlines(np.arange(columns + 1) - 0.5, -0.5, rows - 0.5, "black", linewidth=0.6)
    middle = (columns - 1) / 2, (rows - 1) / 2
    axis.set(xlim=(middle[0] - width / 2, middle[0] + width / 2), ylim=(middle[1] + height / 2, middle[1] - height / 2))
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


def parser() -> Parser:
    parser = Parser(prog="python -m tf_models.mechanics.fc_to_conv", description=__doc__)
    parser.add_argument("--out", type=Path, metavar="FILE.png", help="draw the steps, too")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    if arguments.out:
        require_png(arguments.out)
    import_tensorflow()
    three, wide = forms(), sliding()
    print(f"image\n{IMAGE}")
    for number, (weights, bias) in enumerate(zip(WEIGHTS, BIASES, strict=True), 1):
        sum_of = " + ".join(f"{x:g} * {w:g}" for x, w in zip(IMAGE.ravel(), weights, strict=True))
        print(f"unit {number}: relu({sum_of} + {bias:g}) = {max(0.0, weights @ IMAGE.ravel() + bias):.4g}")
    for form in three.values():
        into, kernel, out = form.shapes
        print(
            f"\n{form.title}: {into}, kernel {kernel} -> {out}\n  {' '.join(f'{x:.4g}' for x in form.outputs.ravel())}"
        )
    print(f"\n{wide.title}\n{LARGER}\ngives a place for each of its patches:")
    worst = 0.0
    for row, column in np.ndindex(wide.outputs.shape[1:]):
        patch, here = LARGER[row : row + 2, column : column + 2], wide.outputs[:, row, column]
        dense = forms(patch)["dense"].outputs.ravel()
        worst = max(worst, float(np.abs(here - dense).max()))
        numbers = [" ".join(f"{x:g}" for x in values) for values in (patch.ravel(), here.round(4), dense.round(4))]
        print(
            f"  row {row + 1}, column {column + 1}: patch {numbers[0]}: {numbers[1]}; the dense layer on it: {numbers[2]}"
        )
    print(f"largest difference: {worst:.2g}")
    if arguments.out:
        draw([*three.values(), wide], arguments.out)
        say(str(arguments.out))


if __name__ == "__main__":
    sys.exit(run(main))
