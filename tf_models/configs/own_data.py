"""Recipes on a user's own data: sizes, columns, classes and alphabet follow from the data.

`on` says, before anything is read but headers, how the data are read and transformed; `for_data` fits the model once
they are there.
"""

import inspect
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple, get_args

from tf_data import datasets, own, transform, words
from tf_data.dataset import Data
from tf_data.errors import InputError
from tf_data.own import KINDS, NUMBERS, PREPARED, TEXT, TEXTS, Own
from tf_models import builders
from tf_models.configs.recipe import Recipe

# Larger images than these are scaled to the size of the recipe's own, unless --image-size says otherwise.
LARGEST_SIDE = 256
LABELLED = ("classify", "rank", "compare")  # tasks that learn nothing without labels
OF_NUMBERS = ("classify", "rank")  # tasks that a table of numbers serves
FARTHEST = 128  # pixels by which a size may be off for another to be proposed


def named(arguments, recipe: Recipe) -> Own | None:
    """The user's own data that parsed options name, read as the recipe needs them; None where they name none."""
    kind = TEXTS if recipe.transform["name"] == "text" else None
    return own.named(arguments, kind, getattr(arguments, "skip_bad", False), _features(arguments, recipe))


def _features(arguments, recipe: Recipe) -> dict[str, str]:
    """Which features of a prepared dataset are the sample and the label: as the run's own were, or as --set says."""
    known = recipe.data if recipe.dataset in (own.TFDS_IMAGES, own.TFDS_TEXTS) else {}
    stated = {**known, **own.stated_features(getattr(arguments, "set", None) or (), "data.")}
    return {name: stated[name] for name in PREPARED if stated.get(name)}


def on(recipe: Recipe, given: Own) -> Recipe:
    """The recipe on data of the user's own.

    Args:
        recipe: Any recipe that learns from data of this kind.
        given: The data.

    Raises:
        InputError: The recipe learns from other data, or none of the images can be read.
    """
    reads, works = recipe.transform["name"], recipe.task
    images = _is_image(recipe)
    fits = {
        "images": images,
        KINDS[NUMBERS]: works in OF_NUMBERS
        and (reads == "features" or (reads == "image" and "input_shape" in recipe.model)),
        KINDS[TEXTS]: reads == "text" and works == "classify",
        KINDS[TEXT]: works == "continue-text",
    }
    if not fits[KINDS[given.dataset]]:
        takes = "texts" if reads == "text" else "a text" if reads == "characters" else "images" if images else "numbers"
        raise InputError(
            f"{recipe.id} learns to {works.replace('-', ' ')} from {takes}, so {given.flag} with {KINDS[given.dataset]} "
            "does not go with it; see --list"
        )
    recipe = replace(recipe, validation=0, embedded={}, original=None)
    if given.is_image:
        return _on_images(recipe, given)
    recipe = replace(recipe, dataset=given.dataset, data=given.options)
    if given.dataset == NUMBERS and reads == "image":  # of numbers nothing says what is large
        return replace(recipe, transform={"name": "features", "standardize": True})
    return recipe


def _is_image(recipe: Recipe) -> bool:
    return issubclass(transform.get(recipe.transform["name"]), transform.Images)


def _on_images(recipe: Recipe, given: Own) -> Recipe:
    """The recipe with its transform made for the images' own size, or the images scaled to the size of the recipe's."""
    form, size = given.form(), given.options.get("size")
    if size is None:
        alike = form.size is not None and max(form.size) <= LARGEST_SIDE
        size = form.size if alike else _geometry(recipe).taken
    sized = _sized(recipe, size)
    options = {"channels": form.channels, **given.options, "size": sized.data["size"]}
    return replace(sized, dataset=given.dataset, data=options)


class _Geometry(NamedTuple):
    """Sizes `(height, width)` of a recipe's images: before its random changes, and as the model takes them."""

    stored: tuple[int, int]
    taken: tuple[int, int]


def _geometry(recipe: Recipe) -> _Geometry:
    stored = tuple(recipe.data.get("size") or datasets.get(recipe.dataset).shape[:2])
    for name in ("crop", "resize"):
        stored = transform.sides(recipe.transform.get(name) or stored)
    if min(stored) < 1:  # of a dataset whose images have no size of their own
        stored = tuple(recipe.model.get("input_shape", (LARGEST_SIDE,) * 2)[:2])
    return _Geometry(stored, transform.sides(recipe.transform.get("eval_crop") or stored))


