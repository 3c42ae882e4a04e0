"""`python -m legacy_tf1.bridge SOURCE`: weights between TensorFlow 1 checkpoints, Keras models and npz files."""

import sys
import zipfile
from pathlib import Path

from tf_data import columns
from tf_data.command import Parser, import_tensorflow, run
from tf_data.errors import InputError
from tf_data.files import unwritable, whole_file

EXAMPLES = """examples:
  python -m legacy_tf1.bridge runs/x/checkpoints/model.ckpt-4690 --topic mlp-basic --out model.keras
  python -m legacy_tf1.bridge runs/y/model.keras --topic mlp-basic --out restored/model.ckpt
  python -m legacy_tf1.bridge runs/y/model.keras --topic mlp-basic --out mlp.npz
  python -m legacy_tf1.bridge somebody/elses.ckpt --list

A SOURCE or OUT that ends in .keras is a Keras model, in .npz an archive by TensorFlow 1's names (fc1/weights:0), any
other a checkpoint's prefix. A checkpoint that is written has its meta graph; Saver restores it."""


def parser() -> Parser:
    import argparse

    parser = Parser(
        prog="python -m legacy_tf1.bridge",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", type=Path, help="a checkpoint (its prefix or folder), .keras or .npz file")
    parser.add_argument("--topic", help="what the weights belong to; compare --list shows all topics")
    parser.add_argument("--out", type=Path, help="file or checkpoint prefix to write")
    parser.add_argument("--list", action="store_true", help="show what any checkpoint or .npz file holds")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    if arguments.list:
        import_tensorflow()
        print(listing(read(arguments.source)))
        return
    if not arguments.topic or not arguments.out:
        raise InputError("name --topic and --out, or --list to see what is there")
    from legacy_tf1.topics import get

    topic = get(arguments.topic)
    import_tensorflow()
    convert(arguments.source, topic, arguments.out)
    print(arguments.out)


def convert(source: Path, topic, out: Path) -> None:
    """Read a topic's weights from one kind of file and write another; the suffixes tell the kinds.

    Optimizer state goes along wherever both sides have it. A `.keras` file made of a checkpoint is not compiled.

    Raises:
        InputError: a source that is missing, damaged or of another topic, or an `out` that cannot be written.
    """
    from legacy_tf1 import names
    from tf_models import saving
    from tf_models.training.building import build_model

    recipe = topic.recipe()
    values = names.from_model(saving.load(source), topic) if source.suffix == ".keras" else read(source)
    if out.suffix == ".keras":
        model = build_model(recipe)
        names.to_model(values, model, topic, str(source))
        with whole_file(out) as temporary:
            model.save(temporary)
    elif out.suffix == ".npz":
        model = build_model(recipe)
        named = names.model_variables(topic, model)
        names.check(values, {name: tuple(v.shape) for name, v in named.items()}, topic, str(source))
        write_npz(values, out)
    else:
        write_checkpoint(values, topic, recipe, out, str(source))


def read(source: Path) -> dict:
    """All variables of a checkpoint or an npz file by name, without `:0`.

    Args:
        source: an `.npz` file, a checkpoint's prefix, one of its files, or a folder, whose latest checkpoint is taken.

    Raises:
        InputError: there is none, or it is damaged.
    """
    source = Path(source)
    return _read_npz(source) if source.suffix == ".npz" else _read_checkpoint(source)


def _read_npz(path: Path) -> dict:
    import numpy as np

    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name.removesuffix(":0"): archive[name] for name in archive.files}
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is damaged or no npz archive of numbers: {error}") from None


def _read_checkpoint(path: Path) -> dict:
    import tensorflow as tf

    prefix = str(path)
    if path.is_dir():
        prefix = tf.train.latest_checkpoint(prefix)
        if prefix is None:
            raise InputError(f"the folder {path} names no latest checkpoint; give the prefix of one")
    elif path.suffix in (".index", ".meta"):
        prefix = prefix.removesuffix(path.suffix)
    if not Path(f"{prefix}.index").is_file():
        raise InputError(f"no checkpoint {prefix}: {prefix}.index does not exist")
    try:
        reader = tf.train.load_checkpoint(prefix)
        return {name: reader.get_tensor(name) for name in sorted(reader.get_variable_to_shape_map())}
    except (tf.errors.OpError, RuntimeError, ValueError, IndexError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"checkpoint {prefix} is damaged: {reason}") from None


def write_npz(values: dict, path: Path) -> None:
    """Write variables as arrays `NAME:0`, as `session.run` names them. Raises `InputError` where that fails."""
    import numpy as np

    with whole_file(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **{f"{name}:0": value for name, value in values.items()})


def write_checkpoint(values: dict, topic, recipe, prefix: Path, origin: str) -> None:
    """Write a checkpoint of the topic's graph, meta graph included, that its `Saver` restores.

    Raises:
        InputError: the values do not fit the graph, or the files cannot be written.
    """
    import tensorflow as tf

    from legacy_tf1 import names

    built = topic.build(recipe)
    with tf.compat.v1.Session(graph=built.graph) as session:
        names.to_session(values, built, session, topic, origin)
        try:
            prefix.parent.mkdir(parents=True, exist_ok=True)
            built.save(session, str(prefix), write_state=False)  # leaves the folder's file `checkpoint` as it is
        except OSError as error:
            raise unwritable(prefix, error) from error
        except (tf.errors.OpError, ValueError) as error:
            raise InputError(f"cannot write {prefix}: {str(error).splitlines()[0]}") from error


def listing(values: dict) -> str:
    """Names, shapes and types as a table, with the number of values at the end."""
    rows = [
        (name, str(getattr(value, "shape", ())), str(getattr(value, "dtype", type(value).__name__)))
        for name, value in values.items()
    ]
    total = sum(getattr(value, "size", 1) for value in values.values())
    return "\n".join([*columns.text(rows).splitlines(), f"{len(rows)} variables, {total:,} values"])


if __name__ == "__main__":
    sys.exit(run(main))
