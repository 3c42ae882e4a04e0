"""Transforms: they turn stored samples into what a model takes. Importing this loads no TensorFlow.

A transform may learn from the training split. What it learned is plain data that the run directory keeps, so that
evaluation, prediction and export do exactly what training did. What a model holds itself, for instance a
`Normalization` layer, stays in the model.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tf_data import tables
from tf_data.command import Option
from tf_data.errors import InputError
from tf_data.files import write_text
from tf_data.schema import read_json, sealed, unsealed
from tf_data.statistics import Statistics, statistics

FORMAT = 1
UNCHANGED: Mapping[str, Any] = {}
INVERT = Option("--invert", {"action": "store_true"}, "exchange light and dark first: MNIST is white on black")


class Transform(ABC):
    """Turns batches of stored samples into model inputs; the same in training, evaluation, prediction and export.

    Attributes:
        options: Options that `tf_models.predict` may pass to `read`, besides the inputs.
    """

    options: tuple[Option, ...] = ()

    @property
    def learns(self) -> bool:
        """Whether `fit` finds something that has to be kept."""
        return False

    def fit(self, train) -> None:  # noqa: B027 - most learn nothing
        """Learn from the training split, a `tf_data.samples.Split`. The default learns nothing."""

    @property
    def learned(self) -> dict[str, Any]:
        """What `fit` found, in a form for JSON that `learn` takes back."""
        return {}

    def learn(self, values: Mapping[str, Any]) -> None:
        """Take over what another transform of the same recipe has learned. Raises `InputError` for anything else."""
        if values:
            raise InputError(f"{type(self).__name__} learns nothing, but {', '.join(values)} was kept for it")

    @abstractmethod
    def __call__(self, x, position=None, training: bool = False):
        """Turn stored samples into what the model takes, by TensorFlow operations.

        Args:
            x: A batch of samples as stored, `(batch, ...)`; integer pixels are 0..255, floating ones 0..1.
            position: A `tf_data.pipeline.Position`; random changes draw from nothing else. Only training needs it.
            training: Whether to make the random changes of training batches.
        """

    def shape(self, stored: tuple[int, ...], dtype: str = "uint8", training: bool = False) -> tuple:
        """The shape that a sample of shape `stored` gets; a size that differs between samples is None.

        Raises:
            InputError: The samples are too small, or of another kind.
        """
        import tensorflow as tf

        from tf_data.pipeline import Position

        first = Position(0, tf.zeros((), tf.int64), tf.zeros(1, tf.int64))
        sample = tf.zeros((1, *(size or 1 for size in stored)), tf.string if dtype == "object" else dtype)
        return tuple(self(sample, first, training).shape[1:])

    def read(self, inputs: Sequence, stored: tuple[int, ...] | None, taken: tuple, **options) -> np.ndarray:
        """Read a user's inputs as samples of the kind that was stored, `(count, ...)`.

        Args:
            inputs: Files, numbers or texts from the command line.
            stored: The shape of the samples that the run was trained on; None where an old run does not say.
            taken: The shape of a sample that the model takes.
            options: As `options` declares them.

        Raises:
            InputError: An input that cannot be read.
        """
        raise InputError(f"a {type(self).__name__} reads no inputs; call the model in Python")

    def found(self, inputs: Sequence[str]) -> list[str]:
        """The inputs that a user's arguments name, each to be read apart; the default are the arguments themselves."""
        return list(inputs)

    def save(self, path: Path) -> None:
        """Write what was learned as JSON, whole or not at all."""
        values = sealed({"format": FORMAT, "learned": self.learned})
        write_text(path, json.dumps(values, indent=1, ensure_ascii=False) + "\n")

    def load(self, path: Path) -> None:
        """Take over what `save` wrote. Raises `InputError` when it is missing, damaged or of another transform."""
        try:
            values = unsealed(read_json(path), path)
            if values["format"] != FORMAT:
                raise InputError(f"{path} has format {values['format']}, this version reads {FORMAT}")
            self.learn(values["learned"])
        except FileNotFoundError:
            raise InputError(f"{path} does not exist; train again") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            message = str(error) if isinstance(error, InputError) else repr(error)
            raise InputError(message if str(path) in message else f"{path} is damaged: {message}") from None


