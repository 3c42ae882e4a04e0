"""`python -m tf_data.convert DATASET --to FORMAT --out DIR`: keep a dataset in another form on disk."""

import argparse
import sys
import time
from pathlib import Path

from tf_data import arguments as data_arguments
from tf_data.command import Parser, run, say
from tf_data.csv_files import is_table
from tf_data.errors import InputError
from tf_data.formats import ENCODINGS, MODULES, Options, Source, write
from tf_data.formats.manifest import Manifest

EXAMPLES = """examples:
  python -m tf_data.convert mnist --to npz --out mnist-npz              chunks train_1.npz, ... of 5,000 digits
  python -m tf_data.convert celeba --to tfrecord --out celeba-records   the original JPEG bytes in shards
  python -m tf_data.convert mnist-npz --to hdf5 --out mnist-hdf5        from one format to another
  python -m tf_data.convert iris.csv --to hdf5 --out iris --label species

A conversion that was interrupted goes on when the same command is given again.
exit codes: 0 done, 2 bad usage or input, 130 interrupted"""
SHOWN_BAD = 20


def parser() -> Parser:
    parser = Parser(
        prog="python -m tf_data.convert",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data_arguments.add(parser, "a dataset's name, a converted folder, or a CSV file")
    target = parser.add_argument_group("target")
    target.add_argument("--to", required=True, choices=MODULES)
    target.add_argument("--out", required=True, type=Path, metavar="DIR", help="new, or left by an interruption")
    target.add_argument(
        "--encoding",
        choices=sorted({name for names in ENCODINGS.values() for name in names}),
        help="of images in tfrecord and images; default as they come, else raw or png",
    )
    target.add_argument("--compress", action="store_true", help="with gzip; for npz, hdf5 and tfrecord")
    target.add_argument("--chunk-size", type=int, metavar="N", help="samples a file, or rows an HDF5 chunk")
    target.add_argument("--shuffle", type=int, metavar="SEED", help="put the samples in an order that SEED decides")
    target.add_argument("--workers", type=int, metavar="N", help="threads (default one for each core, 8 at most)")
    target.add_argument("--skip-bad", action="store_true", help="leave bad samples out and list them at the end")
    target.add_argument("--quiet", action="store_true", help="print errors only")
    table = parser.add_argument_group("CSV file")
    table.add_argument("--label", metavar="COLUMN", help="column of the labels")
    table.add_argument("--labels", choices=("classes", "numbers"), help="what the labels are (default classes)")
    table.add_argument("--columns", metavar="A,B,...", help="columns of the features (default all others)")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    options = Options(
        encoding=arguments.encoding,
        compress=arguments.compress,
        chunk_size=arguments.chunk_size,
        workers=arguments.workers,
        skip_bad=arguments.skip_bad,
        quiet=arguments.quiet,
    )
    begin = time.perf_counter()
    if arguments.dataset and is_table(arguments.dataset):
        result = _convert_csv(arguments, options)
    else:
        for option in ("label", "labels", "columns"):
            if getattr(arguments, option) is not None:
                raise InputError(
                    f"--{option} is for a CSV file as DATASET; {arguments.dataset or 'what is named'} is none"
                )
        source = Source.of(data_arguments.load(arguments, arguments.skip_bad), arguments.shuffle)
        result = write(source, arguments.to, arguments.out, options)
        if not arguments.quiet and arguments.shuffle is None and source.comes_sorted:
            print("note: the samples come class by class; with --shuffle SEED readers can mix the classes better")
    if not arguments.quiet:
        say(summary(result, arguments.out, time.perf_counter() - begin))


def _convert_csv(arguments, options: Options) -> Manifest:
    for option in ("data", "data_dir", "download", "limit", "set", "encoding", "shuffle", "workers"):
        if getattr(arguments, option) not in (None, False, []):
            raise InputError(f"--{option.replace('_', '-')} does not go with a CSV file")
    if arguments.to != "hdf5":
        raise InputError(f"a CSV file is converted to hdf5, not to {arguments.to}; convert the result again")
    if arguments.label is None:
        raise InputError(f"say with --label which column of {arguments.dataset} holds the labels")
    from tf_data.formats.csv_hdf5 import convert

    columns = tuple(arguments.columns.split(",")) if arguments.columns else ()
    return convert(
        arguments.dataset,
        arguments.out,
        arguments.label,
        features=columns,
        labels=arguments.labels or "classes",
        options=options,
    )


def summary(manifest: Manifest, folder: Path, seconds: float) -> str:
    """What was written, and what was left out."""
    about, skipped = manifest.dataset, manifest.skipped
    counts = ", ".join(f"{count:,} {split}" for split, count in manifest.counts.items())
    files, size = manifest.size
    lines = [
        f"{about['name']}, {about['source']} ({about['origin']}): {counts}",
        f"{folder}: {manifest.format}, {files:,} files, {size / 1e6:,.1f} MB, {seconds:.1f} s",
    ]
    lines += [f"note: {line}" for line in about.get("notes", ())]
    if skipped["count"]:
        lines.append(f"skipped {skipped['count']} bad samples:")
        lines += [f"  {bad['reason']}" for bad in skipped["records"][:SHOWN_BAD]]
        if skipped["count"] > SHOWN_BAD:
            lines.append(f"  and more; {folder / 'manifest.json'} lists them")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(run(main))
