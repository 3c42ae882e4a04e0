"""How Keras' `fit` makes its steps: the forms of a `Loop`.

`CompiledLoop` is the fast one: small networks are bound by what Python does at each step, so `fit` hands over a block of
steps, and one `tf.function` gathers each batch and runs `model.train_step` on it, with the faster operations of
`tf_models.training.fast`. `PlainLoop` is Keras' own function, a step a call, on the same batches. `DividedLoop` makes
the compiled loop's steps on several devices and machines.
"""

import contextlib
import functools
import struct
import time
from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf

from tf_data.pipeline import Batches, untuned
from tf_models.replicas import Rows, holding
from tf_models.training import draws, state
from tf_models.training.adding import add_up, batch_metrics
from tf_models.training.biases import whole_sums
from tf_models.training.fast import accelerated
from tf_models.training.group import Group
from tf_models.training.loop import ENDLESS, Loop
from tf_models.training.slices import added_up

BLOCK_SECONDS = 0.25  # how long a block should take: so often are progress shown and signals heard


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
        plain: Take Keras' own steps, one in each call; only sums of gradients that it or TensorFlow gets wrong are put
            right, as everywhere (`slices`, `biases`). Losses differ by rounding only.
        group: The devices and machines that share each batch; `batches` are then this machine's rows.
        twin: For a group: makes another compiled model like `model`.
    """
    if model.optimizer is not None and not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    if keras.backend.backend() != "tensorflow":
        from tf_models.training.backends import BackendLoop

        yield BackendLoop(model, batches)
    elif plain:
        with added_up(model), whole_sums():
            yield PlainLoop(model, batches)
    elif group is not None and group.strategy is not None:
        with draws.divided(), whole_sums():
            yield DividedLoop(model, batches, group, twin)
    else:
        with operations(model):
            yield CompiledLoop(model, batches)


@contextlib.contextmanager
def operations(model: keras.Model) -> Iterator[None]:
    """Within the context, TensorFlow's steps of `model` use the faster operations and the exact sums of the compiled loop."""
    with accelerated(model), added_up(model), whole_sums():
        yield


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
        done, values, finite, by_batch = self._call(epoch, start, stop)
        self._keep(epoch, start, by_batch[: int(done) - start] if self.followed else ())
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
        """The step that it came to, the metrics by `_logs`, whether they are finite, and what is followed."""
        return self._run(*self._position(epoch, start, stop), *self._streamed(epoch, start))

    def _position(self, *numbers: int) -> list[tf.Tensor]:
        return [tf.constant(number, tf.int64) for number in numbers]

    def _streamed(self, epoch: int, start: int) -> tuple:
        """The iterator over batches that no compiled function can gather itself, from the position on; empty for others."""
        if not self.batches.in_memory and self._stream is None:
            self._stream = iter(self.batches.dataset(epoch, start, ENDLESS))
        return () if self._stream is None else (self._stream,)

    def _steps(self, epoch, start, stop, stream=None):
        size = tf.cast(stop - start, tf.int32)
        by_batch = tf.TensorArray(tf.float32, size, element_shape=[len(self.followed)]) if self.followed else ()

        def batch_at(step):
            if stream is not None:  # it is read ahead already, and what has been taken does not come again
                return ()
            # Behind the last one there is none to be gathered; a single row will do.
            return self.batches.at(epoch, tf.minimum(step, stop - 1), tf.where(step < stop, self.batches.batch_size, 1))

        def body(step, batch, values, finite, by_batch):
            # The loop waits for a step to end; by then the next one's batch is there, gathered where a core was idle.
            ahead = batch_at(step + 1)
            batch = batch if stream is None else stream.get_next()
            logs = self._step_alone(batch) if self.followed else self._train_step(batch)
            values = [tf.cast(logs[name], tf.float32) for name in self._logs]
            if self.followed:
                own = [tf.cast(logs[name], tf.float32) for name in self.followed]
                by_batch = by_batch.write(tf.cast(step - start, tf.int32), tf.stack(own))
            return step + 1, ahead, values, tf.reduce_all(tf.math.is_finite(tf.stack(values))), by_batch

        done, _, values, finite, by_batch = tf.while_loop(
            lambda step, batch, values, finite, by_batch: tf.logical_and(finite, step < stop),
            body,
            (start, batch_at(start), [tf.zeros(()) for _ in self._logs], tf.constant(True), by_batch),
        )
        if self.followed:
            logs, by_batch = self.model.get_metrics_result(), by_batch.stack()
            values = [tf.cast(logs[name], tf.float32) for name in self._logs]
        return done, values, finite, by_batch

    def _step_alone(self, batch) -> dict:
        """The metrics of a step's batch alone; their variables are added to those before, as the step would do it."""
        variables = self.model.metrics_variables
        before = [tf.identity(variable.value) for variable in variables]
        self.model.reset_metrics()
        logs = self._train_step(batch)
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value + variable.value)
        return logs


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
        done, sums, finite, by_batch = self._call(epoch, start, stop)
        for row, parts in enumerate(by_batch if self.followed else ()):
            self._assign_metrics(parts)
            logs = self.model.get_metrics_result()
            self._keep(epoch, start + row, [[float(logs[name]) for name in self.followed]])
        self._assign_metrics(sums)
        if done == self.batches.steps or not finite:
            self.settle()
        self._moved(epoch, done, finite)
        return self.model.get_metrics_result()

    def _assign_metrics(self, values) -> None:
        for variable, value in zip(self.model.metrics_variables, values, strict=True):
            variable.assign(value)

    def _call(self, epoch: int, start: int, stop: int) -> tuple:
        """As in the compiled loop, but a call for each step.

        TensorFlow takes turns of one loop for one operation, which could not add up parts of another size each time.
        """
        self._settled = False
        sums = [variable.value for variable in self.model.metrics_variables]
        stream, finite, by_batch = self._streamed(epoch, start), True, []
        while finite and start < stop:
            sums, finite, parts = self._run(*self._position(epoch, start), sums, *stream)
            start, finite = start + 1, bool(finite)
            by_batch.append(parts)
        return start, sums, finite, by_batch

    def _one_step(self, epoch, step, sums, stream=None) -> tuple:
        order = self.batches.order
        batch = self.batches.at(epoch, step) if stream is None else stream.get_next()
        whole = tf.minimum(tf.constant(order.batch_size, tf.int64), order.samples - step * order.batch_size)
        each = self._strategy.run(self._replica_step, args=(batch, tf.cast(whole, tf.int32)))
        parts = [self._strategy.reduce("SUM", part, axis=None) for part in each]
        sums = [value + part for value, part in zip(sums, parts, strict=True)]
        finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(value)) for value in sums])
        return sums, finite, parts if self.followed else []

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
        logs = self._alone(lambda: self._step(iterator))
        epoch, step = self._next()
        self._moved(epoch, step + 1, all(np.isfinite(value) for value in logs.values()))
        return logs