class Features(Transform):
    """Numbers as float32; integers are pixels and become 0..1.

    Args:
        standardize: Whether to subtract the mean and divide by the standard deviation of the training samples,
            for each of the last axis. Where a model holds a `Normalization` layer of its own, leave this out.
    """

    def __init__(self, standardize: bool = False):
        self.standardize = standardize
        self._statistics: Statistics | None = None

    @property
    def learns(self):
        return self.standardize

    def fit(self, train):
        if self.standardize:
            self._statistics = statistics(train)

    @property
    def learned(self):
        return {} if self._statistics is None else {"statistics": vars(self._statistics)}

    def learn(self, values):
        if self.standardize:
            self._statistics = Statistics.of(values["statistics"])
        else:
            super().learn(values)

    def __call__(self, x, position=None, training=False):
        return self._standardized(to_float(x))

    def _standardized(self, x):
        if not self.standardize:
            return x
        if self._statistics is None:
            raise InputError(
                f"{type(self).__name__}(standardize=True) has not learned from training samples yet; call fit"
            )
        mean, sd = (np.float32(values) for values in (self._statistics.mean, self._statistics.sd))
        return (x - mean) / sd

    def read(self, inputs, stored, taken):
        """Rows of numbers, each input one row with commas between them: `5.1,3.5,1.4,0.2`."""
        size = (stored or taken)[0] if len(stored or taken) == 1 else None
        rows = []
        for text in inputs:
            try:
                row = np.array([float(number) for number in str(text).split(",")], np.float32)
            except ValueError:
                raise InputError(f"{text!r} is not a row of numbers with commas between them") from None
            if len(row) != size or not np.isfinite(row).all():
                raise InputError(f"{text!r} must hold {size} finite numbers, one for each feature")
            rows.append(row)
        return np.stack(rows)


