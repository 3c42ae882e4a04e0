"""A user's own data as the commands' options name them: folders of images, tables, texts."""

from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tf_data import datasets, tfds_folder
from tf_data.csv_files import TableFile, only_table
from tf_data.dataset import SOURCES, Data
from tf_data.datasets import image_csv, image_folder, tfds_images
from tf_data.errors import InputError
from tf_data.images import Form, common_form

IMAGES, IMAGE_LIST, NUMBERS, TEXTS, TEXT = "image-folder", "image-csv", "feature-csv", "text-csv", "text-file"
TFDS_IMAGES, TFDS_TEXTS = "tfds-images", "tfds-texts"
KINDS = {
    IMAGES: "images",
    IMAGE_LIST: "images",
    NUMBERS: "rows of numbers",
    TEXTS: "labelled texts",
    TEXT: "one text",
    TFDS_IMAGES: "images",
    TFDS_TEXTS: "labelled texts",
}
PATH_COLUMN, TEXT_COLUMN = "path", "text"  # by which a table is known for a list of images, or of texts
OPTIONS = ("images", "csv", "text")
PREPARED = ("sample", "label")  # names of the features of what tensorflow-datasets has prepared


@dataclass(frozen=True)
class Own:
    """Data of the user's own.

    Attributes:
        dataset: The dataset that reads them, a key of `KINDS`.
        options: Options of its reader, with the absolute `path`.
        flag: The option that named them, for messages.
    """

    dataset: str
    options: dict[str, Any]
    flag: str

    @property
    def path(self) -> Path:
        """The file or folder."""
        return Path(self.options["path"])

    @property
    def is_image(self) -> bool:
        """Whether the samples are images."""
        return KINDS[self.dataset] == "images"

    def form(self) -> Form:
        """What the images have in common. Raises `InputError` where there are none, or none that can be read."""
        if self.dataset == TFDS_IMAGES:
            named = {name: self.options[name] for name in PREPARED if name in self.options}
            found = tfds_images.form(self.path, **named)
            if found is None:
                raise InputError(f"{self.path}: none of its images can be read; prepare it again")
            return found
        if self.dataset == IMAGES:
            names = image_folder.names_in(self.path)
        else:
            known = {"column", "label", "skip_bad", "outside"}
            names = image_csv.listed(self.path, **{k: v for k, v in self.options.items() if k in known})[0]
        found = common_form(names)
        if found is None:
            raise InputError(f"{self.path}: none of {len(names)} images can be read; the first is {names[0]}")
        return found

    def fitted(self) -> "Own":
        """The same with the size and the channels that the images have in common, unless the options say others.

        Raises:
            InputError: The images differ in size, and no option says to what they are to be scaled.
        """
        if not self.is_image:
            return self
        form = self.form()
        if form.size is None and "size" not in self.options:
            raise InputError(
                f"{self.path} holds images of {_by(form.least)} to {_by(form.most)}; say with --image-size HEIGHTxWIDTH "
                "to what they are to be scaled"
            )
        return replace(self, options={"channels": form.channels, **self.options})

    def load(self, limit: int | None = None) -> Data:
        """The data, cut into splits. Raises `InputError` as `tf_data.load` does."""
        return datasets.load(self.dataset, "official", limit=limit, **self.options)

    def load_uncut(self) -> Data:
        """All samples as the split `test`, or of images in folders of splits those that are not for training.

        What is called the training split is the same.
        """
        options = {name: value for name, value in self.options.items() if name != "path"}
        reading = datasets.get(self.dataset).uncut(self.path, **options)
        return Data(
            self.dataset,
            "official",
            str(self.path),
            train=reading.splits["test"],
            **reading.splits,
            classes=reading.classes,
            features=reading.features,
            skipped=reading.skipped,
            notes=reading.notes,
        )


def add(group) -> None:
    """Add the options that name a user's own data to a parser's group."""
    group.add_argument("--images", metavar="FOLDER", help="your own images, in a folder for each class")
    group.add_argument(
        "--csv",
        metavar="FILE",
        help="your own table: numbers and labels, texts and labels, or images (a column path) and labels",
    )
    group.add_argument("--text", metavar="FILE", help="a text of your own in any script, for recipes that continue one")
    group.add_argument("--text-column", metavar="NAME", help="with --csv: the column of texts (default text)")
    group.add_argument("--label-column", metavar="NAME", help="with --csv: the column of labels (default label)")
    group.add_argument(
        "--image-size",
        metavar="HxW",
        type=size,
        help="scale your own images to this size and cut off what stands over, for instance 64x64",
    )


