"""The arguments by which `convert` and `inspect` name a dataset."""

import ast
import inspect
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from tf_data import datasets, foreign, formats, own, tfds_folder
from tf_data.command import Parser, nearest
from tf_data.csv_files import is_table
from tf_data.dataset import SOURCES, Data
from tf_data.errors import InputError


def add(parser: Parser, help: str) -> None:
    """Add the argument `dataset` and the group of options that go with it, or stand in its place."""
    parser.add_argument("dataset", nargs="?", metavar="DATASET", help=help)
    group = parser.add_argument_group("data")
    group.add_argument("--data", choices=SOURCES, help="where a named dataset comes from (default auto)")
    group.add_argument("--data-dir", help="folder of official files, by dataset name (default TF_DATA_DIR, else data)")
    group.add_argument("--download", action="store_true", help="fetch official files there, checksums verified")
    own.add(group)
    group.add_argument("--limit", type=int, metavar="N", help="the first N samples of each split")
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="OPTION=VALUE",
        help="an option of the dataset's reader, for instance attribute=Smiling; may be repeated",
    )


def load(arguments: Namespace, skip_bad: bool = False) -> Data | formats.Stored:
    """The dataset that the arguments name.

    That is a known name, a converted folder, a folder of official files, a table, or bare files.

    A known name comes first: a folder of that name is meant by `./mnist`.

    Args:
        arguments: The parsed arguments, with those that `add` declares.
        skip_bad: Whether to pass `skip_bad` on to readers that have this option.

    Raises:
        InputError: There is no dataset of this name, an option does not go with it, or there are no data.
    """
    prepared = (arguments.dataset or "").startswith(tfds_folder.PREFIX)
    if prepared:
        _refuse(arguments, arguments.dataset, "is a prepared dataset", ("data", "download"))
        arguments.data = arguments.dataset
    if (given := own.named(arguments, skip_bad=skip_bad, features=own.stated_features(arguments.set))) is not None:
        if arguments.dataset and not prepared:
            raise InputError(f"{given.flag} says where the data are; leave {arguments.dataset} away")
        options = {**given.options, **_options(given.dataset, "official", arguments.set)}
        return replace(given, options=options).fitted().load(arguments.limit)
    if not arguments.dataset:
        raise InputError("name a dataset, a folder or tfds:NAME, or your own data with --images, --csv or --text")
    name, path, source = arguments.dataset, None, arguments.data or "auto"
    if name not in datasets.names():
        path = Path(name)
        if formats.is_converted(path):
            return _stored(arguments, path)
        if path.resolve().name not in datasets.names() and foreign.recognised(path):
            _refuse(arguments, path, "is no named dataset", ("data", "data_dir", "download"))
            return foreign.load(path, arguments.set, arguments.limit)
        name = "feature-csv" if path.is_file() and is_table(path) else path.resolve().name
        if not path.exists() or name not in datasets.names():
            what = "is neither a converted folder nor one of official files" if path.exists() else "is no dataset"
            hint = nearest(arguments.dataset, datasets.names()) or f"; known: {', '.join(datasets.names())}"
            raise InputError(f"{arguments.dataset} {what}{hint}")
    options = _options(name, source, arguments.set)
    if skip_bad and "skip_bad" in _parameters(name, source):
        options["skip_bad"] = True
    return datasets.load(
        name, source, arguments.data_dir, download=arguments.download, limit=arguments.limit, path=path, **options
    )


def _stored(arguments: Namespace, path: Path) -> formats.Stored:
    _refuse(arguments, path, "is a converted folder", ("data", "data_dir", "download", "set"))
    stored = formats.open(path)
    if arguments.limit is None:
        return stored
    if arguments.limit < 1:
        raise InputError(f"limit must be at least 1, not {arguments.limit}")
    splits = {name: split.slice(0, arguments.limit) for name, split in stored.splits.items()}
    return formats.Stored(stored.path, stored.manifest, splits)


def _refuse(arguments: Namespace, path: Path | str, what: str, options: tuple[str, ...]) -> None:
    for option in options:
        if getattr(arguments, option):
            raise InputError(f"{path} {what}; --{option.replace('_', '-')} does not go with it")


def _parameters(name: str, source: str) -> list[str]:
    """The options of a dataset's reader."""
    dataset = datasets.get(name)
    chosen = dataset.embedded if source == "embedded" else None
    reader = chosen or dataset.official or dataset.embedded or dataset.generated
    return [parameter for parameter in inspect.signature(reader).parameters if parameter != "folder"]


def _options(name: str, source: str, assignments: list[str]) -> dict:
    options, known = {}, _parameters(name, source)
    for assignment in assignments:
        key, separator, text = assignment.partition("=")
        if not separator:
            raise InputError(f"--set {assignment}: write option=value")
        if key not in known:
            raise InputError(f"--set {key}: {name} has no such option{nearest(key, known) or _listed(known)}")
        try:
            options[key] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            options[key] = text
    return options


def _listed(known: list[str]) -> str:
    return f"; it has {', '.join(known)}" if known else "; it has none"
