"""`python -m legacy_tf1.bridge SOURCE`: weights between TensorFlow 1 files and Keras models, either way.

From Python: `carry(source, model)` sets any built `keras.Model`, `save(model, prefix)` writes a checkpoint of it."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from legacy_tf1.bridging import parts, sources, targets
from legacy_tf1.bridging.sources import Source, Values
from tf_data import columns
from tf_data.command import Parser, import_tensorflow, run, say
from tf_data.errors import InputError

if TYPE_CHECKING:
    import keras

    from legacy_tf1.bridging.models import Carried

EXAMPLES = """examples:
  python -m legacy_tf1.bridge runs/x/checkpoints/model.ckpt-4690 --topic mlp-basic --out model.keras
  python -m legacy_tf1.bridge runs/y/model.keras --topic mlp-basic --out restored/model.ckpt
  python -m legacy_tf1.bridge old/model.ckpt --list
  python -m legacy_tf1.bridge old/model.ckpt --out all.npz
  python -m legacy_tf1.bridge old/model.ckpt --model my.keras --map fc1=hidden1 --scope tower --out my-old.keras
  python -m legacy_tf1.bridge my.keras --map-file map.json --out again/model.ckpt

SOURCE is a checkpoint (its prefix, one of its files, its folder; the format of one file as well), an .npz archive, a frozen
graph (.pb), a SavedModel's folder or a .keras model. OUT ends in .keras, .weights.h5 or .npz (arrays by TensorFlow 1's names,
fc1/weights:0), or is the prefix of a checkpoint. Where --map leaves a variable open, name, shape and order are asked, and
what follows from the order alone is printed to be checked."""


def parser() -> Parser:
    import argparse

    parser = Parser(
        prog="python -m legacy_tf1.bridge",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("source", type=Path, help="what to read")
    add("--topic", help="what the weights belong to; compare --list shows all topics")
    add("--model", type=Path, metavar="FILE", help="a .keras model that the weights are for")
    add("--out", type=Path, help="file or checkpoint prefix to write")
    add("--list", action="store_true", help="show what the source holds")
    add(
        "--map", action="append", default=[], metavar="OLD=NEW", help="a variable or scope, and its Keras name or layer"
    )
    add("--map-file", type=Path, metavar="FILE", help="such pairs as a JSON object")
    add("--scope", default="", metavar="NAME", help="an outer scope to strip")
    add("--ema", action="store_true", help="take averages over training (ExponentialMovingAverage) for the weights")
    add(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="settings",
        help="of a topic, for instance model.epsilon=1e-3; without one optimizer.NAME",
    )
    add(
        "--forget-bias",
        type=float,
        metavar="F",
        help="what the old LSTM cells add (default that of their graph, or 1)",
    )
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    if arguments.topic and arguments.model:
        raise InputError("--topic and --model exclude each other: a topic has its own model")
    if not arguments.out and not arguments.list:
        raise InputError("name --topic and --out, or --list to see what is there")
    if arguments.out:
        targets.kind_of(arguments.out)
    topic = None
    if arguments.topic:
        from legacy_tf1.topics import get

        topic = get(arguments.topic).with_settings(arguments.settings)
    pairs = read_map(arguments.map_file, arguments.map)
    import_tensorflow()
    if arguments.list:
        say(listing(_listed(arguments.source)))
        return
    if topic:
        if pairs:
            raise InputError("--map goes without --topic: a topic knows its names")
        notes = convert(arguments.source, topic, arguments.out, arguments.scope, arguments.ema)
    elif arguments.model:
        notes = _into_model(arguments, pairs)
    else:
        notes = _by_name(arguments, pairs)
    for note in notes:
        say(note)
    print(arguments.out)


def read_map(path: Path | None, texts: list[str]) -> dict[str, str]:
    """The pairs `OLD=NEW` of a JSON file and of the command line, which comes last. Raises `InputError` for others."""
    pairs: dict[str, str] = {}
    if path is not None:
        try:
            pairs = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read as JSON: {error}") from None
        if not isinstance(pairs, dict) or not all(isinstance(new, str) for new in pairs.values()):
            raise InputError(f'{path} is no map; write {{"old/name": "layer/kernel", ...}}')
    for text in texts:
        old, separator, new = text.partition("=")
        if not (separator and old and new):
            raise InputError(f"--map {text}: write OLD=NEW")
        pairs[old] = new
    return pairs


def carry(
    source: str | Path,
    model: "keras.Model",
    names: Mapping[str, str] = {},
    *,
    scope: str = "",
    ema: bool = False,
    settings: Mapping[str, Any] = {},
    forget_bias: float | None = None,
) -> "Carried":
    """Set the weights of any built Keras model from a TensorFlow 1 file, all of them or none.

    Args:
        source: Any file that the command takes for SOURCE, except a `.keras` file.
        model: A built model: called once, or made with an `Input`.
        names: The Keras name or layer of each TensorFlow 1 variable or scope that is known; the others are found.
        scope, ema, settings, forget_bias: See `legacy_tf1.bridging.models.carry`.

    Returns:
        The whole map of names, and notes for the user.

    Raises:
        legacy_tf1.bridging.models.Ambiguous: A variable could be several; its `proposal.names` is a guess to check.
        InputError: Anything else does not fit.

    >>> carry("old/model.ckpt", model, {"fc1": "hidden1"}).notes  # doctest: +SKIP
    []
    """
    from legacy_tf1.bridging import models

    return models.carry(read_source(source), model, names, scope, ema, settings, forget_bias)


def save(model: "keras.Model", prefix: str | Path, names: Mapping[str, str] = {}) -> None:
    """Write a checkpoint of any built Keras model, its optimizer's slots included, that a `Saver` restores by name.

    Args:
        prefix: Prefix of the checkpoint.
        names: The Keras name of each TensorFlow 1 variable, as `carry` returns it; Keras' own names for the others.
    """
    from legacy_tf1.bridging import models

    targets.write_checkpoint(models.to_values(model, names), Path(prefix))


def read_source(source: str | Path) -> Source:
    """Everything that a TensorFlow 1 file holds; see `legacy_tf1.bridging.sources`."""
    return sources.read(Path(source))


def read(source: str | Path) -> Values:
    """All variables of a TensorFlow 1 file by name, without `:0`. Raises `InputError` where there is none."""
    return read_source(source).values


def convert(source: Path, topic, out: Path, scope: str = "", ema: bool = False) -> list[str]:
    """Read a topic's weights from one kind of file and write another; the suffixes decide the kinds.

    Optimizer state goes along wherever both sides can have it. A `.keras` file is compiled, without a loss, where the
    checkpoint has slots.

    Returns:
        Notes for the user, a line each.

    Raises:
        InputError: The source is missing, damaged or of another topic, or `out` cannot be written.
    """
    from legacy_tf1 import names, partner
    from legacy_tf1.bridging import topics
    from tf_models import saving

    recipe, kind, notes = topic.recipe(), targets.kind_of(out), []
    if source.suffix == ".keras":
        values = names.from_model(saving.load(source), topic)
    else:
        values, notes = topics.as_topic(read_source(source), topic, scope, ema)
    if kind in (targets.KERAS, targets.WEIGHTS):
        model = partner.model_of(topic, recipe)
        notes += topics.compile_for(values, model, topic)
        notes += names.to_model(values, model, topic, str(source))
        targets.write_model(model, out)
    elif kind == targets.NPZ:
        named = names.model_variables(topic, partner.model_of(topic, recipe))
        names.check(values, {name: tuple(v.shape) for name, v in named.items()}, topic.id, str(source))
        write_npz(values, out)
    else:
        notes += write_checkpoint(values, topic, recipe, out, str(source))
    return notes


def _into_model(arguments, pairs: dict[str, str]) -> list[str]:
    """Carry a source into the model that `--model` names and write that; the map that was gone by is printed."""
    from legacy_tf1.bridging import models

    kind = targets.kind_of(arguments.out)
    if kind not in (targets.KERAS, targets.WEIGHTS):
        raise InputError(f"{arguments.out}: --model gives a Keras model; end the file in .keras or .weights.h5")
    source, model = read_source(arguments.source), _read_keras(arguments.model)
    settings = _optimizer_settings(arguments.settings)
    try:
        carried = models.carry(source, model, pairs, arguments.scope, arguments.ema, settings, arguments.forget_bias)
    except models.Ambiguous as error:
        print(json.dumps(error.proposal.names, indent=2))
        raise
    print(json.dumps(carried.names, indent=2))
    targets.write_model(model, arguments.out)
    return carried.notes


def _by_name(arguments, pairs: dict[str, str]) -> list[str]:
    """Write what a source holds under its own names, or those that the map gives, as npz or checkpoint."""
    from legacy_tf1.bridging import models

    kind, out, source = targets.kind_of(arguments.out), arguments.out, arguments.source
    if kind in (targets.KERAS, targets.WEIGHTS):
        raise InputError(f"{out}: name the model that the weights are for by --topic or --model")
    if arguments.settings:
        raise InputError("--set goes with --topic or --model")
    notes: list[str] = []
    if source.suffix == ".keras":
        values = models.to_values(_read_keras(source), pairs)
    else:
        read = read_source(source)
        values, notes = read.values, list(read.notes)
        if arguments.scope:
            values, outside = parts.without_scope(values, arguments.scope)
            notes += [f"outside of {arguments.scope}, left: {', '.join(outside)}"] if outside else []
        if arguments.ema:
            values = parts.with_shadows(parts.sort(values), read.origin).weights
        values = parts.renamed(values, pairs)
    if kind == targets.NPZ:
        targets.write_npz(values, out)
    else:
        targets.write_checkpoint(values, out)
    return notes


def _optimizer_settings(texts: list[str]) -> dict[str, Any]:
    settings = {}
    for text in texts:
        key, separator, value = text.partition("=")
        group, _, name = key.strip().partition(".")
        if not separator or group != "optimizer" or not name:
            raise InputError(
                f"--set {text}: with --model write optimizer.NAME=VALUE, for instance optimizer.momentum=0.9"
            )
        try:
            settings[name] = {"true": True, "false": False}.get(value.strip().lower()) or float(value)
        except ValueError:
            raise InputError(f"--set {text}: expected a number") from None
    return settings


def _read_keras(path: Path) -> "keras.Model":
    from tf_models import saving

    try:
        return saving.load(path)
    except InputError as error:
        if not path.is_file():
            raise
        raise InputError(
            f"{error}; a model with classes of your own goes by legacy_tf1.bridge.carry in Python"
        ) from error


def _listed(path: Path) -> Values:
    if path.suffix == ".keras":
        from legacy_tf1.bridging import models

        return models.to_values(_read_keras(path))
    return read(path)


write_npz = targets.write_npz


def write_checkpoint(values: Values, topic, recipe, prefix: Path, origin: str) -> list[str]:
    """Write a checkpoint of the topic's graph, meta graph included, that its `Saver` restores; what was left.

    Raises:
        InputError: The values do not fit the graph, or the files cannot be written.
    """
    import tensorflow as tf

    from legacy_tf1 import names

    built = topic.build(recipe)
    with tf.compat.v1.Session(graph=built.graph) as session:
        left = names.to_session(values, built, session, topic, origin)
        with targets.checkpoint_errors(Path(prefix)):
            built.save(session, str(prefix), write_state=False)  # leaves the folder's file `checkpoint` as it is
    return left


def listing(values: Values) -> str:
    """Names, shapes and types as a table, with the number of values at the end."""
    rows = [
        (name, str(getattr(value, "shape", ())), str(getattr(value, "dtype", type(value).__name__)))
        for name, value in values.items()
    ]
    total = sum(getattr(value, "size", 1) for value in values.values())
    return "\n".join([*columns.text(rows).splitlines(), f"{len(rows)} variables, {total:,} values"])


if __name__ == "__main__":
    sys.exit(run(main))
