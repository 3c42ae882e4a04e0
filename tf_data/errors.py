"""Errors that a command turns into one line and an exit code."""

import contextlib
import re
from collections.abc import Iterator

# Options of commands that Python calls otherwise: the argument that it writes in their place.
ARGUMENTS = {"data": "source", "images": "path", "csv": "path", "text": "path", "image-size": "size"}
SWITCHES = ("download", "tensorboard", "plain", "skip-bad", "invert", "explain")
OPTION = re.compile(
    r"--(?!set )(?P<name>[a-z][a-z-]*[a-z])(?:[ =](?P<value>\d[\w.x]*|official|embedded|synthetic|auto)\b)?"
)
SETTING = re.compile(r"--set (?P<group>[a-z]+\.)?(?P<name>\w+)=(?P<value>\S*[^\s;,.])")
_speaks_options = False  # whether a command is running, so that messages name its options


class CommandError(Exception):
    """Ends a command: the message is one clear line, `exit_code` its status."""

    exit_code = 1


class InputError(CommandError, ValueError):
    """Bad usage or bad input. The message names the file or value and the remedy.

    It is written with the options of the commands; outside of these it names the arguments that Python has for them.
    """

    exit_code = 2

    def __str__(self) -> str:
        text = super().__str__()
        return text if _speaks_options else in_python(text)


class TrainingError(CommandError, RuntimeError):
    """Training cannot go on, for instance because the loss is not finite."""

    exit_code = 3


class Interrupted(CommandError):
    """A signal stopped the work; what was done so far is kept."""

    exit_code = 130


@contextlib.contextmanager
def speaking_options() -> Iterator[None]:
    """Within the context, which is that of a command, messages name options: `--data embedded`, not `source="embedded"`."""
    global _speaks_options
    before, _speaks_options = _speaks_options, True
    try:
        yield
    finally:
        _speaks_options = before


def in_python(text: str) -> str:
    """A message with arguments in the place of options.

    >>> in_python("use --data embedded or add --download")
    'use source="embedded" or add download=True'
    >>> in_python("choose another --run-dir, or --set data.channels=1")
    'choose another run_dir, or channels=1'
    """
    text = SETTING.sub(lambda found: f"{found['name']}={found['value']}", text)
    return OPTION.sub(_argument, text)


def _argument(found: re.Match) -> str:
    name, value = found["name"], found["value"]
    if name in SWITCHES and value is None:
        return f"{name.replace('-', '_')}=True"
    argument = ARGUMENTS.get(name, name.replace("-", "_"))
    if value is None:
        return argument
    if name == "image-size":
        return f"{argument}=({', '.join(value.split('x'))})"
    return f"{argument}={value}" if value[0].isdigit() else f'{argument}="{value}"'
