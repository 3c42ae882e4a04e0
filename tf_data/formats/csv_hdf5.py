"""A CSV file of numbers with a column of labels, streamed into HDF5: memory does not grow with the file.

The result is a converted folder in the hdf5 format, with `features` and `labels` in the group `train`.
"""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

import h5py
import numpy as np

from tf_data.csv_files import TableFile, ordered
from tf_data.errors import InputError
from tf_data.files import whole_file, write_text
from tf_data.formats import hdf5, manifest
from tf_data.formats.manifest import File, Manifest, Schema
from tf_data.formats.writing import JOURNAL, LISTED_BAD, Options, claimed
from tf_data.locks import NAME as LOCK

SPLIT = "train"
CLASSES = 10_000  # a column with more different values is no column of classes
LABELS = ("classes", "numbers")


def convert(
    path,
    folder,
    label: str,
    *,
    features: tuple[str, ...] = (),
    labels: str = "classes",
    options: Options = Options(),
) -> Manifest:
    """Write the table into a new folder.

    What a killed conversion of the same table left there is begun anew; one that was done is left as it is.

    Args:
        path: The CSV file, with a header.
        folder: New or empty.
        label: Name of the column of labels.
        features: Names of the other columns to take; default all.
        labels: `classes`: each value is a class, numbered in sorted order (as numbers if all are), int32; `numbers`:
            the label is the value itself, float32.
        options: `compress`, `chunk_size`, `skip_bad` and `quiet`. A row is bad if it has too few or too many fields,
            or a cell that is not a finite number.

    Raises:
        InputError: No such file or column, a bad row (named with line and column), no rows, a folder that is not
            empty or that another process writes, or a full disk.
    """
    path, folder = Path(path), Path(folder)
    if labels not in LABELS:
        raise InputError(f"labels must be {' or '.join(LABELS)}, not {labels!r}")
    skipped: list[str] = []
    table = Table(path, label, features, labels, skipped if options.skip_bad else None)
    schema = Schema((len(table.features),), "float32", (), table.label_dtype, features=table.features)
    options = replace(options, chunk_size=options.chunk_size or hdf5.chunk_size(schema, options.compress))
    stem = path.name.partition(".")[0] or "table"
    plan = Manifest(
        format=hdf5.NAME,
        dataset={"name": stem, "source": "official", "origin": str(path), "notes": list(table.notes)},
        schema=schema,
        counts={},
        classes={},
        files=(),
        options={"encoding": "raw", "compress": options.compress, "chunk_size": options.chunk_size},
        source_counts={},
    )
    target = folder / f"{stem}.h5"
    with claimed(folder):
        if (done := _finished(folder, plan)) is not None:
            return done
        with _journal(folder, target.name, plan):
            with whole_file(target) as temporary, hdf5.writing(temporary) as file:
                group = file().create_group(SPLIT)
                hdf5.create(group, schema, options.chunk_size, options.compress)
                for x, y in table.chunks(options.chunk_size, options.quiet):
                    hdf5.append(file()[SPLIT], schema, x, y)
                count = len(group["labels"])
                if count == 0:
                    good = f" that are good: {skipped[0]}" if skipped else ""
                    raise InputError(f"{path} has a header but no rows{good}")
                classes, balance = table.number_classes(group["labels"], options.chunk_size)
                hdf5.seal(file, SPLIT, schema, options.chunk_size)
            result = replace(
                plan,
                schema=replace(schema, classes=classes),
                counts={SPLIT: count},
                classes={SPLIT: balance},
                files=(File.of(folder, target, {SPLIT: count}),),
                source_counts={SPLIT: count + len(skipped)},
                skipped={
                    "count": len(skipped),
                    "records": [{"split": SPLIT, "record": None, "reason": line} for line in skipped[:LISTED_BAD]],
                },
            )
            result.write(folder)
    return result


def _finished(folder: Path, plan: Manifest) -> Manifest | None:
    """The manifest in the folder, if this very conversion has been done before."""
    if (folder / JOURNAL).exists() or not (folder / manifest.NAME).is_file():
        return None
    found = Manifest.read(folder)
    same = replace(found.schema, classes=()) == plan.schema
    same = same and (found.format, found.dataset, found.options) == (plan.format, plan.dataset, plan.options)
    return found if same else None


