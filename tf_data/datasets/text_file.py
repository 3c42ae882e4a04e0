"""Your own text: one file, in any script."""

from pathlib import Path

import numpy as np

from tf_data.dataset import Dataset, Reading, Split
from tf_data.datasets.dickens import cut_text, read_text
from tf_data.errors import InputError
from tf_data.files import write_text


def official(folder: Path, hold_out: float = 0.05, test: float = 0.05) -> Reading:
    """The text, its last parts for validation and testing: each split is one sample, a str.

    Args:
        folder: The file, UTF-8, or a folder that holds just one `.txt` file.
        hold_out: Fraction of the characters before the test split that make the validation split; 0 for none.
        test: Fraction of the characters at the end that make the test split.
    """
    text, path = _read(folder)
    return cut_text(text, hold_out, test, str(path))


def uncut(folder: Path) -> Reading:
    """The whole text as the test split."""
    return Reading({"test": Split("test", np.array([_read(folder)[0]], object))})


def _read(folder: Path) -> tuple[str, Path]:
    """The text, and the file that it stands in."""
    found = [folder] if folder.is_file() else sorted(folder.glob("*.txt"))
    if len(found) != 1:
        raise InputError(f"{folder} holds {len(found)} .txt files; name the one to read as path")
    return read_text(found[0]), found[0]


def synthetic(folder: Path, sentences: int = 600, seed: int = 0) -> None:
    """Write sentences about the weather, in Chinese."""
    rng = np.random.default_rng(seed)
    days, skies = ["今天", "昨天", "明天"], ["下雨", "下雪", "很晴朗", "有大风"]
    said = (f"{rng.choice(days)}{rng.choice(skies)}。" for _ in range(sentences))
    write_text(folder / "text.txt", "".join(said) + "\n")


DATASET = Dataset(
    name="text-file",
    title="a text of your own",
    shape=(),
    counts={"train": 1, "validation": 1, "test": 1},
    files=("*.txt",),
    official=official,
    uncut=uncut,
    synthetic=synthetic,
    licence="yours",
    citation="none",
)
