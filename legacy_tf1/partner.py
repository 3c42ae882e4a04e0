"""The Keras side of a topic: its model, optimizer and data, from this project's recipes. Whatever of `tf_models` the
other files here need comes through this one."""

import keras

from legacy_tf1.topics import Topic
from tf_data.dataset import Data
from tf_models.recipe import Recipe
from tf_models.training import building, run_directory, trainer
from tf_models.training.trainer import Options


def model_of(topic: Topic, recipe: Recipe | None = None, seed: int | None = None) -> keras.Model:
    """The topic's Keras model with its constants, uncompiled."""
    model = building.build_model(recipe or topic.recipe(), seed=seed)
    set_constants(model, topic)
    return model


def set_constants(model: keras.Model, topic: Topic) -> None:
    """Give a model the constants of its topic which its builder takes no arguments for."""
    constants = topic.constants
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization) and "epsilon" in constants:
            layer.epsilon, layer.momentum = constants["epsilon"], constants["momentum"]
        if layer.name == "logits" and "logits_activation" in constants:
            layer.activation = keras.activations.get(constants["logits_activation"])


def compiled(topic: Topic, recipe: Recipe, data: Data, precision: str = "float32"):
    """The topic's model, compiled and adapted to the data, and its task."""
    model, task = trainer.build(recipe, Options(precision=precision), data)
    set_constants(model, topic)
    return model, task


def optimizer_of(recipe: Recipe) -> keras.optimizers.Optimizer:
    """The recipe's optimizer."""
    return building.build_optimizer(recipe)


def adapt(model: keras.Model, data: Data) -> None:
    """Show the training samples to a `Normalization` layer."""
    building.adapt_layers(model, data.train)


def load_data(recipe: Recipe, source: str = "auto", data_dir: str | None = None) -> Data:
    """The recipe's data."""
    return trainer.load_data(recipe, Options(source=source, data_dir=data_dir))


def read_model(path, recipe: Recipe) -> keras.Model:
    """A `.keras` file of the recipe's model. Raises `InputError` when it is damaged."""
    return run_directory.read_model(path, recipe)


def compile_with(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> None:
    """Compile a model for its optimizer's sake alone, without a loss; a GAN gets a second one like it."""
    model.compile(optimizer=optimizer)
    if hasattr(model, "build_optimizers"):
        model.build_optimizers()
    else:
        optimizer.build(model.trainable_variables)
