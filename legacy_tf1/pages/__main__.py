"""`python -m legacy_tf1.pages [NAME]`: run the pages on TensorFlow 1's mechanisms, each with its trap."""

import sys

import numpy as np

from legacy_tf1 import pages
from tf_data.command import Parser, import_tensorflow, run


def main(argv: list[str] | None = None) -> int:
    parser = Parser(prog="python -m legacy_tf1.pages", description=__doc__)
    parser.add_argument("name", nargs="?", help=f"one of {', '.join(pages.NAMES)}; default all")
    arguments = parser.parse_args(argv)
    names = [arguments.name] if arguments.name else pages.NAMES
    import_tensorflow()
    from legacy_tf1.deprecations import deprecations_silenced

    with deprecations_silenced():
        return 0 if all([_show(pages.get(name)) for name in names]) else 1


def _show(page: pages.Page) -> bool:
    """Run a page and print it; whether both ways gave the same."""
    print(f"{page.name}: {page.title}")
    now = page.now()
    then = page.then() if page.then else None
    for name, value in (now if then is None else then).items():
        print(f"  {name}: {value}" + ("" if then is None else f" | {now[name]}"))
    for description, value in page.trap().items():
        print(f"  trap: {description}: {value}")
    print(f"  watch for: {page.watch}\n", flush=True)
    return then is None or same(then, now)


def same(then, now) -> bool:
    """Whether both ways gave the same values by the same names."""
    return then.keys() == now.keys() and all(np.allclose(then[name], now[name], atol=1e-6) for name in then)


if __name__ == "__main__":
    sys.exit(run(main))
