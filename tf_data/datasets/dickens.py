"""A Tale of Two Cities (Dickens 1859), the plain text of Project Gutenberg's ebook 98."""

import re
from pathlib import Path

import numpy as np

from tf_data.dataset import Dataset, Reading, Split
from tf_data.errors import InputError
from tf_data.files import write_text

START = re.compile(
    r"\*\*\* ?START OF TH(?:IS|E) PROJECT GUTENBERG EBOOK[^\n]*\*\*\*[^\n]*\n(?:\s*Produced by[^\n]*\n)?"
)
END = re.compile(r"\n[^\n]*(?:\*\*\* ?END OF TH(?:IS|E) PROJECT GUTENBERG EBOOK|End of (?:the )?Project Gutenberg)")


def strip_gutenberg(text: str, name: str) -> str:
    """The book without Project Gutenberg's header and licence. Raises `InputError` when their marks are missing."""
    start, end = START.search(text), END.search(text)
    if not start or not end or end.start() <= start.end():
        raise InputError(f"{name} has no Project Gutenberg marks of start and end; is it whole?")
    return text[start.end() : end.start()].strip() + "\n"


def official(folder: Path, file: str = "", test: float = 0.1) -> Reading:
    """The text, its last part for testing: each split is one sample, a str.

    Args:
        folder: Folder that holds a Project Gutenberg text.
        file: Name of the `.txt` file; the default is the only one.
        test: Fraction of the characters at the end that make the test split.
    """
    found = [folder / file] if file else sorted(folder.glob("*.txt"))
    if len(found) != 1:
        raise InputError(f"{folder} holds {len(found)} .txt files; name one with file")
    path = found[0]
    try:
        text = path.read_text(encoding="utf-8-sig")  # universal newlines turn CRLF into \n
    except FileNotFoundError:
        raise InputError(f"missing file {path}; fetch it again") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {error}") from None
    text = strip_gutenberg(text, str(path))
    if not 0 < test < 1 or len(text) < 2:
        raise InputError(f"test must be a fraction between 0 and 1, not {test}")
    at = round(len(text) * (1 - test))
    parts = {"train": text[:at], "test": text[at:]}
    return Reading({name: Split(name, np.array([part], object)) for name, part in parts.items()})


def synthetic(folder: Path, sentences: int = 2000, seed: int = 0) -> None:
    """Write sentences from a small grammar between Gutenberg's marks."""
    rng = np.random.default_rng(seed)
    who, does, what = ["The king", "A guard", "The widow"], ["saw", "lost", "kept"], ["the road", "a lamp", "the key"]
    text = " ".join(f"{rng.choice(who)} {rng.choice(does)} {rng.choice(what)}." for _ in range(sentences))
    head, tail = (
        "*** START OF THIS PROJECT GUTENBERG EBOOK DRAWN ***",
        "*** END OF THIS PROJECT GUTENBERG EBOOK DRAWN ***",
    )
    write_text(folder / "98-0.txt", f"\ufeffHeader\n\n{head}\n\n{text}\n\n{tail}\nLicence\n")


DATASET = Dataset(
    name="dickens",
    title="A Tale of Two Cities",
    shape=(),
    counts={"train": 1, "test": 1},
    files=("*.txt",),
    official=official,
    synthetic=synthetic,
    homepage="https://www.gutenberg.org/ebooks/98",
    licence="public domain in the USA; Project Gutenberg licence in the file",
    citation="Dickens: A Tale of Two Cities, 1859",
)
