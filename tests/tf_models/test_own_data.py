"""A user's own images and tables for every recipe that can learn from them: sizes, columns and classes from the data."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from small_models import SMALL

import tf_models
from tf_data import convert, inspect, transform
from tf_data.command import run
from tf_data.errors import InputError
from tf_data.image_files import read_image
from tf_data.own import IMAGES, NUMBERS, Own
from tf_models import evaluate, predict, train
from tf_models.configs import own_data
from tf_models.training import trainer

OPTIONS = trainer.Options(quiet=True, figures=False)
SIZE = (48, 32)
CLASSES = ("2", "9", "10")  # which have an order as numbers


def paint(kind: int, rng: np.random.Generator, channels: int = 3, size=SIZE) -> Image.Image:
    """An image with a bright third, which tells its class."""
    pixels = rng.integers(0, 40, (*size, channels), np.uint8)
    pixels[:, kind * size[1] // 3 : (kind + 1) * size[1] // 3] += 150
    return Image.fromarray(pixels if channels == 3 else pixels[..., 0])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Images in a folder for each class, 20 of each."""
    root, rng = tmp_path_factory.mktemp("own") / "photos", np.random.default_rng(0)
    for kind, name in enumerate(CLASSES):
        (root / name).mkdir(parents=True)
        for number in range(20):
            paint(kind, rng).save(root / name / f"{number}.png")
    return root


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Numbers in two columns that tell two classes apart."""
    path, rng = tmp_path_factory.mktemp("table") / "flowers.csv", np.random.default_rng(0)
    lines = ["width,height,kind"]
    for number in range(60):
        kind = number % 2
        lines.append(f"{rng.normal() + 6 * kind:.3f},{rng.normal():.3f},{('rose', 'tulip')[kind]}")
    path.write_text("\n".join(lines) + "\n")
    return path


def own(dataset, path, **options):
    return Own(dataset, {"path": str(path), **options}, "--images" if dataset == IMAGES else "--csv")


def fitted(recipe, given):
    """The recipe on these data, and its compiled task."""
    recipe = own_data.on(recipe, given)
    data = trainer.load_data(recipe, OPTIONS)
    recipe = own_data.for_data(recipe, data)
    return recipe, trainer.build(recipe, OPTIONS, data)


def small(recipe):
    return replace(recipe, model={**recipe.model, **SMALL.get(recipe.id, {})})


def kind(recipe):
    """What decides how a recipe's data are read; what differs in settings only is read alike."""
    return recipe.builder, recipe.task, *sorted(recipe.transform), bool(recipe.model.get("classes"))


KINDS = {kind(recipe): small(recipe) for recipe in tf_models.recipes()}
OF_IMAGES = [r for r in KINDS.values() if issubclass(transform.get(r.transform["name"]), transform.Images)]
OF_OTHERS = [r for r in KINDS.values() if r not in OF_IMAGES]


@pytest.mark.parametrize("recipe", OF_IMAGES, ids=lambda recipe: recipe.id)
def test_every_recipe_of_images_takes_a_folder_or_names_a_size_that_it_takes(recipe, folder):
    given, refused = own(IMAGES, folder), ""
    try:
        recipe, task = fitted(recipe, given)
    except InputError as error:
        refused = str(error)
    if near := re.search(r"the nearest size that it can take is size=\((\d+), (\d+)\)$", refused):
        given.options["size"] = tuple(map(int, near.groups()))
    elif refused.endswith("it can take the same images with channels=1"):
        given.options["channels"] = 1
    if refused:
        recipe, task = fitted(recipe, given)
    size, channels = given.options.get("size", SIZE), given.options.get("channels", 3)
    assert task.about.classes == CLASSES
    assert task.data.counts == {"train": 42, "validation": 6, "test": 12}
    for split in task.data.splits.values():  # each class in the same proportion
        assert len(set(np.bincount(split.y))) == 1
    if "classes" in recipe.model:
        assert recipe.model["classes"] == (3 if recipe.model["classes"] else 0)
    x, *_ = task.prepare_training(task.data.train.read(np.arange(2))[0], task.data.train.y[:2], first_position())
    taken = x if not isinstance(x, dict) else next(iter(x.values()))
    if recipe.transform["name"] == "image":
        assert tuple(taken.shape[1:]) == (*size, channels)


def first_position():
    import tensorflow as tf

    from tf_data.pipeline import Position

    return Position(0, tf.zeros((), tf.int64), tf.range(2, dtype=tf.int64))


