"""A recipe: one topic ready to run, as data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tf_data.errors import InputError
from tf_data.schema import require_types, tuples

SETTINGS = ("optimizer", "learning_rate", "batch_size", "epochs", "seed", "validation", "storage")
# The epsilon of PyTorch and TensorFlow 1, whose notebooks the recipes follow; Keras' own is 1e-7.
ADAM = {"epsilon": 1e-8}
# A note: what the reader of TensorFlow 1's tutorials does with the 60,000 training digits.
LAST_HELD_OUT = "The original holds out the first 5,000 of the 60,000 training digits, here the last 5,000 are."
MOST_PATTERNS, LONGEST_PATTERN = 1000, 200  # of `freeze` and `rates` together, and of characters in one
STORAGES = ("memory", "npz", "hdf5", "tfrecord", "images")


@dataclass(frozen=True)
class Original:
    """What the original notebook printed.

    Attributes:
        notebook: Path of the notebook in the original collection.
        results: `test_accuracy` and the like, as fractions; `minutes` on the original's GPU.
        footnote: What is wrong with the figure in the original's own table.
    """

    notebook: str
    results: Mapping[str, float] = field(default_factory=dict)
    footnote: str = ""

    def __post_init__(self):
        require_types(self)


@dataclass(frozen=True, kw_only=True, repr=False)
class Recipe:
    """Builder x dataset x transform x task x settings, with the original's result.

    Attributes:
        id: The topic's id; variants append a word.
        section: The topic family, named as the package below `tf_models`.
        title: One line that describes the recipe.
        builder: Name of the function in `tf_models.builders` that returns the `keras.Model`.
        model: Arguments of the builder.
        dataset: A name that `tf_data.load` knows.
        data: Options of the dataset's reader.
        storage: `memory`, or the format that the samples are converted to in the run directory and trained from.
        transform: The transform's `name` and arguments; it turns a stored sample into the model's input. `image` has
            `crop` and `resize` (pixels, 0 for none), `augment` (for training only) and `value_range`; `features` none.
        task: A name that `tf_models.tasks.get` knows.
        task_options: Arguments of the task.
        optimizer: A name that `keras.optimizers.get` knows, or `muonsgd` for `tf_models.optimizers.MuonSGD`.
        learning_rate: A positive number; with a schedule, the highest rate.
        optimizer_options: Further arguments of the optimizer.
        schedule: A `name` that `tf_models.configs.schedules` knows, and its arguments, lengths in epochs; empty for
            a constant rate.
        batch_size, epochs: Samples in a batch, and epochs of training.
        shuffle: Whether each epoch has an order of its own; False trains in the order of the files.
        seed: Decides initial weights, order, dropout and every other draw.
        validation: Samples held out from the end of the training split; 0 for none.
        parameters: Trainable parameters that the model must have.
        weights: Run directory, `.keras` file or PyTorch's `state_dict` whose weights the model begins with, but for its
            last layer; empty for weights drawn anew. See `tf_models.training.pretrained`.
        freeze: Patterns of layers that keep those weights, for instance `stage1..stage3`.
        rates: By pattern of layers, the fraction of the learning rate that they are changed at.
        embedded: Those of `SETTINGS` that differ for the small embedded sample.
        original: What the notebook printed; None for a topic that the original does not have.
        notes: What the original did wrong and how it is done here; what differs and why.
    """

    id: str
    section: str
    title: str
    builder: str
    model: Mapping[str, Any]
    dataset: str
    data: Mapping[str, Any] = field(default_factory=dict)
    storage: str = "memory"
    transform: Mapping[str, Any] = field(default_factory=lambda: {"name": "image"})
    task: str
    task_options: Mapping[str, Any] = field(default_factory=dict)
    optimizer: str
    learning_rate: float
    optimizer_options: Mapping[str, Any] = field(default_factory=dict)
    schedule: Mapping[str, Any] = field(default_factory=dict)
    batch_size: int
    epochs: int
    seed: int
    shuffle: bool = True
    validation: int = 0
    parameters: int
    weights: str = ""
    freeze: tuple[str, ...] = ()
    rates: Mapping[str, float] = field(default_factory=dict)
    embedded: Mapping[str, Any] = field(default_factory=dict)
    original: Original | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self):
        require_types(self)
        for name, low in {"batch_size": 1, "epochs": 1, "seed": 0, "validation": 0}.items():
            if getattr(self, name) < low:
                raise InputError(f"{name} must be at least {low}, not {getattr(self, name)}")
        if self.seed >= 2**63:
            raise InputError(f"seed must be below 2**63, not {self.seed}")
        if self.storage not in STORAGES:
            raise InputError(f"storage must be one of {', '.join(STORAGES)}, not {self.storage!r}")
        patterns = (*self.freeze, *self.rates)
        if len(patterns) > MOST_PATTERNS:
            raise InputError(f"freeze and rates may name {MOST_PATTERNS:,} patterns of layers, not {len(patterns):,}")
        for pattern in patterns:
            if not 0 < len(pattern) <= LONGEST_PATTERN:
                raise InputError(
                    f"a pattern of layers in freeze or rates must have 1 to {LONGEST_PATTERN} characters, not "
                    f"{len(pattern):,}: {pattern[:40]!r}"
                )
        for pattern, factor in self.rates.items():
            if not 0 < factor <= 1:
                raise InputError(f"the rate of {pattern} must be a fraction of the learning rate, 0..1, not {factor}")
        if not self.learning_rate > 0:
            raise InputError(f"learning_rate must be positive, not {self.learning_rate}")
        if others := sorted(self.embedded.keys() - set(SETTINGS)):
            raise InputError(f"embedded may change {', '.join(SETTINGS)}, not {others[0]}")

    def __repr__(self) -> str:
        return f"<{self.id}: {self.builder} learns to {self.task.replace('-', ' ')} {self.dataset}>"

    def as_dict(self) -> dict:
        """Plain dictionaries and lists, ready for JSON; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping) -> "Recipe":
        """The recipe that `as_dict` described, after a way through JSON. Raises `InputError` for anything else."""
        try:
            values = {name: tuples(value) for name, value in values.items()}
            original = values.get("original")
            return cls(**{**values, "original": original and Original(**original)})
        except (AttributeError, TypeError) as error:
            raise InputError(f"not a recipe of this version: {error}") from None
