"""What all writers have in common: checked samples, parallel work, a journal to resume from, and the final manifest.

Work is cut into units, each a run of samples that becomes some files. A unit's files are written whole or not at all
and then entered in the journal with their checksums; a conversion that broke off leaves whole files and the journal,
and the same command goes on with the units that are missing.
"""

import contextlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from tf_data.command import printable
from tf_data.errors import InputError
from tf_data.files import remove_leftovers, unwritable, write_text
from tf_data.formats import manifest
from tf_data.formats.manifest import File, Manifest, Schema
from tf_data.formats.source import Bad, Chunk, Source
from tf_data.locks import NAME as LOCK
from tf_data.locks import Lock

JOURNAL = "unfinished.jsonl"
LISTED_BAD = 1000  # of the skipped samples that a manifest lists
FILE_BYTES = 16 * 2**20  # a file that is read as one block must not be larger: readers hold some


@dataclass(frozen=True)
class Options:
    """How a dataset is written.

    Attributes:
        encoding: `raw`, `png` or `jpeg`; None leaves the choice to the format.
        compress: Whether to compress with gzip, where the format allows it.
        chunk_size: Samples in a file, or rows in an HDF5 chunk; None leaves the choice to the format.
        workers: Number of threads; None is one for each core, 8 at most.
        skip_bad: Leave bad samples out instead of stopping at the first.
        quiet: Whether to show no progress.
    """

    encoding: str | None = None
    compress: bool = False
    chunk_size: int | None = None
    workers: int | None = None
    skip_bad: bool = False
    quiet: bool = False

    def __post_init__(self):
        for name in ("chunk_size", "workers"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise InputError(f"{name.replace('_', ' ')} must be at least 1, not {value}")


@dataclass(frozen=True)
class Unit:
    """Samples `start` to `stop` of a split, the `number`th of `total` of that split."""

    split: str
    number: int
    total: int
    start: int
    stop: int

    @property
    def name(self) -> str:
        return f"{self.split}-{self.number:05d}-of-{self.total:05d}"


@dataclass
class Done:
    """What a finished unit left: its files, the samples of each class, and what was skipped."""

    name: str
    files: list[File]
    classes: list[int] | None = None
    skipped: list[Bad] = field(default_factory=list)

    def as_dict(self) -> dict:
        """Plain lists and dictionaries for the journal; `from_dict` reads them back."""
        return {**asdict(self), "skipped": [list(bad) for bad in self.skipped]}

    @classmethod
    def from_dict(cls, values: dict) -> "Done":
        files = [File(**file) for file in values["files"]]
        return cls(values["name"], files, values["classes"], [Bad(*bad) for bad in values["skipped"]])


class Job:
    """One conversion into one folder; a context.

    Args:
        source: The samples.
        folder: Folder to write into; it is created if it does not exist.
        format: The format's name.
        schema: Shape, type and encoding of a stored sample and its target.
        options: The settings; `chunk_size` is not None any more.

    Raises:
        InputError: The folder holds something else, or an unfinished conversion with other settings.
    """

    def __init__(self, source: Source, folder: Path, format: str, schema: Schema, options: Options):
        self.source, self.folder, self.format, self.schema, self.options = source, Path(folder), format, schema, options
        self.workers = options.workers or min(8, os.cpu_count() or 1)
        self._journal = self.folder / JOURNAL
        self.settings = {
            "encoding": schema.encoding,
            "compress": options.compress,
            "chunk_size": options.chunk_size,
            "shuffle": source.shuffle,
        }
        self._signature = _plain(
            {
                "format": format,
                "settings": self.settings,
                "dataset": source.about,
                "schema": asdict(schema),
                "counts": source.counts,
            }
        )
        self._done: dict[str, Done] = {}

    def finished(self) -> Manifest | None:
        """The manifest in the folder, if this very conversion has been done before."""
        if not (self.folder / manifest.NAME).is_file():
            return None
        found = Manifest.read(self.folder)
        signature = {
            "format": found.format,
            "settings": {name: found.options.get(name) for name in self.settings},
            "dataset": found.dataset,
            "schema": asdict(found.schema),
            "counts": found.source_counts,
        }
        self._compare(_plain(signature), "a converted dataset", "choose another folder")
        if (self.folder / LOCK).exists():  # of a process that ended, or was killed, after the manifest was written
            Lock(self.folder, str(self.folder)).release()
        self._journal.unlink(missing_ok=True)
        return found

    def __enter__(self) -> "Job":
        with contextlib.ExitStack() as stack:
            stack.enter_context(claimed(self.folder))
            self._begin()
            self._claim = stack.pop_all()
        return self

    def _begin(self) -> None:
        if self._journal.is_file():
            self._continue()
        elif any(path.name != LOCK for path in self.folder.iterdir()):
            raise InputError(f"{self.folder} is not empty; empty it or choose another folder")
        else:
            self._write_journal()
        from tqdm import tqdm

        done = sum(sum(file.samples.values()) for unit in self._done.values() for file in unit.files)
        self.progress = tqdm(
            total=sum(self.source.counts.values()),
            initial=done,
            unit=" samples",
            desc=printable(f"{self.source.about['name']} to {self.format}"),
            disable=True if self.options.quiet else None,  # None shows it on a terminal only
        )

    def __exit__(self, kind, *_) -> None:
        self.progress.close()
        if kind is not None and {path.name for path in self.folder.iterdir()} == {JOURNAL, LOCK}:
            self._journal.unlink()  # nothing to go on from
        self._claim.close()

    def units(self, size: int | None = None) -> list[Unit]:
        """The work in pieces of `size` samples, by default `options.chunk_size`."""
        size = size or self.options.chunk_size
        units = []
        for split, count in self.source.counts.items():
            total = -(-count // size)
            for number in range(total):
                units.append(Unit(split, number, total, number * size, min((number + 1) * size, count)))
        return units

    def run(self, units: list[Unit], write: Callable[[Unit, Chunk], list[File]]) -> list[Done]:
        """Call `write` for each unit that is not done yet, several at once, and return what all units left.

        Args:
            write: Writes the files of a unit, each whole or not at all, and returns them. It is not called for a
                unit of which no sample is left.
        """

        def work(unit: Unit) -> tuple[Unit, Chunk, list[File]]:
            chunk = self.read(unit)
            files = write(unit, chunk) if len(chunk) else []
            return unit, replace(chunk, x=np.empty(0)), files  # the samples are stored and may go

        missing = [unit for unit in units if unit.name not in self._done]
        for unit, chunk, files in in_parallel(work, missing, self.workers):
            self._append(self.count(unit, chunk, files).as_dict())
        return [self._done[unit.name] for unit in units]

    def chunks(self, units: list[Unit]) -> Iterator[tuple[Unit, Chunk]]:
        """The samples of all units in their order, read ahead; for a format with one writer."""
        for unit, chunk in in_parallel(lambda unit: (unit, self.read(unit)), units, self.workers):
            yield unit, chunk
            self.count(unit, chunk, [])

    def read(self, unit: Unit) -> Chunk:
        """A unit's samples, checked."""
        return self.source.read(unit.split, unit.start, unit.stop, self.schema, self.options.skip_bad)

    def count(self, unit: Unit, chunk: Chunk, files: list[File]) -> Done:
        """Remember what a unit left."""
        classes = len(self.schema.classes)
        balance = np.bincount(chunk.y, minlength=classes).tolist() if self.schema.has_classes else None
        done = self._done[unit.name] = Done(unit.name, files, balance, chunk.skipped)
        self.progress.update(unit.stop - unit.start)
        return done

    def complete(self, units: list[Unit], files: list[File] | None = None) -> Manifest:
        """Write the manifest, remove the journal, and return the manifest.

        Args:
            units: All units of the job.
            files: Files that the manifest lists instead of the units' files.

        Raises:
            InputError: A split has no sample left.
        """
        by_split = {
            split: [self._done[unit.name] for unit in units if unit.split == split] for split in self.source.counts
        }
        skipped = [
            *self.source.skipped,
            *(bad for dones in by_split.values() for done in dones for bad in done.skipped),
        ]
        counts = {
            split: self.source.counts[split] - sum(bad.split == split for bad in skipped)
            for split in self.source.counts
        }
        for split, count in counts.items():
            if count == 0:
                raise InputError(
                    f"every {split} sample is bad; the first: {next(b for b in skipped if b.split == split).reason}"
                )
        classes = {
            split: np.sum([done.classes for done in dones], axis=0).tolist() if self.schema.has_classes else None
            for split, dones in by_split.items()
        }
        result = Manifest(
            format=self.format,
            dataset=self.source.about,
            schema=self.schema,
            counts=counts,
            classes=classes,
            files=tuple(files or (file for unit in units for file in self._done[unit.name].files)),
            options=self.settings,
            source_counts=self.source.counts,
            skipped={"count": len(skipped), "records": [bad._asdict() for bad in skipped[:LISTED_BAD]]},
        )
        result.write(self.folder)
        self._journal.unlink()
        return result

    def _continue(self) -> None:
        """Take over what an interrupted conversion finished, and delete what it left half-written."""
        lines = self._journal.read_text(encoding="utf-8").splitlines()
        entries = []
        for number, line in enumerate(lines):
            try:
                entries.append(json.loads(line))
            except ValueError:
                if number + 1 < len(lines):
                    raise InputError(f"{self._journal} line {number + 1} is damaged; remove {self.folder}") from None
        if not entries:
            entries = [self._signature]
        self._compare(entries.pop(0), "an unfinished conversion", "repeat that command")
        for partial in self.folder.rglob(".*.partial*"):
            partial.unlink(missing_ok=True)
        for entry in entries:
            done = Done.from_dict(entry)
            if (self.options.skip_bad or not done.skipped) and not any(file.fault(self.folder) for file in done.files):
                self._done[done.name] = done
        self._write_journal()  # anew, because the last line may be torn

    def _compare(self, signature: dict, what: str, remedy: str) -> None:
        differing = sorted(key for key in self._signature if signature.get(key) != self._signature[key])
        if differing:
            raise InputError(f"{self.folder} holds {what} with other {', '.join(differing)}; {remedy}, or remove it")

    def _write_journal(self) -> None:
        entries = [self._signature, *(done.as_dict() for done in self._done.values())]
        write_text(self._journal, "".join(json.dumps(entry) + "\n" for entry in entries))

    def _append(self, entry: dict) -> None:
        try:
            with open(self._journal, "a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        except OSError as error:
            raise unwritable(self._journal, error) from error


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Within the context, the folder is there and this process's own; at the end it is removed if it is empty.

    What processes left in it when they were killed at the very start is gone.

    Raises:
        InputError: Another process holds the folder, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from None
    lock = Lock(folder, str(folder))
    try:
        remove_leftovers(folder)
        yield
    finally:
        lock.release()
        with contextlib.suppress(OSError):
            folder.rmdir()


def _plain(values: dict) -> dict:
    """Values as they come back from JSON."""
    return json.loads(json.dumps(values))


def in_parallel(work: Callable, items: Iterable, workers: int) -> Iterator:
    """`work(item)` for each item in threads, in the items' order. After an error nothing new is begun."""
    items = iter(items)
    with ThreadPoolExecutor(workers) as pool:
        waiting = deque(pool.submit(work, item) for item in islice(items, 2 * workers))
        try:
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(pool.submit(work, item) for item in islice(items, 1))
                yield result
        finally:
            for future in waiting:
                future.cancel()


def default_size(sample_bytes: int, file_bytes: int, most: int) -> int:
    """Samples that fill about `file_bytes`, between 1 and `most`."""
    return max(1, min(most, file_bytes // max(1, sample_bytes)))


def check_file_bytes(size: int, sample_bytes: int) -> None:
    """Refuse files that readers could not hold in memory. Raises `InputError`."""
    if size > 1 and size * sample_bytes > FILE_BYTES:
        raise InputError(
            f"--chunk-size {size} makes files of {size * sample_bytes / 2**20:.0f} MB, which are read whole; "
            f"choose {FILE_BYTES // sample_bytes} or less"
        )