@pytest.mark.parametrize("recipe", KINDS.values(), ids=lambda recipe: recipe.id)
def test_every_recipe_takes_a_table_or_says_why_not(recipe, table):
    given = own(NUMBERS, table, label="kind")
    if recipe.task in ("classify", "rank") and (
        recipe.transform["name"] == "features" or recipe.builder in ("mlp", "softmax_regression", "backprop_mlp")
    ):
        recipe, task = fitted(recipe, given)
        assert task.taken == (2,)
        assert task.about.classes == ("rose", "tulip")
        assert recipe.data["features"] == ("width", "height")
        return
    with pytest.raises(InputError, match=recipe.id):
        fitted(recipe, given)


@pytest.mark.parametrize("recipe", OF_OTHERS, ids=lambda recipe: recipe.id)
def test_recipes_of_other_data_take_no_images(recipe, folder):
    with pytest.raises(InputError, match=f"{recipe.id} learns to .*, so path with images does not go with it"):
        own_data.on(recipe, own(IMAGES, folder))


def test_a_folder_is_trained_scored_and_another_is_scored(folder, tmp_path, capsys):
    assert run(train.main, _words(f"mlp-basic --images {folder} --epochs 8 --run-dir {tmp_path}/run --no-figures")) == 0
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert info["results"]["test"]["accuracy"] > 0.9
    assert info["data"]["classes"] == list(CLASSES)
    assert run(train.main, _words(f"--run-dir {tmp_path}/run --resume --epochs 9 --quiet")) == 0
    rng = np.random.default_rng(1)
    for name in ("10", "2"):  # of the three classes, in another order
        (tmp_path / "more" / name).mkdir(parents=True)
        for number in range(5):
            paint(CLASSES.index(name), rng, size=(96, 64)).save(tmp_path / "more" / name / f"{number}.png")
    capsys.readouterr()
    assert run(evaluate.main, _words(f"{tmp_path}/run --images {tmp_path}/more --json")) == 0
    score = json.loads(capsys.readouterr().out)["results"]["test"]
    assert (score["samples"], score["accuracy"]) == (10, 1.0)
    for arguments, said in {
        f"{tmp_path}/run --images {folder}": "was trained on a part of",
        f"{tmp_path}/run --csv {tmp_path}/none.csv": "none.csv does not exist",
    }.items():
        assert run(evaluate.main, _words(arguments)) == 2
        assert said in capsys.readouterr().err
    (tmp_path / "more" / "2").rename(tmp_path / "more" / "seven")
    assert run(evaluate.main, _words(f"{tmp_path}/run --images {tmp_path}/more")) == 2
    assert "has the class seven, which" in capsys.readouterr().err


def test_a_table_is_trained_and_another_is_scored(table, tmp_path, capsys):
    arguments = (
        f"ordinal-coral-cement --csv {table} --label-column kind --epochs 9 --run-dir {tmp_path}/run --no-figures"
    )
    assert run(train.main, _words(arguments)) == 0
    (tmp_path / "new.csv").write_text("kind,height,width\ntulip,0,6\nrose,0,0\nrose,0.5,-0.2\n")
    capsys.readouterr()
    assert run(evaluate.main, _words(f"{tmp_path}/run --csv {tmp_path}/new.csv --label-column kind --json")) == 0
    assert json.loads(capsys.readouterr().out)["results"]["test"]["samples"] == 3


def test_images_without_folders_are_learned_without_labels(folder, tmp_path, capsys):
    flat, rng = tmp_path / "flat", np.random.default_rng(0)
    flat.mkdir()
    for number in range(30):
        paint(number % 3, rng, 1).save(flat / f"{number}.png")
    for id in ("ae-basic", "gan-fc-mnist"):
        recipe, task = fitted(tf_models.configs.get(id), own(IMAGES, flat))
        assert recipe.model["input_shape"] == (*SIZE, 1)  # all are grey
        assert task.data.train.y is None
        assert task.data.counts == {"train": 21, "validation": 3, "test": 6}
    for id in ("cnn-basic", "metric-siamese-mlp", "ae-cvae"):
        with pytest.raises(InputError, match=f"images without labels; {id} needs a folder for each class"):
            fitted(tf_models.configs.get(id), own(IMAGES, flat))