class Images(Features):
    """Images as float32: cropped, resized, in training augmented, standardised on request, and scaled to a range.

    Args:
        crop: Cut the middle `crop` x `crop` pixels out first; 0 for none.
        resize: Then scale to `resize` x `resize` pixels, bilinear with antialiasing; 0 for none.
        augment: Arguments of `tf_data.augment.Augment`, for training batches only; empty for none.
        eval_crop: Cut the middle `eval_crop` x `eval_crop` pixels out of images that are not augmented, where the
            augmentation cuts at a random place; 0 for none.
        standardize: As for `Features`, after the augmentation.
        value_range: What 0 and 1 become at last; a tanh generator's images lie in (-1, 1).

    Raises:
        InputError: Bad arguments of the augmentation, negative sizes, or a range that is none.
    """

    options = (INVERT,)

    def __init__(
        self,
        crop: int = 0,
        resize: int = 0,
        augment: Mapping[str, Any] = UNCHANGED,
        eval_crop: int | tuple[int, int] = 0,
        standardize: bool = False,
        value_range: tuple[float, float] = (0.0, 1.0),
    ):
        super().__init__(standardize)
        if min(crop, resize, *sides(eval_crop)) < 0:
            raise InputError(f"transform crop {crop}, resize {resize} and eval_crop {eval_crop} cannot be negative")
        if len(value_range) != 2 or not value_range[0] < value_range[1]:
            raise InputError(f"value_range must be two rising numbers, not {value_range}")
        self.crop, self.resize, self.eval_crop, self.value_range = crop, resize, eval_crop, tuple(value_range)
        self.augment = None
        if augment:
            from tf_data.augment import Augment

            self.augment = Augment.of(dict(augment))

    def __call__(self, x, position=None, training=False):
        import tensorflow as tf

        x = tf.convert_to_tensor(x)
        x = to_float(centre_crop(x, self.crop) if self.crop else x)
        if self.resize:
            x = tf.image.resize(x, (self.resize, self.resize), antialias=True)
        if training and self.augment:
            x = self.augment(x, position)
        elif self.eval_crop:
            x = centre_crop(x, self.eval_crop)
        return self.scaled(x)

    def scaled(self, x):
        """Turn images in 0..1 that have their size already into what the model takes."""
        x = self._standardized(x)
        low, high = self.value_range
        return x if (low, high) == (0, 1) else (high - low) * x + low

    def visible(self, x):
        """Images in 0..1 from what the model takes or draws."""
        low, high = self.value_range
        x = x if (low, high) == (0, 1) else (x - low) / (high - low)
        if self.standardize:
            x = x * np.float32(self._statistics.sd) + np.float32(self._statistics.mean)
        return x

    def found(self, inputs):
        """Images, and in the place of a folder all images below it, in the order of their names."""
        from tf_data.datasets.image_folder import images_below

        names: list[str] = []
        for name in inputs:
            below = images_below(Path(name))[0] if Path(name).is_dir() else [str(name)]
            if not below:
                raise InputError(f"{name} holds no images")
            names += below
        return names

    def read(self, inputs, stored, taken, invert=False, cover=False):
        """Image files of any size and colour, in the stored shape; see `tf_data.image_files.read_image`."""
        from tf_data.image_files import read_images

        shape = stored or taken
        if len(shape) != 3:
            raise InputError(f"the model takes {tuple(taken)} numbers, not images; call tf_models.load(...) in Python")
        return read_images(inputs, shape, invert, cover)


def sides(size: int | Sequence[int]) -> tuple[int, int]:
    """`(height, width)` of a size that may be given as the side of a square."""
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def centre_crop(x, size: int | Sequence[int]):
    """The middle pixels of images `(batch, height, width, channels)`: a square of this side, or `(height, width)`."""
    (height, width), (rows, columns) = x.shape[1:3], sides(size)
    if height < rows or width < columns:
        raise InputError(f"images of {height}x{width} are too small to crop {rows}x{columns}")
    top, left = (height - rows) // 2, (width - columns) // 2
    return x[:, top : top + rows, left : left + columns]


def to_float(x):
    """Samples as float32 tensors; integer pixels 0..255 become 0..1."""
    import tensorflow as tf

    x = tf.convert_to_tensor(x)
    return tf.cast(x, tf.float32) / 255.0 if x.dtype.is_integer else tf.cast(x, tf.float32)


# Classes, or `module:Class`.
TRANSFORMS: dict[str, str | Callable[..., Transform]] = {
    "features": Features,
    "image": Images,
    "patches": "tf_data.patches:Patches",
    "text": "tf_data.texts:Text",
    "characters": "tf_data.texts:Characters",
}


def register(name: str, transform: Callable[..., Transform]) -> None:
    """Make a transform of your own known by a name, for recipes of your own.

    Raises:
        InputError: The name is taken.
    """
    if TRANSFORMS.setdefault(name, transform) is not transform:
        raise InputError(f"there is a transform {name!r} already; choose another name")


def get(name: str) -> Callable[..., Transform]:
    """The class of a transform. Raises `InputError` for an unknown name."""
    tables.require("transform", name, TRANSFORMS, "; one of your own is made known by tf_data.transform.register")
    return tables.load(TRANSFORMS[name])


def make(options: Mapping[str, Any]) -> Transform:
    """The transform of a recipe's `transform`: its `name`, and its arguments. Raises `InputError` for what it refuses."""
    arguments = dict(options)
    name = arguments.pop("name", None)
    try:
        return get(name)(**arguments)
    except TypeError as error:
        raise InputError(f"transform {name}: {error}") from None
