"""Small files that would take gigabytes: refused before they do."""

import gzip
import io
import json
import lzma
import pickle
import resource
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tf_data.archives import Zip, read_compressed, read_tar
from tf_data.csv_files import TableFile
from tf_data.datasets import cifar10, idx
from tf_data.errors import InputError
from tf_data.images import decode
from tf_data.mat_files import read_mat
from tf_data.npz_files import MappedArray, NpzFile, read_arrays
from tf_data.schema import read_json

ZEROS = 600 * 2**20
ROOM = 400 * 2**20  # bytes that a reader may take beyond what the process has


def zeros(opener):
    file = io.BytesIO()
    with opener(file) as packed:
        for _ in range(ZEROS // 2**20):
            packed.write(bytes(2**20))
    return file.getvalue()


def tar_bomb(path):
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        entry = tarfile.TarInfo("cifar-10-batches-py/data_batch_1")
        entry.size = ZEROS
        archive.addfile(entry, io.BytesIO(bytes(ZEROS)))


def header(shape):
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def bombs(folder: Path):
    """Each with what reads it."""
    packed = zeros(lambda file: gzip.GzipFile(fileobj=file, mode="w", compresslevel=1))
    (folder / "images.gz").write_bytes(packed)
    yield "idx", lambda: idx.read_idx(folder / "images.gz", idx.IMAGES_MAGIC)
    (folder / "x.xz").write_bytes(zeros(lambda file: lzma.open(file, "w", preset=0)))  # noqa: SIM115 - `zeros` closes it
    yield "xz", lambda: read_compressed(folder / "x.xz", cifar10.BATCH_BYTES)
    (folder / "t.csv.gz").write_bytes(packed)
    yield "csv", lambda: TableFile(folder / "t.csv.gz")
    tar_bomb(folder / "x.tar.gz")
    yield "tar", lambda: list(read_tar(folder / "x.tar.gz", member_bytes=2**25))
    with zipfile.ZipFile(folder / "x.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("a.npy", header((ZEROS,)) + bytes(ZEROS))
    yield "zip", lambda: Zip(folder / "x.zip", 2**22).read("a.npy")
    yield "npz", lambda: read_arrays(folder / "x.zip", "a")
    with zipfile.ZipFile(folder / "shape.npz", "w") as archive:
        archive.writestr("a.npy", header((2**40,)))
    yield "shape", lambda: NpzFile(folder / "shape.npz").read("a")
    (folder / "x.npy").write_bytes(header((2**40, 784)))
    yield "npy", lambda: MappedArray(folder / "x.npy")
    batch = pickle.dumps({b"data": np.zeros((2, 3072), np.uint8), b"labels": [0, 1]}, protocol=3)
    yield "pickle memo", lambda: cifar10.read_batch(batch[:3] + b"r\xf0\xff\xff\x1f" + batch[3:], "b")
    array = (
        b"\x80\x03}C\x04datacnumpy._core.multiarray\n_reconstruct\ncnumpy\nndarray\nJ\xff\xff\xff\x7f\x85C\x01b\x87Rs."
    )
    yield "pickle array", lambda: cifar10.read_batch(array, "b")
    head = b"MATLAB 5.0".ljust(124) + b"\x00\x01IM"
    import zlib

    element = zlib.compress(bytes(ZEROS), 1)
    (folder / "x.mat").write_bytes(head + np.array([15, len(element)], "<u4").tobytes() + element)
    yield "mat", lambda: read_mat(folder / "x.mat", ("X",), 2**26)
    (folder / "x.json").write_bytes(b'{"a": "' + b"a" * 2**20 + b'"}')
    yield "json", lambda: read_json(folder / "x.json", 2**19)
    from PIL import Image

    image = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(image, "PNG")
    yield "png", lambda: decode(image.getvalue(), (20_000, 20_000, 3), "huge.png")


def main(folder):
    """Try all with little room; prints what each was answered."""
    answers = {}
    for name, read in bombs(folder):
        with open("/proc/self/statm") as file:
            room = int(file.read().split()[0]) * resource.getpagesize() + ROOM
        resource.setrlimit(resource.RLIMIT_AS, (room, resource.RLIM_INFINITY))
        try:
            read()
            answers[name] = "read"
        except InputError as error:
            answers[name] = f"refused: {error}"
        except BaseException as error:
            answers[name] = repr(error)[:200]
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(json.dumps(answers))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux for the size of the process")
def test_bombs_are_refused_before_they_take_memory(tmp_path):
    done = subprocess.run(
        [sys.executable, __file__, tmp_path], capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answers = json.loads(done.stdout)
    assert len(answers) == 13
    for name, answer in answers.items():
        assert answer.startswith("refused: "), (name, answer)
        assert not any(word in answer for word in ("MemoryError", "allocate")), (name, answer)  # too late then


if __name__ == "__main__":
    main(Path(sys.argv[1]))
