"""Every recipe at once; a recipe that is missing from the table fails."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from runs import bound, first_of_each
from small_models import SMALL

import tf_models
from tf_data import datasets, transform
from tf_data.dataset import Data, Split
from tf_data.datasets.drawing import shape_image
from tf_data.datasets.grammar import review
from tf_data.datasets.mnist import draw_digit
from tf_models.training import architecture
from tf_models.training.building import build_model, build_optimizer

# Trainable parameters as the topics state them, or as derived from the corrected network.
PARAMETERS = {
    "perceptron": 3,
    "perceptron-pytorch": 3,
    "logistic-regression": 3,
    "logistic-regression-tf1": 3,
    "softmax-regression": 7_850,
    "softmax-regression-tf1": 7_850,
    "mlp-basic": 136_074,
    "mlp-dropout": 136_074,
    "mlp-dropout-tf1": 136_074,
    "mlp-batchnorm": 136_458,
    "mlp-backprop-scratch": 101_770,
    "mlp-backprop-scratch-sigmoid-mse": 39_760,
    "cnn-basic": 4_266,
    "cnn-basic-wide": 9_098,
    "cnn-basic-tf1": 9_098,
    "cnn-he-init": 4_266,
    "cnn-fc-to-conv": 4_266,
    "cnn-allconv": 6_006,
    "cnn-alexnet-cifar10": 57_044_810,
    # Half the weights of convolutions 2 to 5.
    "cnn-alexnet-grouped-cifar10": 57_044_810 - (25 * 64 * 192 + 9 * (192 * 384 + 384 * 256 + 256 * 256)) // 2,
    "cnn-vgg16-cifar10": 33_638_218,
    "cnn-vgg19-cifar10": 38_947_914,
    # The original's less three 3x3 convolutions, which made it a VGG-19.
    "cnn-vgg16-celeba": 70_372_418 - (9 * 256 * 256 + 256) - 2 * (9 * 512 * 512 + 512),
    "mech-multi-gpu-vgg16-celeba": 70_372_418 - (9 * 256 * 256 + 256) - 2 * (9 * 512 * 512 + 512),
    "cnn-nin-cifar10": 966_986,
    # Two numbers for each of 1,408 maps in place of a bias.
    "cnn-nin-batchnorm": 966_986 + 192 + 160 + 96 + 3 * 192 + 2 * 192,
    "cnn-lenet5-mnist": 61_706,
    # All numbers of maps and units three times.
    "cnn-lenet5-cifar10": 18 * 76 + 48 * (25 * 18 + 1) + 360 * (25 * 48 + 1) + 252 * 361 + 10 * 253,
    "cnn-residual-blocks-mnist": 17_986,
    "cnn-residual-blocks-mnist-identity": 7_960,
    "cnn-resnet18-mnist": 11_175_370,
    "cnn-resnet34-mnist": 21_283_530,
    "cnn-resnet50-mnist": 23_522_250,
    # The topics' counts less 3 x 512 x 2 or 3 x 2048 x 2 weights for the three copies of one average.
    "cnn-resnet18-celeba": 11_180_610 - 3 * 512 * 2,
    "cnn-resnet34-celeba": 21_288_770 - 3 * 512 * 2,
    "cnn-resnet50-celeba": 23_524_418 - 3 * 2048 * 2,
    "cnn-resnet101-celeba": 42_516_546 - 3 * 2048 * 2,
    "cnn-resnet152-celeba": 58_160_194 - 3 * 2048 * 2,
    # The paper's network has 7,978,856 with 1,000 classes and three channels.
    "cnn-densenet121-mnist": 7_978_856 - 990 * 1025 - 2 * 49 * 64,
    "cnn-densenet121-cifar10": 7_978_856 - 990 * 1025,
    # torchvision's counts, less the weights of 990 of 1,000 classes.
    "cnn-mobilenet-v2-cifar10": 3_504_872 - 990 * 1281,
    "cnn-mobilenet-v3-small-cifar10": 2_542_856 - 990 * 1025,
    "cnn-mobilenet-v3-large-cifar10": 5_483_032 - 990 * 1281,
    "cnn-mobilenet-v2-cifar10-fast": 3_504_872 - 990 * 1281,
    "cnn-mobilenet-v3-small-cifar10-fast": 2_542_856 - 990 * 1025,
    "cnn-mobilenet-v3-large-cifar10-fast": 5_483_032 - 990 * 1281,
    # Whitened patches' biases, convolutions and their biases, logits.
    "cnn-airbench-cifar10": 24 + 9 * (24 * 64 + 64 * 64 + 64 * 256 + 3 * 256 * 256) + 2 * (64 + 256 + 256) + 2560,
    # Convolutions, two numbers of batch norm a map, and nine places of the last map.
    "cnn-compact-mnist": 25 * 24 + 9 * 48 * (24 + 96) + 2 * (24 + 48 + 96) + (9 * 96 + 1) * 10,
    "cnn-compact-mnist-fast": 25 * 8 + 9 * 24 * (8 + 48) + 2 * (8 + 24 + 48) + (9 * 48 + 1) * 10,
    # VGG-16's convolutions, two numbers of batch norm a map, and dense layers of 512 and 10.
    "cnn-vgg16-cifar10-fast": 14_714_688 + 2 * 4_224 + 512 * 513 + 513 * 10,
    "cnn-nin-cifar10-fast": 968_394,
    "cnn-resnet18-mnist-fast": 11_175_370,
    "cnn-resnet18-celeba-small": 11_180_610 - 3 * 512 * 2,
    "cnn-resnet34-celeba-small": 21_288_770 - 3 * 512 * 2,
    "cnn-resnet50-celeba-small": 23_524_418 - 3 * 2048 * 2,
    # A quarter of the maps: a sixteenth of the weights between them, a quarter of all others.
    "cnn-resnet18-celeba-finetune": 702_354,
    "cnn-vgg16-celeba-small": 14_714_688 + 2 * 4_224 + 2_048 * 512 + 512 + 513 * 2,
    "tricks-cyclical-lr": 13_522,
    "tricks-cyclical-lr-triangular2": 13_522,
    "tricks-cyclical-lr-exp-range": 13_522,
    "tricks-cyclical-lr-fast": 13_522,
    # The topics' counts less one of PyTorch's two biases for each gate.
    "rnn-simple-imdb": 1_305_089 - 128,
    "rnn-simple-packed-imdb": 2_659_329 - 256,
    "rnn-lstm-packed-imdb": 2_955_777 - 4 * 256,
    "rnn-lstm-packed-csv-imdb": 2_955_777 - 4 * 256,
    "mech-lstm-own-csv": 2_955_777 - 4 * 256,
    "rnn-lstm-packed-imdb-glove": 20_002 * 100 + (100 + 256 + 1) * 4 * 256 + 257,  # 100 numbers a word
    "rnn-lstm-packed-imdb-glove-50d": 20_002 * 50 + (50 + 256 + 1) * 4 * 256 + 257,
    "rnn-gru-packed-imdb": 2_856_961,
    "rnn-bilstm-multilayer-imdb": 3_219_969 - 2 * 2 * 4 * 128,
    "rnn-char-dickens-fast": 100 * 64 + 4 * 768 * (64 + 768 + 1) + 769 * 100,
    # Vectors and votes of words, votes of pairs, an LSTM in each direction, and a weight of both.
    "rnn-bilstm-imdb-fast": 60_002 * 33 + 2**20 + 2 * (32 + 32 + 1) * 4 * 32 + 2 * 32 + 1,
    "mech-standardize-images": 4_266,
    "mech-sequential-hooks": 136_074,
    "mech-npz-chunks": 136_074,
    "mech-hdf5-images": 136_074,
    "mech-tfrecords": 136_074,
    "mech-file-queues": 136_074,
    "mech-dataset-api": 136_074,
    "mech-save-load": 136_074,
    # Squares of 49 pixels and 16 places, four blocks of attention, two dense layers and two norms, a norm, logits.
    "vit-mnist": 50 * 64 - 64 + 16 * 64 + 4 * (4 * 65 * 64 + 65 * 128 + 129 * 64 + 4 * 64) + 2 * 64 + 65 * 10,
}


def small(recipe):
    """The recipe with its small model, on samples of that model's size."""
    if recipe.id not in SMALL:
        return recipe
    if reads_texts(recipe):
        made = {"name": "text", "size": SMALL[recipe.id]["vocabulary"]}
    else:  # squares that are cut of digits stay
        made = recipe.transform if len(recipe.model["input_shape"]) == 2 else {"name": "image"}
    return replace(recipe, model={**recipe.model, **SMALL[recipe.id]}, transform=made)


