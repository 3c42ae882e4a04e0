"""Archives from other people: read to their last byte, within limits, and only when every name in them stays inside."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath

from tf_data.errors import InputError
from tf_data.files import is_inside, whole_folder
from tf_data.sharing import OwnHandle

MEMBER_BYTES = 2**28  # of one file in an archive, where its reader does not say what it can need
TOTAL_BYTES = 2**34  # of all of them
RATIO = 100  # of unpacked to packed bytes, above which nothing real is, once it is
FREE_BYTES = 2**26  # or more
BLOCK = 2**20
OPENERS = {b"\x1f\x8b": gzip.GzipFile, b"\xfd7zXZ": lzma.LZMAFile, b"BZh": bz2.BZ2File}


def check_name(archive: Path, name: str) -> None:
    """Raise `InputError` for a name in an archive that points out of it."""
    if not is_inside(name):
        raise InputError(f"{archive} holds {name!r}, which points out of the archive; do not trust it")


@contextmanager
def broken(archive: Path) -> Iterator[None]:
    """Within the context, what the archive libraries raise becomes an `InputError` that names the archive."""
    try:
        yield
    except InputError:
        raise
    except FileNotFoundError as error:
        if not archive.exists():
            raise InputError(f"missing file {archive}; fetch it again or name another folder") from None
        raise InputError(f"cannot read {archive}: {error}") from None
    except PermissionError as error:
        raise InputError(f"cannot read {archive}: {error.strerror}") from None
    except Exception as error:  # a damaged header makes the libraries raise almost anything
        reason = str(error) or type(error).__name__
        raise InputError(f"{archive} is truncated or damaged ({reason}); fetch it again") from None


class Unpacked(io.RawIOBase):
    """What a compressed file holds, which is refused once it is far more than such a file can hold.

    Args:
        stream: The file, which unpacks itself as it is read.
        path: The compressed file.
        most: Bytes that the content may have.
    """

    def __init__(self, stream, path: Path, most: int = TOTAL_BYTES):
        super().__init__()
        self._stream, self._path = stream, path
        self._most = min(most, max(FREE_BYTES, RATIO * os.path.getsize(path)))
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        data = self._stream.read(len(buffer))
        self._count += len(data)
        if self._count > self._most:
            raise InputError(f"{self._path} unpacks to more than {self._most:,} bytes; do not trust it")
        buffer[: len(data)] = data
        return len(data)

    def tell(self) -> int:
        return self._count


@contextmanager
def unpacked(path: Path, most: int = TOTAL_BYTES) -> Iterator[io.BufferedReader]:
    """The content of a file that may be compressed (gzip, xz or bzip2, as its first bytes say), as it is read.

    Raises:
        InputError: The file is missing, truncated or damaged, or unpacks to more than `most` bytes. The checksum stands
            at the end of the file: only who reads on until nothing comes knows that all was right.
    """
    with broken(path), open(path, "rb") as file:
        start = file.peek(8)
        opener = next((opener for mark, opener in OPENERS.items() if start.startswith(mark)), None)
        stream = file if opener is None else Unpacked(_open(opener, file), path, most)
        yield stream if opener is None else io.BufferedReader(stream, BLOCK)


def _open(opener, file):
    return opener(fileobj=file) if opener is gzip.GzipFile else opener(file)


def read_compressed(path: Path, most: int) -> bytes:
    """The whole content of a file that may be compressed. Raises `InputError` as `unpacked`, and above `most` bytes."""
    with unpacked(path, most) as stream:
        content = stream.read(most + 1)
        if len(content) > most or stream.read(1):
            raise InputError(f"{path} holds more than {most:,} bytes, which is more than it can need; do not trust it")
        return content


class Zip:
    """A zip file whose members can be read by several threads and processes.

    Args:
        path: Path of the file.
        member_bytes: Bytes that a member may have.

    Raises:
        InputError: The archive is missing or damaged, or a member's name points out of it.
    """

    def __init__(self, path: Path, member_bytes: int = MEMBER_BYTES):
        self.path, self._member_bytes = Path(path), member_bytes
        self._file = OwnHandle(partial(_open_zip, self.path))
        self.names = [entry.filename for entry in self.members if not entry.is_dir()]
        for name in self.names:
            check_name(self.path, name)

    @property
    def members(self) -> list[zipfile.ZipInfo]:
        """What the archive says of its members, folders among them."""
        return self._file().infolist()

    def read(self, name: str) -> bytes:
        """A member's bytes, its checksum verified. Raises `InputError` when it is missing, damaged or too large."""
        archive = self._file()
        if name not in archive.NameToInfo:
            raise InputError(f"{self.path} holds no {name}; fetch it again")
        if (size := archive.getinfo(name).file_size) > self._member_bytes:
            raise InputError(f"{self.path} says that {name} has {size:,} bytes, which is too much; do not trust it")
        with broken(self.path):
            return archive.read(name)


def _open_zip(path: Path) -> zipfile.ZipFile:
    with broken(path):
        return zipfile.ZipFile(path)


class _Header(tarfile.TarInfo):
    """A member's header; one that is damaged or missing is an error, where `tarfile` takes it for the archive's end."""

    @classmethod
    def frombuf(cls, buf, encoding, errors):
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.EOFHeaderError:  # a block of zeros: the true end
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"{error}; there is no end mark") from None


def read_tar(
    path: Path,
    wanted: Callable[[str], bool] = lambda name: True,
    member_bytes: int = MEMBER_BYTES,
    total_bytes: int = TOTAL_BYTES,
) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files in a tar, in its order, whatever it is compressed with.

    The archive is read to its last byte, where a compressed one has its checksum.

    Args:
        path: Path of the archive.
        wanted: Says by its name whether a file is to be given; all others are passed over.
        member_bytes, total_bytes: Bytes that one wanted file, and all of them together, may have.

    Raises:
        InputError: The archive is missing, truncated or damaged, holds a link or a name that points out of it, or
            files of more bytes than it may.
    """
    total = 0
    with unpacked(path) as stream, tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header, bufsize=BLOCK) as archive:
        for member in archive:
            check_name(path, member.name)
            if member.issym() or member.islnk():
                check_name(path, str(PurePosixPath(member.name).parent / member.linkname))
                raise InputError(f"{path} holds a link, {member.name!r}; data archives have none, do not trust it")
            if not member.isfile() or not wanted(member.name):
                continue
            total += member.size
            if member.size > member_bytes or total > total_bytes:
                what = f"{member.name} has {member.size:,} bytes" if member.size > member_bytes else f"{total:,} bytes"
                raise InputError(f"{path} holds more than it can need ({what}); do not trust it")
            content = archive.extractfile(member).read()
            if len(content) != member.size:
                raise tarfile.ReadError(f"{member.name} is cut off")
            yield member.name, content
        rest = archive.fileobj
        while block := rest.read(BLOCK):
            if block.strip(b"\0"):
                raise tarfile.ReadError("something follows its end mark")


def unpack(path: Path, folder: Path) -> None:
    """Unpack a tar or zip into a new folder, whole or not at all.

    Raises:
        InputError: As in `read_tar` and `Zip`, or `folder` exists.
    """
    with whole_folder(folder) as temporary:
        if zipfile.is_zipfile(path):
            archive = Zip(path)
            members = ((name, archive.read(name)) for name in archive.names)
        else:
            members = read_tar(path)
        for name, content in members:
            target = temporary / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