def _sized(recipe: Recipe, size: tuple[int, int]) -> Recipe:
    """The recipe for images of this size, as its model takes them; what changes them at random changes in proportion."""
    before, changed = _geometry(recipe), dict(recipe.transform)
    grown = [new / old for new, old in zip(size, before.taken)]
    for name in ("crop", "resize"):  # of the images that the recipe was made for
        changed.pop(name, None)
    stored = size
    if changed.get("eval_crop"):
        stored = tuple(round(side * factor) for side, factor in zip(before.stored, grown))
        changed["eval_crop"] = _compact(size)
    if augment := dict(changed.get("augment") or {}):
        if augment.get("resize"):
            resized = transform.sides(augment["resize"])
            augment["resize"] = _compact(tuple(round(side * factor) for side, factor in zip(resized, grown)))
        if augment.get("pad"):
            augment["pad"] = max(1, round(augment["pad"] * min(grown)))
        if augment.get("crop"):
            augment["crop"] = _compact(size)
        changed["augment"] = augment
    return replace(recipe, data={**recipe.data, "size": stored}, transform=changed)


def _compact(size: tuple[int, int]) -> int | tuple[int, int]:
    return size[0] if size[0] == size[1] else size


def for_data(recipe: Recipe, data: Data) -> Recipe:
    """The recipe as it is trained on these data: those of the user decide classes, size, columns, or the alphabet.

    Raises:
        InputError: The data lack labels that the recipe needs, or the transform cannot take their size.
    """
    if recipe.dataset not in KINDS:
        return recipe
    model = dict(recipe.model)
    if recipe.dataset == TEXT:
        if "alphabet" not in model:
            return recipe
        size = len(words.alphabet(data.train.samples))
        return replace(recipe, model={**model, "alphabet": size}, transform={**recipe.transform, "size": size})
    if (recipe.task in LABELLED or model.get("classes")) and data.train.y is None:
        raise InputError(f"{data.origin} holds images without labels; {recipe.id} needs {_labels(recipe)}")
    if model.get("classes"):
        model["classes"] = len(data.classes)
    if recipe.dataset == NUMBERS:
        recipe = replace(recipe, data={**recipe.data, "features": data.features})
    takes = inspect.signature(builders.get(recipe.builder)).parameters
    if recipe.dataset == NUMBERS and "input_shape" in takes and not _takes_rows(takes["input_shape"].annotation):
        raise InputError(f"{recipe.id} learns from images, not from rows of numbers; mlp-basic learns from both")
    if "input_shape" in takes or "features" in takes:
        samples = data.train.samples
        try:
            shape = _shape(recipe, samples.shape[1:], samples.dtype.name)
        except InputError as error:
            raise with_nearest_size(recipe, error) from None
        if "input_shape" in takes:
            model["input_shape"] = shape
        elif len(shape) == 1:
            model["features"] = shape[0]
    return replace(recipe, model=model)


def _labels(recipe: Recipe) -> str:
    return "a ClassLabel" if recipe.dataset == own.TFDS_IMAGES else "a folder for each class"


def _shape(recipe: Recipe, stored: tuple[int, ...], dtype: str = "uint8") -> tuple[int, ...]:
    """The shape of a transformed sample, before the transform has learned anything."""
    options = {name: value for name, value in recipe.transform.items() if name != "standardize"}
    return transform.make(options).shape(stored, dtype)


def _takes_rows(annotation) -> bool:
    """Whether a builder's `input_shape`, by its annotation, may be the one number of a row's columns."""
    sizes = get_args(annotation)
    return not sizes or Ellipsis in sizes or len(sizes) == 1


def with_nearest_size(recipe: Recipe, error: InputError) -> InputError:
    """The error with the nearest size of images, or the channels, that the recipe's model can take instead."""
    if recipe.dataset not in KINDS or not _is_image(recipe):
        return error
    channels = {1: 3, 3: 1}[recipe.data.get("channels", 3)]
    if _can_take(replace(recipe, data={**recipe.data, "channels": channels}), _geometry(recipe).taken):
        return InputError(f"{error}; it can take the same images with --set data.channels={channels}")
    known: dict[tuple[int, int], bool] = {}

    def takes(size: tuple[int, int]) -> bool:
        if size not in known:
            known[size] = _can_take(recipe, size)
        return known[size]

    wanted = _geometry(recipe).taken
    sides = [next((n for n in _by_distance(side) if takes((n, n))), None) for side in wanted]
    if None in sides or tuple(sides) == wanted or not takes(tuple(sides)):
        return error
    return InputError(f"{error}; the nearest size that it can take is --image-size {sides[0]}x{sides[1]}")


def _by_distance(side: int) -> Iterator[int]:
    yield side
    for off in range(1, FARTHEST):
        yield side + off
        if side > off:
            yield side - off


def _can_take(recipe: Recipe, size: tuple[int, int]) -> bool:
    """Whether transform and builder make a model of images of this size."""
    sized, channels = _sized(recipe, size), recipe.data.get("channels", 3)
    try:
        shape = _shape(sized, (*sized.data["size"], channels))
        builders.get(recipe.builder)(**{**recipe.model, "input_shape": shape})
    except (InputError, TypeError, ValueError):
        return False
    return True
