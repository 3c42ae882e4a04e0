"""`python -m legacy_tf1.mechanics [TOPIC]`: TensorFlow 1's ways of feeding beside `tf.data`, on the same files.

Each row delivers one epoch both ways and proves that each sample came once. Then both run turn by turn, epoch after epoch
where they go on for long enough, and the samples a second are counted after a warm-up; how long it takes to the first
batch stands apart. With `--train` the common perceptron is trained through the TensorFlow 1 mechanism of TOPIC; with the
topic mech-save-load it is trained, saved by `Saver` and as npz, taken up again, and scored each time.
"""

import contextlib
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

import tf_data
from legacy_tf1.pipelines.mechanisms import Mechanism, of_topic
from tf_data.command import Parser, import_tensorflow, run
from tf_data.dataset import SOURCES, Data
from tf_data.errors import InputError
from tf_data.formats import Stored

SAVE_LOAD = "mech-save-load"
REPEATS = 3
WARM_SECONDS = 0.2  # until queues are full and buffers allocated
TIMED_SECONDS = 0.6
BLOCK = 20  # batches that the compiled loop takes at once
ENDLESS = 10**6  # epochs


@dataclass(frozen=True)
class Row:
    """One mechanism and its partner.

    Attributes:
        topic, tf1, tf2: The topic and what each side does.
        samples: Samples in an epoch.
        tf1_lost, tf2_lost: Samples that did not come, or not as stored, in an epoch.
        tf1_extra, tf2_extra: Samples that came more than once, or were never stored.
        tf1_start, tf2_start: Seconds from the start of the reading to the first batch, the median.
        tf1_speed, tf2_speed: Samples a second after a warm-up, the median over interleaved rounds.
        ratio: How many times as fast the partner is, the median over the same rounds.
        goal: The least ratio that is wanted.
    """

    topic: str
    tf1: str
    tf2: str
    samples: int
    tf1_lost: int
    tf1_extra: int
    tf2_lost: int
    tf2_extra: int
    tf1_start: float
    tf2_start: float
    tf1_speed: float
    tf2_speed: float
    ratio: float
    goal: float

    @property
    def equal(self) -> bool:
        """Whether both sides delivered each sample just once."""
        return not (self.tf1_lost or self.tf1_extra or self.tf2_lost or self.tf2_extra)


def load(source: str = "auto", data_dir: str | None = None, limit: int | None = None) -> Data:
    """The digits of the topics, with their validation split."""
    validation = of_topic()[0].recipe.validation
    return tf_data.load("mnist", source, data_dir, limit=limit, validation=validation)


def compare_all(
    topic: str | None = None,
    source: str = "auto",
    data_dir: str | None = None,
    limit: int | None = None,
    repeats: int = REPEATS,
    folder: Path | None = None,
    report: Callable[[Row], None] = lambda row: None,
) -> list[Row]:
    """Compare every mechanism, or those of one topic, with its partner on the same files.

    Args:
        topic: A topic's id, or None for all.
        source, data_dir, limit: Where the digits come from; see `tf_data.load`.
        repeats: Timed rounds of each side, turn by turn.
        folder: Where the files are written, or have been by an earlier call with the same data; default a temporary one.
        report: Called with each row when it is done.

    Raises:
        InputError: An unknown topic, no data, or files that are missing or bad.
    """
    mechanisms = of_topic(topic)
    data = load(source, data_dir, limit)
    rows = []
    with _place(folder) as place:
        for mechanism in mechanisms:
            rows.append(compare(mechanism, mechanism.write(data, place), repeats))
            report(rows[-1])
    return rows


def compare(mechanism: Mechanism, stored: Stored, repeats: int = REPEATS) -> Row:
    """One mechanism and its partner on the files that `mechanism.write` left."""
    split = stored.splits["train"]
    expected = Counter(fingerprints(split.x[:], split.y))
    found = [Counter(f for batch in side(mechanism, stored) for f in batch) for side in (_tf1_samples, _tf2_samples)]
    lost, extra = zip(*(((expected - each).total(), (each - expected).total()) for each in found))
    partner = _compiled(_partner(mechanism, stored))
    rounds = [(_tf1_timing(mechanism, stored), timed(*partner())) for _ in range(repeats)]
    one, two = (Timing(*map(statistics.median, zip(*side))) for side in zip(*rounds))
    return Row(
        topic=mechanism.topic,
        tf1=mechanism.name,
        tf2=mechanism.partner,
        samples=len(split),
        tf1_lost=lost[0],
        tf1_extra=extra[0],
        tf2_lost=lost[1],
        tf2_extra=extra[1],
        tf1_start=one.start,
        tf2_start=two.start,
        tf1_speed=one.speed,
        tf2_speed=two.speed,
        ratio=statistics.median(now.speed / then.speed for then, now in rounds),
        goal=mechanism.goal,
    )


