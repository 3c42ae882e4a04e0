"""`python -m tf_data.inspect PATH`: what a dataset holds, whether it is whole, and how it looks."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tf_data import arguments as data_arguments
from tf_data import columns
from tf_data.command import Parser, import_tensorflow, run
from tf_data.dataset import Data
from tf_data.errors import InputError
from tf_data.formats import Source, Stored

PART = 1000  # samples that are verified at once


def parser() -> Parser:
    parser = Parser(prog="python -m tf_data.inspect", description=__doc__)
    data_arguments.add(
        parser,
        "a dataset's name, a converted folder, or a folder of official files; write ./mnist for a folder named so",
    )
    parser.add_argument("--json", action="store_true", help="print as JSON")
    parser.add_argument("--verify", action="store_true", help="read everything: checksums, records, pictures, labels")
    figures = parser.add_argument_group("figures")
    figures.add_argument("--split", default="train", help="which split to draw (default train)")
    figures.add_argument("--sheet", type=Path, metavar="OUT.png", help="draw samples with their labels")
    figures.add_argument(
        "--augment", type=Path, metavar="OUT.png", help="draw the first pictures, augmented in six ways"
    )
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    loaded = data_arguments.load(arguments)
    told = describe(loaded)
    if arguments.verify:
        told["faults"] = loaded.faults() if isinstance(loaded, Stored) else faults(loaded)
    print(json.dumps(told, indent=2) if arguments.json else text(told))
    if told.get("faults"):
        raise InputError(f"{told['origin']} has {len(told['faults'])} faults; the first: {told['faults'][0]}")
    if arguments.sheet:
        from tf_data import sheets

        split = _split(loaded, arguments.split)
        sheets.draw(told["name"], split, tuple(told["classes"]), tuple(told["features"]), arguments.sheet)
        if not arguments.json:
            print(arguments.sheet)
    if arguments.augment:
        _draw_augmented(_split(loaded, arguments.split), arguments.augment)
        if not arguments.json:
            print(arguments.augment)


def _draw_augmented(split, path: Path) -> None:
    x = split.x
    if len(x.shape) != 4 or x.shape[-1] not in (1, 3):
        raise InputError(f"{split.name} holds no pictures, so there is nothing to augment")
    import_tensorflow()
    from tf_data.augment import SHOWN, grid

    rows = np.arange(min(SHOWN, len(split)))
    grid(x.read(rows) if hasattr(x, "read") else x[rows], path)


def _split(loaded: Data | Stored, name: str):
    if name not in loaded.splits:
        raise InputError(f"there is no split {name!r}; choose one of {', '.join(loaded.splits)}")
    return loaded.splits[name]


def describe(loaded: Data | Stored) -> dict:
    """All that is known without reading the samples, ready for JSON."""
    first = next(iter(loaded.splits.values()))
    told = {
        "sample": {"shape": list(map(int, first.x.shape[1:])), "dtype": np.dtype(first.x.dtype).name},
        "splits": {name: {"samples": len(split)} for name, split in loaded.splits.items()},
    }
    if isinstance(loaded, Stored):
        manifest = loaded.manifest
        about = {"licence": "", "citation": "", **manifest.dataset, "origin": str(loaded.path)}
        about |= {"format": manifest.format, "converted_from": manifest.dataset["origin"]}
        about |= {"classes": list(manifest.schema.classes), "features": list(manifest.schema.features)}
        told["sample"]["encoding"] = manifest.schema.encoding
        told["files"] = dict(zip(("count", "bytes"), manifest.size, strict=True))
        told["options"] = dict(manifest.options)
        told["skipped"] = [bad["reason"] for bad in manifest.skipped["records"]]
        known = {
            name: balance
            for name, balance in manifest.classes.items()
            if manifest.counts[name] == len(loaded.splits[name])
        }
    else:
        about = {key: getattr(loaded, key) for key in ("name", "source", "origin", "licence", "citation")}
        about |= {"format": None, "classes": list(loaded.classes), "features": list(loaded.features)}
        told["sample"]["encoding"] = getattr(first.x, "encoding", "raw")
        told["skipped"] = list(loaded.skipped)
        known = {}
    for name, split in loaded.splits.items():
        told["splits"][name] |= _labels(split, len(about["classes"]), known.get(name))
    return about | told


def _labels(split, classes: int, balance: list[int] | None) -> dict:
    """Samples of each class, or the labels' range."""
    if balance is not None:
        return {"classes": balance}
    y = split.y
    if y is None or not len(y):
        return {}
    if classes and y.ndim == 1 and y.dtype.kind in "iu" and y.min() >= 0 and y.max() < classes:
        return {"classes": np.bincount(y, minlength=classes).tolist()}
    return {
        "labels": {"shape": list(y.shape[1:]), "dtype": y.dtype.name, "least": y.min().item(), "most": y.max().item()}
    }


def faults(data: Data) -> list[str]:
    """What is wrong with a dataset's samples: unreadable pictures, other shapes, values or labels out of range."""
    source = Source.of(data)
    return [
        bad.reason
        for name, count in source.counts.items()
        for start in range(0, count, PART)
        for bad in source.read(name, start, min(start + PART, count), source.schema, skip_bad=True).skipped
    ]


def text(told: Mapping) -> str:
    """The description for people."""
    shape = "x".join(map(str, told["sample"]["shape"])) or "one value"
    kept = "" if told["sample"]["encoding"] == "raw" else f", kept as {told['sample']['encoding']}"
    lines = [f"{told['name']}, {told['source']}: {told['origin']}"]
    if told["format"]:
        options = ", ".join(
            f"{key.replace('_', ' ')} {value}"
            for key, value in told["options"].items()
            if value and key != "picture_bytes"
        )
        size = told["files"]["bytes"] / 1e6
        lines.append(f"format: {told['format']}, {told['files']['count']:,} files, {size:,.1f} MB ({options})")
        lines.append(f"converted from: {told['converted_from']}")
    lines.append(f"sample: {told['sample']['dtype']} {shape}{kept}")
    if told["features"]:
        lines.append(f"features: {', '.join(told['features'])}")
    lines += [f"{key}: {told[key]}" for key in ("licence", "citation") if told[key]]
    lines.append("")
    lines += _table(told)
    if told["skipped"]:
        lines += [
            "",
            f"skipped when it was read: {len(told['skipped'])}",
            *(f"  {line}" for line in told["skipped"][:20]),
        ]
    if "faults" in told:
        lines += ["", f"verified: {len(told['faults'])} faults", *(f"  {fault}" for fault in told["faults"])]
    return "\n".join(lines)


def _table(told: Mapping) -> list[str]:
    """Samples by class and split."""
    splits = told["splits"]
    rows = [["", *splits], ["samples", *(f"{split['samples']:,}" for split in splits.values())]]
    if all("classes" in split for split in splits.values()):
        for number, name in enumerate(told["classes"]):
            rows.append([name, *(f"{split['classes'][number]:,}" for split in splits.values())])
    elif any("labels" in split for split in splits.values()):
        ranges = [split.get("labels") for split in splits.values()]
        rows.append(["labels", *(f"{r['least']:g}..{r['most']:g}" if r else "" for r in ranges)])
    return columns.text(rows, right=range(1, len(rows[0]))).splitlines()


if __name__ == "__main__":
    sys.exit(run(main))
