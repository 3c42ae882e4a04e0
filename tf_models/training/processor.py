"""What the processor is, and what TensorFlow computes by on it."""

import os
import platform
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def name() -> str:
    """The CPU's model, as the system names it, with family and model number where it tells them.

    A virtual machine may call very different processors by the same name, `AMD EPYC` for instance.
    """
    told = _told()
    if model := told.get("model name"):
        numbered = {"cpu family", "model"} <= told.keys()
        return f"{model} (family {told['cpu family']}, model {told['model']})" if numbered else model
    return platform.processor() or platform.machine()


def has(instructions: str) -> bool:
    """Whether it has a kind of instructions, as Linux names them (`avx512f`); false where the system does not tell."""
    return instructions in _told().get("flags", "").split()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def onednn() -> bool:
    """Whether TensorFlow computes by oneDNN, whose sums have other bits than its own."""
    try:
        from tensorflow.python.util import _pywrap_util_port  # no public function tells what it chose by itself

        return _pywrap_util_port.IsMklEnabled()
    except (ImportError, AttributeError):  # a later version may have moved it
        return os.environ.get("TF_ENABLE_ONEDNN_OPTS", "").lower() in ("1", "true")


def _told() -> dict[str, str]:
    """What Linux tells of the first core, by name."""
    if not CPUINFO.exists():
        return {}
    first = CPUINFO.read_text(encoding="utf-8", errors="replace").split("\n\n")[0]
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in first.splitlines())}
