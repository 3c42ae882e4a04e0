"""Converted folders of strangers lead to no other file, and no text of theirs commands a terminal."""

import h5py
import numpy as np
import pytest
from escapes import ESCAPES

from tf_data import convert, formats, inspect
from tf_data.command import printable, run
from tf_data.dataset import Data, Split
from tf_data.errors import InputError
from tf_models.training.run_directory import RunDirectory


def drawn(classes=("a", "b"), name="drawn"):
    x, y = np.zeros((8, 4, 4, 1), np.uint8), (np.arange(8) % 2).astype(np.int32)
    return Data(name, "synthetic", "x", Split("train", x, y), Split("test", x, y), classes=classes)


def link(file, source):
    del file["train/images"]
    file["train/images"] = h5py.ExternalLink(str(source), "x")


def soft(file, source):
    del file["train/images"]
    file["train/images"] = h5py.SoftLink("/test/images")


def group(file, source):
    del file["train"]
    file["train"] = h5py.ExternalLink(str(source), "/")


def virtual(file, source):
    del file["train/images"]
    layout = h5py.VirtualLayout((8, 4, 4, 1), np.uint8)
    layout[:] = h5py.VirtualSource(str(source), "x", (8, 4, 4, 1))
    file["train"].create_virtual_dataset("images", layout)


def raw(file, source):
    del file["train/images"]
    file["train"].create_dataset("images", (8, 4, 4, 1), np.uint8, external=[(str(source), 0, 128)])


def declared(file, source):
    del file["train/images"]
    file["train"].create_dataset("images", (2**34, 4, 4, 1), np.uint8, chunks=(64, 4, 4, 1))


@pytest.mark.parametrize("attack", [link, soft, group, virtual, raw, declared])
def test_hdf5_that_leads_elsewhere_is_refused(attack, tmp_path, capsys):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["x"] = np.full((8, 4, 4, 1), 7, np.uint8)
    formats.write(formats.Source.of(drawn()), "hdf5", tmp_path / "out", formats.Options(quiet=True))
    with h5py.File(tmp_path / "out" / "drawn.h5", "r+") as file:
        attack(file, tmp_path / "secret.h5")
    with pytest.raises(InputError, match="do not trust it"):
        formats.open(tmp_path / "out").splits["train"].read(np.arange(4))
    with pytest.raises(Exception, match="do not trust it"):
        list(formats.open(tmp_path / "out").splits["train"].batches(4))
    assert run(convert.main, [str(tmp_path / "out"), "--to", "npz", "--out", str(tmp_path / "npz"), "--quiet"]) == 2
    # Nor where the bare file is read, with no manifest beside it.
    assert run(inspect.main, [str(tmp_path / "out" / "drawn.h5")]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_text_from_files_does_not_command_a_terminal(tmp_path, capsys):
    classes = (ESCAPES, "dog\nerror: all is well")
    formats.write(
        formats.Source.of(drawn(classes, f"na{ESCAPES}me")), "npz", tmp_path / "out", formats.Options(quiet=True)
    )
    assert run(inspect.main, [str(tmp_path / "out")]) == 0
    assert run(convert.main, [str(tmp_path / "out"), "--to", "hdf5", "--out", str(tmp_path / "again")]) == 0
    (tmp_path / f"{ESCAPES}.csv").write_text("a,label\nx,1\n")
    assert run(inspect.main, [str(tmp_path / f"{ESCAPES}.csv")]) == 2
    said = "".join(capsys.readouterr())
    assert "\\x1b[2Jcat" in said
    for character in said:
        assert character == "\n" or character.isprintable(), repr(character)
    assert not [line for line in said.splitlines() if line.startswith("error: all")]


def test_printable():
    assert printable("plain text, été 猫") == "plain text, été 猫"
    assert printable("a\tb\x1b\x7f\u2028") == "a\\tb\\x1b\\x7f\\u2028"
    assert RunDirectory.open  # what opens them all
