"""Damaged files of every form: refused in one line, or read as they were; never a traceback, never too much memory."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

MUTANTS = Path(__file__).with_name("mutants.py")
PER_FORM, PER_FORM_SLOW = 50, 1000
PARTS = ("mnist", "cifar10", "svhn", "celeba", "imdb", "afad-lite", "csv", "image", "npz", "hdf5", "tfrecord", "run")


def table(count, *arguments):
    command = [sys.executable, str(MUTANTS), "--json", "--count", str(count), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=MUTANTS.parents[2])
    assert done.stdout, done.stderr[-2000:]  # a reader that takes the process with it leaves nothing
    return json.loads(done.stdout)


def check(rows, count):
    faults = [fault for row in rows for fault in row["faults"]]
    assert faults == []
    for row in rows:
        assert row["mutants"] == count
        assert row["refused"] > 0, row


def test_mutants_of_every_form():
    rows = table(PER_FORM)
    check(rows, PER_FORM)
    assert len(rows) > 30


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_many_mutants_of_every_form(part):
    check(table(PER_FORM_SLOW, "--form", part, "--seed", "1"), PER_FORM_SLOW)


def test_a_reader_without_checks_would_be_caught(tmp_path):
    """The harness itself: numbers that change under checksums, tracebacks and long messages are faults."""
    import mutants

    from tf_data.errors import InputError

    path = tmp_path / "x"
    path.write_bytes(bytes(range(100)))
    readers = {
        "other numbers passed": path.read_bytes,
        "IndexError": lambda: b"" if len(path.read_bytes()) == 100 and path.read_bytes()[0] == 0 else [][0],
        "several lines": lambda: path.read_bytes() if path.read_bytes() == whole else refuse("one\ntwo"),
    }

    def refuse(text):
        raise InputError(text)

    whole = path.read_bytes()
    for fault, read in readers.items():
        found = [
            mutants.result(mutants.Form([path], read), path, mutants.damage(whole, np.random.default_rng(n)), whole)
            for n in range(20)
        ]
        assert any(fault in text for _, text in found), fault
        assert path.read_bytes() == whole
