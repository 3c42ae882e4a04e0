"""How Keras' `fit` makes its steps: the one place that touches `train_function`.

A form is a `Loop`. `CompiledLoop` is the fast one: small networks are bound by what Python does at each step, so `fit`
hands over a block of steps, and one `tf.function` gathers each batch and runs `model.train_step` on it, with the faster
operations of `tf_models.training.fast`. `PlainLoop` is Keras' own function, a step a call, on the same batches.
`DividedLoop` makes the compiled loop's steps on several devices and machines.
"""

import abc
import contextlib
import functools
import struct
import time
from collections.abc import Callable, Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from tf_data.errors import TrainingError
from tf_data.pipeline import Batches, untuned
from tf_models.replicas import Rows, holding
from tf_models.training import draws, state
from tf_models.training.adding import add_up, batch_metrics
from tf_models.training.fast import accelerated
from tf_models.training.group import Group
from tf_models.training.slices import added_up

BLOCK_SECONDS = 0.25  # how long a block should take: so often are progress shown and signals heard
ENDLESS = 10**6  # epochs that a data set reads ahead into, more than anybody asks for


@contextlib.contextmanager
def training_loop(
    model: keras.Model,
    batches: Batches,
    plain: bool = False,
    group: Group | None = None,
    twin: Callable[[], keras.Model] | None = None,
) -> Iterator["Loop"]:
    """The loop that trains `model`; afterwards the model is as Keras makes it, but for what it learned.

    Args:
        model: A compiled model; its optimizer's variables are built here.
        batches: Batches of the training split.
        plain: Take Keras' own steps, one in each call, with nothing replaced. Losses differ by rounding only.
        group: The devices and machines that share each batch; `batches` are then this machine's rows.
        twin: For a group: makes another compiled model like `model`.
    """
    if model.optimizer is not None and not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    if keras.backend.backend() != "tensorflow":
        from tf_models.training.backends import BackendLoop

        yield BackendLoop(model, batches)
    elif plain:
        with added_up(model):
            yield PlainLoop(model, batches)
    elif group is not None and group.strategy is not None:
        with draws.divided():
            yield DividedLoop(model, batches, group, twin)
    else:
        with accelerated(model), added_up(model):
            yield CompiledLoop(model, batches)


class Loop(abc.ABC):
    """Makes steps and knows how far it came.

    Attributes:
        epoch, step: Position after the last call: `step` batches of `epoch` are done.
        block: Number of steps that `fit` asks for at once.
        records_first_steps: Whether `run` can make steps outside of `fit`.
    """

    block = 1
    records_first_steps = True

    def __init__(self, model: keras.Model, batches: Batches):
        self.model, self.batches = model, batches
        self.epoch = self.step = 0
        self._stream = None

    @abc.abstractmethod
    def run(self, epoch: int, start: int, stop: int) -> dict:
        """Make the steps `start` to `stop` (exclusive) of an epoch.

        Returns:
            The metrics after the last one, by name.

        Raises:
            TrainingError: The metrics are not all finite; it names the first step after which they are not.
        """

    @abc.abstractmethod
    def _data(self) -> tf.data.Dataset:
        """What `fit` iterates over, without end, from the present position on."""

    @abc.abstractmethod
    def _train_function(self, iterator) -> dict:
        """What `fit` calls for each `block` of steps, those before the position at which it began included."""

    @abc.abstractmethod
    def calibrate(self) -> None:
        """Choose `block`; this may train some steps, which the caller undoes.

        The choice changes no result: blocks are the same steps in the same order.
        """

    def start(self, epoch: int, step: int) -> None:
        """Go on at the batch (epoch, step), from what the model holds now."""
        self.epoch, self.step = epoch, step
        self._stream = None

    def settle(self) -> None:  # noqa: B027 - most train the model itself
        """Bring the model to where the training stands, before somebody looks at its weights within an epoch."""

    def fit(
        self,
        epochs: int,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        validation: tf.data.Dataset | None = None,
        verbose: int = 0,
    ) -> None:
        """Train by Keras' `fit` from the present position to the end of the last of `epochs` epochs.

        Raises:
            TrainingError: The metrics are not finite any more.
        """
        if self.epoch >= epochs:
            return
        model = self.model
        model.steps_per_execution = self.block
        model.train_function = self._train_function
        try:
            model.fit(
                self._data(),
                initial_epoch=self.epoch,
                epochs=epochs,
                steps_per_epoch=self.batches.steps,
                shuffle=False,  # what it iterates over comes in its order; the samples are shuffled within
                validation_data=validation,
                callbacks=[_MetricsSoFar(model, self.step > 0), *callbacks],
                verbose=verbose,
            )
        finally:
            model.steps_per_execution = 1
            model.train_function = model.test_function = None
        self.epoch, self.step = self._next()

    def _next(self) -> tuple[int, int]:
        """The position of the next step."""
        return (self.epoch + 1, 0) if self.step == self.batches.steps else (self.epoch, self.step)

    def _moved(self, epoch: int, step: int, finite: bool) -> None:
        self.epoch, self.step = epoch, step
        if not finite:
            raise TrainingError(f"the loss is not finite at epoch {epoch + 1}, step {step} of {self.batches.steps}")


