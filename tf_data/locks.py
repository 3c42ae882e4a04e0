"""One folder, one process: a lock that dies with whoever holds it."""

import contextlib
import os
import socket
from pathlib import Path

from tf_data.errors import InputError
from tf_data.files import unwritable

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be removed by another process either
    fcntl = None

NAME = ".lock"


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
                if fcntl:
                    fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise self._held(what) from None
            except OSError:
                break  # a file system that knows no locks
            if self._is_current():
                break
            self._close()  # whoever held it removed the file in between
        with contextlib.suppress(OSError):  # the words are for people; the lock holds without them
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)

    def release(self) -> None:
        """Give the lock back. A second call does nothing."""
        if self._file is not None:
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
        holder = os.pread(self._file, 200, 0).decode("utf-8", "replace").strip() or "another process"
        self._close()
        return InputError(f"{what} is in use by {holder}; wait until it ends or choose another")
