"""Downloads from a server on this machine: checksums, atomicity, and clear words when there is no network."""

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tf_data import load
from tf_data.datasets import mnist
from tf_data.errors import InputError
from tf_data.files import checksum


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A mirror of MNIST with drawn digits; yields the folder that it serves."""
    folder = tmp_path / "mirror"
    mnist.synthetic(folder, {"train": 30, "test": 10})
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setattr(mnist, "MIRROR", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setattr(mnist, "MD5", {name: checksum(folder / name) for name in mnist.MD5})
    yield folder
    server.shutdown()
    server.server_close()
    thread.join()


def test_download_then_load(mirror, tmp_path):
    data = load("mnist", data_dir=tmp_path / "data", download=True)
    assert (data.source, data.counts) == ("official", {"train": 30, "test": 10})
    files = sorted((tmp_path / "data" / "mnist").iterdir())
    assert [file.name for file in files] == sorted(mnist.MD5)
    times = [file.stat().st_mtime_ns for file in files]
    for file in mirror.iterdir():
        file.unlink()
    load("mnist", data_dir=tmp_path / "data", download=True)  # nothing is missing, so nothing is fetched
    assert [file.stat().st_mtime_ns for file in files] == times


def test_a_wrong_checksum_is_refused(mirror, tmp_path):
    name = "t10k-labels-idx1-ubyte.gz"
    (mirror / name).write_bytes(b"tampered")
    with pytest.raises(InputError, match=rf"{name} has MD5 .*, not {mnist.MD5[name]}"):
        load("mnist", data_dir=tmp_path / "data", download=True)
    assert not (tmp_path / "data" / "mnist" / name).exists()
    assert not list((tmp_path / "data").rglob("*partial*"))


def test_no_network(tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "MIRROR", "http://127.0.0.1:9/")
    with pytest.raises(InputError, match=r"cannot download http://127.0.0.1:9/.*check the network"):
        load("mnist", data_dir=tmp_path / "data", download=True)


def test_download_and_embedded_exclude_each_other(tmp_path):
    with pytest.raises(InputError, match="download=True"):
        load("mnist", source="embedded", data_dir=tmp_path, download=True)
    with pytest.raises(InputError, match="nothing to download"):
        load("iris", data_dir=tmp_path, download=True)
