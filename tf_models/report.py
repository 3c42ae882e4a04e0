"""`python -m tf_models.report RUN_DIR...`: write a run's report anew, or set several runs beside each other on one page."""

import sys
from pathlib import Path

from tf_data.command import Parser, run, say
from tf_data.errors import InputError


def parser() -> Parser:
    parser = Parser(prog="python -m tf_models.report", description=__doc__)
    parser.add_argument("run_dirs", nargs="+", metavar="RUN_DIR", help="what `python -m tf_models.train` wrote")
    parser.add_argument(
        "--out", type=Path, metavar="FILE.html", help="the page of several runs (default comparison.html)"
    )
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    from tf_models.training import comparison
    from tf_models.training.report import write_report
    from tf_models.training.run_directory import RunDirectory

    runs = [RunDirectory.open(path) for path in dict.fromkeys(arguments.run_dirs)]
    for directory in runs:
        if directory.info["status"] != "done":
            raise InputError(f"{directory.path} is {directory.info['status']}, not done; finish it with --resume")
    if len(runs) == 1 and arguments.out is None:
        write_report(runs[0])
        say(f"{runs[0].path / 'report.md'} and {runs[0].path / 'report.html'}")
        return
    out = arguments.out or Path("comparison.html")
    if out.suffix != ".html":
        raise InputError(f"--out {out}: the page's name ends in .html")
    comparison.write(runs, out)
    say(str(out))


if __name__ == "__main__":
    sys.exit(run(main))
