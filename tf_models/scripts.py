"""The command `tf-models`, which installing the project makes."""

from tf_data.command import script

COMMANDS = {
    "train": ("tf_models.train", ()),
    "evaluate": ("tf_models.evaluate", ()),
    "predict": ("tf_models.predict", ()),
    "export": ("tf_models.export", ()),
    "report": ("tf_models.report", ()),
    "launch": ("tf_models.launch", ()),
    "list": ("tf_models.train", ("--list",)),
}


def main(argv: list[str] | None = None) -> int:
    """`tf-models COMMAND ...` is `python -m tf_models.COMMAND ...`; `list` is `train --list`."""
    return script("tf-models", COMMANDS, argv)
