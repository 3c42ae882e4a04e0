"""`run.json`: what format 1 wrote is read, gone on with and scored as before; what is in no table is refused."""

import json
import sys

import pytest
from runs import OPTIONS, RECIPE, assert_same_run, interrupted

import tf_models
from tf_data.command import run as command
from tf_data.errors import InputError
from tf_models import builders, evaluate, train
from tf_models.configs import format1, get
from tf_models.configs.recipe import Recipe
from tf_models.training import trainer
from tf_models.training.fit import CompiledLoop
from tf_models.training.run_directory import RunDirectory


def as_format1(values: dict) -> dict:
    """A recipe as format 1 wrote it."""
    old = {**values, "builder": builders.BUILDERS[values["builder"]]}
    transform = old.pop("transform")
    steps = {name: transform[name] for name in ("crop", "resize", "augment") if name in transform}
    before = {new: name for name, new in format1.ARGUMENTS.get(values["builder"], {}).items()}
    model = {before.get(name, name): value for name, value in old["model"].items()}
    return {**old, "model": model, "task_options": {**old["task_options"], **steps}}


def rewrite(folder, **values) -> None:
    """Change `run.json` behind the back of `RunDirectory`."""
    path = folder / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return trainer.train(get("logistic-regression"), OPTIONS, tmp_path_factory.mktemp("done") / "run")


def test_the_table_names_every_recipe_as_it_was():
    for recipe in tf_models.recipes():
        if recipe.builder not in format1.BUILDERS.values():
            continue  # younger than format 2
        old = json.loads(json.dumps(as_format1(recipe.as_dict())))
        assert ":" in old["builder"]
        assert Recipe.from_dict(format1.upgrade(old)) == recipe


@pytest.mark.parametrize(
    ("id", "before", "now"),
    [
        ("mlp-basic", {"kernel_stddev": 0.1}, {"stddev": 0.1}),
        ("mlp-backprop-scratch", {"kernel_stddev": 0.1}, {"stddev": 0.1}),
        ("ae-basic", {"kernel_stddev": 0.1}, {"stddev": 0.1}),
        ("cnn-airbench-cifar10", {"widths": [64, 256, 256]}, {"filters": [64, 256, 256]}),
        ("cnn-alexnet-cifar10", {"width": 32}, {"filters": 32}),
        ("cnn-vgg16-cifar10", {"width": 64}, {"filters": 64}),
        ("cnn-nin-cifar10", {"width": 192}, {"filters": 192}),
        ("cnn-resnet18-mnist", {"width": 64}, {"filters": 64}),
        ("cnn-lenet5-cifar10", {"width": 3}, {"width": 3}),  # a multiplier there
        ("cnn-residual-blocks-mnist", {"channels": [[4, 8]]}, {"filters": [[4, 8]]}),
        ("metric-siamese-mlp", {"embedding": 1}, {"embedding_dim": 1}),
        ("ae-vae", {"slope": 0.2}, {"negative_slope": 0.2}),
        ("ae-conv-vae", {"slope": 0.2}, {"negative_slope": 0.2}),
        ("gan-fc-mnist", {"slope": 0.2}, {"negative_slope": 0.2}),
        ("gan-conv-mnist", {"slope": 0.2}, {"negative_slope": 0.2}),
        ("gan-dcgan-celeba", {"slope": 0.2, "filters": 4}, {"negative_slope": 0.2, "filters": 4}),
        ("cnn-basic", {"channels": 3, "slope": 0.2}, {"channels": 3, "slope": 0.2}),  # never were this builder's
    ],
)
def test_renamed_arguments_of_builders_are_read(id, before, now):
    old = {**as_format1(get(id).as_dict()), "model": before}
    assert format1.upgrade(old)["model"] == now


def test_a_run_of_format_1_goes_on_bit_for_bit(tmp_path, monkeypatch):
    monkeypatch.setattr(CompiledLoop, "calibrate", lambda self: setattr(self, "block", 3))
    whole = trainer.train(RECIPE, OPTIONS, tmp_path / "whole")
    run = interrupted(RECIPE, OPTIONS, tmp_path / "run", 1, 6)
    rewrite(run.path, format=1, recipe=as_format1(run.info["recipe"]))
    assert command(train.main, ["--resume", "--run-dir", str(run.path), "--quiet", "--no-figures"]) == 0
    again = RunDirectory.open(run.path)
    assert json.loads((run.path / "run.json").read_text())["format"] == 2
    assert again.recipe == RECIPE
    assert_same_run(whole, again)


def test_a_run_of_format_1_is_scored_and_loaded(done, capsys):
    before, scores = (done.path / "run.json").read_text(), done.info["results"]
    try:
        rewrite(done.path, format=1, recipe=as_format1(done.info["recipe"]))
        capsys.readouterr()
        assert command(evaluate.main, [str(done.path), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["results"] == scores
        assert tf_models.load(done.path).count_params() == tf_models.build("logistic-regression").count_params()
    finally:
        (done.path / "run.json").write_text(before)


@pytest.mark.parametrize(
    ("format", "changes", "message"),
    [
        (1, {"builder": "mine.models:net"}, "builder 'mine.models:net' of format 1 is not among those"),
        (1, {"builder": ["x"]}, "not a recipe of format 1"),
        (1, {"dataset": "nowhere"}, "unknown dataset 'nowhere'"),
        (2, {"builder": "evil:net"}, "unknown builder 'evil:net'"),
        (2, {"builder": "evil"}, "unknown builder 'evil'"),
        (2, {"learning_rate": "fast"}, "run.json: learning_rate must be float, not 'fast'"),
        (2, {"speed": 1}, "unexpected keyword argument 'speed'"),
        (3, {}, "run.json: format 3, where this version reads 1 and 2"),
    ],
)
def test_what_no_table_knows_is_refused_in_one_line(done, tmp_path, capsys, monkeypatch, format, changes, message):
    folder = tmp_path / "run"
    folder.mkdir()
    for file in ("run.json", "model.keras"):
        (folder / file).write_bytes((done.path / file).read_bytes())
    recipe = as_format1(done.info["recipe"]) if format == 1 else done.info["recipe"]
    rewrite(folder, format=format, recipe={**recipe, **changes})
    (tmp_path / "evil.py").write_text("def net(**arguments): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    capsys.readouterr()
    for main, arguments in ((evaluate.main, [str(folder)]), (train.main, ["--resume", "--run-dir", str(folder)])):
        rewrite(folder, status="running")
        assert command(main, arguments) == 2
        error = capsys.readouterr().err
        assert message in error
        assert len(error.strip().splitlines()) == 1
    assert "evil" not in sys.modules


@pytest.mark.parametrize(
    "content", ["[]", "3", '{"format": 2}', '{"format": 1, "recipe": null}', '{"format": 2, "recipe": []}']
)
def test_what_is_no_run_is_refused(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(InputError, match=r"run\.json( is damaged)?: "):
        RunDirectory.open(tmp_path)
