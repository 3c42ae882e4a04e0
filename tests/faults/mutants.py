"""Damages files of every form and sees what their readers make of it: `python tests/faults/mutants.py --count 1000`.

A mutant is refused in one line, or reads as if nothing were wrong. Where the form has checksums it must then read the
same; where it has none (plain pixels, text), other numbers cannot be told from right ones, and are only counted.
"""

import argparse
import contextlib
import functools
import gzip
import hashlib
import json
import resource
import shutil
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import tf_data
from tf_data import datasets, formats
from tf_data.dataset import Data, Split
from tf_data.errors import InputError
from tf_data.samples import Sequences
from tf_data.transform import Images
from tf_models.configs import get
from tf_models.training import checkpoint_file
from tf_models.training.options import Options
from tf_models.training.run_directory import RunDirectory

MEMORY = 3 * 2**30  # bytes of address space; the process itself takes about one
SECONDS = 20.0  # that a reader may take
RESULTS = ("refused", "the same", "another", "traceback", "too slow")


@dataclass
class Form:
    """Files of one form, and their reader.

    Attributes:
        files: Files to damage.
        read: Reads everything, and returns it as bytes.
        checksums: Whether a damage that changes what is read must be found as it is read.
    """

    files: list[Path]
    read: Callable[[], bytes]
    checksums: bool = True


def damage(content: bytes, rng: np.random.Generator) -> bytes:
    """One of ten faults that disks, networks and people make, somewhere in a file."""
    size, at = len(content), int(rng.integers(len(content)))
    length = int(min(size - at, rng.integers(1, 65)))
    kind = rng.integers(10)
    if kind < 3:
        return content[:at] + bytes([content[at] ^ 1 << int(rng.integers(8))]) + content[at + 1 :]
    if kind == 3:
        return content[:at] + b"\xff" * min(4, size - at) + content[at + 4 :]
    if kind == 4:
        return content[:at] + bytes(length) + content[at + length :]
    if kind == 5:
        return content[:at] + rng.bytes(length) + content[at + length :]
    if kind == 6:
        return content[:at]
    if kind == 7:
        return content[:at] + content[at + length :]
    if kind == 8:
        return content[:at] + rng.bytes(length) + content[at:]
    return content[:at] + content[at : at + length] + content[at:]


def everything(data) -> bytes:
    """All samples, labels, classes and features, as a digest."""
    total = hashlib.sha256(repr((data.classes, data.features)).encode())
    for name, split in data.splits.items():
        total.update(name.encode())
        for start in range(0, len(split), 500):
            x, y = split.read(np.arange(start, min(start + 500, len(split))))
            for part in x if x.dtype == object else [x]:
                total.update(part.encode() if isinstance(part, str) else np.ascontiguousarray(part).tobytes())
            total.update(b"" if y is None else y.tobytes())
    return total.digest()


def official(root: Path, name: str, files: str, checksums: bool = True, write=None, **arguments) -> Form:
    """The stand-in of a dataset in its official form.

    Args:
        files: Pattern of the files to damage.
        write: Changes the folder before, for other forms of the same files.
        arguments: Arguments of the function that writes the stand-in.
    """
    folder = root / "official" / f"{name}-{len(list(root.glob('official/*')))}" / name
    datasets.get(name).synthetic(folder, **arguments)
    if write:
        write(folder)
    options = {"size": (24, 24)} if name == "afad-lite" else {}
    return Form(
        sorted(folder.glob(files)),
        lambda: everything(tf_data.load(name, "official", path=folder, **options)),
        checksums,
    )


def gunzip(folder: Path) -> None:
    for path in folder.glob("*.gz"):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()


def as_keras_npz(folder: Path) -> None:
    data = tf_data.load("mnist", "official", path=folder)
    arrays = {f"{axis}_{name}": v for name, s in data.splits.items() for axis, v in (("x", s.x[..., 0]), ("y", s.y))}
    np.savez(folder / "mnist.npz", **arrays)
    for path in folder.glob("*.gz"):
        path.unlink()


def as_unpacked(folder: Path) -> None:
    from tf_data.archives import unpack

    (archive,) = folder.glob("*.tar.gz")
    unpack(archive, folder / "out")
    archive.unlink()
    for path in (folder / "out").iterdir():
        path.rename(folder / path.name)


