"""What all commands of the three packages have in common: exit codes, and "did you mean"."""

import argparse
import contextlib
import difflib
import importlib
import os
import platform
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from tf_data.errors import CommandError, speaking_options


@dataclass(frozen=True)
class Option:
    """An option of a command that a task or a transform declares; see `tf_models.predict`.

    Attributes:
        flag: The option as it is typed, for instance `--label`.
        arguments: Further arguments of `argparse.ArgumentParser.add_argument`.
        help: One line of help.
    """

    flag: str
    arguments: Mapping[str, Any]
    help: str

    @property
    def name(self) -> str:
        """The name of the parameter that the option fills."""
        return self.flag.strip("-").replace("-", "_")


def installed(package: str) -> str:
    """The version of a package, or "not installed"."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


class _Version(argparse.Action):
    """Prints the project's version and those of what it stands on, which are looked up only here."""

    def __call__(self, parser, namespace, values, option_string=None):
        packages = ("tf-models", "keras", "tensorflow")
        print(", ".join(f"{package} {installed(package)}" for package in packages))
        parser.exit()


# What Keras imports where it is there: for data frames, scikit-learn's interface and plots of its own, none of them ours.
UNUSED = ("matplotlib", "pandas", "sklearn")

# Whether the process was started for a command, and not for a program that calls one and may want all of Keras.
_process = {"ours": False}

# What a command is called by who started it, where that is not `python -m MODULE`.
_called: dict[str, str] = {}


def own_process() -> None:
    """Say that this process was started for a command."""
    _process["ours"] = True


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` with `--version` that reports bad usage in one line, without the usage text."""

    def __init__(self, *, prog: str, **arguments):
        super().__init__(prog=_called.get(prog, prog), **arguments)
        self.add_argument("--version", action=_Version, nargs=0, help="print versions and exit")

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}; see --help\n")


def run(main: Callable[[list[str] | None], int | None], argv: list[str] | None = None) -> int:
    """Run `main` and return its exit code: 0, a `CommandError`'s own, or 130 after Ctrl-C.

    Characters that the console cannot show come out as `\\u...`, and what could command a terminal likewise.
    """
    if argv is None:
        own_process()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        with speaking_options():
            code = main(argv) or 0
        sys.stdout.flush()
        return code
    except CommandError as error:
        with speaking_options():
            line = printable(str(error))
        if error.exit_code == 130:
            _leave_line()
        print(f"error: {line}" if error.exit_code != 130 else line, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        _leave_line()
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader (`| head`) went away; Python would complain again while closing stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _leave_line() -> None:
    """End the line on which a terminal shows ^C, or a bar of progress stands."""
    if sys.stderr.isatty():
        print(file=sys.stderr)


def script(name: str, commands: Mapping[str, tuple[str, tuple[str, ...]]], argv: list[str] | None = None) -> int:
    """Run `NAME COMMAND ...` as `python -m MODULE ...`, which is how messages and help then call it.

    Args:
        name: Name of the script.
        commands: The module of each command, and arguments that come before the user's; the only command of a script
            without any is called "".
        argv: The user's arguments; default those of the process.

    Returns:
        The exit code.
    """
    if argv is None:
        own_process()
    argv = sys.argv[1:] if argv is None else argv
    if "" in commands:
        chosen, rest = "", argv
    else:
        chosen, rest = (argv[0] if argv else "--help"), argv[1:]
        if chosen in ("-h", "--help"):
            print(f"usage: {name} {{{','.join(commands)}}} ...\n\n`{name} COMMAND --help` tells more of each.")
            return 0
        if chosen == "--version":
            chosen, rest = next(iter(commands)), ["--version"]
        if chosen not in commands:
            print(f"{name}: unknown command {chosen!r}{nearest(chosen, commands)}; see --help", file=sys.stderr)
            return 2
    module, first = commands[chosen]
    _called[f"python -m {module}"] = f"{name} {chosen}".strip()
    try:
        return run(importlib.import_module(module).main, [*first, *rest])
    except SystemExit as error:
        return error.code or 0


def printable(text: str) -> str:
    """A text that comes from files as one line for a terminal, in which it cannot move the cursor, colour or clear."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def say(text: str, wrap: bool = False) -> None:
    """Print a text of some lines, each `printable`; with `wrap` broken between words where a terminal is narrower."""
    lines = list(map(printable, text.split("\n")))
    if wrap and sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
        style = {"subsequent_indent": "  ", "break_long_words": False, "break_on_hyphens": False}
        lines = [textwrap.fill(line, width, **style) for line in lines]
    print("\n".join(lines), flush=True)


def nearest(name: str, known: Iterable[str], count: int = 3) -> str:
    """A hint of the form `; did you mean a, b?` with the names closest to `name`."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=count, cutoff=0.4)
    close += [k for k in known if name and name in k and k not in close][: count - len(close)]
    return f"; did you mean {', '.join(close)}?" if close else ""


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Within the context, what C++ code prints to the process's standard error is dropped."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def import_tensorflow() -> None:
    """Import TensorFlow and find its devices without the notices that no log level suppresses.

    In a process of our own, Keras is kept from importing `UNUSED` as well, which takes a third of the time of all imports and 140 MB.
    """
    prepare_environment()
    with silent_stderr(), _missing(UNUSED if _process["ours"] else ()):
        import tensorflow as tf

        tf.config.list_physical_devices()


@contextlib.contextmanager
def _missing(packages: Iterable[str]) -> Iterator[None]:
    """Within the context, these packages are not found, unless they are imported already."""
    missing = [package for package in packages if package not in sys.modules]
    sys.modules.update(dict.fromkeys(missing))  # what is None there, Python does not find
    try:
        yield
    finally:
        for package in missing:
            del sys.modules[package]


def prepare_environment() -> None:
    """Set what TensorFlow reads when it is imported, where the user has not set it.

    On x86 it is told to compute by oneDNN. By itself it does so only on processors with instructions for neural networks,
    such as AVX-512 VNNI; on others its own gradients of convolutions take up to thirty times as long, see docs/speed.md.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if platform.machine().lower() in ("x86_64", "amd64"):
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