def fingerprints(images: np.ndarray, labels: np.ndarray) -> list[int]:
    """A number for each sample and its label, equal for equal ones, in one process.

    Args:
        images: Uint8 `(n, ...)`, or float 0..1.
        labels: Class numbers `(n,)`, or one-hot `(n, classes)`.
    """
    images = images if images.dtype == np.uint8 else np.rint(images * 255).astype(np.uint8)
    labels = labels if labels.ndim == 1 else labels.argmax(axis=1)
    return [hash((image.tobytes(), int(label))) for image, label in zip(images, labels, strict=True)]


def _tf1_samples(mechanism: Mechanism, stored: Stored) -> Iterator[list[int]]:
    with _tf1(mechanism, stored) as (session, feed):
        for values in feed.epoch(session, 0):
            yield fingerprints(*session.run((feed.images, feed.labels), values))


def _tf2_samples(mechanism: Mechanism, stored: Stored) -> Iterator[list[int]]:
    for images, labels in _partner(mechanism, stored).dataset():
        yield fingerprints(images.numpy(), labels.numpy())


class Timing(NamedTuple):
    """Seconds to the first batch, and samples a second after the warm-up."""

    start: float
    speed: float


def timed(begin: Callable[[], int], go_on: Callable[[], int]) -> Timing:
    """Time a feed.

    Args:
        begin: Starts reading and takes the first batch; returns its samples.
        go_on: Takes some more batches at every call; returns their samples.
    """
    moment = time.perf_counter()
    begin()
    start = time.perf_counter() - moment
    while time.perf_counter() - moment < start + WARM_SECONDS:
        go_on()
    moment, samples = time.perf_counter(), 0
    while (seconds := time.perf_counter() - moment) < TIMED_SECONDS:
        samples += go_on()
    return Timing(start, samples / seconds)


def _tf1_timing(mechanism: Mechanism, stored: Stored) -> Timing:
    with _tf1(mechanism, stored, ENDLESS if mechanism.options.get("kind") == "one-shot" else None) as (session, feed):
        with feed.images.graph.as_default():
            used = _used(feed.images, feed.labels)
        steps = (values for epoch in itertools.count() for values in feed.epoch(session, epoch))

        def step() -> int:
            return int(session.run(used, next(steps))[0])

        return timed(step, step)


@contextlib.contextmanager
def _tf1(mechanism: Mechanism, stored: Stored, epochs: int | None = 1):
    """A new graph, because a queue that is closed stays so, and its session."""
    import tensorflow.compat.v1 as tf1

    with tf1.Graph().as_default():
        feed = mechanism.build(stored, mechanism.recipe.batch_size, epochs)
        with feed.session() as session:
            yield session, feed


def _partner(mechanism: Mechanism, stored: Stored):
    """The batches of the training split as this project feeds them: float32 0..1, and one-hot labels for likeness."""
    import tensorflow as tf

    from tf_data.pipeline import Batches
    from tf_data.transform import to_float

    recipe, classes = mechanism.recipe, len(stored.manifest.schema.classes)

    def prepare(x, y, position):
        return to_float(x), tf.one_hot(y, classes)

    return Batches(stored.splits["train"], recipe.batch_size, seed=recipe.seed, prepare=prepare)


def _compiled(batches) -> Callable[[], tuple[Callable[[], int], Callable[[], int]]]:
    """A function that gives the arguments of `timed`: batches are taken in a compiled loop, as the trainer does."""
    import tensorflow as tf

    dataset = batches.dataset(epochs=ENDLESS)

    @tf.function(autograph=False)
    def take(iterator, steps):
        def body(step, samples, total):
            count, value = _used(*iterator.get_next())
            return step + 1, samples + count, total + value

        return tf.while_loop(lambda step, *_: step < steps, body, (0, 0, 0.0))[1:]

    take.get_concrete_function(iter(dataset), tf.TensorSpec((), tf.int32))

    def start() -> tuple[Callable[[], int], Callable[[], int]]:
        iterators = []

        def steps(count: int) -> int:
            if not iterators:
                iterators.append(iter(dataset))
            return int(take(iterators[0], tf.constant(count))[0])

        return lambda: steps(1), lambda: steps(BLOCK)

    return start


def _used(images, labels):
    """The samples of a batch, and a number that depends on every value, so that none can be left out."""
    import tensorflow as tf

    return tf.shape(images)[0], tf.reduce_sum(images) + tf.reduce_sum(labels)


