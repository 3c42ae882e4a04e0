"""The devices and processes that train one model together on JAX, by `keras.distribution`.

A step is written for the whole batch, and JAX divides its work by the rows that each device holds. So draws, sums and
batch norms are those of the whole batch, and nothing has to be made the same by hand, as on TensorFlow.
"""

import keras
import numpy as np

from tf_data.errors import InputError
from tf_models.training.group import Group, place
from tf_models.training.options import Options


class JaxGroup(Group):
    """Who trains together on JAX; every process reads whole batches."""

    @property
    def shard(self):
        return 0, 1

    def leave(self):
        keras.distribution.set_distribution(None)  # what Keras makes while it saves would wait for the others

    def some(self, flag):
        from jax.experimental import multihost_utils

        return flag if self.count == 1 else bool(multihost_utils.process_allgather(np.array([flag])).any())

    def chiefs(self, value):
        from jax.experimental import multihost_utils

        if self.count == 1:
            return value
        length = int(multihost_utils.broadcast_one_to_all(np.array(len(value), np.int32)))
        mine = np.frombuffer(value, np.uint8) if self.chief else np.zeros(length, np.uint8)
        return np.asarray(multihost_utils.broadcast_one_to_all(mine)).tobytes()


class WholeBatches(keras.distribution.DataParallel):
    """Data parallelism for processes that each read the whole batch, of which their devices take rows in `divided`.

    Keras' own wants each process to read other rows, equally many for each device, which the last batch need not have.
    """

    def get_data_layout(self, data_shape):
        return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)

    def divided(self, batch):
        """A batch that all devices hold whole, as one of which each holds equally many rows; where it has those."""
        import jax

        mesh = self.device_mesh.backend_mesh

        def layout(part):
            axes = () if len(part) % mesh.size else (self.batch_dim_name,)
            return jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(*axes))

        return jax.device_put(batch, jax.tree.map(layout, batch))

    @staticmethod
    def placed(variable: keras.Variable, value: np.ndarray):
        """A value as the variable's devices hold it, of which this process fills its own."""
        import jax

        value = np.asarray(value, variable.value.dtype)
        return jax.make_array_from_callback(value.shape, variable.value.sharding, lambda index: value[index])


def open_group(options: Options) -> Group:
    """Find the devices and processes that the options name; at the program's start, before JAX does anything else.

    Raises:
        InputError: `TF_CONFIG` is missing or is none for this, or JAX has begun with other devices.
    """
    if options.strategy == "none":
        return Group()
    index, count = 0, 1
    if options.strategy == "multi-worker":
        index, workers = place()
        count = len(workers)
        keras.distribution.initialize(workers[0], count, index)
    elif options.logical_devices:
        _split_processor(options.logical_devices)
    devices = keras.distribution.list_devices("cpu" if options.logical_devices else None)
    keras.distribution.set_distribution(WholeBatches(devices=devices, auto_shard_dataset=False))
    return JaxGroup(index=index, count=count, devices=len(devices) // count)


def _split_processor(count: int) -> None:
    import jax

    try:
        jax.config.update("jax_num_cpu_devices", count)
    except RuntimeError:
        if jax.device_count("cpu") != count:
            raise InputError(
                f"--logical-devices {count}: JAX has begun with other devices; start a new process"
            ) from None
