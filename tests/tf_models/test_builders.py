"""What all builders have in common: the sizes of the task come first, everything else is said by name."""

import inspect

import keras
import pytest

from tf_models import builders
from tf_models.configs import format1

NAMES = [name for name, place in builders.BUILDERS.items() if isinstance(place, str)]
SIZES = ("input_shape", "features", "vocabulary", "alphabet", "classes")


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_arguments(name):
    signature = inspect.signature(builders.get(name))
    given = list(signature.parameters.values())
    sizes = [p.name for p in given if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert sizes == sorted((p.name for p in given if p.name in SIZES), key=SIZES.index)
    named = [p for p in given if p.kind is not p.VAR_KEYWORD][len(sizes) :]
    assert all(p.kind is p.KEYWORD_ONLY for p in named)
    assert named[-1].name == "name"
    assert all(p.default is not p.empty for p in given if p.kind is not p.VAR_KEYWORD)
    assert signature.return_annotation is keras.Model


@pytest.mark.parametrize("name", NAMES)
def test_one_name_for_one_thing(name):
    arguments = inspect.signature(builders.get(name)).parameters
    assert not set(arguments) & {"slope", "kernel_stddev", "widths", "channels", "embedding", "latent"}
    renamed = format1.ARGUMENTS.get(name, {})
    assert set(renamed.values()) <= set(arguments)
    assert not set(renamed) & set(arguments)
