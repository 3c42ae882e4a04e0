"""`python -m tf_data.inspect PATH`: what a dataset holds, whether it is whole, and how it looks."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tf_data import arguments as data_arguments
from tf_data import columns
from tf_data.command import Parser, import_tensorflow, printable, run, say
from tf_data.dataset import Data
from tf_data.description import TEXT, describe, faults
from tf_data.errors import InputError
from tf_data.formats import Stored

SHOWN_SKIPPED = 20


def parser() -> Parser:
    parser = Parser(prog="python -m tf_data.inspect", description=__doc__)
    data_arguments.add(
        parser,
        "a dataset's name, a converted folder, or a folder of official files; write ./mnist for a folder named so",
    )
    parser.add_argument("--json", action="store_true", help="print as JSON")
    parser.add_argument("--verify", action="store_true", help="read everything: checksums, records, images, labels")
    figures = parser.add_argument_group("figures")
    figures.add_argument("--split", default="train", help="which split to draw (default train)")
    figures.add_argument("--sheet", type=Path, metavar="OUT.png", help="draw samples with their labels")
    figures.add_argument("--augment", type=Path, metavar="OUT.png", help="draw the first images, augmented in six ways")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    loaded = data_arguments.load(arguments)
    info = describe(loaded)
    if arguments.verify:
        info["faults"] = faults(loaded)
    say(json.dumps(info, indent=2) if arguments.json else text(info))
    if info.get("faults"):
        raise InputError(f"{info['origin']} has {len(info['faults'])} faults; the first: {info['faults'][0]}")
    if arguments.sheet:
        from tf_data import sheets

        split = _split(loaded, arguments.split)
        sheets.draw(info["name"], split, tuple(info["classes"]), tuple(info["features"]), arguments.sheet)
        if not arguments.json:
            print(arguments.sheet)
    if arguments.augment:
        _draw_augmented(_split(loaded, arguments.split), arguments.augment)
        if not arguments.json:
            print(arguments.augment)


def _draw_augmented(split, path: Path) -> None:
    if not split.samples.is_image:
        raise InputError(f"{split.name} holds no images, so there is nothing to augment")
    import_tensorflow()
    from tf_data.augment import SHOWN, grid

    grid(split.samples.read(np.arange(min(SHOWN, len(split)))), path)


def _split(loaded: Data | Stored, name: str):
    if name not in loaded.splits:
        raise InputError(f"there is no split {name!r}; choose one of {', '.join(loaded.splits)}")
    return loaded.splits[name]


def text(info: Mapping) -> str:
    """The description for people."""
    sample = info["sample"]["dtype"]
    if sample != TEXT:
        sizes = ("any length" if size is None else str(size) for size in info["sample"]["shape"])
        sample += f" {'x'.join(sizes) or 'one value'}"
    kept = "" if info["sample"]["encoding"] == "raw" else f", kept as {info['sample']['encoding']}"
    lines = [f"{info['name']}, {info['source']}: {info['origin']}"]
    if info["format"]:
        options = ", ".join(
            f"{key.replace('_', ' ')} {value}"
            for key, value in info["options"].items()
            if value and key not in ("picture_bytes", "sample_bytes")
        )
        size = info["files"]["bytes"] / 1e6
        lines.append(f"format: {info['format']}, {info['files']['count']:,} files, {size:,.1f} MB ({options})")
        lines.append(f"converted from: {info['converted_from']}")
    lines.append(f"sample: {sample}{kept}")
    if info["features"]:
        lines.append(f"features: {', '.join(info['features'])}")
    lines += [f"{key}: {info[key]}" for key in ("licence", "citation") if info[key]]
    lines.append("")
    lines += _table(info)
    lines += [f"note: {line}" for line in info.get("notes", ())]
    if info["skipped"]:
        lines += ["", f"skipped when it was read: {len(info['skipped'])}"]
        lines += [f"  {line}" for line in info["skipped"][:SHOWN_SKIPPED]]
        if len(info["skipped"]) > SHOWN_SKIPPED:
            lines.append("  and more; --json lists them all")
    if "faults" in info:
        lines += ["", f"verified: {len(info['faults'])} faults", *(f"  {fault}" for fault in info["faults"])]
    elif info["format"]:
        lines += ["", "not verified: the data were not looked at; --verify reads all of them"]
    return "\n".join(lines)


def _table(info: Mapping) -> list[str]:
    """Samples by class and split."""
    splits = info["splits"]
    rows = [["", *splits], ["samples", *(f"{split['samples']:,}" for split in splits.values())]]
    if all("classes" in split for split in splits.values()):
        for number, name in enumerate(info["classes"]):
            rows.append([printable(name), *(f"{split['classes'][number]:,}" for split in splits.values())])
    elif any("labels" in split for split in splits.values()):
        ranges = [split.get("labels") for split in splits.values()]
        rows.append(["labels", *(f"{r['least']:g}..{r['most']:g}" if r else "" for r in ranges)])
    return columns.text(rows, right=range(1, len(rows[0]))).splitlines()


if __name__ == "__main__":
    sys.exit(run(main))
