"""Ways to keep samples on disk. Each format is a module with a writer and a reader; nothing here imports TensorFlow.

A converted dataset is a folder with a `manifest.json`. `open(folder).splits` gives its splits, and each reader gives the
same five things:

- its length, `len(split)`;
- what an element is, `split.element_spec`;
- shuffled epochs, `split.batches(64, seed=0, epoch=3)`: every epoch holds each sample once, in an order that follows
  from seed and epoch;
- rows for several workers, `split.batches(64, seed=0, epoch=3, shard=(0, 2))`: of each batch of 64, every other row.
  Each worker reads the blocks of all, and decodes its own rows only;
- resuming, `split.batches(64, seed=0, epoch=3, start=17)`: exactly the batches from step 17 on, in every format. To get
  there one window of blocks is read (16 MB at most), not the epoch up to it.

`split.batches` returns a `tf.data.Dataset` of `(x, y)`, images as float32 in 0..1 or with `raw=True` as stored, encoded images decoded; `tf_data.pipeline.Batches`
takes such a split and adds a task's own preparation. `split.x` and `split.y` serve single samples and labels as arrays
do. Memory is bounded by the windows, whatever the data's size; see `tf_data.order.Windows`.

| format   | files                                             | a block is                          |
| -------- | ------------------------------------------------- | ----------------------------------- |
| npz      | `train_1.npz`, ... with `data` and `labels`       | a file                              |
| hdf5     | one file, a group for each split                  | an HDF5 chunk                       |
| tfrecord | shards of `tf.train.Example`, each with its index | 256 KB of records, or a gzip shard  |
| images   | `<split>/<class>/<number>.png` or `.jpg`          | an image                            |

A window mixes 64 blocks, or what 16 MB hold: four npz files of the usual size. Where samples lie class by class, convert
them with a `shuffle` seed, or an npz batch sees few classes.

hdf5 and tfrecord keep texts and sequences of integers, too, of any length: texts as UTF-8, sequences as their bytes.

A format's module has `NAME`, `chunk_size(schema, compress)`, `write(job)` and `blocks(folder, manifest, split)`; a new
one needs these and a line in `MODULES`.
"""

import importlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from tf_data import tables
from tf_data.errors import InputError
from tf_data.formats.manifest import NAME as MANIFEST
from tf_data.formats.manifest import Manifest, Schema
from tf_data.formats.source import Source
from tf_data.formats.stored import Stored, StoredSplit
from tf_data.formats.writing import JOURNAL, Job, Options

MODULES = ("npz", "hdf5", "tfrecord", "images")
ANY_LENGTH = ("hdf5", "tfrecord")  # that keep samples of any length
ENCODINGS = {"npz": ("raw",), "hdf5": ("raw",), "tfrecord": ("raw", "png", "jpeg"), "images": ("png", "jpeg")}

__all__ = [
    "ENCODINGS",
    "JOURNAL",
    "MODULES",
    "Options",
    "Source",
    "Stored",
    "StoredSplit",
    "get",
    "is_converted",
    "open",
    "write",
]


def get(name: str) -> ModuleType:
    """A format's module. Raises `InputError` for an unknown name."""
    tables.require("format", name, MODULES, f"; one of {', '.join(MODULES)}")
    return importlib.import_module(f"tf_data.formats.{name}")


def is_converted(path) -> bool:
    """Whether a folder holds a converted dataset, or one that is being converted."""
    return any((Path(path) / name).is_file() for name in (MANIFEST, JOURNAL))


def open(path) -> Stored:
    """Open a converted folder, which its manifest tells from any other.

    Raises:
        InputError: There is no manifest or a damaged one, or an index cannot be read.
    """
    path = Path(path)
    if not path.is_dir():
        raise InputError(f"{path} is not a folder" if path.exists() else f"{path} does not exist")
    if (path / JOURNAL).exists() and not (path / MANIFEST).exists():
        raise InputError(f"{path} holds an unfinished conversion; repeat the command to finish it")
    manifest = Manifest.read(path)
    module = get(manifest.format)
    try:
        splits = {
            name: StoredSplit(name, module.blocks(path, manifest, name), 0, count)
            for name, count in manifest.counts.items()
        }
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path / MANIFEST} is damaged: {error!r}; convert again") from None
    return Stored(path, manifest, splits)


def write(source: Source, to: str, folder, options: Options = Options()) -> Manifest:
    """Write a dataset into a folder. After an error or a kill the same call goes on; once done, it changes nothing.

    Args:
        source: What to write, for instance `Source.of(tf_data.load(...))`.
        to: Name of a format.
        folder: A new or empty folder, or one that an interrupted call with the same arguments left.
        options: The settings.

    Raises:
        InputError: Bad options, a bad sample (unless skipped), a folder that holds something else, or a full disk.
    """
    module = get(to)
    if source.schema.varies and to not in ANY_LENGTH:
        kind = "texts" if source.schema.is_text else "sequences"
        raise InputError(f"{to} keeps samples of one shape only; {kind} go to {' or '.join(ANY_LENGTH)}")
    schema = replace(source.schema, encoding=_encoding(source.schema, to, options.encoding))
    options = replace(options, chunk_size=options.chunk_size or module.chunk_size(schema, options.compress))
    if to == "images" and options.compress:
        raise InputError("--compress is for npz, hdf5 and tfrecord; images are compressed already")
    job = Job(source, Path(folder), to, schema, options)
    if (done := job.finished()) is not None:
        return done
    with job:
        return module.write(job)


def _encoding(schema: Schema, to: str, asked: str | None) -> str:
    """The encoding asked for, else the source's where the format keeps it, else the format's first."""
    allowed = ENCODINGS[to]
    if asked is not None and asked not in allowed:
        raise InputError(f"{to} keeps samples as {' or '.join(allowed)}, not {asked}; leave --encoding out")
    return asked or (schema.encoding if schema.encoding in allowed else allowed[0])
