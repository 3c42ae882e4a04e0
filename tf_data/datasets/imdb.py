"""IMDB: 50,000 film reviews, positive or negative (Maas et al. 2011)."""

import io
import re
import tarfile
from pathlib import Path

import numpy as np

from tf_data.archives import read_tar
from tf_data.csv_files import TableFile
from tf_data.dataset import Dataset, Reading, Split, cut
from tf_data.errors import InputError
from tf_data.files import download, whole_file

URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
MD5 = "7c2ac02c03563afcf9b574c7e56c153a"
ARCHIVE, FOLDER = "aclImdb_v1.tar.gz", "aclImdb"
TABLES = ("movie_data.csv", "movie_data.csv.gz", "IMDB Dataset.csv")  # the last is Kaggle's
SENTIMENTS = {"0": 0, "1": 1, "negative": 0, "positive": 1}
FRACTIONS = {"train": 0.75, "validation": 0.05, "test": 0.2}
REVIEW_BYTES = 2**20  # the longest official one has 14 thousand
PLACE = re.compile(r"aclImdb/(train|test)/(neg|pos)/[^/]+\.txt$")
FORMS = ("auto", "archive", "csv")


def official(folder: Path, form: str = "auto", seed: int = 123) -> Reading:
    """Reviews as text, label 1 for positive ones.

    Args:
        folder: Folder that holds `movie_data.csv[.gz]`, `aclImdb_v1.tar.gz` or the folder `aclImdb`.
        form: `csv` splits the table 75/5/20 at random; `archive` keeps the official train and test split; `auto`
            takes the archive or its folder if there, else the table.
        seed: Seed of the table's random split.
    """
    if form not in FORMS:
        raise InputError(f"form must be one of {', '.join(FORMS)}, not {form!r}")
    table = next((folder / name for name in TABLES if (folder / name).exists()), folder / TABLES[1])
    archived = (folder / ARCHIVE).exists() or (folder / FOLDER).is_dir()
    if form == "csv" or (form == "auto" and not archived):
        return Reading(cut(*read_csv(table), FRACTIONS, seed))
    return Reading(_read_official(folder))


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


def synthetic(folder: Path, per_class: int = 100, seed: int = 0) -> None:
    """Write sentences of praise and blame as the official archive."""
    rng = np.random.default_rng(seed)
    tone = {"pos": ["wonderful", "moving", "superb", "fresh"], "neg": ["dull", "awful", "tedious", "clumsy"]}
    things = ["plot", "cast", "music", "ending", "camera", "story", "pace", "humour"]
    with whole_file(folder / ARCHIVE) as temporary, tarfile.open(temporary, "w:gz") as archive:
        for part in ("train", "test"):
            for kind, words in tone.items():
                for number in range(per_class):
                    sentences = [
                        f"The {rng.choice(things)} was {rng.choice(words)}" for _ in range(rng.integers(3, 30))
                    ]
                    content = (". ".join(sentences) + f". Review {number} of {part}.").encode()
                    entry = tarfile.TarInfo(f"{FOLDER}/{part}/{kind}/{number}_{9 if kind == 'pos' else 2}.txt")
                    entry.size = len(content)
                    archive.addfile(entry, io.BytesIO(content))


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
