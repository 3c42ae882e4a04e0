"""A graph and its Keras model side by side: the same weights, the same batches, the same random numbers."""

import contextlib
import math
import time

import keras
import numpy as np
import tensorflow as tf

from legacy_tf1 import names, partner
from legacy_tf1.graphs.built import batch_size
from legacy_tf1.optimizers import exact
from legacy_tf1.topics import Topic
from tf_data.dataset import Data
from tf_data.pipeline import Batches
from tf_models.configs.recipe import Recipe
from tf_models.training.fit import training_loop

ROUND_SECONDS = 0.1  # of one side's steps between two looks at the clock
ROUNDS = 11
EVALUATED = 256  # held-out samples


class Pair:
    """Both sides of a topic, ready to make steps. Use as a context: a session is open.

    Args:
        topic: The topic.
        recipe: The topic's settings; the graph and the Keras model follow them alike.
        data: What both learn from.
        precision: The type of weights and of all arithmetic, float32 or float64.

    Attributes:
        model: The Keras model, compiled.
        built: The graph.
        session: The session in which the graph runs.
    """

    def __init__(self, topic: Topic, recipe: Recipe, data: Data, precision: str = "float32"):
        self.topic, self.data = topic, data
        task = partner.task_of(topic, recipe, data, partner.Options(precision=precision))
        self.model, self._task = task.model, task
        if precision == "float64":
            _make_exact(self.model)
        self.built = topic.build(recipe, precision)
        self.session = tf.compat.v1.Session(graph=self.built.graph)
        self.batches = Batches(
            data.train, recipe.batch_size, seed=recipe.seed, shuffle=recipe.shuffle, prepare=task.prepare_training
        )
        # Compiled as the training loop is: TensorFlow then divides pixels in another way than eagerly, by one last bit.
        self._batch = tf.function(self.batches.at, autograph=False)
        self._open = contextlib.ExitStack()

    def __enter__(self) -> "Pair":
        self._open.callback(self.session.close)
        self._loop = self._open.enter_context(training_loop(self.model, self.batches))
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self._open.close()

    def start(self) -> None:
        """Give both sides the graph's initial weights."""
        values = initial_values(self.topic, self.built, self.session, self.model)
        names.to_model(values, self.model, self.topic, "the graph")

    def take_over(self) -> None:
        """Give the Keras side the graph's present values, its optimizers' state included."""
        names.to_model(names.from_session(self.built, self.session), self.model, self.topic, "the graph")

    def step(self, number: int) -> tuple[dict[str, float], dict[str, float]]:
        """Train both sides on batch `number` (from 0, through the epochs) and return the metrics of both on it."""
        epoch, step = divmod(number, self.batches.steps)
        place = tf.constant(epoch, tf.int64), tf.constant(step, tf.int64)
        x, *y = tf.nest.map_structure(np.asarray, self._batch(*place))
        feed = self.built.feed(x, *y[:1], training=True) | self._draws(batch_size(x))
        metrics, _ = self.session.run([self.built.metrics, self.built.train_op], feed)
        self.model.reset_metrics()  # or they would be means over the steps so far
        logs = self._steps(epoch, step, step + 1)
        return _floats(metrics), _floats({name: logs[name] for name in metrics})

    def weight_differences(self) -> dict[str, float]:
        """The largest difference of each weight and moving average, by TensorFlow 1's name."""
        theirs = names.from_session(self.built, self.session)
        named = names.model_variables(self.topic, self.model)
        return {name: _apart(theirs[name], variable.numpy()) for name, variable in named.items()}

    def evaluation_differences(self) -> dict[str, float]:
        """How far apart both sides are on held-out samples, without training: largest differences by name.

        `outputs` are compared in units of the largest output where that is above 1. Where Keras' evaluation reports what
        the graph can be asked for without training, these metrics are compared as well.
        """
        test = self.data.test
        count = min(EVALUATED, len(test))
        batch = Batches(test, count, shuffle=False, prepare=self._task.prepare).at(*(tf.zeros((), tf.int64),) * 2)
        x, *y = tf.nest.map_structure(np.asarray, batch)
        built, noise = self.built, self._draws(count, only="noise")
        feed = built.feed(x, *y[:1]) | noise
        asked = tuple(built.metrics) if built.evaluated is None else built.evaluated
        outputs, metrics = self.session.run([built.outputs, {name: built.metrics[name] for name in asked}], feed)
        ours = self.model(next(iter(noise.values())) if noise else batch[0], training=False)
        found = {"outputs": _apart(outputs, np.reshape(ours, outputs.shape)) / max(1.0, float(np.abs(outputs).max()))}
        if asked:
            logs = self._tested(batch)
            found |= {name: _apart(metrics[name], np.asarray(logs[name])) for name in asked}
        return found

    def _tested(self, batch) -> dict:
        """What Keras' own evaluation logs of a batch; it draws noise, and its generator stays as it is."""
        generators = [self.model.seed_generator.state] if hasattr(self.model, "seed_generator") else []
        before = [state.numpy() for state in generators]
        self.model.reset_metrics()
        logs = {name: np.asarray(value) for name, value in self.model.test_step(batch).items()}
        self.model.reset_metrics()
        for state, value in zip(generators, before, strict=True):
            state.assign(value)
        return logs

    def rounds(self) -> list[tuple[float, float]]:
        """Milliseconds a step of both, each trained as it is used, in rounds that take turns.

        TensorFlow 1 cuts batches from a float array that is permuted at every epoch's start, and feeds them to one
        `session.run` a step. TensorFlow 2 runs this project's loop of compiled steps, which gathers its own batches.
        Both draw their own random numbers.
        """
        arrays = self._arrays()
        self._feed_epoch(arrays, 2)
        self._steps(0, 0, min(2, self.batches.steps))
        # As many steps as take about a round, in blocks of an epoch at most, as training has them.
        block = min(self.batches.steps, max(3, int(ROUND_SECONDS / self._seconds(self._timed_block, 3) * 3)))
        repeats = max(1, round(ROUND_SECONDS / self._seconds(self._timed_block, block)))
        times = []
        for _ in range(ROUNDS):
            one = sum(self._seconds(self._feed_epoch, arrays, block) for _ in range(repeats))
            two = sum(self._seconds(self._timed_block, block) for _ in range(repeats))
            times.append((1000 * one / (repeats * block), 1000 * two / (repeats * block)))
        return times

    def _steps(self, epoch: int, start: int, stop: int) -> dict:
        return self._loop.run(epoch, start, stop)

    def _timed_block(self, count: int) -> None:
        # The logs hold values that depend on the last step.
        [np.asarray(value) for value in self._steps(0, 0, min(count, self.batches.steps)).values()]

    @staticmethod
    def _seconds(work, *arguments) -> float:
        begin = time.perf_counter()
        work(*arguments)
        return time.perf_counter() - begin

    def _arrays(self) -> dict:
        """All training samples as a TensorFlow 1 program holds them, ready to be fed, by placeholder."""
        feeds = [self.built.feed(x, *y[:1]) for x, *y in self.batches.dataset(0).as_numpy_iterator()]
        arrays = [place for place in feeds[0] if place is not self.built.training]
        return {place: np.concatenate([feed[place] for feed in feeds]) for place in arrays}

    def _feed_epoch(self, arrays: dict, count: int) -> None:
        built, size = self.built, self.batches.batch_size
        order = np.random.default_rng(0).permutation(len(self.data.train))
        arrays = {place: values[order] for place, values in arrays.items()}
        switch = {} if built.training is None else {built.training: True}
        fetched = [built.train_op, *(built.metrics[name] for name in built.losses)]
        for start in range(0, count * size, size):
            feed = {place: values[start : start + size] for place, values in arrays.items()}
            self.session.run(fetched, feed | switch)

    def _draws(self, count: int, only: str = "") -> dict:
        """What the Keras side will draw in its next step, to be fed to the graph; its generators stay as they are.

        Args:
            count: Samples in the batch.
            only: The one draw that is wanted; default all.
        """
        layers = {layer.name: layer for layer in self.model._flatten_layers()}
        feed, before = {}, {}
        for name, tensor in self.built.draws:
            if only and name != only:
                continue
            owner = self.model if name == "noise" else layers[name]
            state = owner.seed_generator.state
            before.setdefault(name, (state, state.numpy()))
            if name == "noise":
                feed[tensor] = owner.draw_noise(count).numpy()
            else:
                ones = tf.ones((count, *tensor.shape[1:]), tensor.dtype)
                kept = keras.random.dropout(ones, owner.rate, seed=owner.seed_generator)
                feed[tensor] = np.asarray(kept > 0, np.float32)
        for state, value in before.values():
            state.assign(value)
        return feed


def _apart(one, two) -> float:
    """The largest difference of two arrays; nan where one holds anything that is not finite."""
    difference = np.abs(np.asarray(one, np.float64) - np.asarray(two, np.float64)).max()
    return float(difference) if np.isfinite(difference) else math.nan


def _floats(values: dict) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}


def _make_exact(model: keras.Model) -> None:
    """Give optimizers their numbers in float64."""
    for optimizer in names.optimizers(model):
        rate = float(str(np.float32(optimizer.learning_rate.numpy())))  # as it was written
        exact(optimizer).learning_rate.assign(np.float64(rate))


def initial_values(topic: Topic, built, session, model: keras.Model) -> names.Values:
    """Initialise the graph and return its values; what the Keras model learned from the data is set in it as well."""
    session.run(built.initializer)
    values = names.from_session(built, session)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Normalization):
            named = names.model_variables(topic, model)
            values |= {name: v.numpy() for name, v in named.items() if v.path.split("/")[-2] == layer.name}
            names.to_session(values, built, session, topic, "the Keras model")
    return values
