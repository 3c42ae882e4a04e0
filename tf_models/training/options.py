"""What is set for one run, beside its recipe. Importing this loads no TensorFlow."""

from collections.abc import Mapping
from dataclasses import dataclass

from tf_data.errors import InputError
from tf_data.schema import require_types

CHECKPOINT_SECONDS = 5.0


@dataclass(frozen=True)
class Options:
    """What is set for one run, beside its recipe.

    Attributes:
        source, data_dir, download, limit: As in `tf_data.load`.
        precision: A name in `tf_models.training.devices.PRECISIONS`.
        jit: `auto`, `on` or `off`; see `tf_models.training.devices.choose_jit`.
        plain: Whether to take Keras' own steps in place of the fast ones; see `tf_models.training.fit`.
        deterministic: Whether results must not depend on the number of cores; see
            `tf_models.training.devices.make_deterministic`.
        backend: The backend that Keras runs on, `tensorflow`, `jax` or `torch`.
        strategy: `none`, `mirrored` (all devices of this machine) or `multi-worker` (those that `TF_CONFIG` names).
        logical_devices: With a strategy: take the processor for so many devices; None leaves it one.
        sync_batch_norm: With a strategy: whether batch norm looks at the whole batch, not at each device's rows.
        checkpoint_seconds: Least time between two checkpoints, in seconds.
        tensorboard: Whether to write event files below `tensorboard/`.
        live: Whether to draw the loss while it falls, in place of Keras' progress; see `tf_models.training.live`.
        figures: Whether to draw figures at the end.
        quiet: Whether to print the result only.
    """

    source: str = "auto"
    data_dir: str | None = None
    download: bool = False
    limit: int | None = None
    precision: str = "float32"
    jit: str = "auto"
    plain: bool = False
    deterministic: bool = False
    backend: str = "tensorflow"
    strategy: str = "none"
    logical_devices: int | None = None
    sync_batch_norm: bool = False
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    tensorboard: bool = False
    live: bool = False
    figures: bool = True
    quiet: bool = False

    def __post_init__(self):
        require_types(self)

    @classmethod
    def of(cls, values: Mapping) -> "Options":
        """The options that `run.json` kept. Raises `InputError` for unknown ones and for values of another type."""
        try:
            return cls(**values)
        except TypeError as error:
            raise InputError(f"not the options of a run of this version: {error}") from None
