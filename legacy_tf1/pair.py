"""A graph and its Keras model side by side: the same weights, the same batches, the same random numbers."""

import statistics
import time

import keras
import numpy as np
import tensorflow as tf

from legacy_tf1 import names
from legacy_tf1.topics import Topic
from tf_data.dataset import Data
from tf_data.pipeline import Batches, Position
from tf_models.recipe import Recipe
from tf_models.training import trainer
from tf_models.training.loop import StepLoop

ROUND_SECONDS = 0.25  # of one side's steps between two looks at the clock
ROUNDS = 5


class Pair:
    """Both sides of a topic, ready to make steps. Use as a context: a session is open.

    Args:
        topic: which.
        recipe: its settings; the graph and the Keras model follow them alike.
        data: what both learn from.

    Attributes:
        model: the Keras model, compiled.
        built: the graph.
        session: in which the graph runs.
    """

    def __init__(self, topic: Topic, recipe: Recipe, data: Data):
        self.topic, self.data = topic, data
        self.model, task = trainer.build(recipe, trainer.Options(), data)
        self.built = topic.build(recipe)
        self.session = tf.compat.v1.Session(graph=self.built.graph)
        self.batches = Batches(data.train, recipe.batch_size, seed=recipe.seed, prepare=task.prepare_training)
        self._prepare = task.prepare
        self._loop = StepLoop(self.model, self.batches, self.model.jit_compile)
        self.start()

    def __enter__(self) -> "Pair":
        return self

    def __exit__(self, *_) -> None:
        self.session.close()

    def start(self) -> None:
        """Give both sides the graph's initial weights."""
        values = initial_values(self.topic, self.built, self.session, self.model)
        names.to_model(values, self.model, self.topic, "the graph")

    def step(self, number: int) -> tuple[dict[str, float], dict[str, float]]:
        """Train both sides on batch `number` (from 0, through the epochs) and return the losses of both before it."""
        epoch, step = divmod(number, self.batches.steps)
        batch = [
            np.asarray(part) for part in self.batches.at(tf.constant(epoch, tf.int64), tf.constant(step, tf.int64))
        ]
        feed = self.built.feed(*batch[:2], training=True) | self._draws(len(batch[0]))
        metrics, _ = self.session.run([self.built.metrics, self.built.train_op], feed)
        self.model.reset_metrics()  # or they would be means over the steps so far
        logs = self._steps(epoch, step, step + 1)
        losses = self.built.losses
        return {name: float(metrics[name]) for name in losses}, {name: float(logs[name]) for name in losses}

    def weight_difference(self) -> float:
        """The largest difference of any weight or moving average."""
        theirs = names.from_session(self.built, self.session)
        named = names.model_variables(self.topic, self.model)
        return max(float(np.abs(theirs[name] - variable.numpy()).max()) for name, variable in named.items())

    def milliseconds(self) -> tuple[float, float, float]:
        """Milliseconds a step of both, each trained as it is used, and the second's speed over the first's.

        TensorFlow 1 cuts batches from a float array that is permuted at every epoch's start, and feeds them to one
        `session.run` a step. TensorFlow 2 runs this project's loop of compiled steps, which gathers its own batches.
        Both draw their own random numbers. Medians of rounds that take turns.
        """
        x, y = self._arrays()
        self._feed_epoch(x, y, 2)
        self._steps(0, 0, min(2, self.batches.steps))
        # As many steps as take about a round, in blocks of an epoch at most, as training has them.
        block = min(self.batches.steps, max(3, int(ROUND_SECONDS / self._seconds(self._timed_block, 3) * 3)))
        repeats = max(1, round(ROUND_SECONDS / self._seconds(self._timed_block, block)))
        times = []
        for _ in range(ROUNDS):
            one = sum(self._seconds(self._feed_epoch, x, y, block) for _ in range(repeats))
            two = sum(self._seconds(self._timed_block, block) for _ in range(repeats))
            times.append((1000 * one / (repeats * block), 1000 * two / (repeats * block)))
        ratio = statistics.median(one / two for one, two in times)
        return *(statistics.median(side) for side in zip(*times)), ratio

    def _steps(self, epoch: int, start: int, stop: int) -> dict:
        return self._loop.train_function(iter([tf.constant([epoch, start, stop], tf.int64)]))

    def _timed_block(self, count: int) -> None:
        # The logs hold values that depend on the last step.
        [np.asarray(value) for value in self._steps(0, 0, min(count, self.batches.steps)).values()]

    @staticmethod
    def _seconds(work, *arguments) -> float:
        begin = time.perf_counter()
        work(*arguments)
        return time.perf_counter() - begin

    def _arrays(self) -> tuple[np.ndarray, np.ndarray | None]:
        """All training samples as a TensorFlow 1 program holds them: ready to be fed."""
        train = self.data.train
        position = Position(0, tf.constant(0, tf.int64), tf.range(len(train), dtype=tf.int64))
        y = None if train.y is None else tf.constant(train.y)
        x, *_ = self._prepare(tf.constant(np.asarray(train.x)), y, position)
        fed = self.built.feed(np.asarray(x), train.y)
        return fed[self.built.inputs], None if self.built.targets is None else fed[self.built.targets]

    def _feed_epoch(self, x: np.ndarray, y: np.ndarray | None, count: int) -> None:
        built, size = self.built, self.batches.batch_size
        order = np.random.default_rng(0).permutation(len(x))
        x, y = x[order], None if y is None else y[order]
        switch = {} if built.training is None else {built.training: True}
        fetched = [built.train_op, *(built.metrics[name] for name in built.losses)]
        for start in range(0, count * size, size):
            feed = {built.inputs: x[start : start + size], **switch}
            if y is not None:
                feed[built.targets] = y[start : start + size]
            self.session.run(fetched, feed)

    def _draws(self, count: int) -> dict:
        """What the Keras side will draw in its next step, to be fed to the graph; its generators stay as they are."""
        layers = {layer.name: layer for layer in self.model._flatten_layers()}
        feed, before = {}, {}
        for name, tensor in self.built.draws:
            owner = self.model if name == "noise" else layers[name]
            state = owner.seed_generator.state
            before.setdefault(name, (state, state.numpy()))
            if name == "noise":
                feed[tensor] = owner.draw_noise(count).numpy()
            else:
                ones = tf.ones((count, *tensor.shape[1:]))
                kept = keras.random.dropout(ones, owner.rate, seed=owner.seed_generator)
                feed[tensor] = np.asarray(kept > 0, np.float32)
        for state, value in before.values():
            state.assign(value)
        return feed


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
