"""`python -m tf_models.predict RUN_DIR INPUT...`: the outputs of a trained model for inputs, or new samples."""

import json
import sys
from pathlib import Path

import numpy as np

from tf_data import own, transform
from tf_data.command import Option, Parser, import_tensorflow, printable, run, say
from tf_data.errors import InputError
from tf_models import tasks

AT_ONCE = 500  # inputs
CLEARLY = 0.3  # of the range of brightness, by which a negative must be nearer to the training images
EXAMPLES = """examples:
  python -m tf_models.predict runs/x digit.png --invert                    classes and probabilities
  python -m tf_models.predict runs/x digit.png --invert --explain          and which pixels speak for the class
  python -m tf_models.predict runs/x photos --json                         every image below a folder
  python -m tf_models.predict runs/iris 5.1,3.5                            the same for a row of numbers
  python -m tf_models.predict runs/vae digit.png --out pairs.png           how an autoencoder repeats images
  python -m tf_models.predict runs/cvae --samples 64 --label 7 --seed 3 --out grid.png
  python -m tf_models.predict runs/lstm "What a film!" review.txt -        texts, from files, from standard input
  python -m tf_models.predict runs/char --prime "It was" --length 400 --temperature 0.8 --seed 1"""


def declared() -> dict[str, Option]:
    """Every option that a task or a transform declares, by its flag."""
    known = [entry.draws for entry in tasks.TASKS.values()] + [entry.predicts for entry in tasks.TASKS.values()]
    known += [transform.get(name).options for name in transform.TRANSFORMS]
    return {option.flag: option for options in known for option in options}


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
        "inputs",
        nargs="*",
        metavar="INPUT",
        help="images of any size and colour, folders of them, rows of numbers such as 5.1,3.5, or texts",
    )
    for option in declared().values():
        # What is not given stays away, so that an option that does not go with the run can be refused.
        parser.add_argument(option.flag, default=argparse.SUPPRESS, help=option.help, **option.arguments)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    given = [option for option in declared().values() if option.name in vars(arguments)]
    drawing, continuing, out = tasks.SAMPLES in given, tasks.PRIME in given, tasks.OUT in given
    if drawing + continuing + bool(arguments.inputs) != 1:
        raise InputError("name inputs, or how many --samples to draw, or a text to continue with --prime")
    if drawing and (arguments.samples < 1 or not out):
        raise InputError("--samples needs a positive number and --out FILE.png")
    from tf_models.training.run_directory import RunDirectory

    directory = RunDirectory.open(arguments.run_dir)
    recipe = directory.recipe
    entry = tasks.entry(recipe.task)
    taken = entry.draws if drawing or continuing else entry.predicts
    reads = () if drawing or continuing else transform.get(recipe.transform["name"]).options
    for option in given:
        if option not in (*reads, *taken):
            where = f" without {entry.draws[0].flag}" if option in entry.draws else ""
            raise InputError(
                f"{directory.path} is a run of {recipe.id}, which has no use for {option.flag}{where}; leave it away"
            )

    def values(options) -> dict:
        return {option.name: getattr(arguments, option.name) for option in options if option in given}

    import_tensorflow()
    from tf_models.training.building import load_task

    task = load_task(directory)
    if drawing:
        _samples(task, arguments.json, **values(taken))
        return
    if continuing:
        _continued(task, arguments.json, **values(taken))
        return
    names = task.transform.found(arguments.inputs)
    failed: list[str] = []
    rows = []
    # As the images were for training: scaled until they cover the size, or until they fit in.
    fitting = {"cover": True} if own.KINDS.get(recipe.dataset) == "images" else {}
    # What is drawn or compared needs all inputs; others come in parts, so that a folder may be as large as it likes.
    together = out or task.reference
    for part in [names] if together else [names[i : i + AT_ONCE] for i in range(0, len(names), AT_ONCE)]:
        read, kept = _read(task, part, failed, len(names) == 1, **values(reads), **fitting)
        if not kept:
            continue
        if isinstance(task.transform, transform.Images) and not getattr(arguments, "invert", False):
            _hint(read, kept, directory.info["data"].get("brightness"))
        new = task.predict(read, kept, **values(taken))
        rows += new
        for row in () if arguments.json else new:
            say(task.describe_prediction(row, **values(taken)))
    if arguments.json:
        print(json.dumps(rows, indent=2))
    elif out:
        print(arguments.out)
    if failed:
        raise InputError(f"{len(failed)} of {len(names)} inputs could not be read; the first: {failed[0]}")


def _read(task, names: list[str], failed: list[str], only: bool, **options) -> tuple[np.ndarray, list[str]]:
    """Samples of the inputs that can be read, and their names; of the others, why not.

    Raises:
        InputError: It is the only one that cannot be read, or the first of those that all others are compared with.
    """
    samples, kept = [], []
    for number, name in enumerate(names):
        try:
            samples.append(task.transform.read([name], task.about.shape, task.taken, **options))
            kept.append(name)
        except InputError as error:
            if only or (number == 0 and task.reference):
                raise
            failed.append(str(error))
            print(f"not read: {printable(str(error))}", file=sys.stderr)
    return (np.concatenate(samples) if samples else np.empty(0)), kept


def _hint(images: np.ndarray, names: list[str], brightness: float | None) -> None:
    """Say which images look like negatives of what the run was trained on."""
    if brightness is None:
        return
    mean = images.reshape(len(images), -1).mean(axis=1)
    odd = [name for name, one in zip(names, mean) if abs(1 - one - brightness) + CLEARLY < abs(one - brightness)]
    if odd:
        kind, trained = ("light", "dark") if brightness < 0.5 else ("dark", "light")
        others = f" and {len(odd) - 1} more" if len(odd) > 1 else ""
        print(
            f"note: {printable(odd[0])}{others} mostly {kind}, the images of the training mostly {trained}; "
            "try --invert",
            file=sys.stderr,
        )


def _samples(task, as_json: bool, samples: int, out: str, seed: int = 0, label: int | None = None) -> None:
    from tf_models.tasks.grids import write_image

    images = task.sample(samples, seed, label=label)
    write_image(images, Path(out), columns=max(1, round(samples**0.5)))
    found = {"out": out, "samples": len(images), "seed": seed, "label": label}
    print(json.dumps(found) if as_json else f"{len(images)} samples of seed {seed}: {out}")


def _continued(task, as_json: bool, prime: str, **options) -> None:
    found = task.continued(prime, **options)
    if as_json:
        print(json.dumps({"prime": prime, **options, "text": "".join(found)}, indent=2, ensure_ascii=False))
        return
    print(prime, end="", flush=True)
    for one in found:
        print(one, end="", flush=True)
    print()


if __name__ == "__main__":
    sys.exit(run(main))
