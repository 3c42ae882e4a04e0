"""One folder, one process: a lock that dies with whoever holds it, on POSIX systems and on Windows."""

import contextlib
import os
import socket
from pathlib import Path

from tf_data.errors import InputError
from tf_data.files import unwritable

try:
    import fcntl
except ImportError:  # Windows
    import msvcrt

    fcntl = None

NAME = ".lock"
WORDS = 200  # bytes of the file that are read for messages
# Windows locks bytes, and what is locked nobody else can read: so it is one far beyond the words.
LOCKED_BYTE = 1 << 20


class Lock:
    """A lock on a folder, held from here until `release`, or until the process ends, however it does.

    The system keeps it, not the file: a file that a dead process left says nothing.

    Args:
        folder: An existing folder; the lock is a file in it.
        what: What the folder is, for the message.

    Raises:
        InputError: Another process holds it, or the folder cannot be written.
    """

    def __init__(self, folder: Path, what: str):
        self._path = Path(folder) / NAME
        self._file: int | None = None
        while True:
            try:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            except OSError as error:
                raise unwritable(self._path, error) from None
            try:
                _lock(self._file)
            except (BlockingIOError, PermissionError):  # the latter is how Windows says it
                raise self._held(what) from None
            except OSError:
                break  # a file system that knows no locks
            if self._is_current():
                break
            self._close()  # whoever held it removed the file in between
        with contextlib.suppress(OSError):  # the words are for people; the lock holds without them
            os.ftruncate(self._file, 0)
            os.lseek(self._file, 0, os.SEEK_SET)
            os.write(self._file, f"process {os.getpid()} on {socket.gethostname()}\n".encode())

    def release(self) -> None:
        """Give the lock back. A second call does nothing."""
        if self._file is None:
            return
        if fcntl is None:
            # Windows removes no file that is open, here or in the process that took the lock in between.
            self._close()
        with contextlib.suppress(OSError):
            self._path.unlink()
        self._close()

    def __del__(self):
        with contextlib.suppress(Exception):  # half made, or at the end of the process
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(self._file))
        except OSError:
            return False

    def _held(self, what: str) -> InputError:
        os.lseek(self._file, 0, os.SEEK_SET)
        holder = os.read(self._file, WORDS).decode("utf-8", "replace").strip() or "another process"
        self._close()
        return InputError(f"{what} is in use by {holder}; wait until it ends or choose another")


def _lock(file: int) -> None:
    """Lock an open file for as long as it is open, or raise `OSError` at once."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        os.lseek(file, LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
