"""The commands `tf1-compare` and `tf1-bridge`, which installing the project makes."""

from tf_data.command import script


def compare(argv: list[str] | None = None) -> int:
    """`tf1-compare ...` is `python -m legacy_tf1.compare ...`."""
    return script("tf1-compare", {"": ("legacy_tf1.compare", ())}, argv)


def bridge(argv: list[str] | None = None) -> int:
    """`tf1-bridge ...` is `python -m legacy_tf1.bridge ...`."""
    return script("tf1-bridge", {"": ("legacy_tf1.bridge", ())}, argv)