def as_review_table(folder: Path) -> None:
    lines = ["review,sentiment", *(f'"seen {number} times",{number % 2}' for number in range(60))]
    (folder / "movie_data.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    (folder / "aclImdb_v1.tar.gz").unlink()


def converted(root: Path, to: str, data: Data, files: str, **options) -> Form:
    """A folder that `convert` wrote."""
    folder = root / "converted" / f"{to}-{len(list(root.glob('converted/*')))}"
    formats.write(formats.Source.of(data), to, folder, formats.Options(quiet=True, workers=1, **options))
    return Form(sorted(folder.glob(files)), lambda: everything(formats.open(folder).data()))


def images(count: int = 24) -> Data:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (count, 8, 8, 3), np.uint8), (np.arange(count) % 3).astype(np.int32)
    return Data(
        "drawn", "synthetic", "a test", Split("train", x, y), Split("test", x[:6], y[:6]), classes=("a", "b", "c")
    )


def sequences() -> Data:
    rng = np.random.default_rng(0)
    x = Sequences.of([rng.integers(0, 99, size) for size in rng.integers(1, 30, 24)])
    y = (np.arange(24) % 2).astype(np.int32)
    return Data("drawn", "synthetic", "a test", Split("train", x, y), Split("test", x[:6], y[:6]), classes=("a", "b"))


def run_directory(root: Path) -> Path:
    """What a training leaves, as far as it is read without Keras."""
    recipe, folder = get("softmax-regression"), root / "run"
    run = RunDirectory.create(folder, recipe)
    data = {"name": "mnist", "source": "embedded", "origin": "x", "counts": {"train": 9}, "classes": list("0123456789")}
    run.update(recipe=recipe.as_dict(), options=vars(Options()), status="running", seed=1, data=data)
    run.release()
    progress = {"epoch": 1, "step": 3, "seconds": 1.5, "history": [{"loss": 0.5}]}
    meta = np.frombuffer(json.dumps(progress).encode(), np.uint8)
    (folder / "checkpoints").mkdir()
    arrays = {checkpoint_file.META: meta, "model/dense/kernel": np.arange(200.0), "metrics/0000": np.zeros(())}
    np.savez(run.checkpoint_file(1, 3), **arrays)
    learned = Images(standardize=True)
    learned.fit(images().train)
    learned.save(run.transform_file)
    return folder


def read_checkpoint(path: Path) -> bytes:
    values, progress = checkpoint_file.load(path)
    return repr(progress).encode() + b"".join(name.encode() + value.tobytes() for name, value in values.items())


def read_learned(path: Path) -> bytes:
    transform = Images(standardize=True)
    transform.load(path)
    return repr(transform.learned).encode()


def make(root: Path) -> dict[str, Callable[[], Form]]:
    """Every form by its name, made when it is asked for."""
    few = {"counts": {"train": 30, "test": 10}}
    found = {
        "mnist, gzip": lambda: official(root, "mnist", "*.gz", **few),
        "mnist, unpacked": lambda: official(root, "mnist", "*ubyte", False, gunzip, **few),
        "mnist, Keras' npz": lambda: official(root, "mnist", "*.npz", True, as_keras_npz, **few),
        "cifar10, tar.gz": lambda: official(root, "cifar10", "*.tar.gz", per_batch=10),
        "cifar10, pickles": lambda: official(root, "cifar10", "*/*", False, as_unpacked, per_batch=10),
        "svhn, MATLAB": lambda: official(root, "svhn", "*.mat", counts={"train": 10, "test": 10}),
        "celeba, zip": lambda: official(root, "celeba", "*.zip", counts=(3, 3, 3)),
        "celeba, lists": lambda: official(root, "celeba", "*.txt", False, counts=(3, 3, 3)),
        "quickdraw, npy": lambda: official(root, "quickdraw", "*.npy", False, per_class=10),
        "imdb, tar.gz": lambda: official(root, "imdb", "*.tar.gz", per_class=10),
        "imdb, csv.gz": lambda: official(root, "imdb", "*.csv.gz", True, as_review_table, per_class=2),
        "afad-lite, tar.xz": lambda: official(root, "afad-lite", "*.xz", per_age=2),
        "dickens, text": lambda: official(root, "dickens", "*.txt", False, sentences=50),
        "cement, csv": lambda: official(root, "cement", "*.csv", False, count=60),
        "feature-csv": lambda: official(root, "feature-csv", "*.csv", False, count=30),
        "image-folder, jpeg": lambda: official(root, "image-folder", "*/*", False, per_class=4),
        "image-csv, list": lambda: official(root, "image-csv", "*.csv", False),
    }
    kinds = {"npz": "*.npz", "hdf5": "*.h5", "tfrecord": "*.tfrecord", "images": "*/*/*"}
    for to, files in kinds.items():
        found[f"{to}, converted"] = functools.partial(converted, root, to, images(), files)
        found[f"{to}, manifest"] = functools.partial(converted, root, to, images(6), "manifest.json")
        if to != "images":
            found[f"{to}, gzip"] = functools.partial(converted, root, to, images(), files, compress=True)
    for to in formats.ANY_LENGTH:
        found[f"{to}, sequences"] = functools.partial(converted, root, to, sequences(), kinds[to])
    found["tfrecord, index"] = functools.partial(converted, root, "tfrecord", images(), "*.npz")
    found["images, lists"] = functools.partial(converted, root, "images", images(), "*.csv")
    run = functools.cache(lambda: run_directory(root))
    opened = {
        "run.json": lambda: repr(RunDirectory.open(run()).info).encode(),
        "transform.json": lambda: read_learned(run() / "transform.json"),
        "checkpoints/00001-0000003.npz": lambda: read_checkpoint(run() / "checkpoints" / "00001-0000003.npz"),
    }
    for name, read in opened.items():
        found[f"run, {name.partition('/')[0]}"] = functools.partial(
            lambda name, read: Form([run() / name], read, name != "run.json"), name, read
        )
    return found


