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


def read_text(path: Path) -> str:
    """A text in UTF-8, with or without byte-order mark; every line ends with one line feed.

    Raises:
        InputError: The file is missing or no UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")  # universal newlines turn CRLF into \n
    except FileNotFoundError:
        raise InputError(f"missing file {path}; fetch it again") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {error}") from None


def cut_text(text: str, hold_out: float, test: float, name: str) -> Reading:
    """A text in two or three parts, training first: each split is one sample, a str.

    Args:
        text: The text.
        hold_out: Fraction of the characters for validation, 0 for none.
        test: Fraction of the characters at the end for testing.
        name: Name of the text in messages.

    Raises:
        InputError: The fractions leave nothing for training, or a part is empty.
    """
    if not 0 < test < 1 or not 0 <= hold_out < 1 - test:
        raise InputError(f"test and hold_out must be fractions that leave something, not {test} and {hold_out}")
    ends = [round(len(text) * fraction) for fraction in (1 - test - hold_out, 1 - test, 1)]
    parts = {"train": text[: ends[0]], "validation": text[ends[0] : ends[1]], "test": text[ends[1] :]}
    if not hold_out:
        del parts["validation"]
    if not all(parts.values()):
        raise InputError(f"{name} has {len(text)} characters, too few to cut into {', '.join(parts)}")
    return Reading({name: Split(name, np.array([part], object)) for name, part in parts.items()})


def official(folder: Path, file: str = "", hold_out: float = 0.0, test: float = 0.1) -> Reading:
    """The text, its last part for testing: each split is one sample, a str.

    Args:
        folder: Folder that holds a Project Gutenberg text.
        file: Name of the `.txt` file; the default is the only one.
        hold_out: Fraction of the characters before the test split that make a validation split.
        test: Fraction of the characters at the end that make the test split.
    """
    found = [folder / file] if file else sorted(folder.glob("*.txt"))
    if len(found) != 1:
        raise InputError(f"{folder} holds {len(found)} .txt files; name one with file")
    return cut_text(strip_gutenberg(read_text(found[0]), str(found[0])), hold_out, test, str(found[0]))


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
    files=("*.txt",),
    official=official,
    synthetic=synthetic,
    homepage="https://www.gutenberg.org/ebooks/98",
    licence="public domain in the USA; Project Gutenberg licence in the file",
    citation="Dickens: A Tale of Two Cities, 1859",
)
