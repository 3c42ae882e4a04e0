"""What happens between blocks of steps: checkpoints, history, signals."""

import json
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np

from tf_data.errors import Interrupted, TrainingError
from tf_models.training import state
from tf_models.training.by_batch import BatchHistory
from tf_models.training.group import Group
from tf_models.training.loop import Loop
from tf_models.training.options import CHECKPOINT_SECONDS
from tf_models.training.run_directory import RunDirectory
from tf_models.training.state import Progress

SAMPLES = 16  # images that TensorBoard gets after each epoch
FIRST_STEPS = 20  # steps whose metrics are recorded, so that a result can be tried again in seconds
SAVING_FRACTION = 0.01  # of the training time that checkpoints may take


class Signals:
    """Within the context, the first Ctrl-C or SIGTERM only sets `received`; a second one ends the program at once."""

    def __init__(self):
        self.received = False
        self._before = {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number, frame):
        if self.received:
            raise KeyboardInterrupt
        self.received = True


class LearningRate(keras.callbacks.Callback):
    """Adds `learning_rate`, the rate of the epoch's last step, to its logs.

    Args:
        schedule: Maps step numbers to rates.
        steps: Steps in an epoch.
    """

    def __init__(self, schedule: keras.optimizers.schedules.LearningRateSchedule, steps: int):
        super().__init__()
        self.schedule, self.steps = schedule, steps

    def on_epoch_end(self, epoch, logs=None):
        logs["learning_rate"] = float(self.schedule((epoch + 1) * self.steps - 1))


def write_graph(model: keras.Model, folder: Path) -> None:
    """Write the operations of a model for TensorBoard; of a model without inputs of its own, those of its parts."""
    import tensorflow as tf

    functional = [
        part for part in (model, *model.layers) if isinstance(part, keras.Model) and getattr(part, "inputs", None)
    ]
    parts = functional[:1] if functional[:1] == [model] else functional

    def apply(*inputs):
        return [part(one) for part, one in zip(parts, inputs, strict=True)]

    def spec(tensor):
        return tf.TensorSpec(tensor.shape, tensor.dtype, tensor.name)

    # As the model takes them: one, a list or a dictionary.
    specs = [tf.nest.map_structure(spec, part._inputs_struct) for part in parts]
    graph = tf.function(apply, autograph=False).get_concrete_function(*specs).graph
    with tf.summary.create_file_writer(str(folder)).as_default():
        tf.summary.graph(graph)


class Samples(keras.callbacks.Callback):
    """Writes images that a model draws to TensorBoard after each epoch, always from the same noise.

    Args:
        draw: Returns this many images, float32 `(count, height, width, channels)`, 0..1.
        folder: Where the event files go.
        count: Number of images.
    """

    def __init__(self, draw: Callable[[int], np.ndarray], folder: Path, count: int = SAMPLES):
        super().__init__()
        self.draw, self.folder, self.count = draw, folder, count

    def on_epoch_end(self, epoch, logs=None):
        import tensorflow as tf

        with tf.summary.create_file_writer(str(self.folder)).as_default():
            tf.summary.image("samples", self.draw(self.count), epoch, max_outputs=self.count)


