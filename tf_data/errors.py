"""Errors that a command turns into one line and an exit code."""


class CommandError(Exception):
    """Ends a command: the message is one clear line, `exit_code` its status."""

    exit_code = 1


class InputError(CommandError, ValueError):
    """Bad usage or bad input. The message names the file or value and the remedy."""

    exit_code = 2


class TrainingError(CommandError, RuntimeError):
    """Training cannot go on, for instance because the loss is not finite."""

    exit_code = 3


class Interrupted(CommandError):
    """A signal stopped the work; what was done so far is kept."""

    exit_code = 130
