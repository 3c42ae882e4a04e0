"""`python -m legacy_tf1.train TOPIC`: train a TensorFlow 1 graph in a session.

The run directory and its report are those of `tf_models.train`: after the last epoch the weights go into the Keras
model, which is evaluated, drawn and saved. Checkpoints are TensorFlow 1's own."""

import contextlib
import sys
import time
from dataclasses import replace
from pathlib import Path

from legacy_tf1.topics import Topic, get
from tf_data.command import Parser, import_tensorflow, run
from tf_data.dataset import SOURCES
from tf_data.errors import CommandError, InputError, Interrupted, TrainingError


def parser() -> Parser:
    parser = Parser(prog="python -m legacy_tf1.train", description=__doc__)
    add = parser.add_argument
    add("topic", help="python -m legacy_tf1.compare --list shows all")
    add("--data", choices=SOURCES, default="auto", help="auto (default): official files if present, else embedded")
    add("--data-dir", help="folder of official files, by dataset name (default TF_DATA_DIR, else data)")
    add("--limit", type=int, metavar="N", help="use the first N samples of each split")
    add("--epochs", type=int, metavar="N")
    add("--batch-size", type=int, metavar="N")
    add("--seed", type=int, metavar="N", help="of weights, order and every other draw")
    add("--run-dir", type=Path, metavar="DIR", help="default runs/TOPIC-tf1-graph-TIME")
    add("--no-figures", action="store_true")
    add("--quiet", action="store_true", help="print errors only")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    topic = get(arguments.topic)
    flags = {"epochs": arguments.epochs, "batch_size": arguments.batch_size, "seed": arguments.seed}
    import_tensorflow()
    from tf_models.training.trainer import Options

    options = Options(
        source=arguments.data,
        data_dir=arguments.data_dir,
        limit=arguments.limit,
        figures=not arguments.no_figures,
        quiet=arguments.quiet,
    )
    train(topic, options, arguments.run_dir, **flags)


def train(topic: Topic, options, run_dir: Path | None = None, **flags):
    """Train a topic's graph in a new run directory and evaluate it on the test split.

    Args:
        topic: What to train.
        options: `tf_models.training.trainer.Options`.
        run_dir: Directory to write; default `runs/<topic>-tf1-graph-<time>`.
        flags: Settings that replace those of the topic's recipe; None leaves one as it is.

    Returns:
        The `RunDirectory`, with `info["results"]`.

    Raises:
        InputError: Settings or data are bad or missing, or the directory holds a run or cannot be written.
        TrainingError: The loss is not finite; the last checkpoint is kept.
        Interrupted: A signal came; the message names the checkpoint.
    """
    import tensorflow as tf

    from legacy_tf1 import names, partner
    from legacy_tf1.pair import initial_values
    from tf_models.configs.overrides import for_source, override
    from tf_models.training import trainer

    recipe = override(topic.recipe(), **flags)
    data = trainer.load_data(recipe, options)
    recipe = for_source(recipe, data.source)
    task = partner.task_of(topic, recipe, data, options)
    model = task.model
    built = topic.build(recipe)
    note = f"Trained by the TensorFlow 1 graph `{topic.graph}` in a session; model.keras has its weights."
    recorded = replace(
        recipe,
        id=f"{topic.id}-tf1-graph",
        title=f"{recipe.title} (TensorFlow 1 graph)",
        notes=(note, *recipe.notes),
    )
    run = trainer.begin(recorded, options, task, run_dir)
    run.update(trainer="legacy_tf1.train", jit=False)
    trainer.announce(recorded, options, data)
    try:
        # Closed, but not entered: inside, its graph would be the default one, and tf.data could make no batches.
        with contextlib.closing(tf.compat.v1.Session(graph=built.graph)) as session:
            initial_values(topic, built, session, model)
            history, seconds = _fit(run, recipe, options, data, task, built, session)
            names.to_model(names.from_session(built, session), model, topic, "the graph")
        trainer.finish(run, options, task, history, seconds)
    except CommandError as error:
        status = "interrupted" if isinstance(error, Interrupted) else "failed"
        with contextlib.suppress(InputError):  # where even this cannot be written, the first error is the one to show
            run.update(status=status, error=str(error))
        raise
    return run


def _fit(run, recipe, options, data, task, built, session) -> tuple[list[dict], float]:
    """Train to the last epoch; the history's rows and the seconds it took."""
    import math

    from legacy_tf1.graphs.built import batch_size
    from tf_data.pipeline import Batches
    from tf_models.tasks.base import scoring_batch
    from tf_models.training.callbacks import Signals
    from tf_models.training.devices import device_name

    batches = Batches(
        data.train, recipe.batch_size, seed=recipe.seed, shuffle=recipe.shuffle, prepare=task.prepare_training
    )
    trainable = built.graph.get_collection("trainable_variables")
    parameters = sum(math.prod(variable.shape) for variable in trainable)
    run.update(device=device_name(), parameters=parameters)
    validation = None
    if data.validation is not None and len(built.losses) == 1:
        size = scoring_batch(data.validation)
        validation = Batches(data.validation, size, shuffle=False, prepare=task.prepare)
    prefix = str(run.path / "checkpoints" / "model.ckpt")
    (run.path / "checkpoints").mkdir(parents=True, exist_ok=True)
    saved = built.save(session, prefix, global_step=0)
    history, begin = [], time.perf_counter()
    with Signals() as signals:
        for epoch in range(recipe.epochs):
            means = _Means()
            for step, (x, *y) in enumerate(batches.dataset(epoch).as_numpy_iterator(), 1):
                feed = built.feed(x, *y[:1], training=True)
                metrics, _ = session.run([built.metrics, built.train_op], feed)
                means.add(metrics, batch_size(x))
                if not all(map(math.isfinite, metrics.values())):
                    where = f"epoch {epoch + 1}, step {step} of {batches.steps}"
                    raise TrainingError(f"the loss is not finite at {where}; last good checkpoint: {saved}")
                if signals.received:
                    built.save(session, prefix, global_step=epoch * batches.steps + step)
                    raise Interrupted(f"interrupted; a checkpoint is in {run.path / 'checkpoints'}")
            row = means.result()
            if validation is not None:
                row |= {f"val_{name}": value for name, value in _score(built, session, validation).items()}
            history.append(row)
            saved = built.save(session, prefix, global_step=(epoch + 1) * batches.steps)
            run.write_history(history)
            if not options.quiet:
                shown = ", ".join(f"{name} {value:.4f}" for name, value in row.items())
                print(f"epoch {epoch + 1}/{recipe.epochs}: {shown}", flush=True)
    return history, time.perf_counter() - begin


def _score(built, session, batches) -> dict[str, float]:
    """The graph's metrics on a whole split, without training."""
    from legacy_tf1.graphs.built import batch_size

    means = _Means()
    for x, *y in batches.dataset().as_numpy_iterator():
        means.add(session.run(built.metrics, built.feed(x, *y[:1])), batch_size(x))
    return means.result()


class _Means:
    """Means of metrics over batches of different sizes."""

    def __init__(self):
        self._totals: dict[str, float] = {}
        self._count = 0

    def add(self, metrics: dict, count: int) -> None:
        for name, value in metrics.items():
            self._totals[name] = self._totals.get(name, 0.0) + count * float(value)
        self._count += count

    def result(self) -> dict[str, float]:
        return {name: total / self._count for name, total in self._totals.items()}


if __name__ == "__main__":
    sys.exit(run(main))