@contextlib.contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield Path(folder)
        return
    with tempfile.TemporaryDirectory(prefix="mechanics-") as temporary:
        yield Path(temporary)


HEAD = ("topic", "TensorFlow 1", "samples", "each once", "TF1 start", "TF2 start", "TF1/s", "TF2/s", "ratio", "goal")
WIDTHS = (16, 41, 7, 9, 9, 9, 8, 8, 5, 8)


def line(row: Row) -> str:
    """A row as text; `show` adds the head."""
    each_once = "yes" if row.equal else f"-{row.tf1_lost}+{row.tf1_extra}, -{row.tf2_lost}+{row.tf2_extra}"
    goal = f"{row.goal:g}" + ("" if row.ratio >= row.goal else " missed")
    starts = f"{row.tf1_start:.2f} s", f"{row.tf2_start:.2f} s"
    speeds = f"{row.tf1_speed:,.0f}", f"{row.tf2_speed:,.0f}", f"{row.ratio:.1f}"
    return _columns((row.topic, row.tf1, f"{row.samples:,}", each_once, *starts, *speeds, goal))


def show(rows: list[Row]) -> str:
    """Rows as a table."""
    return "\n".join([_columns(HEAD), *map(line, rows)])


def _columns(cells: tuple[str, ...]) -> str:
    padded = [
        cell.ljust(width) if column < 2 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, WIDTHS))
    ]
    return "  ".join(padded).rstrip()


def parser() -> Parser:
    parser = Parser(prog="python -m legacy_tf1.mechanics", description=__doc__)
    parser.add_argument("topic", nargs="?", help="one topic; default all that feed")
    parser.add_argument("--data", choices=SOURCES, default="auto", help="where the digits come from (default auto)")
    parser.add_argument("--data-dir", help="folder of official files, by dataset name (default TF_DATA_DIR, else data)")
    parser.add_argument("--limit", type=int, metavar="N", help="the first N samples of each split")
    parser.add_argument("--repeats", type=int, default=REPEATS, metavar="N", help=f"timed rounds (default {REPEATS})")
    parser.add_argument("--files", type=Path, metavar="DIR", help="write the converted files there and keep them")
    parser.add_argument("--json", action="store_true", help="print rows, or results of --train, as JSON")
    parser.add_argument("--train", action="store_true", help="train the common perceptron through TOPIC")
    parser.add_argument("--epochs", type=int, metavar="N", help="of a training: default the recipe's")
    return parser


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    chosen = () if arguments.topic == SAVE_LOAD else of_topic(arguments.topic)
    for name in ("repeats", "epochs"):
        if (value := getattr(arguments, name)) is not None and value < 1:
            raise InputError(f"--{name} must be at least 1, not {value}")
    if arguments.train and arguments.topic is None:
        raise InputError("--train needs a topic, for instance mech-file-queues")
    if arguments.epochs is not None and not arguments.train and chosen:
        raise InputError("--epochs goes with --train")
    import_tensorflow()
    if not chosen:
        return _save_load(arguments)
    if arguments.train:
        return _train(arguments, chosen[-1])
    if not arguments.json:
        print(_columns(HEAD))
    rows = compare_all(
        arguments.topic,
        arguments.data,
        arguments.data_dir,
        arguments.limit,
        arguments.repeats,
        arguments.files,
        report=lambda row: None if arguments.json else print(line(row), flush=True),
    )
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    return 0 if all(row.equal for row in rows) else 1


def _train(arguments, mechanism: Mechanism) -> int:
    from legacy_tf1.pipelines.training import train

    report = (lambda text: None) if arguments.json else (lambda text: print(text, flush=True))
    data = load(arguments.data, arguments.data_dir, arguments.limit)
    report(f"{mechanism.topic}: {mechanism.name}; {data.name}, {data.source} ({data.origin})")
    with _place(arguments.files) as place:
        trained = train(mechanism, mechanism.write(data, place), arguments.epochs, report=report)
    if arguments.json:
        print(json.dumps(asdict(trained), indent=2))
    for name, scores in trained.results.items():
        report(f"{name}: accuracy {scores['accuracy']:.2%} of {scores['samples']:,}")
    report(f"trained {trained.seconds:.1f} s")
    return 0


def _save_load(arguments) -> int:
    from legacy_tf1.pipelines.save_load import demonstrate

    data = load(arguments.data, arguments.data_dir, arguments.limit)
    with _place(arguments.files) as place:
        found = demonstrate(data, place, arguments.epochs).accuracy
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        print("\n".join(f"{way}: accuracy {value:.2%} of {len(data.test):,}" for way, value in found.items()))
    return 0 if len(set(found.values())) == 1 else 1


if __name__ == "__main__":
    sys.exit(run(main))