def reads_texts(recipe) -> bool:
    return recipe.transform["name"] == "text"


# Sections with tests of their own kind stand beside this file.
RECIPES = [recipe for recipe in tf_models.recipes() if recipe.task == "classify"]
IDS = [recipe.id for recipe in RECIPES]
# One recipe for each model; recipes that differ in settings only need not all be trained.
MODELS = list(
    {(recipe.builder, repr(sorted(small(recipe).model.items()))): recipe for recipe in RECIPES[::-1]}.values()
)[::-1]
MODEL_IDS = [recipe.id for recipe in MODELS]
LARGE = 5_000_000  # parameters, from which on a network is built in its full size behind `slow` only
SIZED = [
    pytest.param(recipe, id=recipe.id, marks=pytest.mark.slow if recipe.parameters > LARGE else ())
    for recipe in RECIPES
]
TRAINED = first_of_each(MODELS)


def first_batch(recipe, model, samples=16):
    """Samples and labels of the recipe's shape, as the dataset would store them."""
    rng = np.random.default_rng(0)
    shape = model.input_shape[1:]
    classes = (datasets.get(recipe.dataset).classes or ("no", "yes"))[: max(2, model.output_shape[-1])]
    y = (np.arange(samples) % len(classes)).astype(np.int32)
    if reads_texts(recipe):
        x = np.array([review(bool(label), rng) for label in y], object)
    elif shape == (28, 28, 1) or len(shape) == 2:  # what is cut of digits
        x = np.stack([draw_digit(digit, rng) for digit in y])[..., None]
    elif len(shape) == 3:
        x = np.stack([shape_image(label, len(classes), rng, *shape[:2])[..., : shape[2]] for label in y])
    else:
        x = (rng.normal(size=(samples, *shape)) + 2 * y[:, None]).astype(np.float32)
    split = Split("train", x, y)
    return Data(recipe.dataset, "synthetic", "this test", split, split, classes=tuple(classes))


