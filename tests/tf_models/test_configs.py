"""Recipes as data: where they stand, what their files may do, which types they hold, and the doors for one's own."""

import ast
import json
from dataclasses import replace
from pathlib import Path

import pytest

import tf_models
from tf_data import datasets, transform
from tf_data.errors import InputError
from tf_models import builders, configs
from tf_models.configs import get, topics
from tf_models.configs.recipe import Recipe
from tf_models.training.building import build_optimizer, load_data
from tf_models.training.options import Options

FOLDER = Path(configs.__file__).parent
FILES = sorted(FOLDER.glob("*/[a-z]*.py"))
OWN = {"id": "own", "title": "A recipe of one's own", "embedded": {}, "original": None}


@pytest.fixture
def doors(monkeypatch):
    """What a test registers is gone after it."""
    monkeypatch.setattr(builders, "BUILDERS", dict(builders.BUILDERS))
    monkeypatch.setattr(configs, "_registered", {})


def test_a_recipe_stands_in_the_file_that_is_called_as_its_builders():
    for recipe in tf_models.recipes():
        assert builders.BUILDERS[recipe.builder].split(":")[0] == f"tf_models.{topics.RECIPES[recipe.id]}"
    assert {str(path.relative_to(FOLDER).with_suffix("")).replace("/", ".") for path in FILES} == set(
        topics.RECIPES.values()
    )
    for name in set(topics.RECIPES.values()):
        assert set(configs._of_file(name)) == {id for id, file in topics.RECIPES.items() if file == name}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_variant_is_one_hop_from_a_whole_recipe_of_its_file(path):
    whole = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        assert not isinstance(node, ast.ImportFrom) or node.module in ("dataclasses", "tf_models.configs.recipe")
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        if node.value.func.id == "Recipe":
            whole.add(node.targets[0].id)
        else:
            assert node.value.func.id == "replace"
            assert node.value.args[0].id in whole
            assert {"id", "title", "original", "notes"} <= {keyword.arg for keyword in node.value.keywords}
        assert not [inner for inner in ast.walk(node) if isinstance(inner, ast.Dict) and None in inner.keys]


def test_recipes_survive_json():
    for recipe in tf_models.recipes():
        assert Recipe.from_dict(json.loads(json.dumps(recipe.as_dict()))) == recipe


def test_constants_of_optimizers_are_the_originals():
    """Keras' own differ: 1e-7 for both, and 0.9 for RMSprop's rho."""
    constants = {"adam": {"epsilon": 1e-8}, "rmsprop": {"rho": 0.99, "epsilon": 1e-16}}
    for recipe in tf_models.recipes():
        assert constants.get(recipe.optimizer, {}).items() <= recipe.optimizer_options.items(), recipe.id
        build_optimizer(recipe, steps=2)  # which refuses constants of another optimizer


def test_recipes_of_the_tutorials_reader_hold_out_5000_digits():
    for recipe in tf_models.recipes():
        if recipe.original and recipe.original.notebook.startswith("tensorflow1") and recipe.dataset == "mnist":
            # Autoencoders ask that reader for all 60,000, and pairs are drawn from all here.
            assert recipe.validation == (0 if recipe.section in ("autoencoder", "metric") else 5_000), recipe.id


def test_transforms():
    for recipe in tf_models.recipes():
        assert not {"crop", "resize", "augment"} & recipe.task_options.keys()
        names = {"iris": "features", "toy-2d": "features", "cement": "features", "imdb": "text", "text-csv": "text"}
        names |= {"dickens": "characters", "text-file": "characters"}
        name = recipe.transform["name"]
        assert issubclass(transform.get(name), transform.Images) or name == names[recipe.dataset]
        assert recipe.transform.get("value_range") == ((-1.0, 1.0) if recipe.task == "generate" else None)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"speed": 3}, "unexpected keyword argument 'speed'"),
        ({"learning_rate": "fast"}, "learning_rate must be float, not 'fast'"),
        ({"learning_rate": float("nan")}, "learning_rate must be positive"),
        ({"epochs": 1.5}, "epochs must be int, not 1.5"),
        ({"epochs": True}, "epochs must be int, not True"),
        ({"model": [1]}, "model must be Mapping"),
        ({"builder": None}, "builder must be str"),
        ({"notes": "one"}, "notes must be tuple"),
        ({"notes": [1]}, "notes must be tuple"),
        ({"original": "x.ipynb"}, "not a recipe of this version"),
        ({"original": {"notebook": "x", "results": {"test_accuracy": "high"}}}, "results must be Mapping"),
        ({"embedded": {"builder": "cnn"}}, "embedded may change optimizer, .*, not builder"),
        ({"storage": "floppy"}, "storage must be one of"),
    ],
)
def test_what_is_no_recipe_is_refused(values, message):
    with pytest.raises(InputError, match=message):
        Recipe.from_dict({**get("mlp-basic").as_dict(), **values})


@pytest.mark.parametrize("values", [{}, [], 3, None, {"id": "x"}])
def test_something_else_than_a_recipe_is_refused(values):
    with pytest.raises(InputError, match="not a recipe of this version"):
        Recipe.from_dict(values)


def test_ones_own_builder_and_recipe(doors):
    from tf_models.mlp import mlp

    tf_models.register_builder("own_mlp", lambda hidden=(3,): mlp(hidden=hidden))
    recipe = replace(get("mlp-basic"), **OWN, builder="own_mlp", model={"hidden": (4,)})
    tf_models.register(recipe)
    assert tf_models.recipes()[-1] is get("own") is recipe
    assert tf_models.build("own").get_layer("hidden1").units == 4
    with pytest.raises(InputError, match="there is a builder 'own_mlp' already"):
        tf_models.register_builder("own_mlp", mlp)
    with pytest.raises(InputError, match="there is a topic 'own' already"):
        tf_models.register(recipe)


def test_names_that_are_taken_or_unknown_are_refused(doors):
    with pytest.raises(InputError, match="there is a builder 'vgg' already"):
        tf_models.register_builder("vgg", print)
    for id in ("mlp-basic", "data-mnist"):
        with pytest.raises(InputError, match=f"there is a topic '{id}' already"):
            tf_models.register(replace(get("mlp-basic"), id=id))
    with pytest.raises(InputError, match="unknown builder 'vgg17'; did you mean vgg"):
        tf_models.register(replace(get("mlp-basic"), **OWN, builder="vgg17"))
    with pytest.raises(InputError, match=r"unknown builder 'os:system'; .*tf_models\.register_builder"):
        builders.get("os:system")


def test_every_recipe_finds_its_stand_in():
    """With the recipe's own options of the data: a table of reviews was looked for where an archive stood."""
    keys = ("dataset", "validation", "data")
    different = {json.dumps([getattr(one, key) for key in keys], sort_keys=True): one for one in configs.recipes()}
    assert len(different) > 15
    for recipe in different.values():
        source = "synthetic" if datasets.get(recipe.dataset).synthetic else "auto"
        assert len(load_data(recipe, Options(source=source)).train), recipe.id