def stated_features(settings: Iterable[str], prefix: str = "") -> dict[str, str]:
    """Which features of a prepared dataset are the sample and the label, as far as settings `prefix` + `NAME=VALUE` say."""
    stated = dict(setting.partition("=")[::2] for setting in settings)
    return {name: stated[prefix + name] for name in PREPARED if prefix + name in stated}


def source(text: str) -> str:
    """What `--data` takes: a source of `tf_data.load`, or `tfds:NAME`."""
    if text not in SOURCES and not text.startswith(tfds_folder.PREFIX):
        raise ArgumentTypeError(f"invalid choice: {text!r} (choose from {', '.join(SOURCES)} or tfds:NAME)")
    return text


def size(text: str) -> tuple[int, int]:
    """A size such as `64x48` as `(height, width)`, or 64 for a square."""
    sides = [int(side) for side in text.lower().split("x")]
    if len(sides) > 2 or min(sides) < 1:
        raise ValueError(text)
    return sides[0], sides[-1]


def named(
    arguments: Namespace, kind: str | None = None, skip_bad: bool = False, features: Mapping[str, str] | None = None
) -> Own | None:
    """The user's own data that parsed options name; None where they name none.

    Args:
        arguments: What a parser with the options of `add` has parsed.
        kind: The dataset that is to read a table, where the table is not to decide it; see `table_kind`.
        skip_bad: Whether images that cannot be read are left out.
        features: Of what tensorflow-datasets has prepared, which features are the `sample` and the `label`.

    Raises:
        InputError: Options that do not go together, a table that cannot be read, or a dataset that is not prepared.
    """
    if (getattr(arguments, "data", None) or "").startswith(tfds_folder.PREFIX):
        return _prepared(arguments, skip_bad, features or {})
    given = [name for name in OPTIONS if getattr(arguments, name) is not None]
    others = [name for name in ("data", "data_dir", "download") if getattr(arguments, name, None)]
    if not given:
        for name, flag in (("text_column", "--csv"), ("label_column", "--csv"), ("image_size", "--images or --csv")):
            if getattr(arguments, name) is not None:
                raise InputError(f"--{name.replace('_', '-')} goes with {flag}")
        return None
    flag = f"--{given[0]}"
    if len(given) > 1 or others:
        other = (given[1:] + others)[0].replace("_", "-")
        raise InputError(f"{flag} says where the data are; leave --{other} away")
    path = Path(getattr(arguments, given[0])).absolute()
    if not path.exists():
        raise InputError(f"{path} does not exist")
    options: dict[str, Any] = {"path": str(path)}
    if flag == "--images":
        dataset = IMAGES
    elif flag == "--text":
        dataset = TEXT
    else:
        dataset = kind or table_kind(path, arguments.text_column)
    columns = {"text": arguments.text_column, "label": arguments.label_column}
    for name, column in columns.items():
        if column is None:
            continue
        if flag != "--csv" or (name == "text" and dataset != TEXTS):
            raise InputError(f"--{name}-column does not go with {KINDS[dataset]}")
        options[name] = column
    if KINDS[dataset] == "images":
        if arguments.image_size is not None:
            options["size"] = arguments.image_size
        if skip_bad:
            options["skip_bad"] = True
    elif arguments.image_size is not None:
        raise InputError(f"--image-size goes with images, and {path} holds {KINDS[dataset]}")
    return Own(dataset, options, flag)


def _prepared(arguments: Namespace, skip_bad: bool, features: Mapping[str, str]) -> Own:
    """What `--data tfds:NAME` names."""
    name = arguments.data
    for other in (*OPTIONS, "text_column", "label_column", "download"):
        if getattr(arguments, other, None):
            raise InputError(f"--data {name} says where the data are; leave --{other.replace('_', '-')} away")
    path = tfds_folder.find_folder(name, getattr(arguments, "data_dir", None))
    dataset, options = tfds_folder.dataset_of(path), {"path": str(path), **features}
    if arguments.image_size is not None:
        if KINDS[dataset] != "images":
            raise InputError(f"--image-size goes with images, and {path} holds {KINDS[dataset]}")
        options["size"] = arguments.image_size
    if skip_bad and KINDS[dataset] == "images":
        options["skip_bad"] = True
    return Own(dataset, options, "--data")


def table_kind(path: Path, text: str | None = None) -> str:
    """Which dataset reads a table: one of texts where `text` names their column, else what its columns say.

    A column `path` makes it a list of images, a column `text` one of texts; all others hold numbers.
    """
    if text is not None:
        return TEXTS
    columns = TableFile(only_table(path)).columns
    if PATH_COLUMN in columns:
        return IMAGE_LIST
    return TEXTS if TEXT_COLUMN in columns else NUMBERS


def _by(size: tuple[int, int]) -> str:
    return "x".join(map(str, size))
