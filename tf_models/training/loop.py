"""Many training steps in one compiled call, as the `train_function` of Keras' own `fit`.

Small networks are bound by what Python does at each step. Here `fit` hands over a block of steps, and one
`tf.function` gathers each batch and runs `model.train_step` on it.
"""

import time

import keras
import numpy as np
import tensorflow as tf

from tf_data.errors import TrainingError
from tf_data.pipeline import Batches, untuned
from tf_models.training import convolutions, norms, state, updates

BLOCK_SECONDS = 0.25  # how long a block should take: so often are progress shown and signals heard


class StepLoop:
    """Runs blocks of steps and knows how far it came.

    Args:
        model: compiled; its optimizers' variables are built here.
        batches: of the training split.
        jit: whether XLA compiles the step.

    Attributes:
        epoch, step: position after the last block: `step` batches of `epoch` are done.
        block: steps in a block, chosen by `calibrate`.
    """

    def __init__(self, model: keras.Model, batches: Batches, jit: bool):
        self.model, self.batches = model, batches
        self.epoch = self.step = 0
        self.block = 1
        self._stream = None
        if model.optimizer is not None and not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        convolutions.as_products(model)
        if not jit:
            norms.fuse(model)
            for optimizer in state.optimizers(model):
                updates.fuse(optimizer)
        spec = batches.dataset().element_spec
        train_step = tf.function(model.train_step, jit_compile=jit, reduce_retracing=True, autograph=False)
        # Tracing creates the metrics' variables, which a checkpoint sets before the first step.
        self._logs = sorted(train_step.get_concrete_function(spec).structured_outputs)
        self._train_step = train_step
        self._run = tf.function(self._steps, autograph=False)

    def calibrate(self) -> None:
        """Choose `block` from the time of a few steps, whose effects are undone; compiles everything.

        The choice changes no result: blocks are the same steps in the same order.
        """
        saved = state.capture(self.model)
        self.start(0, 0)
        last = self.batches.steps
        self._timed(0, 1)
        seconds = self._timed(0, 1)
        if seconds < BLOCK_SECONDS / 10:
            count = min(last, 20)
            seconds = self._timed(0, count) / count
        state.restore(self.model, saved)
        blocks = max(1, round(last * seconds / BLOCK_SECONDS))
        self.block = -(-last // blocks)

    def start(self, epoch: int, step: int) -> None:
        """Go on at the batch (epoch, step)."""
        self.epoch, self.step = epoch, step
        self._stream = None

    def blocks(self, epoch: int, step: int) -> tf.data.Dataset:
        """What `fit` iterates over: `(epoch, start, stop)` int64, without end, all epochs with equally many blocks.

        Blocks before (epoch, step) come out empty, so that a resumed epoch counts like a whole one.
        """
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

    def train_function(self, iterator) -> dict:
        """Run the next block. Raises `TrainingError` at the first step whose logs are not finite."""
        epoch, start, stop = next(iterator).numpy().tolist()
        if start == stop:
            return self.model.get_metrics_result()
        done, values, finite = self._call(epoch, start, stop)
        self.epoch, self.step = epoch, int(done)
        if not finite:
            raise TrainingError(
                f"the loss is not finite at epoch {epoch + 1}, step {self.step} of {self.batches.steps}"
            )
        return dict(zip(self._logs, values, strict=True))

    def _call(self, epoch: int, start: int, stop: int):
        if not self.batches.in_memory and self._stream is None:
            # Reads ahead to the end of the last epoch that anybody could ask for.
            self._stream = iter(self.batches.dataset(epoch, start, epochs=10**6))
        stream = () if self._stream is None else (self._stream,)
        return self._run(*(tf.constant(value, tf.int64) for value in (epoch, start, stop)), *stream)

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

    def _timed(self, start: int, stop: int) -> float:
        begin = time.perf_counter()
        np.asarray(self._call(0, start, stop)[0])
        return time.perf_counter() - begin
