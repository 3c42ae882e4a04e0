"""Choices that depend on the device: XLA and number formats."""

import contextlib
from collections.abc import Iterator

import keras

from tf_data.errors import InputError
from tf_models.layers import recurrent

FEW_ROWS = 16  # of a batch, up to which XLA makes recurrent steps faster than several operations do
# Not bfloat16 alone: Adam's 0.999 is 1 in it, so that nothing would ever be learned, and nobody would notice.
PRECISIONS = ("float32", "float64", "mixed_float16", "mixed_bfloat16")


def require_tensorflow() -> None:
    """Raise `InputError` unless Keras runs on TensorFlow, as the trainer's compiled loop needs."""
    if keras.backend.backend() != "tensorflow":
        raise InputError(f"training needs KERAS_BACKEND=tensorflow, not {keras.backend.backend()}; unset it")


def make_deterministic() -> None:
    """Let TensorFlow compute the same bits whatever the number of cores, for the rest of this process.

    An operation's sums are cut by the threads that share it, so there is one thread for each. Operations that would add
    in the order in which a GPU's threads end are exchanged for others.

    Raises:
        InputError: TensorFlow has computed already, with more threads.
    """
    import tensorflow as tf

    threading = tf.config.threading
    try:
        if threading.get_intra_op_parallelism_threads() != 1:
            threading.set_intra_op_parallelism_threads(1)
    except RuntimeError:
        raise InputError("a deterministic run needs a process in which TensorFlow has not computed yet") from None
    tf.config.experimental.enable_op_determinism()


def choose_jit(model: keras.Model, wanted: str = "auto", batches=None) -> bool:
    """Whether XLA should compile the model's steps.

    `auto`: on with a GPU. On a CPU on for recurrent layers, unless all have the faster loop of `tf_models.layers` and
    batches have more than a few rows: there XLA's own products are the slower ones. Off otherwise: it makes convolutions
    up to eight times slower (measured with TensorFlow 2.21; `python -m benchmarks train_step` and `recurrent`).
    Off where samples are of any length: XLA would compile the step anew for each. What a model takes may be of any
    length where its samples are not, as windows of a text: then the `tf_data.pipeline.Batches` tell.
    """
    if wanted != "auto":
        return wanted == "on"
    import tensorflow as tf

    layers = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.RNN)]
    if not layers:
        return bool(tf.config.list_physical_devices("GPU"))
    taken = model.inputs
    if _any_length(taken) and batches is not None:
        taken = tf.nest.flatten(batches.element_spec)
    if _any_length(taken):
        return False
    few = batches is None or batches.batch_size <= FEW_ROWS
    return few or not all(map(recurrent.replaceable, layers))  # with a GPU none is


def _any_length(tensors: list) -> bool:
    return any(None in tensor.shape[1:] for tensor in tensors)


def device_name() -> str:
    """The kind and number of devices that TensorFlow uses, for the record."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    return f"{len(gpus)} GPU" if gpus else "CPU"


@contextlib.contextmanager
def precision(policy: str) -> Iterator[None]:
    """Within the context, new layers have this dtype policy. Raises `InputError` for an unknown one."""
    if policy not in PRECISIONS:
        raise InputError(f"unknown precision {policy!r}; one of {', '.join(PRECISIONS)}")
    before, floats = keras.config.dtype_policy(), keras.config.floatx()
    keras.config.set_dtype_policy(policy)
    if policy == "float64":
        keras.config.set_floatx(policy)  # losses and optimizers follow this and not the policy
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
        keras.config.set_floatx(floats)
