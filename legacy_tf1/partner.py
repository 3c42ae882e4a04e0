"""The Keras side of a topic: its model, optimizer and data, from this project's recipes. Whatever of `tf_models` the
other files here need comes through this one."""

import keras

from legacy_tf1.topics import Topic
from tf_data import transform
from tf_data.dataset import Data
from tf_models.configs.recipe import Recipe
from tf_models.tasks.base import Task
from tf_models.training import building, trainer
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


def task_of(topic: Topic, recipe: Recipe, data: Data, options: Options) -> Task:
    """The topic's task, bound to the data and to its model, which is compiled and has the topic's constants."""
    task = trainer.build(recipe, options, data)
    set_constants(task.model, topic)
    return task


def optimizer_of(recipe: Recipe) -> keras.optimizers.Optimizer:
    """The recipe's optimizer."""
    return building.build_optimizer(recipe)


def adapt(model: keras.Model, recipe: Recipe, data: Data) -> None:
    """Show the training samples to a `Normalization` layer."""
    building.adapt_layers(model, data.train, transform.make(recipe.transform))


def load_data(recipe: Recipe, source: str = "auto", data_dir: str | None = None) -> Data:
    """The recipe's data."""
    return trainer.load_data(recipe, Options(source=source, data_dir=data_dir))


def compile_with(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> None:
    """Compile a model for its optimizer's sake alone, without a loss; a GAN gets a second one like it."""
    model.compile(optimizer=optimizer)
    if hasattr(model, "build_optimizers"):
        model.build_optimizers()
    else:
        optimizer.build(model.trainable_variables)
