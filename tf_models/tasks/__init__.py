"""What is learned from a batch: each task owns targets, loss, metrics, scores and figures. Importing this loads no Keras."""

from collections.abc import Callable
from dataclasses import dataclass

from tf_data import tables
from tf_data.command import Option
from tf_data.errors import InputError

TOP = Option("--top", {"type": int, "metavar": "K"}, "classes to show (default 5)")
EXPLAIN = Option(
    "--explain",
    {"action": "store_true"},
    "what speaks for the class: of images a figure of the pixels, INPUT-explained.png; of texts each word's part",
)
OUT = Option("--out", {"metavar": "FILE"}, "PNG to write: samples, or images above their reconstructions")
SAMPLES = Option("--samples", {"type": int, "metavar": "N"}, "draw N new images in place of INPUT; needs --out")
LABEL = Option("--label", {"type": int, "metavar": "L"}, "class of samples or images, for conditional models")
SEED = Option("--seed", {"type": int, "metavar": "S"}, "with --samples or --prime: seed of what is drawn (default 0)")
PRIME = Option("--prime", {"metavar": "TEXT"}, "continue TEXT in place of INPUT, printed as it comes")
LENGTH = Option("--length", {"type": int, "metavar": "N"}, "with --prime: characters to write (default 400)")
TEMPERATURE = Option(
    "--temperature",
    {"type": float, "metavar": "T"},
    "with --prime: 0 takes the likeliest, 1 all as likely as learned (default 0.8)",
)


@dataclass(frozen=True)
class Entry:
    """What is known of a task without loading it.

    Attributes:
        task: The class, or `module:Class`.
        headline: Names of the score that stands for a result, the first that there is.
        predicts: Options that `tf_models.predict` may pass to the task's `predict`.
        draws: Options that go with drawing samples, or continuing a text; empty where a task does neither.
    """

    task: str | Callable
    headline: tuple[str, ...]
    predicts: tuple[Option, ...] = ()
    draws: tuple[Option, ...] = ()


TASKS = {
    "classify": Entry("tf_models.tasks.classify:Classify", ("accuracy",), (TOP, EXPLAIN)),
    "continue-text": Entry(
        "tf_models.tasks.continue_text:ContinueText", ("bits",), draws=(PRIME, LENGTH, TEMPERATURE, SEED)
    ),
    "rank": Entry("tf_models.tasks.rank:Rank", ("mae",)),
    "compare": Entry("tf_models.tasks.compare:Compare", ("knn_accuracy",)),
    "reconstruct": Entry("tf_models.tasks.reconstruct:Reconstruct", ("loss",), (OUT,)),
    "generate": Entry(
        "tf_models.tasks.generate:Generate", ("frechet_distance", "mean_error"), draws=(SAMPLES, SEED, OUT)
    ),
    "variational": Entry(
        "tf_models.tasks.variational:Variational", ("elbo",), (LABEL, OUT), (SAMPLES, LABEL, SEED, OUT)
    ),
}


def register(name: str, entry: Entry) -> None:
    """Make a task of your own known by a name, for recipes of your own. Raises `InputError` where the name is taken."""
    if TASKS.setdefault(name, entry) is not entry:
        raise InputError(f"there is a task {name!r} already; choose another name")


def entry(name: str) -> Entry:
    """What is known of a task. Raises `InputError` for an unknown name."""
    tables.require("task", name, TASKS, "; one of your own is made known by tf_models.tasks.register")
    return TASKS[name]


def get(name: str) -> Callable:
    """The class of a task. Raises `InputError` for an unknown name."""
    return tables.load(entry(name).task)


def make(recipe):
    """The recipe's task, to be bound to a model. Raises `InputError` for options that the task refuses."""
    try:
        return get(recipe.task)(**recipe.task_options)
    except TypeError as error:
        raise InputError(f"{recipe.id}: task {recipe.task}: {error}") from None
