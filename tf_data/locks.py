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
        while True:
            try:
                self._file = open(self._path, "a+", encoding="utf-8")  # noqa: SIM115 - open as long as it is held
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
            self._file.close()  # whoever held it removed the file in between
        self._file.seek(0)
        self._file.truncate()
        self._file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        self._file.flush()

    def release(self) -> None:
        """Give the lock back. A second call does nothing."""
        if not self._file.closed:
            with contextlib.suppress(OSError):
                self._path.unlink()
            self._file.close()

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(self._file.fileno()))
        except OSError:
            return False

    def _held(self, what: str) -> InputError:
        self._file.seek(0)
        holder = self._file.read(200).strip() or "another process"
        self._file.close()
        return InputError(f"{what} is in use by {holder}; wait until it ends or choose another")