class _MetricsSoFar(keras.callbacks.Callback):
    """Keeps metrics over the beginning of the first epoch, where `fit` resets them, when it is one that goes on midway."""

    def __init__(self, model: keras.Model, midway: bool):
        super().__init__()
        self._values = [(value, state.copied(value)) for value in model.metrics_variables] if midway else []

    def on_epoch_begin(self, epoch, logs=None):
        for variable, value in self._values:
            variable.assign(value)
        self._values = []


class CompiledLoop(Loop):
    """Blocks of steps, each block one call of one compiled function."""

    def __init__(self, model: keras.Model, batches: Batches):
        super().__init__(model, batches)
        jit = model.jit_compile
        train_step = tf.function(model.train_step, jit_compile=jit, reduce_retracing=True, autograph=False)
        # Tracing creates the metrics' variables, which a checkpoint sets before the first step.
        self._logs = sorted(train_step.get_concrete_function(batches.element_spec).structured_outputs)
        self._train_step = train_step
        self._run = tf.function(self._steps, autograph=False)

    def calibrate(self) -> None:
        """Choose `block` from the time of some steps, the epoch's first ones; compiles everything."""
        last = self.batches.steps
        self.start(0, 0)
        self._timed(0, 1)
        seconds = self._timed(0, 1)
        if seconds < BLOCK_SECONDS / 10:
            count = min(last, 20)
            seconds = self._timed(0, count) / count
        blocks = max(1, round(last * seconds / BLOCK_SECONDS))
        self.block = -(-last // blocks)

    def _timed(self, start: int, stop: int) -> float:
        begin = time.perf_counter()
        np.asarray(self._call(0, start, stop)[0])
        return time.perf_counter() - begin

    def run(self, epoch: int, start: int, stop: int) -> dict:
        done, values, finite = self._call(epoch, start, stop)
        self._moved(epoch, int(done), bool(finite))
        return dict(zip(self._logs, values, strict=True))

    def _data(self) -> tf.data.Dataset:
        """`(epoch, start, stop)` int64, all epochs with equally many blocks.

        Blocks before the present position come out empty, so that a resumed epoch counts like a whole one.
        """
        epoch, step = self.epoch, self.step
        steps, block = self.batches.steps, self.block
        per_epoch = -(-steps // block)

        @tf.autograph.experimental.do_not_convert
        def describe(number):
            this = number // per_epoch
            start = number % per_epoch * block
            stop = tf.minimum(start + block, steps)
            done = tf.where(this == epoch, tf.constant(step, tf.int64), tf.constant(0, tf.int64))
            return tf.stack([this, tf.clip_by_value(done, start, stop), stop])

        return untuned(tf.data.Dataset.counter(epoch * per_epoch).map(describe))

    def _train_function(self, iterator) -> dict:
        epoch, start, stop = next(iterator).numpy().tolist()
        return self.model.get_metrics_result() if start == stop else self.run(epoch, start, stop)

    def _call(self, epoch: int, start: int, stop: int) -> tuple:
        """The step that it came to, the metrics by `_logs`, and whether they are finite."""
        return self._run(*self._position(epoch, start, stop), *self._streamed(epoch, start))

    def _position(self, *numbers: int) -> list[tf.Tensor]:
        return [tf.constant(number, tf.int64) for number in numbers]

    def _streamed(self, epoch: int, start: int) -> tuple:
        """The iterator over batches that no compiled function can gather itself, from the position on; empty for others."""
        if not self.batches.in_memory and self._stream is None:
            self._stream = iter(self.batches.dataset(epoch, start, ENDLESS))
        return () if self._stream is None else (self._stream,)

    def _steps(self, epoch, start, stop, stream=None):
        def body(step, values, finite):
            batch = self.batches.at(epoch, step) if stream is None else stream.get_next()
            logs = self._train_step(batch)
            values = [tf.cast(logs[name], tf.float32) for name in self._logs]
            return step + 1, values, tf.reduce_all(tf.math.is_finite(tf.stack(values)))

        return tf.while_loop(
            lambda step, values, finite: tf.logical_and(finite, step < stop),
            body,
            (start, [tf.zeros(()) for _ in self._logs], tf.constant(True)),
        )


class DividedLoop(CompiledLoop):
    """The compiled loop on several replicas, each with its rows of every batch.

    The strategy's variables are those of a twin; `model` is brought to where they stand at the end of an epoch and by
    `settle`. So validation, checkpoints and drawings, and Keras' `fit` itself, see a model of one device. A replica's
    gradients are weighed by its rows and added up before the optimizer clips or changes anything; the metrics' sums of
    each step likewise, so that all is what one device computes, but for rounding.
    """

    def __init__(self, model: keras.Model, batches: Batches, group: Group, twin: Callable[[], keras.Model]):
        Loop.__init__(self, model, batches)
        self._group, self._strategy = group, group.strategy
        spec = batches.element_spec
        model._symbolic_build(data_batch=spec)  # creates the metrics' variables
        with self._strategy.scope():
            self._twin = twin()
            for optimizer in state.optimizers(self._twin):
                add_up(optimizer)
            if not self._twin.optimizer.built:
                self._twin.optimizer.build(self._twin.trainable_variables)
            self._twin._symbolic_build(data_batch=spec)
        ours, theirs = state.variables(model), state.variables(self._twin)
        if ours.keys() != theirs.keys():
            raise AssertionError(f"the twin has other variables: {sorted(ours.keys() ^ theirs.keys())[:3]}")
        self._pairs = [(ours[name], theirs[name]) for name in ours if not name.startswith("metrics/")]
        by_batch = {id(v) for metric in batch_metrics(self._twin) for v in metric.variables}
        self._by_batch = [id(variable) in by_batch for variable in self._twin.metrics_variables]
        self._settled = True
        self._run = tf.function(self._one_step, autograph=False, reduce_retracing=True)

    def start(self, epoch: int, step: int) -> None:
        super().start(epoch, step)
        for ours, theirs in self._pairs:
            theirs.assign(ours.value)
        self._settled = True

    def settle(self) -> None:
        if not self._settled:
            for ours, theirs in self._pairs:
                ours.assign(theirs.value)
            self._settled = True

    def _timed(self, start: int, stop: int) -> float:
        """The chief's seconds on all workers: one that went by its own might make steps that the others do not."""
        mine = super()._timed(start, stop)
        return struct.unpack("d", self._group.chiefs(struct.pack("d", mine)))[0]

    def run(self, epoch: int, start: int, stop: int) -> dict:
        done, sums, finite = self._call(epoch, start, stop)
        for variable, value in zip(self.model.metrics_variables, sums, strict=True):
            variable.assign(value)
        if done == self.batches.steps or not finite:
            self.settle()
        self._moved(epoch, done, finite)
        return self.model.get_metrics_result()

    def _call(self, epoch: int, start: int, stop: int) -> tuple:
        """As in the compiled loop, but a call for each step.

        TensorFlow takes turns of one loop for one operation, which could not add up parts of another size each time.
        """
        self._settled = False
        sums = [variable.value for variable in self.model.metrics_variables]
        stream, finite = self._streamed(epoch, start), True
        while finite and start < stop:
            sums, finite = self._run(*self._position(epoch, start), sums, *stream)
            start, finite = start + 1, bool(finite)
        return start, sums, finite

    def _one_step(self, epoch, step, sums, stream=None) -> tuple:
        order = self.batches.order
        batch = self.batches.at(epoch, step) if stream is None else stream.get_next()
        whole = tf.minimum(tf.constant(order.batch_size, tf.int64), order.samples - step * order.batch_size)
        each = self._strategy.run(self._replica_step, args=(batch, tf.cast(whole, tf.int32)))
        sums = [value + self._strategy.reduce("SUM", more, axis=None) for value, more in zip(sums, each, strict=True)]
        return sums, tf.reduce_all([tf.reduce_all(tf.math.is_finite(value)) for value in sums])

    def _replica_step(self, batch, whole) -> list[tf.Tensor]:
        """One replica's training step on its rows of a machine's batch; what it adds to each of the metrics' variables."""
        context, group, twin = tf.distribute.get_replica_context(), self._group, self._twin
        number = tf.get_static_value(context.replica_id_in_sync_group) % group.devices
        held = Rows(
            group.index + group.count * number,
            group.count * group.devices,
            whole,
            functools.partial(context.all_reduce, tf.distribute.ReduceOp.SUM),
        )
        mine = keras.tree.map_structure(lambda each: held.fill(each[number :: group.devices]), batch)
        variables = twin.metrics_variables
        with holding(held):
            for variable in variables:
                variable.assign(tf.zeros_like(variable.value))
            twin.train_step(mine)
        weights = [
            tf.cast(held.fraction if by_batch else held.held > 0, v.dtype)
            for v, by_batch in zip(variables, self._by_batch, strict=True)
        ]
        return [tf.where(weight > 0, weight * v.value, 0) for weight, v in zip(weights, variables, strict=True)]


class PlainLoop(Loop):
    """Keras' own train function, a step a call, on the batches that a data set feeds."""

    def __init__(self, model: keras.Model, batches: Batches):
        super().__init__(model, batches)
        # Creates the metrics' variables, which a checkpoint sets before the first step.
        model._symbolic_build(data_batch=batches.element_spec)
        model.make_train_function(force=True)
        self._step, model.train_function = model.train_function, None
        self._passed = 0  # steps of the first epoch that were made before this loop began

    def calibrate(self) -> None:
        """There is no choice: `block` is 1."""

    def run(self, epoch: int, start: int, stop: int) -> dict:
        if (epoch, start) != self._next() or self._stream is None:
            self.start(epoch, start)
            self._stream = iter(self._data())
        logs = {}
        for _ in range(start, stop):
            logs = self._one(self._stream)
        return logs

    def _data(self) -> tf.data.Dataset:
        self._passed = self.step
        return self.batches.dataset(*self._next(), ENDLESS)

    def _train_function(self, iterator) -> dict:
        if self._passed:
            self._passed -= 1
            return self.model.get_metrics_result()
        return self._one(iterator)

    def _one(self, iterator) -> dict:
        logs = self._step(iterator)
        epoch, step = self._next()
        self._moved(epoch, step + 1, all(np.isfinite(value) for value in logs.values()))
        return logs