class Checkpoints(keras.callbacks.Callback):
    """Saves the state at intervals, so that a run can be killed at any moment.

    Args:
        run: Directory that gets checkpoints, `history.csv` and, where the loop follows single batches, `batches.csv`.
        loop: The training loop, which knows the position.
        signals: Received signals; any stops training at the next block.
        group: The workers that train together: the chief saves, and what one is told to do all do.
        interval: Seconds between two saves. It grows where saving would take more than `SAVING_FRACTION` of the time.

    Attributes:
        progress: Position of the run.
    """

    def __init__(
        self,
        run: RunDirectory,
        loop: Loop,
        signals: Signals,
        interval: float = CHECKPOINT_SECONDS,
        group: Group = Group(),
    ):
        super().__init__()
        self.group = group
        self.run, self.loop, self.signals, self.interval = run, loop, signals, interval
        self.progress = Progress()
        self._batches = BatchHistory(loop.followed)
        self.saves, self.saving_seconds = 0, 0.0
        self._trained: list[tuple[keras.Variable, np.ndarray]] = []
        self._wait = interval
        self._next = 0.0
        self._clock = 0.0

    def begin(self) -> None:
        """Bring model and loop to where the run stands, which for a new run is behind its first steps.

        Raises:
            InputError: All checkpoints are damaged, or the last good one is that of another model; or `batches.csv` is damaged.
            TrainingError: A weight is not finite before training begins, or a metric after one of the first steps.
            Interrupted: A signal came after one of the first steps.
        """
        new = self.group.some(self.group.chief and not self.run.checkpoints)
        if new:
            self.save()
        self.loop.calibrate()
        # Undoes the steps that were timed; a copy of the state in memory would be the peak of all training.
        self.progress = self._agreed(self._last_good() if self.group.chief else Progress())
        self.loop.start(self.progress.epoch, self.progress.step)
        if self.group.chief and self.loop.followed:
            self._batches.read(self.run.path, self.progress.epoch, self.progress.step)
        if new and self.loop.records_first_steps:
            self._first_steps()

    def _first_steps(self) -> None:
        """Make the first steps one by one, and record the metrics after each."""
        metrics: dict[str, list[float]] = {}
        self.on_train_begin()
        begin = time.perf_counter()
        try:
            for step in range(min(FIRST_STEPS, self.loop.batches.steps)):
                for name, value in self.loop.run(0, step, step + 1).items():
                    metrics.setdefault(name, []).append(float(value))
                self.on_train_batch_end(step)
        finally:
            self.run.update(first_steps=metrics)
        self.loop.seconds_before_fit = time.perf_counter() - begin

    def _last_good(self) -> Progress:
        """Restore the last checkpoint; one that is damaged is set aside for the one before it."""
        while True:
            last = self.run.checkpoints[-1]
            try:
                return state.restore_file(self.loop.model, last, self.loop.batches.steps)
            except state.Damaged as error:
                self.run.set_aside(last, str(error))

    def _agreed(self, progress: Progress) -> Progress:
        """The chief's position; every worker's model then holds what the chief's does."""
        if self.group.count == 1:
            return progress
        variables = list(state.variables(self.loop.model).values())
        values = [state.copied(variable) for variable in variables]
        data = self.group.chiefs(b"".join(value.tobytes() for value in values))
        for variable, value in zip(variables, values, strict=True):
            state.assign(variable, np.frombuffer(data[: value.nbytes], value.dtype).reshape(value.shape))
            data = data[value.nbytes :]
        return Progress(**json.loads(self.group.chiefs(json.dumps(asdict(progress)).encode())))

    def on_train_begin(self, logs=None):
        self._clock = time.perf_counter()
        self._next = self._clock + self._wait

    def on_train_batch_end(self, batch, logs=None):
        self._move(self.loop.epoch, self.loop.step)
        self._batches.add(self.loop.taken())
        if self.group.some(self.signals.received):
            self.save()
            raise Interrupted("interrupted")
        if time.perf_counter() >= self._next:
            self.save()

    def on_test_begin(self, logs=None):
        self._trained = [(variable, state.copied(variable)) for variable in state.evaluated(self.model)]

    def on_test_batch_end(self, batch, logs=None):
        if self.group.some(self.signals.received):
            # As after the epoch's last step: a resumed run validates anew.
            for variable, value in self._trained:
                state.assign(variable, value)
            self.save()
            raise Interrupted("interrupted")

    def on_epoch_end(self, epoch, logs=None):
        self.progress.history.append({name: float(value) for name, value in (logs or {}).items()})
        self._move(epoch + 1, 0)
        if time.perf_counter() >= self._next:
            self.save()
        self.run.write_history(self.progress.history)

    def on_train_end(self, logs=None):
        self.save()

    def save(self) -> None:
        """Have the chief write a checkpoint of the present state. Raises `TrainingError` when a weight is not finite."""
        if not self.group.chief:
            return
        begin = time.perf_counter()
        path = self.run.checkpoint_file(self.progress.epoch, self.progress.step)
        self.loop.settle()
        if self._batches.names:
            self._batches.write(self.run.path)  # before the checkpoint: rows that it does not know of are made again
        try:
            state.save(path, self.loop.model, self.progress)
        except TrainingError as error:
            raise TrainingError(
                f"{error} at epoch {self.progress.epoch + 1}, step {self.progress.step} of {self.loop.batches.steps}"
            ) from None
        self.run.prune_checkpoints()
        took = time.perf_counter() - begin
        self.saves += 1
        self.saving_seconds += took
        self._wait = max(self.interval, took / SAVING_FRACTION)
        self._next = time.perf_counter() + self._wait

    def _move(self, epoch: int, step: int) -> None:
        now = time.perf_counter()
        self.progress.seconds += now - self._clock
        self._clock = now
        self.progress.epoch, self.progress.step = epoch, step
