"""`python -m tf_models.predict RUN_DIR INPUT...`: what a trained model makes of pictures, or new samples of it."""

import json
import sys
from pathlib import Path

from tf_data.command import Parser, import_tensorflow, run
from tf_data.errors import InputError

EXAMPLES = """examples:
  python -m tf_models.predict runs/x digit.png --invert                    classes and probabilities
  python -m tf_models.predict runs/vae digit.png --out pairs.png           how an autoencoder repeats pictures
  python -m tf_models.predict runs/cvae --samples 64 --label 7 --seed 3 --out grid.png"""


def parser() -> Parser:
    import argparse

    parser = Parser(
        prog="python -m tf_models.predict",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("run_dir", help="what `python -m tf_models.train` wrote")
    add("inputs", nargs="*", metavar="INPUT", help="pictures: PNG, JPEG, ... of any size and colour")
    add("--invert", action="store_true", help="exchange light and dark: MNIST is white on black")
    add("--top", type=int, default=3, metavar="K", help="classes to show (default 3)")
    add("--samples", type=int, metavar="N", help="draw N new pictures from a generative model, in place of INPUT")
    add("--label", type=int, metavar="L", help="the class of samples or pictures, for conditional models")
    add("--seed", type=int, default=0, metavar="S", help="with --samples: of the noise (default 0)")
    add("--out", type=Path, metavar="FILE", help="PNG to write: samples, or pictures above their reconstructions")
    add("--json", action="store_true", help="print everything as JSON")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    if (arguments.samples is None) == (not arguments.inputs):
        raise InputError("name pictures, or how many --samples to draw")
    if arguments.samples is not None and (arguments.samples < 1 or arguments.out is None):
        raise InputError("--samples needs a positive number and --out FILE.png")
    from tf_models.training.run_directory import RunDirectory

    directory = RunDirectory.open(arguments.run_dir)
    import_tensorflow()
    from tf_models import tasks

    model, task = directory.load_model(), tasks.make(directory.recipe)
    if arguments.samples is not None:
        _samples(arguments, model, task)
        return
    data = directory.info["data"]
    rows = task.predict(
        model,
        arguments.inputs,
        tuple(data["classes"]),
        invert=arguments.invert,
        out=arguments.out,
        label=arguments.label,
        shape=tuple(data["shape"]) if "shape" in data else None,
    )
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        if "probabilities" in row:
            best = sorted(row["probabilities"].items(), key=lambda item: -item[1])[: arguments.top]
            print(f"{row['input']}: " + ", ".join(f"{name} {chance:.1%}" for name, chance in best))
        else:
            said = ", ".join(f"{name} {value:.5g}" for name, value in row.items() if name != "input")
            print(f"{row['input']}: {said}")
    if arguments.out:
        print(arguments.out)


def _samples(arguments, model, task) -> None:
    from tf_models.tasks.grids import write_picture

    images = task.sample(model, arguments.samples, arguments.seed, label=arguments.label)
    write_picture(images, arguments.out, columns=max(1, round(arguments.samples**0.5)))
    found = {"out": str(arguments.out), "samples": len(images), "seed": arguments.seed, "label": arguments.label}
    print(json.dumps(found) if arguments.json else f"{len(images)} samples of seed {arguments.seed}: {arguments.out}")


if __name__ == "__main__":
    sys.exit(run(main))
