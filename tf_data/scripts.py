"""The command `tf-data`, which installing the project makes."""

from tf_data.command import script

COMMANDS = {"convert": ("tf_data.convert", ()), "inspect": ("tf_data.inspect", ())}


def main(argv: list[str] | None = None) -> int:
    """`tf-data COMMAND ...` is `python -m tf_data.COMMAND ...`."""
    return script("tf-data", COMMANDS, argv)
