"""`python -m tf_models.predict RUN_DIR INPUT...`: the outputs of a trained model for inputs, or new samples."""

import json
import sys
from pathlib import Path

from tf_data import transform
from tf_data.command import Option, Parser, import_tensorflow, run
from tf_data.errors import InputError
from tf_models import tasks

EXAMPLES = """examples:
  python -m tf_models.predict runs/x digit.png --invert                    classes and probabilities
  python -m tf_models.predict runs/iris 5.1,3.5                            the same for a row of numbers
  python -m tf_models.predict runs/vae digit.png --out pairs.png           how an autoencoder repeats images
  python -m tf_models.predict runs/cvae --samples 64 --label 7 --seed 3 --out grid.png"""


def declared() -> dict[str, Option]:
    """Every option that a task or a transform declares, by its flag."""
    owners = [*tasks.TASKS.values(), *transform.TRANSFORMS.values()]
    return {option.flag: option for owner in owners for option in owner.options}


def parser() -> Parser:
    import argparse

    parser = Parser(
        prog="python -m tf_models.predict",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run_dir", help="what `python -m tf_models.train` wrote")
    parser.add_argument(
        "inputs", nargs="*", metavar="INPUT", help="images of any size and colour, or rows of numbers such as 5.1,3.5"
    )
    for option in declared().values():
        # What is not given stays away, so that an option that does not go with the run can be refused.
        arguments = {name: value for name, value in option.arguments.items() if name != "default"}
        parser.add_argument(option.flag, default=argparse.SUPPRESS, help=option.help, **arguments)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    given = {option.name: option for option in declared().values() if option.name in vars(arguments)}
    if ("samples" in given) == bool(arguments.inputs):
        raise InputError("name inputs, or how many --samples to draw")
    if "samples" in given and (arguments.samples < 1 or "out" not in given):
        raise InputError("--samples needs a positive number and --out FILE.png")
    from tf_models.training.run_directory import RunDirectory

    directory = RunDirectory.open(arguments.run_dir)
    recipe = directory.recipe
    reads, predicts = transform.get(recipe.transform["name"]).options, tasks.entry(recipe.task).options
    for option in given.values():
        if option not in (*reads, *predicts):
            raise InputError(
                f"{directory.path} is a run of {recipe.id}, which has no use for {option.flag}; leave it away"
            )
    import_tensorflow()
    from tf_models.training.building import load_task

    task = load_task(directory)
    chosen = {name: getattr(arguments, name) for name, option in given.items() if option in predicts}
    if "samples" in given:
        _samples(task, arguments.json, **chosen)
        return
    options = {name: getattr(arguments, name) for name, option in given.items() if option in reads}
    inputs = task.transform.read(arguments.inputs, task.about.shape, task.taken, **options)
    rows = task.predict(inputs, list(map(str, arguments.inputs)), **chosen)
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print(task.describe_prediction(row, **chosen))
    if "out" in given:
        print(arguments.out)


def _samples(task, as_json: bool, samples: int, out: str, seed: int = 0, label: int | None = None) -> None:
    from tf_models.tasks.grids import write_image

    images = task.sample(samples, seed, label=label)
    write_image(images, Path(out), columns=max(1, round(samples**0.5)))
    found = {"out": out, "samples": len(images), "seed": seed, "label": label}
    print(json.dumps(found) if as_json else f"{len(images)} samples of seed {seed}: {out}")


if __name__ == "__main__":
    sys.exit(run(main))
