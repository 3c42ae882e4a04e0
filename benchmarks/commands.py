"""The command that repeats a run, as a row of results has it, and the options that it names."""

from tf_models.training.options import Options

# What decides a run's bits beside its recipe and its data.
VALUES = ("precision", "jit")
FLAGS = ("plain", "deterministic")


def command(id: str, info: dict) -> str:
    """The line that repeats the run of which `info` is the record."""
    words, options = ["python -m tf_models.train", id], info["options"]
    if info["data"]["source"] in ("official", "embedded"):
        words.append(f"--data {info['data']['source']}")
    for name in VALUES:
        if options.get(name, getattr(Options, name)) != getattr(Options, name):
            words.append(f"--{name} {options[name]}")
    return " ".join([*words, *(f"--{name}" for name in FLAGS if options.get(name))])


def options(line: str) -> dict:
    """What a line of `command` says of `VALUES` and `FLAGS`, as arguments of `Options`."""
    words = line.split()
    valued = {name: words[words.index(f"--{name}") + 1] for name in VALUES if f"--{name}" in words}
    return {**valued, **{name: True for name in FLAGS if f"--{name}" in words}}
