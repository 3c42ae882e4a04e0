"""Archives from other people: read or unpacked only when every name in them stays inside."""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from tf_data.errors import InputError
from tf_data.files import whole_folder

BROKEN = (tarfile.TarError, zipfile.BadZipFile, EOFError, lzma.LZMAError, zlib.error, OSError)


def check_name(archive: Path, name: str) -> None:
    """Raise `InputError` for a name in an archive that points out of it."""
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in (parts.parts[0] if parts.parts else ""):
        raise InputError(f"{archive} holds {name!r}, which points out of the archive; do not trust it")


@contextmanager
def broken(archive: Path) -> Iterator[None]:
    """Within the context, what the archive libraries raise becomes an `InputError` that names the archive."""
    try:
        yield
    except FileNotFoundError as error:
        if not archive.exists():
            raise InputError(f"missing file {archive}; fetch it again or name another folder") from None
        raise InputError(f"cannot read {archive}: {error}") from None
    except BROKEN as error:
        raise InputError(f"{archive} is truncated or damaged ({error}); fetch it again") from None


class Zip:
    """A zip file whose members can be read by several threads.

    Raises:
        InputError: The archive is missing or damaged, or a member's name points out of it.
    """

    def __init__(self, path: Path):
        self.path = path
        with broken(path):
            self._file = zipfile.ZipFile(path)
        self.names = [entry.filename for entry in self._file.infolist() if not entry.is_dir()]
        for name in self.names:
            check_name(path, name)

    def read(self, name: str) -> bytes:
        """A member's bytes, its checksum verified. Raises `InputError` when it is missing or damaged."""
        try:
            with broken(self.path):
                return self._file.read(name)
        except KeyError:
            raise InputError(f"{self.path} holds no {name}; fetch it again") from None


def read_tar(path: Path) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files in a tar, in its order, whatever it is compressed with.

    Raises:
        InputError: The archive is missing, truncated or damaged, or holds a link or a name that points out of it.
    """
    with broken(path), tarfile.open(path) as archive:
        for member in archive:
            check_name(path, member.name)
            if member.issym() or member.islnk():
                check_name(path, str(PurePosixPath(member.name).parent / member.linkname))
                raise InputError(f"{path} holds a link, {member.name!r}; data archives have none, do not trust it")
            if member.isfile():
                yield member.name, archive.extractfile(member).read()


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