@contextlib.contextmanager
def _journal(folder: Path, name: str, plan: Manifest) -> Iterator[None]:
    """Within the context a journal says which table is converted, so that files without a manifest are known as ours.

    Raises:
        InputError: The folder holds anything but what a conversion of the same table left.
    """
    journal = folder / JOURNAL
    line = json.dumps({"table": plan.dataset, "schema": asdict(plan.schema), "settings": plan.options}) + "\n"
    ours = [folder / name, folder / manifest.NAME]
    found = {path.name for path in folder.iterdir()} - {LOCK}
    if journal.is_file():
        if journal.read_text(encoding="utf-8") != line:
            raise InputError(f"{folder} holds an unfinished conversion of something else; remove it")
        for path in ours:
            path.unlink(missing_ok=True)
    elif found:
        raise InputError(f"{folder} is not empty; empty it or choose another folder")
    write_text(journal, line)
    try:
        yield
    except BaseException:
        for path in ours:
            path.unlink(missing_ok=True)
        raise
    finally:
        journal.unlink()


class Table:
    """A CSV file as chunks of numbers.

    Args:
        path, label, features, labels: As in `convert`.
        skipped: List that gets a line for each bad row; None makes it an error.

    Attributes:
        features: Names of the columns.
        label_dtype: `int32` for classes, `float32` for numbers.
        notes: What a user should know of the file, a line each.
    """

    def __init__(self, path: Path, label: str, features: tuple[str, ...], labels: str, skipped: list[str] | None):
        self._path, self._label, self._skipped = path, label, skipped
        self._file = TableFile(path, (label, *features), skipped)
        self.features = tuple(features) or tuple(name for name in self._file.columns if name != label)
        self.label_dtype = {"classes": "int32", "numbers": "float32"}[labels]
        self.notes = self._file.notes
        self._classes: dict[str, int] = {}  # numbered as they come, until all are known

    def chunks(self, size: int, quiet: bool):
        """Features float32 `(n, columns)` and labels `(n,)` of up to `size` rows at a time."""
        from tqdm import tqdm

        lines = self._file.rows()
        with tqdm(desc=f"{self._path.name} to hdf5", unit=" rows", disable=True if quiet else None) as progress:
            while chunk := list(islice(lines, size)):
                progress.update(len(chunk))
                try:
                    numbers = self._numbers(chunk)
                except ValueError:
                    numbers = self._good(chunk)
                yield numbers

    def number_classes(self, labels: h5py.Dataset, size: int) -> tuple[tuple[str, ...], list[int] | None]:
        """Sort the classes, renumber the labels that were written, and count each."""
        if self.label_dtype == "float32":
            return (), None
        names = ordered(self._classes)
        place = {name: number for number, name in enumerate(names)}
        renumber = np.array([place[name] for name in self._classes], np.int32)
        balance = np.zeros(len(names), np.int64)
        for start in range(0, len(labels), size):
            values = renumber[labels[start : start + size]]
            labels[start : start + size] = values
            balance += np.bincount(values, minlength=len(names))
        return names, balance.tolist()

    def _numbers(self, chunk) -> tuple[np.ndarray, np.ndarray]:
        """All rows of a chunk at once. Raises `ValueError` if one is bad."""
        x = _floats([[row[name] for name in self.features] for _, row in chunk]).reshape(-1, len(self.features))
        texts = [row[self._label] for _, row in chunk]
        y = _floats(texts) if self.label_dtype == "float32" else None
        if not np.isfinite(x).all() or (y is not None and not np.isfinite(y).all()):
            raise ValueError
        return x, self._numbered(chunk, texts) if y is None else y

    def _good(self, chunk) -> tuple[np.ndarray, np.ndarray]:
        """The good rows of a chunk that holds a bad one, which is skipped or raised with line and column."""
        columns = [*self.features, *([self._label] if self.label_dtype == "float32" else [])]
        good = []
        for line, row in chunk:
            try:
                for column in columns:
                    value = self._file.number(line, column, row[column])
                    if not np.isfinite(_floats([row[column]])).all():
                        raise InputError(f"{self._path} line {line}, column {column!r}: {value} is beyond float32")
                if self.label_dtype == "int32":
                    self._file.label(line, self._label, row[self._label])
            except InputError as error:
                if self._skipped is None:
                    raise
                self._skipped.append(str(error))
            else:
                good.append((line, row))
        return self._numbers(good)

    def _numbered(self, chunk, texts: list[str]) -> np.ndarray:
        if not all(text.strip() for text in texts):
            raise ValueError
        numbers = [self._classes.setdefault(text.strip(), len(self._classes)) for text in texts]
        if len(self._classes) > CLASSES:
            raise InputError(
                f"{self._path} has more than {CLASSES} different values in {self._label!r} up to line {chunk[-1][0]}; "
                "if it is a number to predict, say --labels numbers"
            )
        return np.array(numbers, np.int32)


def _floats(texts: list) -> np.ndarray:
    with np.errstate(over="ignore"):  # becomes infinite, which is an error of its own
        return np.array(texts, str).astype(np.float32)