def result(form: Form, path: Path, content: bytes, whole: bytes) -> tuple[str, str]:
    """What the reader makes of a file with this content, one of `RESULTS`, and what is wrong with that."""
    before = path.read_bytes()
    path.write_bytes(content)
    begin = time.perf_counter()
    try:
        # A warning must be an error, too: nobody reads it in a training.
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            same = form.read() == whole
        passed = not same and form.checksums
        found = ("the same" if same else "another", "other numbers passed" if passed else "")
    except InputError as error:
        found = ("refused", "" if "\n" not in str(error) else f"several lines: {error}")
    except Exception as error:
        found = ("traceback", f"{type(error).__name__}: {error}"[:300])
    finally:
        path.write_bytes(before)
    if (seconds := time.perf_counter() - begin) > SECONDS:
        return "too slow", f"{seconds:.0f} s"
    return found


def run(name: str, make_form: Callable[[], Form], count: int, seed: int) -> dict:
    """Counts of results of `count` mutants of a form, and its faults."""
    form = make_form()
    whole, counts, faults = form.read(), Counter(), []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        path = form.files[int(rng.integers(len(form.files)))]
        content = path.read_bytes()
        changed = damage(content, rng)
        if changed == content:
            counts["the same"] += 1
            continue
        kind, fault = result(form, path, changed, whole)
        counts[kind] += 1
        if fault:
            faults.append(f"{name}, mutant {number} of seed {seed}, {path.name}: {kind}: {fault}")
    return {"form": name, "mutants": count, **{kind: counts[kind] for kind in RESULTS}, "faults": faults}


def table(rows: list[dict]) -> str:
    """The counts as a table in Markdown."""
    names = ("form", "mutants", *RESULTS)
    lines = [f"| {' | '.join(names)} |", f"| --- |{' ---: |' * (len(names) - 1)}"]
    total = {"form": "all", **{name: sum(row[name] for row in rows) for name in names[1:]}}
    return "\n".join(
        [
            *lines,
            *(
                f"| {' | '.join(f'{row[name]:,}' if name != 'form' else row[name] for name in names)} |"
                for row in (*rows, total)
            ),
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50, help="mutants of each form")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--form", action="append", help="only forms whose name has this; may be repeated")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    root = Path(tempfile.mkdtemp(prefix="mutants-"))
    try:
        chosen = make(root)
        if arguments.form:
            chosen = {name: form for name, form in chosen.items() if any(part in name for part in arguments.form)}
        with contextlib.redirect_stdout(sys.stderr):
            rows = [run(name, form, arguments.count, arguments.seed) for name, form in chosen.items()]
    finally:
        shutil.rmtree(root, ignore_errors=True)
    print(json.dumps(rows) if arguments.json else table(rows))
    faults = [fault for row in rows for fault in row["faults"]]
    for fault in faults[:30]:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