def compiled(recipe, data, model, **changes):
    task = bound(recipe, model, data)
    optimizer = build_optimizer(recipe, steps=1) if not changes else keras.optimizers.Adam(**changes)
    task.compile(optimizer, jit=False)
    x, y = task.prepare(tf.constant(data.train.x), tf.constant(data.train.y), None)
    return x, y


def test_every_recipe_is_in_the_table():
    assert PARAMETERS.keys() >= set(IDS)


def test_every_recipe_states_its_parameters():
    assert {recipe.id: recipe.parameters for recipe in RECIPES} == {id: PARAMETERS[id] for id in IDS}


@pytest.mark.parametrize("recipe", SIZED)
def test_parameters_and_names(recipe):
    model = tf_models.build(recipe.id)
    count = sum(int(np.prod(weight.shape)) for weight in model.trainable_variables)
    assert count == PARAMETERS[recipe.id] == recipe.parameters
    assert model.output_shape[-1] in (1, len(datasets.get(recipe.dataset).classes), recipe.data.get("classes"))
    assert len({layer.name for layer in model.layers}) == len(model.layers)
    for layer in model.layers:
        base, _, number = layer.name.rpartition("_")
        assert not (number.isdigit() and base == type(layer).__name__.lower()), f"{layer.name} is an automatic name"


@pytest.mark.parametrize("recipe", [r for r in RECIPES if len(r.model.get("input_shape", ())) == 3], ids=lambda r: r.id)
def test_prepared_samples_are_as_large_as_the_model_takes(recipe):
    stored = tf.zeros((1, *datasets.get(recipe.dataset).shape), tf.uint8)
    assert transform.make(recipe.transform).shape(stored.shape[1:]) == recipe.model["input_shape"]


@pytest.mark.parametrize("recipe", MODELS, ids=MODEL_IDS)
def test_every_variable_gets_a_gradient_and_every_column_is_drawn(recipe):
    recipe = small(recipe)
    model = build_model(recipe)
    assert all(rows for _, rows in architecture.columns(model))
    x, y = compiled(recipe, first_batch(recipe, model), model)
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x, y, model(x, training=True))
    for variable, gradient in zip(
        model.trainable_variables, tape.gradient(loss, model.trainable_variables), strict=True
    ):
        assert gradient is not None, f"{variable.path} gets no gradient"
        assert np.isfinite(tf.convert_to_tensor(gradient)).all()  # of an embedding it is sparse


@pytest.mark.parametrize("recipe", TRAINED)
def test_equal_seeds_build_equal_models(recipe):
    one, same = build_model(small(recipe), seed=3), build_model(small(recipe), seed=3)
    for a, b in zip(one.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_other_seeds_build_other_models():
    one, other = tf_models.build("mlp-basic", seed=3), tf_models.build("mlp-basic", seed=4)
    assert not np.array_equal(one.get_weights()[0], other.get_weights()[0])


def test_building_leaves_the_global_generator_alone():
    import random

    random.seed(5)
    expected = random.random()
    random.seed(5)
    tf_models.build("mlp-dropout")
    assert random.random() == expected


@pytest.mark.parametrize("recipe", TRAINED)
def test_overfits_the_first_batch(recipe):
    recipe = small(recipe)
    model = build_model(recipe)
    data = first_batch(recipe, model)
    x, y = compiled(recipe, data, model, learning_rate=0.003 if len(model.input_shape) == 4 else 0.05)
    step = tf.function(model.train_step)
    for _ in range(20):  # most need one, a transformer two to eleven
        model.reset_metrics()
        for _ in range(50):
            logs = step((x, y))
        # In each of these steps, and with the running means of batch norms, which lag behind.
        accuracy = bound(recipe, model, data).evaluate(data.train, 16)["accuracy"]
        if float(logs["accuracy"]) == accuracy == 1.0:
            break
    assert accuracy == 1.0