def test_images_of_many_sizes_take_the_recipes_own(folder, tmp_path, capsys):
    mixed, rng = tmp_path / "mixed", np.random.default_rng(0)
    for kind, name in enumerate("ab"):
        (mixed / name).mkdir(parents=True)
        for number in range(6):
            paint(kind, rng, size=(40 + 7 * number, 50)).save(mixed / name / f"{number}.png")
    recipe, _ = fitted(tf_models.configs.get("cnn-basic"), own(IMAGES, mixed))
    assert recipe.model["input_shape"] == (28, 28, 3)
    assert run(inspect.main, ["--images", str(mixed)]) == 2
    assert "images of 40x50 to 75x50; say with --image-size" in capsys.readouterr().err
    assert run(inspect.main, ["--images", str(mixed), "--image-size", "30x20", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sample"]["shape"] == [30, 20, 3]
    to = ["--to", "npz", "--out", str(tmp_path / "npz"), "--image-size", "16"]
    (mixed / "b" / "5.png").write_bytes(b"no image")
    assert run(convert.main, ["--images", str(mixed), *to, "--skip-bad"]) == 0
    assert "5.png is not an image" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--csv x --images y", "--images says where the data are; leave --csv away"),
        ("--images x --data embedded", "--images says where the data are; leave --data away"),
        ("--images nowhere", "nowhere does not exist"),
        ("--text-column a", "--text-column goes with --csv"),
        ("--image-size 3x4x5", "--image-size"),
        ("mlp-basic --image-size 30", "--image-size goes with --images or --csv"),
    ],
)
def test_options_that_do_not_go_together_are_refused(arguments, said, capsys):
    assert code_of(train.main, arguments) == 2
    assert said in capsys.readouterr().err


def code_of(main, arguments: str) -> int:
    """The exit code of a command, whoever gives it."""
    try:
        return run(main, _words(arguments))
    except SystemExit as error:
        return error.code


def _words(text: str) -> list[str]:
    return text.split()


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    """A run on the folder's dark images."""
    path = tmp_path_factory.mktemp("trained") / "run"
    recipe, _ = fitted(tf_models.configs.get("mlp-basic"), own(IMAGES, folder))
    return trainer.train(replace(recipe, epochs=8), OPTIONS, path).path


def test_predict_takes_folders_and_goes_on_after_a_bad_file(trained, tmp_path, capsys):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    rng = np.random.default_rng(2)
    for kind in range(3):
        paint(kind, rng, size=(60, 40)).save(tmp_path / "in" / f"{kind}.png")
    paint(1, rng).save(tmp_path / "in" / "deep" / "x.webp", lossless=True)
    (tmp_path / "in" / "1b.png").write_bytes(b"no image")
    assert run(predict.main, [str(trained), str(tmp_path / "in"), "--json"]) == 2
    out, err = capsys.readouterr()
    found = [(row["input"], row["class"]) for row in json.loads(out)]
    names = ("0.png", "1.png", "2.png", "deep/x.webp")
    assert found == list(zip([f"{tmp_path}/in/{name}" for name in names], ("2", "9", "10", "9")))
    assert "error: 1 of 5 inputs could not be read; the first: " in err
    assert run(predict.main, [str(trained), str(tmp_path / "in" / "1b.png")]) == 2
    assert "1 of" not in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert run(predict.main, [str(trained), str(tmp_path / "empty")]) == 2
    assert "empty holds no images" in capsys.readouterr().err


def test_predict_says_which_images_look_inverted(trained, tmp_path, capsys):
    rng = np.random.default_rng(3)
    dark = paint(2, rng)
    dark.save(tmp_path / "dark.png")
    light = Image.fromarray(255 - np.asarray(dark))
    light.save(tmp_path / "light.png")
    arguments = [str(trained), str(tmp_path / "dark.png"), str(tmp_path / "light.png")]
    assert run(predict.main, arguments) == 0
    out, err = capsys.readouterr()
    assert "light.png mostly light, the images of the training mostly dark; try --invert" in err
    assert "dark.png mostly" not in err
    assert run(predict.main, [str(trained), str(tmp_path / "light.png"), "--invert"]) == 0
    inverted, err = capsys.readouterr()
    assert not err
    # As read from the dark one, to the bit, and as for training: covered, not fitted in.
    assert inverted.split(": ")[1] == out.splitlines(keepends=True)[0].split(": ")[1]


def test_ink_on_transparency_is_seen(tmp_path):
    """White ink and black ink, each on nothing: neither vanishes in the ground that it is laid on."""
    for ink in (0, 255):
        pixels = np.full((8, 8, 4), (ink, ink, ink, 0), np.uint8)
        pixels[2:6, 3:5, 3] = 255
        Image.fromarray(pixels).save(tmp_path / "ink.png")
        seen = read_image(tmp_path / "ink.png", (8, 8, 1))[..., 0]
        expected = np.full((8, 8), 1.0 - ink / 255)
        expected[2:6, 3:5] = ink / 255
        np.testing.assert_array_equal(seen, expected)
