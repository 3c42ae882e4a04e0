"""Handles of open files in samples that any loader may hand to other processes, by pickling or by a fork."""

import os
import threading
from collections.abc import Callable
from typing import Any


class OwnHandle:
    """Something open that every process opens for itself, when it first asks for it.

    Neither a pickle nor a forked process takes it along: two processes that read one open file move each other's
    position in it, and take what they then read for damage.

    Args:
        opens: Opens it; a function or method that can be pickled. Threads of a process open it once.
    """

    def __init__(self, opens: Callable[[], Any]):
        self._opens = opens
        self._forget()

    def __call__(self) -> Any:
        process = os.getpid()
        # A lock of the parent may be held for ever in a forked child, hence one for each process.
        with self._locks.setdefault(process, threading.Lock()):
            if process not in self._handles:
                self._handles[process] = self._opens()
            return self._handles[process]

    def _forget(self) -> None:
        self._locks: dict[int, Any] = {}
        self._handles: dict[int, Any] = {}

    def __getstate__(self) -> dict:
        return {"opens": self._opens}

    def __setstate__(self, state: dict) -> None:
        self._opens = state["opens"]
        self._forget()
