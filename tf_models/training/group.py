"""The devices and machines that train one model together, by TensorFlow's own strategies; on JAX see `jax_group`."""

import functools
import json
import os
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from tf_data.errors import InputError
from tf_models.configs.limits import check_backend, check_divisible
from tf_models.configs.recipe import Recipe
from tf_models.tasks.base import Task
from tf_models.training.options import Options

EXAMPLE = '{"cluster": {"worker": ["host0:12345", "host1:12345"]}, "task": {"type": "worker", "index": 0}}'


@dataclass(frozen=True)
class Group:
    """Who trains together.

    Attributes:
        strategy: The `tf.distribute.Strategy`; None where one device trains alone.
        index: Number of this worker; worker 0 is the chief, which alone writes.
        count: Number of workers, each a process.
        devices: Number of devices that this worker trains on, as each of the others does.
    """

    strategy: tf.distribute.Strategy | None = None
    index: int = 0
    count: int = 1
    devices: int = 1

    @property
    def chief(self) -> bool:
        return self.index == 0

    @property
    def replicas(self) -> int:
        return self.count * self.devices

    @property
    def shard(self) -> tuple[int, int]:
        """The rows of each batch that this worker reads, as `tf_data.pipeline.Batches` takes them."""
        return self.index, self.count

    def leave(self) -> None:
        """From here on this process computes alone."""

    def some(self, flag: bool) -> bool:
        """Whether the flag is set on one of the workers, which must all ask; nobody goes on before."""
        return flag if self.count == 1 else bool(self._sum(np.array([flag], np.int64)).any())

    def chiefs(self, value: bytes) -> bytes:
        """The chief's value on all workers, which must all ask; bit for bit."""
        if self.count == 1:
            return value
        length = int(self._sum(np.array([len(value) if self.chief else 0], np.int64))[0])
        words = np.zeros(-(-length // 8), np.int64)
        if self.chief:
            words.view(np.uint8)[:length] = np.frombuffer(value, np.uint8)
        return self._sum(words).tobytes()[:length]

    def _sum(self, values: np.ndarray) -> np.ndarray:
        return _sum(self.strategy, self.devices)(tf.constant(values)).numpy()


@functools.cache
def _sum(strategy: tf.distribute.Strategy, devices: int) -> tf.types.experimental.GenericFunction:
    """A function from int64 `(n,)` to its sum over the workers."""

    def mine(values):
        number = tf.get_static_value(tf.distribute.get_replica_context().replica_id_in_sync_group) % devices
        return values if number == 0 else tf.zeros_like(values)

    return tf.function(
        lambda values: strategy.reduce("SUM", strategy.run(mine, args=(values,)), axis=None),
        input_signature=[tf.TensorSpec([None], tf.int64)],
        autograph=False,
    )


def check(recipe: Recipe, options: Options) -> None:
    """Raise `InputError` for what cannot be done on several devices; nothing has been loaded or written then."""
    check_backend(recipe, options.backend)
    if options.backend != "tensorflow":
        alone = {
            "--tensorboard": options.tensorboard,
            "--plain": options.plain,
            "--deterministic": options.deterministic,
        }
        if flag := next((flag for flag, given in alone.items() if given), None):
            raise InputError(f"{flag} needs TensorFlow; leave it or --backend {options.backend} away")
        if options.backend == "jax" and options.precision == "float64":
            raise InputError("JAX computes in 32 bits; leave --precision float64 or --backend jax away")
        if options.backend == "torch" and options.strategy != "none":
            raise InputError(
                f"Keras {keras.__version__} divides no batches on PyTorch; leave --strategy or --backend torch away"
            )
    if options.strategy == "none":
        if options.logical_devices:
            raise InputError("--logical-devices goes with --strategy mirrored")
        return
    check_divisible(recipe)
    if options.logical_devices and options.strategy != "mirrored":
        raise InputError("--logical-devices goes with --strategy mirrored; a worker's processor is one device")
    if options.logical_devices is not None and options.logical_devices < 1:
        raise InputError(f"--logical-devices must be at least 1, not {options.logical_devices}")
    if options.backend != "tensorflow":
        return
    with_one = {"--plain": options.plain, "--jit on": options.jit == "on"}
    # A layer is known by its variables' names, which differ from device to device; one thread lets no other device run.
    with_one |= {"--rate": bool(recipe.rates), "--deterministic": options.deterministic}
    if flag := next((flag for flag, given in with_one.items() if given), None):
        raise InputError(f"{flag} is for one device; leave it or --strategy away")


def check_norms(task: Task, recipe: Recipe, options: Options, group: Group) -> None:
    """Raise `InputError` where synchronised norms would see a device without a row, as in a last batch of few."""
    short = len(task.data.train) % recipe.batch_size or recipe.batch_size
    if options.sync_batch_norm and options.backend == "tensorflow" and short < group.replicas:
        raise InputError(
            f"--sync-batch-norm: the last batch has {short} rows for {group.replicas} devices; "
            "choose another --batch-size or --limit"
        )


def open_group(options: Options) -> Group:
    """Find the devices and workers that the options name; at the program's start, before TensorFlow does anything else.

    Raises:
        InputError: `TF_CONFIG` is missing or is none for this, or TensorFlow has begun with other devices.
    """
    if options.strategy == "multi-worker":
        index, workers = place()
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
        return Group(strategy, index, len(workers), strategy.num_replicas_in_sync // len(workers))
    if options.strategy == "mirrored":
        if options.logical_devices:
            split_processor(options.logical_devices)
        strategy = _mirrored()
        return Group(strategy, devices=strategy.num_replicas_in_sync)
    return Group()


@functools.cache
def _mirrored() -> tf.distribute.MirroredStrategy:
    # One a process: the operations of a second one would be taken for those of the first.
    kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
    return tf.distribute.MirroredStrategy([f"{kind}:{n}" for n in range(len(tf.config.list_logical_devices(kind)))])


def split_processor(count: int) -> None:
    """Let TensorFlow take the processor for so many devices. Raises `InputError` where it is too late for that."""
    processor = tf.config.list_physical_devices("CPU")[0]
    try:
        tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * count)
    except RuntimeError:
        if len(tf.config.list_logical_devices("CPU")) != count:
            raise InputError(
                f"--logical-devices {count}: TensorFlow has begun with other devices; start a new process"
            ) from None


def place() -> tuple[int, list[str]]:
    """This worker's number and the workers' addresses, from `TF_CONFIG`.

    Raises:
        InputError: It is missing, is no JSON, or describes no cluster of workers alone with this process among them.
    """
    text = os.environ.get("TF_CONFIG")
    if not text:
        raise InputError(
            f"--strategy multi-worker needs TF_CONFIG, for instance {EXAMPLE}; on one machine: "
            "python -m tf_models.launch --workers N -- RECIPE"
        )
    try:
        config = json.loads(text)
        workers, task = config["cluster"]["worker"], config["task"]
        index = task["index"]
        if set(config["cluster"]) != {"worker"} or task["type"] != "worker" or not 0 <= index < len(workers):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise InputError(f"TF_CONFIG is {text}; it must name workers alone, and one of them, as {EXAMPLE}") from None
    return index, workers
