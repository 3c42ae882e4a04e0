"""IMDB: 50,000 film reviews, positive or negative (Maas et al. 2011)."""

import csv
import io
import re
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from tf_data.archives import read_tar
from tf_data.csv_files import TableFile
from tf_data.cuts import stratified
from tf_data.dataset import Dataset, Reading, Split
from tf_data.datasets.grammar import reviews
from tf_data.errors import InputError
from tf_data.files import download, whole_file

URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
MD5 = "7c2ac02c03563afcf9b574c7e56c153a"
ARCHIVE, FOLDER = "aclImdb_v1.tar.gz", "aclImdb"
TABLES = ("movie_data.csv", "movie_data.csv.gz", "IMDB Dataset.csv")  # the last is Kaggle's
SENTIMENTS = {"0": 0, "1": 1, "negative": 0, "positive": 1}
REVIEW_BYTES = 2**20  # the longest official one has 14 thousand
TEST = 12_500  # reviews of the table that are kept for testing
PLACE = re.compile(r"aclImdb/(train|test)/(neg|pos)/[^/]+\.txt$")
FORMS = ("auto", "archive", "csv")


def official(folder: Path, form: str = "auto", seed: int = 0, hold_out: int = 5_000) -> Reading:
    """Reviews as text, label 1 for positive ones.

    Args:
        folder: Folder that holds `movie_data.csv[.gz]`, `aclImdb_v1.tar.gz` or the folder `aclImdb`.
        form: `archive` keeps the official train and test split. `csv` leaves out reviews that repeat another word for
            word, and cuts the table at random into 12,500 reviews for testing, or a third if that is less, and the
            others. `auto` takes the form that holds more reviews, and says so where there are both.
        seed: Seed of both cuts; each is stratified, and the same for equal files.
        hold_out: Training reviews for validation, or a fifth of them if that is less; 0 for none.
    """
    if form not in FORMS:
        raise InputError(f"form must be one of {', '.join(FORMS)}, not {form!r}")
    table = next((folder / name for name in TABLES if (folder / name).exists()), folder / TABLES[1])
    archived = (folder / ARCHIVE).exists() or (folder / FOLDER).is_dir()
    if form == "auto" and archived and table.exists():
        both = {"archive": _archive(folder), "csv": _table(table, seed)}
        held = {name: sum(map(len, one.splits.values())) for name, one in both.items()}
        form = max(held, key=held.__getitem__)
        other = next(name for name in both if name != form)
        said = f"{held[other]:,} reviews of the {other} form, because the {form} form has {held[form]:,}; data.form says which"
        reading = replace(both[form], skipped=(*both[form].skipped, said))
    else:
        reading = _archive(folder) if form == "archive" or (form == "auto" and archived) else _table(table, seed)
    return replace(reading, splits=_held_out(reading.splits, hold_out, seed))


def _archive(folder: Path) -> Reading:
    return Reading(_read_official(folder))


def _table(path: Path, seed: int) -> Reading:
    """The table without repetitions, cut into training and test split."""
    texts, y = read_csv(path)
    first = np.sort(np.unique(texts, return_index=True)[1])
    again = len(texts) - len(first)
    texts, y = texts[first], y[first]
    test = min(TEST, len(y) // 3)
    cut = stratified(y, {"train": len(y) - test, "test": test}, seed)
    skipped = (f"{again:,} reviews that repeat another word for word",) if again else ()
    return Reading({name: Split(name, texts[rows], y[rows]) for name, rows in cut.items()}, skipped=skipped)


def _held_out(splits: dict[str, Split], count: int, seed: int) -> dict[str, Split]:
    """The splits with up to `count` samples of the training split, stratified, for validation."""
    train = splits["train"]
    count = min(count, len(train) // 5)
    if not count:
        return splits
    rows = stratified(train.y, {"train": len(train) - count, "validation": count}, seed)
    return {**splits, **{name: Split(name, train.x[part], train.y[part]) for name, part in rows.items()}}


def read_csv(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Reviews `(n,)` of str and labels `(n,)` int32 from columns `review` and `sentiment`, compressed or not.

    Raises:
        InputError: The file is missing or damaged, lacks a column, has an empty review, or a sentiment besides 0 and 1
            or `negative` and `positive`.
    """
    texts, labels = [], []
    for number, (_, row) in enumerate(TableFile(path, ("review", "sentiment")).rows()):
        label = SENTIMENTS.get(row["sentiment"].strip())
        if label is None or not row["review"]:
            raise InputError(f"{path} record {number} has sentiment {row['sentiment']!r} or no review")
        texts.append(row["review"])
        labels.append(label)
    return np.array(texts, object), np.array(labels, np.int32)


def _read_official(folder: Path) -> dict[str, Split]:
    if (folder / FOLDER).is_dir():
        files = sorted((folder / FOLDER).glob("*/*/*.txt"))
        members = ((path.relative_to(folder).as_posix(), path.read_bytes()) for path in files)
    else:
        members = sorted(read_tar(folder / ARCHIVE, PLACE.search, REVIEW_BYTES, 2**30))
    found: dict[str, tuple[list, list]] = {"train": ([], []), "test": ([], [])}
    for name, content in members:
        if match := PLACE.search(name):
            texts, labels = found[match[1]]
            try:
                texts.append(content.decode("utf-8"))
            except UnicodeDecodeError as error:
                raise InputError(f"{folder / name} is not UTF-8: {error}") from None
            labels.append(int(match[2] == "pos"))
    if not all(texts for texts, _ in found.values()):
        raise InputError(f"{folder} holds no reviews of the form aclImdb/train|test/pos|neg/<file>.txt")
    return {name: Split(name, np.array(texts, object), np.array(y, np.int32)) for name, (texts, y) in found.items()}


def fetch(folder: Path) -> None:
    """Download the official archive and verify its MD5."""
    download(URL, folder / ARCHIVE, MD5)


def synthetic(folder: Path, per_class: int = 200, seed: int = 0, form: str = "archive") -> None:
    """Write reviews of the grammar in `tf_data.datasets.grammar`, `per_class` of each kind and split, in one of `FORMS`."""
    places = [
        (kind, f"{FOLDER}/{part}/{kind}/{number}_{9 if kind == 'pos' else 2}.txt")
        for part in ("train", "test")
        for kind in ("pos", "neg")
        for number in range(per_class)
    ]
    texts = reviews([kind == "pos" for kind, _ in places], np.random.default_rng(seed))
    if form == "csv":
        with whole_file(folder / TABLES[0]) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("review", "sentiment"))
            writer.writerows((text, int(kind == "pos")) for (kind, _), text in zip(places, texts, strict=True))
        return
    with whole_file(folder / ARCHIVE) as temporary, tarfile.open(temporary, "w:gz") as archive:
        for (_, name), text in zip(places, texts, strict=True):
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))


DATASET = Dataset(
    name="imdb",
    title="IMDB film reviews",
    shape=(),
    classes=("negative", "positive"),
    counts={"train": 25_000, "test": 25_000},
    files=(ARCHIVE, FOLDER, *TABLES),
    md5={ARCHIVE: MD5},
    official=official,
    synthetic=synthetic,
    download=fetch,
    homepage="https://ai.stanford.edu/~amaas/data/sentiment/",
    licence="none stated; the page asks to cite; the texts are IMDb users'",
    citation="Maas et al.: Learning word vectors for sentiment analysis, 2011",
)
