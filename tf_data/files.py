"""Files that appear whole or not at all, checksums, and downloads."""

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tf_data.errors import InputError

TEMPORARY = re.compile(r"\.(\d+)\.partial(?:\.|$)")  # in the name of what a process has not finished


def unwritable(path: Path, error: OSError) -> InputError:
    """The error to raise when `path` cannot be written."""
    return InputError(f"cannot write {path}: {error.strerror or error}; free the place or choose another")


@contextlib.contextmanager
def whole_file(path: str | os.PathLike, flush: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path` that replaces it at the end, and only on success.

    The content is flushed to the disk before the rename, so that a crash at any moment leaves
    either the old file or the new one. The temporary name keeps the suffix, which writers inspect.

    Args:
        path: Path of the file.
        flush: False leaves flushing to the caller, who writes many files and can tell a bad one.

    Raises:
        InputError: The folder cannot be written or the disk is full.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        if flush:
            with open(temporary, "r+b") as file:  # Windows flushes only what is open for writing
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary folder beside `path` that takes its name at the end, and only on success.

    Raises:
        InputError: `path` exists already, or cannot be written.
    """
    path = Path(path)
    if path.exists():
        raise InputError(f"{path} exists already; remove it or choose another name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path.parent)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=f".{os.getpid()}.partial", dir=path.parent))
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        yield temporary
        temporary.chmod(0o755)  # mkdtemp makes it private
        os.replace(temporary, path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files and folders that processes left in a folder when they were killed."""
    with contextlib.suppress(OSError):
        for path in list(folder.glob(".*.partial*")):
            match = TEMPORARY.search(path.name)
            if match and not _alive(int(match[1])):
                with contextlib.suppress(OSError):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _alive(process: int) -> bool:
    import psutil  # and no signal of number 0, which is Ctrl-C on Windows

    try:
        return psutil.pid_exists(process)
    except OverflowError:  # no name that this project gave
        return True


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write `text` to `path` as UTF-8, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def is_inside(name: str) -> bool:
    """Whether a name that stands in somebody's file means one below the folder of that file, on every system."""
    parts = PurePosixPath(name.replace("\\", "/"))
    drive = parts.parts and ":" in parts.parts[0]
    return not (parts.is_absolute() or ".." in parts.parts or drive or "\0" in name)


def checksum(path: str | os.PathLike, algorithm: str = "md5") -> str:
    """The hexadecimal digest of a file, read in blocks."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def download(url: str, path: str | os.PathLike, md5: str) -> Path:
    """Fetch `url` to `path` with Keras, unless `path` already holds a file with this checksum.

    Raises:
        InputError: The network does not answer, or the file that came has another checksum.
    """
    path = Path(path)
    if path.is_file() and checksum(path) == md5:
        return path
    from keras.utils import get_file

    with whole_file(path) as temporary:
        try:
            get_file(temporary.name, origin=url, cache_dir=temporary.parent, cache_subdir="", force_download=True)
        except Exception as error:  # Keras raises a bare Exception for every network fault
            raise InputError(
                f"cannot download {url}: {str(error).splitlines()[0]}; check the network or put the file at {path}"
            ) from error
        if (found := checksum(temporary)) != md5:
            raise InputError(f"{url} has MD5 {found}, not {md5}; the download is damaged or was tampered with")
    return path
