"""The devices and machines that train one model together, by TensorFlow's own strategies."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from tf_data.errors import InputError
from tf_models.training.options import Options


@dataclass(frozen=True)
class Group:
    """Who trains together.

    Attributes:
        strategy: The `tf.distribute.Strategy`; None where one device trains alone.
        index: Number of this machine, or process; number 0 is the chief, which alone writes.
        count: Number of machines.
        devices: Number of devices that this machine trains on, as each of the others does.
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

    def agreed(self, value):
        """The chief's value, a NumPy array or scalar, on all machines, which must all ask. Others give one alike."""
        return value if self.count == 1 else self._sum(value if self.chief else np.zeros_like(value))

    def some(self, flag: bool) -> bool:
        """Whether the flag is set on one of the machines, which must all ask."""
        return flag if self.count == 1 else bool(self._sum(np.int64(flag)))

    def _sum(self, value) -> np.ndarray:
        zeros = np.zeros_like(value)

        @tf.function(autograph=False)
        def add(mine):
            context = tf.distribute.get_replica_context()
            local = tf.get_static_value(context.replica_id_in_sync_group) % self.devices
            return context.all_reduce(tf.distribute.ReduceOp.SUM, mine if local == 0 else tf.zeros_like(mine))

        total = self.strategy.run(add, args=(tf.constant(value),))
        return self.strategy.experimental_local_results(total)[0].numpy().astype(zeros.dtype)


def open_group(options: Options) -> Group:
    """Find the devices and machines that the options name; at the program's start, before TensorFlow does anything else.

    Raises:
        InputError: `TF_CONFIG` is missing or names no machines, or there are fewer devices than asked for.
    """
    if options.logical_devices:
        split_processor(options.logical_devices)
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    devices = [f"{kind}:{number}" for number in range(len(tf.config.list_logical_devices(kind)))]
    if options.strategy == "mirrored":
        return Group(tf.distribute.MirroredStrategy(devices), devices=len(devices))
    return Group()


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
